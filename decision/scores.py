"""What the models say about candidates: facts assembled, predictor asked, each number where plans look for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates import NO_SERVICE, Candidates
from decision.network import Network
from decision.order import Order
from decision.predictor import HoursDistribution, Predictor
from features.coded import Coded, CodedColumns, Repeated, distinct_codes
from features.places import PLACES

_DAY: Final = 86_400.0


@dataclass(frozen=True)
class Parcels:
    """What sets of lines weigh, one row per set. A set is a bit mask: line *i* is in it if bit *i* is set.

    Where the figure of one line is missing, that of the set is (NaN); ``heaviest`` is the row of the line whose sku
    stands for the set.
    """

    weight_kg: NDArray[np.float64]
    volume_l: NDArray[np.float64]
    value: NDArray[np.float64]
    units: NDArray[np.float64]
    lines: NDArray[np.float64]
    heaviest: NDArray[np.intp]


def parcels(order: Order, masks: NDArray[np.int64]) -> Parcels:
    """Return what each set of lines amounts to."""
    members = ((masks[:, None] >> np.arange(len(order.lines))) & 1).astype(bool)
    quantity = np.array([line.quantity for line in order.lines], float)

    def together(name: str) -> NDArray[np.float64]:
        each = _floats([getattr(line, name) for line in order.lines]) * quantity
        # One line after the other, as a history is added up: a sum's last bit depends on the order.
        return np.asarray(np.add.accumulate(np.where(members, each, 0.0), axis=1)[:, -1])

    weights = np.nan_to_num(_floats([line.weight_kg for line in order.lines]) * quantity)
    return Parcels(
        together("weight_kg"),
        together("volume_l"),
        together("unit_price"),
        np.where(members, quantity, 0.0).sum(axis=1),
        members.sum(axis=1).astype(float),
        np.where(members, weights, -1.0).argmax(axis=1),
    )


def _floats(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], float)


def candidate_facts(order: Order, network: Network, candidates: Candidates, now: datetime) -> CodedColumns:
    """Return the facts (`features.facts`) of each candidate that do not depend on the lines it sends."""
    to = order.destination
    everywhere = np.zeros(len(candidates), np.intp)
    texts = {
        "channel": order.channel,
        "payment_method": order.payment_method,
        "delivery_method": order.delivery_method,
        "destination_country": to.country,
        "destination_region": to.region,
        "destination_postal_code": to.postal_code,
    }
    numbers = {
        "decided_at": now.timestamp(),
        "destination_latitude": to.latitude,
        "destination_longitude": to.longitude,
    }
    return CodedColumns(
        {name: np.full(len(candidates), np.nan if value is None else value, float) for name, value in numbers.items()},
        {
            **{name: Coded(np.array([value], object), everywhere) for name, value in texts.items()},
            **{
                name: Coded(text.values, text.codes[candidates.service]) for name, text in network.service_facts.items()
            },
        },
        PLACES,
        Repeated(network.location_facts, candidates.location),
    )


def facts(
    order: Order,
    candidates: Candidates,
    everyone: CodedColumns,
    *,
    rows: NDArray[np.intp],
    masks: NDArray[np.int64],
) -> CodedColumns:
    """Return the facts (`features.facts`) of sending the lines of ``masks`` from the candidates at ``rows``.

    ``everyone``: what `candidate_facts` says of all candidates.
    """
    sets, which = distinct_codes(masks)
    amounts = parcels(order, sets)
    heaviest = amounts.heaviest[which]
    lines = {"sku": [line.sku for line in order.lines], "category": [line.category for line in order.lines]}
    return CodedColumns(
        {
            "weight_kg": amounts.weight_kg[which],
            "volume_l": amounts.volume_l[which],
            "value": amounts.value[which],
            "units": amounts.units[which],
            "lines": amounts.lines[which],
            "on_hand": candidates.on_hand[heaviest, rows],
            "days_since_count": (everyone["decided_at"][rows] - candidates.counted_at[heaviest, rows]) / _DAY,
        },
        {name: Coded(np.array(values, object), heaviest) for name, values in lines.items()},
        PLACES,
        Repeated(everyone, rows),
    )


assert NO_SERVICE == -1


@dataclass(frozen=True)
class Scores:
    """Predictions for C candidates and L lines. Candidates that were not scored hold NaN.

    ``delivery`` answers any quantile in hours from the decision, (C,); ``late`` (C,): probability of missing the
    promise, ``late_days`` (C,): days late to be expected, both 0 without a promise; ``pick_failure`` (L, C) per line;
    ``line_cost`` (L, C): cost of the line sent alone. `cost` asks for more lines together.
    """

    late: NDArray[np.float64]
    late_days: NDArray[np.float64]
    pick_failure: NDArray[np.float64]
    line_cost: NDArray[np.float64]
    delivery: Callable[[float], NDArray[np.float64]]
    ready: Callable[[float], NDArray[np.float64]]
    cost: Callable[[NDArray[np.intp], NDArray[np.int64]], NDArray[np.float64]] = field(repr=False)


def score(
    order: Order,
    network: Network,
    candidates: Candidates,
    usable: NDArray[np.bool_],
    *,
    predictor: Predictor,
    now: datetime,
) -> Scores:
    """Ask the predictor about the (line, candidate) pairs that are ``usable`` (L, C), and about nothing else.

    What the customer collects is there when it is ready; everything else when it is delivered.
    """
    lines, count = usable.shape
    rows = np.flatnonzero(usable.any(axis=0))
    if not len(rows):
        return _nothing(usable.shape)
    whole = np.full(len(rows), (1 << lines) - 1, np.int64)
    everyone = candidate_facts(order, network, candidates, now)
    order_facts = facts(order, candidates, everyone, rows=rows, masks=whole)
    travels = ~candidates.collected[rows]
    ready = predictor.ready_hours(order_facts)
    delivered = predictor.delivery_hours(order_facts) if travels.any() else ready

    def of_all(values: NDArray[np.float64]) -> NDArray[np.float64]:
        spread = np.full(count, np.nan)
        spread[rows] = values
        return spread

    def arrival(ask: Callable[[HoursDistribution], NDArray[np.float64]]) -> NDArray[np.float64]:
        return of_all(np.where(travels, ask(delivered), ask(ready)))

    late = late_days = np.zeros(count)
    if order.promised_at is not None:
        left = np.full(len(rows), (order.promised_at - now).total_seconds() / 3600)
        late = arrival(lambda hours: hours.probability_later_than(left))
        late_days = arrival(lambda hours: hours.expected_excess(left)) / 24
    pairs = np.nonzero(usable)
    line_facts = facts(order, candidates, everyone, rows=pairs[1], masks=np.int64(1) << pairs[0])
    pick_failure, line_cost = np.full(usable.shape, np.nan), np.full(usable.shape, np.nan)
    pick_failure[pairs] = predictor.pick_failure(line_facts)
    line_cost[pairs] = predictor.cost(line_facts)
    return Scores(
        late,
        late_days,
        pick_failure,
        line_cost,
        cache(lambda level: arrival(lambda hours: hours.quantile(level))),
        cache(lambda level: of_all(ready.quantile(level))),
        lambda which, masks: predictor.cost(facts(order, candidates, everyone, rows=which, masks=masks)),
    )


def _nothing(shape: tuple[int, ...]) -> Scores:
    """Return the scores of candidates none of which may send anything."""
    lines, count = shape
    unknown, unknowns = np.full(count, np.nan), np.full((lines, count), np.nan)

    def never(level: float) -> NDArray[np.float64]:  # noqa: ARG001 - as of any level
        return unknown

    return Scores(unknown, unknown, unknowns, unknowns, never, never, lambda which, _: np.full(len(which), np.nan))
