"""What may be done to an order, and what that does to it, to stock and to capacity. Values in, values out."""

import uuid
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias, TypedDict

import orjson

from decision.decision import Option, Shipment
from decision.promises.outlook import OnItsWay, slack
from prediction.following import Expected
from serving.database.capacity import LocationDay
from serving.database.locks import StockKey
from serving.database.order_log import OrderEvent
from serving.database.stock_ledger import Entry
from serving.errors import ConflictError, NotFoundError
from serving.orders.change import Change, each, entry, settled, then, with_shipment
from serving.orders.events import By, order_event, shipment_event, state_event
from serving.orders.records import OrderRecord, ShipmentLineRecord, ShipmentRecord
from serving.orders.states import GONE, OPEN, OrderState, ShipmentEvent, ShipmentState
from serving.orders.steps import Stage, Step

#: What `sent` tells shipments of one plan apart by.
Sent: TypeAlias = tuple[str, str | None, tuple[tuple[str, int], ...]]

_PICKABLE = (*OPEN, ShipmentState.ASSIGNED, ShipmentState.ACCEPTED)
#: How sure a promise has to be for its shipment to wait.
CONFIDENCE: Final = 0.95
_ENDED = (OrderState.COMPLETED, OrderState.CANCELLED, OrderState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A plan that was decided for an order, with the stores to which its shipments are offered too.

    ``keeps``: units that rules keep back, ``days``: local date by location. ``expected``: what the bundle said of its
    shipments before calibration, by `sent`.
    """

    option: Option
    decision_id: str
    versions: Mapping[str, str]
    keeps: Mapping[StockKey, int]
    days: Mapping[str, str]
    expected: Mapping[Sent, Expected]

    @property
    def location_ids(self) -> frozenset[str]:
        """Those that the plan needs; the others are only offered its shipments."""
        return frozenset(shipment.location_id for shipment in self.option.shipments)

    def because(self, by: By) -> By:
        """Return ``by`` with the decision as the reason, where there is no other."""
        return by if by.why else replace(by, why=f"decision {self.decision_id}")

    def shaped(self, events: Iterable[OrderEvent]) -> tuple[OrderEvent, ...]:
        """Return ``events`` with what shaped the decision."""
        return tuple(replace(event, versions=self.versions) for event in events)

    def not_offered_to(self, location_ids: Container[str]) -> "Assignment":
        """The same plan, offered to none of these."""
        shipments = tuple(_without(shipment, location_ids) for shipment in self.option.shipments)
        return replace(self, option=replace(self.option, shipments=shipments))


def _without(shipment: Shipment, location_ids: Container[str]) -> Shipment:
    if shipment.offer is None:
        return shipment
    others = tuple(other for other in shipment.offer.others if other.location_id not in location_ids)
    return replace(shipment, offer=replace(shipment.offer, others=others))


def place(order: OrderRecord, plan: Assignment | None, by: By) -> Change:
    """A new order, all of whose units wait, and the plan that supplies them, where there is one."""
    if plan is None:
        return Change(None, order, events=(order_event(order, "order.placed", by), state_event(order, by)))
    by = plan.because(by)
    assigned = assign(order, plan, by)
    placed = order_event(assigned.after, "order.placed", by)
    same = (state_event(assigned.after, by),) if assigned.after.state is order.state else ()
    return replace(assigned, before=None, events=plan.shaped((placed, *assigned.events, *same)))


def assign(order: OrderRecord, plan: Assignment, by: By) -> Change:
    """Give the waiting units of ``order`` to the locations of ``plan``.

    Raises `ConflictError` where fewer units wait than were planned: somebody changed the order meanwhile.
    """
    by = plan.because(by)
    waiting = order.waiting
    shipments: list[ShipmentRecord] = []
    for planned in plan.option.shipments:
        for line in planned.lines:
            waiting[line.line_id] = waiting.get(line.line_id, 0) - line.quantity
        shipments += _shipments(order, planned, plan, by, first_number=len(order.shipments) + len(shipments) + 1)
    entries = [
        entry(shipment, line, "hold", by, held=line.quantity, keeps=plan.keeps.get((line.sku, shipment.location_id), 0))
        for shipment in shipments
        for line in shipment.lines
    ]
    events = [shipment_event(shipment, f"shipment.{shipment.state}", by) for shipment in shipments]
    if any(units < 0 for units in waiting.values()):
        raise ConflictError(f"Order {order.order_id!r} was changed meanwhile: fewer units wait than were planned")
    changed = replace(
        order,
        decision_id=plan.decision_id,
        lines=tuple(replace(line, waiting=waiting.get(line.line_id, 0)) for line in order.lines),
        shipments=(*order.shipments, *shipments),
    )
    takes = tuple((shipment.location_id, shipment.capacity_day) for shipment in shipments)
    assigned = settled(order, changed, by, entries=entries, takes=takes, events=events)
    expected = {shipment.shipment_id: plan.expected.get(sent(shipment)) for shipment in shipments}
    begun = (Step(name, Stage.ASSIGNED, by.at, said) for name, said in expected.items() if said is not None)
    return replace(assigned, events=plan.shaped(assigned.events), assigned=tuple(begun))


def sent(shipment: Shipment | ShipmentRecord) -> Sent:
    """From where, how and what: of the shipments of one plan, no two send the same."""
    lines = tuple((line.line_id, line.quantity) for line in shipment.lines)
    return shipment.location_id, shipment.carrier_service_id, lines


def _shipments(
    order: OrderRecord, planned: Shipment, plan: Assignment, by: By, first_number: int
) -> list[ShipmentRecord]:
    """The shipment that was planned; where it is offered to others too, one for each."""
    offer = planned.offer
    among = [planned] if offer is None else [planned, *offer.others]
    offered = len(among) > 1
    waits = ShipmentState.OFFERED if offered else ShipmentState.ASSIGNED
    offer_id = uuid.uuid4().hex if offered else None
    return [
        ShipmentRecord(
            shipment_id=uuid.uuid4().hex,
            order_id=order.order_id,
            number=number,
            location_id=one.location_id,
            carrier_service_id=one.carrier_service_id,
            state=ShipmentState.RESERVED if order.state is OrderState.RESERVED else waits,
            decision_id=plan.decision_id,
            capacity_day=plan.days[one.location_id],
            expected_p50_at=one.delivery.p50_at,
            expected_p90_at=one.delivery.p90_at,
            **_milestones(order, one, by),
            pick_failure=one.pick_failure,
            assigned_at=by.at,
            changed_at=by.at,
            lines=tuple(ShipmentLineRecord(line.line_id, line.sku, line.quantity) for line in one.lines),
            offer_id=offer_id,
            offer_minutes=offer.minutes if offer is not None and offered else None,
            offer_stage=offer.stage if offer is not None and offered else None,
        )
        for number, one in enumerate(among, first_number)
    ]


class _Milestones(TypedDict, total=False):
    expected_ready_at: datetime | None
    accept_by: datetime
    hand_over_by: datetime


def sure_enough(order: OrderRecord) -> float:
    """How sure the promise of an order has to be: less than usually where no more was promised."""
    told = 1.0 if order.promise is None else orjson.loads(order.promise)["confidence"]
    return min(CONFIDENCE, float(told))


def _milestones(order: OrderRecord, planned: Shipment, by: By) -> _Milestones:
    """Until when each step may wait: counted back from what was promised, and how sure that has to be.

    What is sure enough as it was decided need not have begun before it is assigned: the slack is known less exactly.
    """
    ready, promised_at = planned.delivery.ready_p50_at, order.promised_at
    if ready is None or promised_at is None:
        return {"expected_ready_at": ready}
    going = OnItsWay(by.at, ready, planned.delivery.p50_at, planned.delivery.p90_at)
    may_wait = slack(going, promised_at, sure_enough(order))
    if 1 - (planned.delivery.p_late or 0.0) >= sure_enough(order):
        may_wait = max(may_wait, timedelta())
    return {"expected_ready_at": ready, "accept_by": by.at + may_wait, "hand_over_by": ready + may_wait}


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
