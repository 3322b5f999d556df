"""What may be done to an order, and what that does to it, to stock and to capacity. Values in, values out.

Each function returns the whole `Change`; `serving.orders.writing` writes it in one transaction.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from decision.decision import Option
from serving.database.capacity import LocationDay
from serving.database.locks import StockKey
from serving.database.order_log import OrderEvent
from serving.database.stock_ledger import Entry, Kind
from serving.errors import ConflictError, FieldError, InvalidRequestError, NotFoundError
from serving.orders.events import By, shipment_event, state_event, told, told_shipment
from serving.orders.records import OrderRecord, ShipmentLineRecord, ShipmentRecord
from serving.orders.states import (
    AT_LOCATION,
    FAILED,
    GONE,
    LIVE,
    OrderState,
    ShipmentEvent,
    ShipmentState,
    after,
    order_state,
    possible,
)

_PICKABLE = (ShipmentState.RESERVED, ShipmentState.ASSIGNED, ShipmentState.ACCEPTED)
_ENDED = (OrderState.COMPLETED, OrderState.CANCELLED, OrderState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A plan that was decided for an order. ``keeps``: units that rules keep back, ``days``: local date by location."""

    option: Option
    decision_id: str
    versions: Mapping[str, str]
    keeps: Mapping[StockKey, int]
    days: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """An order before and after, and all that goes with it. ``before`` is ``None`` for a new order."""

    before: OrderRecord | None
    after: OrderRecord
    entries: tuple[Entry, ...] = ()
    takes: tuple[LocationDay, ...] = ()
    gives: tuple[LocationDay, ...] = ()
    events: tuple[OrderEvent, ...] = ()


def place(order: OrderRecord, plan: Assignment | None, by: By) -> Change:
    """A new order, all of whose units wait, and the plan that supplies them, where there is one."""
    placed = OrderEvent(order.order_id, "order.placed", by.at, by.who, told(order), why=by.why)
    if plan is None:
        return Change(None, order, events=(placed, state_event(order, by)))
    assigned = assign(order, plan, by)
    same = (state_event(assigned.after, by),) if assigned.after.state is order.state else ()
    return replace(assigned, before=None, events=(placed, *assigned.events, *same))


def assign(order: OrderRecord, plan: Assignment, by: By) -> Change:
    """Give the waiting units of ``order`` to the locations of ``plan``.

    Raises `ConflictError` where fewer units wait than were planned: somebody changed the order meanwhile.
    """
    state = ShipmentState.RESERVED if order.state is OrderState.RESERVED else ShipmentState.ASSIGNED
    waiting = order.waiting
    shipments, entries, events = [], [], []
    for number, planned in enumerate(plan.option.shipments, len(order.shipments) + 1):
        shipment = ShipmentRecord(
            shipment_id=uuid.uuid4().hex,
            order_id=order.order_id,
            number=number,
            location_id=planned.location_id,
            carrier_service_id=planned.carrier_service_id,
            state=state,
            decision_id=plan.decision_id,
            capacity_day=plan.days[planned.location_id],
            expected_p50_at=planned.delivery.p50_at,
            expected_p90_at=planned.delivery.p90_at,
            pick_failure=planned.pick_failure,
            assigned_at=by.at,
            changed_at=by.at,
            lines=tuple(ShipmentLineRecord(line.line_id, line.sku, line.quantity) for line in planned.lines),
        )
        shipments.append(shipment)
        for line in shipment.lines:
            waiting[line.line_id] = waiting.get(line.line_id, 0) - line.quantity
            keeps = plan.keeps.get((line.sku, shipment.location_id), 0)
            entries.append(_entry(shipment, line, "hold", by, held=line.quantity, keeps=keeps))
        kind = f"shipment.{state}"
        shipment_told = told_shipment(shipment)
        events.append(
            OrderEvent(
                order.order_id, kind, by.at, by.who, shipment_told, shipment.shipment_id, by.why, versions=plan.versions
            )
        )
    if any(units < 0 for units in waiting.values()):
        raise ConflictError(f"Order {order.order_id!r} was changed meanwhile: fewer units wait than were planned")
    changed = replace(
        order,
        decision_id=plan.decision_id,
        lines=tuple(replace(line, waiting=waiting.get(line.line_id, 0)) for line in order.lines),
        shipments=(*order.shipments, *shipments),
    )
    takes = tuple((shipment.location_id, shipment.capacity_day) for shipment in shipments)
    return _settled(order, changed, by, entries=entries, takes=takes, events=events)


def confirm(order: OrderRecord, by: By) -> Change:
    """Turn what was reserved into work for its locations. Raises `ConflictError` once the reservation has ended."""
    if order.state in {OrderState.ASSIGNED, OrderState.BACKORDERED, OrderState.COMPLETED}:
        return Change(order, order)
    if order.state is not OrderState.RESERVED:
        raise ConflictError(f"Order {order.order_id!r} is {order.state}: there is nothing left to confirm")
    order_now = replace(order, expires_at=None)
    reserved = [shipment for shipment in order.shipments if shipment.state is ShipmentState.RESERVED]
    return _each(order, order_now, reserved, ShipmentEvent.CONFIRMED, by)


def expire(order: OrderRecord, by: By) -> Change:
    """Let a reservation go whose time is over; nothing changes where it is not, or was confirmed meanwhile."""
    if order.state is not OrderState.RESERVED or order.expires_at is None or order.expires_at > by.at:
        return Change(order, order)
    reserved = [shipment for shipment in order.shipments if shipment.state is ShipmentState.RESERVED]
    return _each(order, _nothing_waits(order), reserved, ShipmentEvent.EXPIRED, by)


def cancel(order: OrderRecord, by: By) -> Change:
    """Give the whole order up. Raises `ConflictError` once a part of it has left its location."""
    if order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
        return Change(order, order)
    if any(shipment.state in GONE for shipment in order.shipments):
        raise ConflictError(f"Order {order.order_id!r} has left its location, at least in part")
    return _each(order, _nothing_waits(order), order.live(), ShipmentEvent.WITHDRAWN, by)


def amend(order: OrderRecord, line_id: str, quantity: int, by: By) -> Change:
    """Ask for another quantity of one line, 0 for none of it.

    Units that wait go first, then those of shipments not picked yet, the last assigned first. More units wait for a
    location. Raises `NotFoundError`, or `ConflictError` where the units are picked or gone.
    """
    line = next((line for line in order.lines if line.line_id == line_id), None)
    if line is None:
        raise NotFoundError(f"Order {order.order_id!r} has no line {line_id!r}")
    if order.state in _ENDED:
        raise ConflictError(f"Order {order.order_id!r} is {order.state}")
    supplied = line.quantity - line.waiting
    surplus = max(supplied - quantity, 0)
    changed = replace(
        order,
        lines=tuple(
            replace(known, quantity=quantity, waiting=max(quantity - supplied, 0)) if known is line else known
            for known in order.lines
        ),
    )
    entries: list[Entry] = []
    gives: list[LocationDay] = []
    events = [OrderEvent(order.order_id, "order.amended", by.at, by.who, told(changed), why=by.why)]
    for shipment in reversed(order.shipments):
        if shipment.state not in _PICKABLE or not surplus:
            continue
        for held in [held for held in shipment.lines if held.line_id == line_id]:
            less = min(surplus, held.left)
            surplus -= less
            smaller = _with_line(shipment, replace(held, quantity=held.quantity - less), by)
            if not any(left.left for left in smaller.lines):
                smaller = replace(smaller, state=ShipmentState.WITHDRAWN)
                gives.append((shipment.location_id, shipment.capacity_day))
            entries.append(_entry(shipment, held, "release", by, held=-less))
            changed = _with_shipment(changed, smaller)
            kind = "shipment.withdrawn" if smaller.state is ShipmentState.WITHDRAWN else "shipment.amended"
            events.append(shipment_event(smaller, kind, by))
    if surplus:
        raise ConflictError(f"Line {line_id!r}: {surplus} of the units to be taken off are picked or gone already")
    return _settled(order, changed, by, entries=entries, gives=gives, events=events)


def happened(
    order: OrderRecord,
    shipment_id: str,
    event: ShipmentEvent,
    by: By,
    *,
    occurred_at: datetime,
    picked: Mapping[str, int] | None = None,
) -> Change:
    """What a location told of a shipment. ``picked``: units found of each line, for a short pick.

    Raises `ConflictError` where that cannot happen to it, `InvalidRequestError` for quantities that make no sense.
    """
    shipment = next(shipment for shipment in order.shipments if shipment.shipment_id == shipment_id)
    state = after(shipment.state, event)
    if state is None:
        can = ", ".join(possible(shipment.state)) or "nothing more"
        raise ConflictError(f"Shipment {shipment_id!r} is {shipment.state}: what can happen is {can}")
    if event is ShipmentEvent.SHORT_PICKED:
        return _short_picked(order, shipment, by, occurred_at, picked or {})
    if state is shipment.state:
        return Change(order, order)
    return _each(order, order, [shipment], event, by, occurred_at=occurred_at)


def _short_picked(
    order: OrderRecord, shipment: ShipmentRecord, by: By, occurred_at: datetime, picked: Mapping[str, int]
) -> Change:
    missing = _missing(shipment, picked)
    lines = tuple(replace(line, short=line.short + missing.get(line.line_id, 0)) for line in shipment.lines)
    left = any(line.left for line in lines)
    found = replace(
        shipment, lines=lines, state=ShipmentState.PICKED if left else ShipmentState.SHORT, changed_at=by.at
    )
    entries = [
        _entry(shipment, line, "short_pick", by, held=-missing[line.line_id], short=True, occurred_at=occurred_at)
        for line in shipment.lines
        if line.line_id in missing
    ]
    changed = _with_shipment(_waiting_again(order, missing), found)
    events = [shipment_event(found, "shipment.short_picked", by, occurred_at)]
    gives = [] if left else [(shipment.location_id, shipment.capacity_day)]
    changed = replace(changed, failures=order.failures + 1)
    return _settled(order, changed, by, entries=entries, gives=gives, events=events)


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


def _each(
    before: OrderRecord,
    order: OrderRecord,
    shipments: Iterable[ShipmentRecord],
    event: ShipmentEvent,
    by: By,
    *,
    occurred_at: datetime | None = None,
) -> Change:
    """``event`` happens to each of ``shipments``."""
    entries: list[Entry] = []
    gives: list[LocationDay] = []
    events: list[OrderEvent] = []
    at = occurred_at or by.at
    for shipment in shipments:
        state = after(shipment.state, event)
        if state is None:
            raise ConflictError(f"Shipment {shipment.shipment_id!r} is {shipment.state}: it cannot be {event}")
        moved = replace(shipment, state=state, changed_at=by.at)
        order = _with_shipment(order, moved)
        if state in GONE and shipment.state in AT_LOCATION:
            entries += [
                _entry(shipment, line, "hand_over", by, held=-line.left, moved=-line.left, occurred_at=at)
                for line in shipment.lines
                if line.left
            ]
        elif state not in LIVE:
            entries += [_entry(shipment, line, "release", by, held=-line.left) for line in shipment.lines if line.left]
            gives.append((shipment.location_id, shipment.capacity_day))
        if state in FAILED:
            left = {line.line_id: line.left for line in shipment.lines}
            order = replace(_waiting_again(order, left), failures=order.failures + 1)
        events.append(shipment_event(moved, f"shipment.{event}", by, at))
    return _settled(before, order, by, entries=entries, gives=gives, events=events)


def _settled(
    before: OrderRecord,
    changed: OrderRecord,
    by: By,
    *,
    entries: Sequence[Entry] = (),
    takes: Sequence[LocationDay] = (),
    gives: Sequence[LocationDay] = (),
    events: Sequence[OrderEvent] = (),
) -> Change:
    """The change, with the state that the order is in now, told where it is another."""
    states = [shipment.state for shipment in changed.shipments]
    settled = replace(changed, state=order_state(states, sum(changed.waiting.values())))
    if settled.state is not before.state:
        events = [*events, state_event(settled, by)]
    return Change(before, settled, tuple(entries), tuple(takes), tuple(gives), tuple(events))


def _nothing_waits(order: OrderRecord) -> OrderRecord:
    return replace(order, lines=tuple(replace(line, waiting=0) for line in order.lines))


def _waiting_again(order: OrderRecord, units: Mapping[str, int]) -> OrderRecord:
    lines = tuple(replace(line, waiting=line.waiting + units.get(line.line_id, 0)) for line in order.lines)
    return replace(order, lines=lines)


def _with_shipment(order: OrderRecord, changed: ShipmentRecord) -> OrderRecord:
    shipments = tuple(changed if known.shipment_id == changed.shipment_id else known for known in order.shipments)
    return replace(order, shipments=shipments)


def _with_line(shipment: ShipmentRecord, changed: ShipmentLineRecord, by: By) -> ShipmentRecord:
    lines = tuple(changed if line.line_id == changed.line_id else line for line in shipment.lines)
    return replace(shipment, lines=lines, changed_at=by.at)


def _entry(
    shipment: ShipmentRecord,
    line: ShipmentLineRecord,
    kind: Kind,
    by: By,
    *,
    held: int,
    moved: int = 0,
    keeps: int = 0,
    short: bool = False,
    occurred_at: datetime | None = None,
) -> Entry:
    return Entry(
        sku=line.sku,
        location_id=shipment.location_id,
        kind=kind,
        occurred_at=occurred_at or by.at,
        held=held,
        moved=moved,
        keeps=keeps,
        short=short,
        why=by.why,
        order_id=shipment.order_id,
        shipment_id=shipment.shipment_id,
    )
