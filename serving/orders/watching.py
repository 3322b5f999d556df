"""Promises at risk: found before they are broken, told with a date that holds, sent from elsewhere where that helps.

Once a shipment should have been handed over, or have arrived, its order is looked at again (`decision.outlook`).
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, or_, select

from decision.outlook import OnItsWay, all_there, on_time
from serving.database.decision_log import log_decision
from serving.database.order_log import OrderEvent
from serving.database.order_store import find_order
from serving.database.order_tables import orders, shipments
from serving.errors import CapacityGoneError, ConflictError, StockGoneError
from serving.orders.change import Change, each, settled, then, waiting_again
from serving.orders.changes import CONFIDENCE, assign
from serving.orders.deciding import Avoided, Made
from serving.orders.events import By, told
from serving.orders.records import OrderRecord, ShipmentRecord
from serving.orders.routing import WHO, decide_part, may_be_failed_again
from serving.orders.states import ARRIVED, AT_LOCATION, OrderState, ShipmentEvent, ShipmentState
from serving.orders.writing import change_order
from serving.service import Service

_OPEN: Final = (OrderState.OFFERED, OrderState.ASSIGNED, OrderState.BACKORDERED)
#: What a location has not begun to pick can go elsewhere.
_NOT_BEGUN: Final = (ShipmentState.ASSIGNED, ShipmentState.ACCEPTED)


async def watch(service: Service) -> None:
    """Tell of each promise that has become less sure than it may be, once; where another plan keeps it, take that."""
    now = service.clock()
    for order_id in await service.database.read(partial(_overdue, now=now)):
        order = await service.database.read(partial(find_order, order_id=order_id))
        if order is None or order.promised_at is None or order.at_risk_at is not None:
            continue
        sure = on_time(on_its_way(order), order.promised_at, now)
        if sure < service.settings.at_risk_below and not await _sent_from_elsewhere(service, order, sure):
            by = By(WHO, now, f"on time with {sure:.0%}")
            doing = partial(_at_risk, by=by)
            await service.database.write(partial(change_order, order_id=order_id, doing=doing, by=by))


def on_its_way(order: OrderRecord) -> list[OnItsWay]:
    """The live shipments of an order, as far as it was told when they should be handed over."""
    return [
        OnItsWay(
            shipment.assigned_at,
            shipment.expected_ready_at,
            shipment.expected_p50_at,
            shipment.expected_p90_at,
            shipment.changed_at if shipment.state is ShipmentState.HANDED_OVER else None,
            shipment.changed_at if shipment.state in ARRIVED else None,
        )
        for shipment in order.live()
        if shipment.expected_ready_at is not None
    ]


def _at_risk(order: OrderRecord, by: By) -> Change:
    """Nothing but that it is told, with the date that the customer can be told instead."""
    if order.state not in _OPEN or order.at_risk_at is not None or order.promised_at is None:
        return Change(order, order)
    after = replace(order, at_risk_at=by.at)
    return Change(order, after, events=(_risk_event(order, by, sent_from_elsewhere=False),))


def _risk_event(order: OrderRecord, by: By, *, sent_from_elsewhere: bool) -> OrderEvent:
    coming = on_its_way(order)
    data = {
        **told(order),
        "promised_at": order.promised_at,
        "on_time": on_time(coming, order.promised_at or by.at, by.at),
        # What waits for stock comes nobody knows when.
        "new_promised_at": None if order.waiting else all_there(coming, CONFIDENCE, by.at),
        "sent_from_elsewhere": sent_from_elsewhere,
    }
    return OrderEvent(order.order_id, "order.at_risk", by.at, by.who, data, why=by.why)


async def _sent_from_elsewhere(service: Service, order: OrderRecord, sure: float) -> bool:
    """Take the latest shipment from its location, where another plan for it keeps the promise; say whether."""
    late = max(
        (known for known in order.shipments if known.state in _NOT_BEGUN and known.offer_id is None),
        key=lambda known: known.expected_p90_at,
        default=None,
    )
    if late is None or not may_be_failed_again(order):
        return False
    units = {line.line_id: line.left for line in late.lines}
    avoided = Avoided(order.failed_at, frozenset({late.location_id}), order.passed_stages, order.not_found)
    made = await asyncio.to_thread(decide_part, service, order, units, avoided)
    if made is None or not made.decision.options or (made.decision.options[0].on_time or 0.0) < CONFIDENCE:
        return False
    by = By(WHO, service.clock(), f"on time with {sure:.0%} from {late.location_id}")
    try:
        await service.database.write(partial(_carry_out, order_id=order.order_id, late=late, made=made, by=by))
    except (StockGoneError, CapacityGoneError, ConflictError):
        return False  # others were faster; it is told to be at risk
    await asyncio.to_thread(service.live.refresh_now)
    return True


def _carry_out(connection: Connection, *, order_id: str, late: ShipmentRecord, made: Made, by: By) -> None:
    change_order(connection, order_id, partial(_moved, late=late, made=made, by=by), by)
    log_decision(connection, made.logged, made.snapshot.kept)


def _moved(order: OrderRecord, late: ShipmentRecord, made: Made, by: By) -> Change:
    """The shipment is withdrawn from its location, and its units are sent as was decided.

    Raises `ConflictError` where its location has begun meanwhile.
    """
    known = next(shipment for shipment in order.shipments if shipment.shipment_id == late.shipment_id)
    if known.state not in _NOT_BEGUN:
        raise ConflictError(f"Shipment {late.shipment_id!r} is {known.state}: it stays where it is")
    withdrawn = each(order, order, [known], ShipmentEvent.WITHDRAWN, by)
    left = {line.line_id: line.left for line in known.lines}
    waits = replace(waiting_again(withdrawn.after, left), failures=order.failures + 1)
    waiting = replace(withdrawn, after=settled(order, waits, by).after)
    assigned = then(waiting, assign(waiting.after, made.assignment(1), by))
    event = _risk_event(assigned.after, by, sent_from_elsewhere=True)
    return replace(assigned, events=(*assigned.events, event))


def _overdue(connection: Connection, now: datetime) -> list[str]:
    """Orders, not told of yet, with a shipment that should have been handed over by now, or have arrived."""
    overdue = select(shipments.c.order_id).where(
        shipments.c.order_id == orders.c.order_id,
        or_(
            shipments.c.state.in_(AT_LOCATION) & (shipments.c.hand_over_by < now),
            (shipments.c.state == ShipmentState.HANDED_OVER) & (shipments.c.expected_p50_at < now),
        ),
    )
    statement = select(orders.c.order_id).where(
        orders.c.state.in_(_OPEN),
        orders.c.promised_at.is_not(None),
        orders.c.at_risk_at.is_(None),
        or_(overdue.exists(), orders.c.promised_at < now),
    )
    return list(connection.execute(statement.order_by(orders.c.promised_at, orders.c.order_id)).scalars())
