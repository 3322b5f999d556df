"""What locations tell of their shipments, and what that does to the order. Values in, values out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from serving.errors import FieldError, InvalidRequestError
from serving.orders.change import Change, each, entry, settled, waiting_again, with_shipment
from serving.orders.claiming import claim, too_late
from serving.orders.events import By, shipment_event, told_shipment
from serving.orders.records import OrderRecord, ShipmentRecord
from serving.orders.states import ShipmentEvent, ShipmentState, after


@dataclass(frozen=True, slots=True)
class Cost:
    """What a shipment cost, in the order's currency; ``None`` where that was not told."""

    shipping: float | None
    handling: float | None


def happened(
    order: OrderRecord,
    shipment_id: str,
    event: ShipmentEvent,
    by: By,
    *,
    occurred_at: datetime,
    picked: Mapping[str, int] | None = None,
    cost: Cost | None = None,
) -> Change:
    """What a location told of a shipment. ``picked``: units found of each line, for a short pick, or for a rejection
    because they are not there. ``cost``: what it cost; once told, another changes nothing. ``occurred_at`` is by the
    location's clock, which may be wrong.

    Raises `ConflictError` where that cannot happen to it, `InvalidRequestError` for quantities that make no sense.
    """
    shipment = order.shipment(shipment_id)
    if event is ShipmentEvent.SHORT_PICKED and _told_before(shipment, picked or {}):
        return Change(order, order)
    state = after(shipment.state, event, fetched=order.is_fetched(shipment))
    if state is None:
        raise too_late(order, shipment)
    if event is ShipmentEvent.SHORT_PICKED:
        return _short_picked(order, shipment, by, occurred_at, picked or {})
    if state is shipment.state:
        return Change(order, order)
    if shipment.state is ShipmentState.OFFERED and event is ShipmentEvent.ACCEPTED:
        return claim(order, shipment, by, occurred_at)
    if event is ShipmentEvent.REJECTED and picked:
        return _rejected_for_lack(order, shipment, by, occurred_at, picked)
    return each(order, order, [_costing(shipment, cost)], event, by, occurred_at=occurred_at)


def _costing(shipment: ShipmentRecord, cost: Cost | None) -> ShipmentRecord:
    if cost is None or shipment.shipping_cost is not None:
        return shipment
    handling = shipment.handling_cost if cost.handling is None else cost.handling
    return replace(shipment, shipping_cost=cost.shipping, handling_cost=handling)


def _told_before(shipment: ShipmentRecord, picked: Mapping[str, int]) -> bool:
    """Whether units that were not found are missing already, and ``picked`` is what is left."""
    left = {line.line_id: line.left for line in shipment.lines}
    return (
        shipment.state in {ShipmentState.PICKED, ShipmentState.SHORT}
        and any(line.short for line in shipment.lines if line.line_id in picked)
        and all(units == left.get(line_id) for line_id, units in picked.items())
    )


def _short_picked(
    order: OrderRecord, shipment: ShipmentRecord, by: By, occurred_at: datetime, picked: Mapping[str, int]
) -> Change:
    missing = _missing(shipment, picked)
    lines = tuple(replace(line, short=line.short + missing.get(line.line_id, 0)) for line in shipment.lines)
    left = any(line.left for line in lines)
    found = replace(
        shipment,
        lines=lines,
        state=ShipmentState.PICKED if left else ShipmentState.SHORT,
        changed_at=by.at,
        outcome_at=None if left else occurred_at,
    )
    entries = [
        entry(shipment, line, "short_pick", by, held=-missing[line.line_id], short=True, occurred_at=occurred_at)
        for line in shipment.lines
        if line.line_id in missing
    ]
    changed = with_shipment(waiting_again(order, missing), found)
    events = [shipment_event(found, "shipment.short_picked", by, occurred_at)]
    gives = [] if left else [(shipment.location_id, shipment.capacity_day)]
    changed = replace(changed, failures=order.failures + 1)
    return settled(order, changed, by, entries=entries, gives=gives, events=events)


def _rejected_for_lack(
    order: OrderRecord, shipment: ShipmentRecord, by: By, occurred_at: datetime, picked: Mapping[str, int]
) -> Change:
    """It will not do it because units are not there: the units go elsewhere, and those skus are not promised there."""
    missing = _missing(shipment, picked)
    change = each(order, order, [shipment], ShipmentEvent.REJECTED, by, occurred_at=occurred_at)
    skus = {line.sku for line in shipment.lines if line.line_id in missing}
    found = replace(
        change.after.shipment(shipment.shipment_id),
        lines=tuple(replace(line, short=line.short + missing.get(line.line_id, 0)) for line in shipment.lines),
    )
    return replace(
        change,
        after=with_shipment(change.after, found),
        entries=tuple(
            replace(release, kind="short_pick", short=True, occurred_at=max(occurred_at, shipment.assigned_at))
            if release.sku in skus
            else release
            for release in change.entries
        ),
        events=tuple(
            replace(event, data=told_shipment(found)) if event.shipment_id == found.shipment_id else event
            for event in change.events
        ),
    )


def _missing(shipment: ShipmentRecord, picked: Mapping[str, int]) -> dict[str, int]:
    """Units that were not found, by line. A line that is not told was found whole."""
    known = {line.line_id: line for line in shipment.lines}
    wrong = [
        FieldError("lines", f"line {line_id}: {units} picked of {known[line_id].left if line_id in known else 0}")
        for line_id, units in picked.items()
        if line_id not in known or units > known[line_id].left
    ]
    if wrong:
        raise InvalidRequestError(wrong[0].message, wrong)
    missing = {line.line_id: line.left - picked.get(line.line_id, line.left) for line in shipment.lines}
    missing = {line_id: units for line_id, units in missing.items() if units}
    if not missing:
        message = "every unit was found: a short pick has at least one line with fewer"
        raise InvalidRequestError(message, [FieldError("lines", message)])
    return missing
