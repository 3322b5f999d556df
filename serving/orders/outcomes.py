"""What a shipment teaches when it is known how it went, as a history tells it of a past attempt. Values in, values out.

A shipment is an attempt: decided when it was assigned. Times that contradict each other teach nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from decision.candidates.parcels import Parcels, parcels
from decision.order import Order
from features.facts import Columns
from features.outcomes import KEY_FACTS, failures, in_order, of_attempts
from features.trailing import Observations
from serving.orders.records import ShipmentRecord
from serving.orders.states import ARRIVED, ShipmentState

#: The location did not supply what was asked (`data.schemas.FAILED_OUTCOMES`).
_NOT_SUPPLIED = (ShipmentState.SHORT, ShipmentState.REJECTED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One observation of a measure. A history that has the shipment knows it from ``history_at`` on.

    ``facts``: those that keys of statistics are made of (`features.outcomes.KEY_FACTS`).
    """

    shipment_id: str
    measure: str
    history_at: datetime
    value: float
    weight: float
    facts: Mapping[str, str | None]


def went_on(before: ShipmentRecord, after: ShipmentRecord) -> bool:
    """Whether more is known of how the shipment went."""
    return (before.ready_at, before.outcome_at, before.shipping_cost) != (
        after.ready_at,
        after.outcome_at,
        after.shipping_cost,
    )


def taught(before: ShipmentRecord, after: ShipmentRecord, order: Order, place: Mapping[str, Any]) -> list[Outcome]:
    """What is known of the shipment now and was not before: nothing is ever told twice.

    ``order``: as its decision was made for; ``place``: its location, as it was fed.
    """
    known = observed(before, order, place)
    new = {measure: made for measure, made in observed(after, order, place).items() if not len(known[measure])}
    return [
        Outcome(
            after.shipment_id,
            measure,
            datetime.fromtimestamp(float(made.known_at[row]), UTC),
            float(made.value[row]),
            float(made.weight[row]),
            {fact: made.columns[fact][row] for fact in KEY_FACTS},
        )
        for measure, made in new.items()
        for row in range(len(made))
    ]


def observed(shipment: ShipmentRecord, order: Order, place: Mapping[str, Any]) -> dict[str, Observations]:
    """Everything that is known of how the shipment went, by measure; ``known_at`` is when a history knows it."""
    units = {line.line_id: line.quantity for line in shipment.lines}
    sent = np.array([units.get(line.line_id, 0) for line in order.lines])
    contents = parcels(order, sent[None])
    attempt = {
        **_facts(shipment, order, place, [order.lines[contents.heaviest[0]].sku], contents),
        "weight_kg": contents.weight_kg,
        "volume_l": contents.volume_l,
        "units": contents.units,
    }
    decided_at = shipment.assigned_at.timestamp()
    ready_at = _not_before(decided_at, shipment.ready_at)
    arrived_at = shipment.outcome_at if shipment.state in ARRIVED else None
    delivered_at = _not_before(np.fmax(decided_at, ready_at), arrived_at)
    shipping, handling = shipment.shipping_cost, shipment.handling_cost
    return {
        **of_attempts(
            np.array([decided_at]),
            np.array([ready_at]),
            np.array([delivered_at]),
            cost=np.array([np.nan if shipping is None else shipping + (handling or 0.0)]),
            weight=np.ones(1),
            columns=attempt,
        ),
        # What was ready is supplied; without that, what arrived.
        "pick_failure": _picks(
            shipment, order, place, sent, decided_at=decided_at, supplied_at=float(np.fmin(ready_at, delivered_at))
        ),
    }


def _picks(
    shipment: ShipmentRecord,
    order: Order,
    place: Mapping[str, Any],
    sent: NDArray[np.int64],
    *,
    decided_at: float,
    supplied_at: float,
) -> Observations:
    """Which of the lines, of which so many units were ``sent``, were supplied.

    Who rejects a shipment counts nothing, but where it says what is not there.
    """
    asked = {line.line_id: line for line in shipment.lines}
    rows = np.flatnonzero(sent)
    skus = [order.lines[row].sku for row in rows]
    lines = [asked[order.lines[row].line_id] for row in rows]
    counted = shipment.state is not ShipmentState.REJECTED or any(line.short for line in lines)
    each = np.ones(len(lines))
    failure, known_at = failures(
        np.full(len(lines), shipment.state in _NOT_SUPPLIED),
        _not_before(decided_at, shipment.outcome_at) * each,
        supplied_at * each,
        picked=np.array([line.left if counted else np.nan for line in lines], float),
        units=np.array([line.quantity for line in lines], float),
    )
    return in_order(known_at, failure, each, _facts(shipment, order, place, skus, parcels(order, np.diag(sent)[rows])))


def _facts(
    shipment: ShipmentRecord, order: Order, place: Mapping[str, Any], skus: list[str], contents: Parcels
) -> Columns:
    """The facts of sending each of ``skus`` in the shipment, and ``contents`` of it: where from, where to, how."""
    ends = {
        **{f"location_{part}": place[part] for part in _PLACE},
        **{f"destination_{part}": getattr(order.destination, part) for part in _PLACE},
    }
    facts = {
        **ends,
        "location_id": shipment.location_id,
        "location_type": place["location_type"],
        "carrier_service_id": shipment.carrier_service_id,
    }
    return {
        **{name: _column([value] * len(skus), name) for name, value in facts.items()},
        "sku": _column(skus, "sku"),
        "size_class": contents.facts["size_class"],
    }


_PLACE = ("country", "region", "postal_code", "latitude", "longitude")


def _column(values: list[Any], name: str) -> NDArray[Any]:
    return np.array(values, float if name.endswith(("latitude", "longitude")) else object)


def _not_before(earliest: float, instant: datetime | None) -> float:
    """The instant in seconds since 1970; NaN where there is none, or it lies before the one that it follows."""
    seconds = float("nan") if instant is None else instant.timestamp()
    return seconds if seconds >= earliest else float("nan")
