"""Giving the units of an order to the locations of a plan, where there is one. Values in, values out."""

import uuid
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias, TypedDict

import orjson

from decision.calendars.open_times import OpenTimes
from decision.decision import Option, Shipment
from decision.promises.outlook import OnItsWay, slack
from prediction.following import Expected
from serving.database.locks import StockKey
from serving.database.order_log import OrderEvent
from serving.errors import ConflictError
from serving.orders.change import Change, entry, settled
from serving.orders.events import By, order_event, shipment_event, state_event
from serving.orders.records import OrderRecord, ShipmentLineRecord, ShipmentRecord
from serving.orders.states import OrderState, ShipmentState
from serving.orders.steps import Stage, Step

#: What `sent` tells shipments of one plan apart by.
Sent: TypeAlias = tuple[str, str | None, tuple[tuple[str, int], ...]]
#: How sure a promise has to be for its shipment to wait.
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Assignment:
    """A plan that was decided for an order, with the stores to which its shipments are offered too.

    ``keeps``: units that rules keep back, ``days``: local date by location, ``open_times``: when it is open.
    ``expected``: what the bundle said of its shipments before it learnt of them, by `sent`.
    """

    option: Option
    decision_id: str
    versions: Mapping[str, str]
    keeps: Mapping[StockKey, int]
    days: Mapping[str, str]
    open_times: Mapping[str, OpenTimes]
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


def placed(order: OrderRecord, plan: Assignment | None, by: By) -> Change:
    """A new order, all of whose units wait, and the plan that supplies them, where there is one."""
    if plan is None:
        return Change(None, order, events=(order_event(order, "order.placed", by), state_event(order, by)))
    by = plan.because(by)
    assigned = assign(order, plan, by)
    began = order_event(assigned.after, "order.placed", by)
    same = (state_event(assigned.after, by),) if assigned.after.state is order.state else ()
    return replace(assigned, before=None, events=plan.shaped((began, *assigned.events, *same)))


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
    """From where, how and what: of the shipments of one plan, no two send the same but where one joins an open parcel
    and the other has no room in it; of these the same is expected.
    """
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
            **_milestones(order, one, by, plan.open_times[one.location_id]),
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


def _milestones(order: OrderRecord, planned: Shipment, by: By, times: OpenTimes) -> _Milestones:
    """Until when each step may wait: counted back from what was promised, and how sure that has to be.

    A location that is closed does nothing: what falls there is due before it closes, and its work, from the assignment
    until the shipment is ready, takes time while it is open. What is sure enough as it was decided need not have begun
    before it is assigned: the slack is known less exactly.
    """
    ready, promised_at = planned.delivery.ready_p50_at, order.promised_at
    if ready is None or promised_at is None:
        return {"expected_ready_at": ready}
    going = OnItsWay(by.at, ready, planned.delivery.p50_at, planned.delivery.p90_at)
    may_wait = slack(going, promised_at, sure_enough(order))
    if 1 - (planned.delivery.p_late or 0.0) >= sure_enough(order):
        may_wait = max(may_wait, timedelta())
    hand_over_by = times.before(ready + may_wait)
    accept_by = times.before(hand_over_by, times.between(by.at, ready))
    return {"expected_ready_at": ready, "accept_by": accept_by, "hand_over_by": hand_over_by}
