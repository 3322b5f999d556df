"""One change of an order, with all that goes with it: stock, capacity, events. Values in, values out.

`serving.orders.writing` writes it in one transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from serving.database.capacity import LocationDay
from serving.database.order_log import OrderEvent
from serving.database.stock_ledger import Entry, Kind
from serving.errors import ConflictError
from serving.orders.events import By, shipment_event, state_event
from serving.orders.records import OrderRecord, ShipmentLineRecord, ShipmentRecord
from serving.orders.states import (
    ARRIVED,
    AT_LOCATION,
    FAILED,
    GONE,
    LIVE,
    ShipmentEvent,
    ShipmentState,
    after,
    order_state,
)
from serving.orders.steps import Step


@dataclass(frozen=True, slots=True)
class Change:
    """An order before and after, and all that goes with it. ``before`` is ``None`` for a new order.

    ``assigned``: of its new shipments, those of which the bundle said what to expect.
    """

    before: OrderRecord | None
    after: OrderRecord
    entries: tuple[Entry, ...] = ()
    takes: tuple[LocationDay, ...] = ()
    gives: tuple[LocationDay, ...] = ()
    events: tuple[OrderEvent, ...] = ()
    assigned: tuple[Step, ...] = ()


def then(one: Change, other: Change) -> Change:
    """Both, one after the other: ``other`` is of the order that ``one`` made."""
    return Change(
        one.before,
        other.after,
        (*one.entries, *other.entries),
        (*one.takes, *other.takes),
        (*one.gives, *other.gives),
        (*one.events, *other.events),
        (*one.assigned, *other.assigned),
    )


def each(
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
        state = after(shipment.state, event, fetched=order.is_fetched(shipment))
        if state is None:
            raise ConflictError(f"Shipment {shipment.shipment_id!r} is {shipment.state}: it cannot be {event}")
        moved = _moved(order, shipment, state, by.at, at)
        order = with_shipment(order, moved)
        if state in GONE and shipment.state in AT_LOCATION:
            entries += [
                entry(shipment, line, "hand_over", by, held=-line.left, moved=-line.left, occurred_at=at)
                for line in shipment.lines
                if line.left
            ]
        elif state not in LIVE:
            entries += [entry(shipment, line, "release", by, held=-line.left) for line in shipment.lines if line.left]
            gives.append((shipment.location_id, shipment.capacity_day))
        if state in FAILED and not order.others_open(moved):
            left = {line.line_id: line.left for line in shipment.lines}
            order = replace(waiting_again(order, left), failures=order.failures + 1)
        events.append(shipment_event(moved, f"shipment.{event}", by, at))
    return settled(before, order, by, entries=entries, gives=gives, events=events)


def _moved(
    order: OrderRecord, shipment: ShipmentRecord, state: ShipmentState, now: datetime, occurred_at: datetime
) -> ShipmentRecord:
    """The shipment in ``state``, with when it was ready and how it ended; what is collected waits for the customer."""
    collected = state is ShipmentState.READY and order.is_fetched(shipment)
    ready = collected or state is ShipmentState.HANDED_OVER
    return replace(
        shipment,
        state=state,
        changed_at=now,
        ready_at=shipment.ready_at or (occurred_at if ready else None),
        outcome_at=occurred_at if state in {*ARRIVED, *FAILED} else shipment.outcome_at,
    )


def settled(
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
    state = order_state(states, sum(changed.waiting.values()), confirmed=changed.expires_at is None)
    settled = replace(changed, state=state)
    if settled.state is not before.state:
        events = [*events, state_event(settled, by)]
    return Change(before, settled, tuple(entries), tuple(takes), tuple(gives), tuple(events))


def waiting_again(order: OrderRecord, units: Mapping[str, int]) -> OrderRecord:
    lines = tuple(replace(line, waiting=line.waiting + units.get(line.line_id, 0)) for line in order.lines)
    return replace(order, lines=lines)


def with_shipment(order: OrderRecord, changed: ShipmentRecord) -> OrderRecord:
    shipments = tuple(changed if known.shipment_id == changed.shipment_id else known for known in order.shipments)
    return replace(order, shipments=shipments)


def entry(
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
        # By a slow clock it may be told of before it was given: a count of then would seem to have seen units leave.
        occurred_at=max(occurred_at or by.at, shipment.assigned_at),
        held=held,
        moved=moved,
        keeps=keeps,
        short=short,
        why=by.why,
        order_id=shipment.order_id,
        shipment_id=shipment.shipment_id,
    )
