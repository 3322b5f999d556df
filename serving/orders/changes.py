"""What may be done to an order that was placed, and what that does to it, to stock and to capacity.

Values in, values out.
"""

from dataclasses import replace

from serving.database.capacity import LocationDay
from serving.database.stock_ledger import Entry
from serving.errors import ConflictError, NotFoundError
from serving.orders.change import Change, each, entry, settled, then, with_shipment
from serving.orders.events import By, order_event, shipment_event, state_event
from serving.orders.records import OrderRecord, ShipmentLineRecord, ShipmentRecord
from serving.orders.states import GONE, OPEN, OrderState, ShipmentEvent, ShipmentState

_PICKABLE = (*OPEN, ShipmentState.ASSIGNED, ShipmentState.ACCEPTED)
_ENDED = (OrderState.COMPLETED, OrderState.CANCELLED, OrderState.EXPIRED)


def confirm(order: OrderRecord, by: By) -> Change:
    """Turn what was reserved into work for its locations. Raises `ConflictError` once the reservation has ended."""
    if order.state in {OrderState.OFFERED, OrderState.ASSIGNED, OrderState.BACKORDERED, OrderState.COMPLETED}:
        return Change(order, order)
    if order.state is not OrderState.RESERVED:
        raise ConflictError(f"Order {order.order_id!r} is {order.state}: there is nothing left to confirm")
    order_now = replace(order, expires_at=None)
    reserved = [shipment for shipment in order.shipments if shipment.state is ShipmentState.RESERVED]
    alone = [shipment for shipment in reserved if shipment.offer_id is None]
    offered = [shipment for shipment in reserved if shipment.offer_id is not None]
    confirmed = each(order, order_now, alone, ShipmentEvent.CONFIRMED, by)
    return then(confirmed, each(confirmed.after, confirmed.after, offered, ShipmentEvent.OFFERED, by))


def expire(order: OrderRecord, by: By) -> Change:
    """Let a reservation go whose time is over; nothing changes where it is not, or was confirmed meanwhile."""
    if order.state is not OrderState.RESERVED or order.expires_at is None or order.expires_at > by.at:
        return Change(order, order)
    reserved = [shipment for shipment in order.shipments if shipment.state is ShipmentState.RESERVED]
    if not reserved:  # all of it waited
        expired = replace(_nothing_waits(order), state=OrderState.EXPIRED)
        return Change(order, expired, events=(state_event(expired, by),))
    return each(order, _nothing_waits(order), reserved, ShipmentEvent.EXPIRED, by)


def cancel(order: OrderRecord, by: By) -> Change:
    """Give the whole order up. Raises `ConflictError` once a part of it has left its location."""
    if order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
        return Change(order, order)
    if any(shipment.state in GONE for shipment in order.shipments):
        raise ConflictError(f"Order {order.order_id!r} has left its location, at least in part")
    return each(order, _nothing_waits(order), order.live(), ShipmentEvent.WITHDRAWN, by)


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
    events = [order_event(changed, "order.amended", by)]
    seen: set[str] = set()
    for shipment in reversed(order.shipments):
        if shipment.state not in _PICKABLE or not surplus or shipment.shipment_id in seen:
            continue
        if line_id not in {held.line_id for held in shipment.lines}:
            continue
        alike = order.alike(shipment)
        seen |= {one.shipment_id for one in alike}
        less = min(surplus, sum(held.left for held in shipment.lines if held.line_id == line_id))
        surplus -= less
        for one in alike:
            held = next(line for line in one.lines if line.line_id == line_id)
            smaller = _with_line(one, replace(held, quantity=held.quantity - less), by)
            if not any(left.left for left in smaller.lines):
                smaller = replace(smaller, state=ShipmentState.WITHDRAWN)
                gives.append((one.location_id, one.capacity_day))
            entries.append(entry(one, held, "release", by, held=-less))
            changed = with_shipment(changed, smaller)
            kind = "shipment.withdrawn" if smaller.state is ShipmentState.WITHDRAWN else "shipment.amended"
            events.append(shipment_event(smaller, kind, by))
    if surplus:
        raise ConflictError(f"Line {line_id!r}: {surplus} of the units to be taken off are picked or gone already")
    return settled(order, changed, by, entries=entries, gives=gives, events=events)


def _nothing_waits(order: OrderRecord) -> OrderRecord:
    return replace(order, lines=tuple(replace(line, waiting=0) for line in order.lines))


def _with_line(shipment: ShipmentRecord, changed: ShipmentLineRecord, by: By) -> ShipmentRecord:
    lines = tuple(changed if line.line_id == changed.line_id else line for line in shipment.lines)
    return replace(shipment, lines=lines, changed_at=by.at)
