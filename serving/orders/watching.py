"""Promises at risk: found before they are broken, told with a date that holds, sent from elsewhere where that helps.

Once a shipment should have been handed over, or have arrived, its order is looked at again
(`decision.promises.outlook`).
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection, and_, false, func, or_, select

from decision.promises.outlook import on_time
from serving.database.decision_log import log_decision
from serving.database.order_store import find_order, find_orders
from serving.database.order_tables import orders, shipments
from serving.errors import CapacityGoneError, ConflictError, StockGoneError
from serving.orders.alone import alone
from serving.orders.assigning import assign, sure_enough
from serving.orders.change import Change, each, settled, then, waiting_again
from serving.orders.deciding import Avoided, Made
from serving.orders.events import WHO, By
from serving.orders.records import OrderRecord, ShipmentRecord
from serving.orders.risk import WATCHED, how_sure, is_late, on_its_way, risk_event, tell_risk
from serving.orders.routing import MOST_FAILURES, decide_part, may_be_failed_again
from serving.orders.states import AT_LOCATION, OrderState, ShipmentEvent, ShipmentState
from serving.orders.writing import change_order
from serving.service import Service

#: What a location has not begun to pick can go elsewhere.
_NOT_BEGUN: Final = (ShipmentState.ASSIGNED, ShipmentState.ACCEPTED)
#: Orders that are read at a time.
_TOGETHER: Final = 500


async def watch(service: Service) -> None:
    """Tell of each promise that has become less sure than it may be, once; where another plan keeps it, take that."""
    now, least = service.clock(), service.settings.at_risk_below
    for order_id in await service.database.read(partial(_in_doubt, now=now, least=least)):
        with alone(order_id):
            await _look_at(service, order_id, now)


async def _look_at(service: Service, order_id: str, now: datetime) -> None:
    order = await service.database.read(partial(find_order, order_id=order_id))
    if order is None or order.promised_at is None or order.at_risk_at is not None:
        return
    going = on_time(on_its_way(order), order.promised_at, now)
    late = is_late(order, going, service.settings.at_risk_below)
    if not (late and await _sent_from_elsewhere(service, order, going)):
        await tell_risk(service, order, WHO)


def _in_doubt(connection: Connection, now: datetime, least: float) -> list[str]:
    """Those of the overdue whose promise is at risk.

    Of most it is still sure: what could wait until the night is overdue once its location has closed.
    """
    overdue, found = _overdue(connection, now), []
    for start in range(0, len(overdue), _TOGETHER):
        together = overdue[start : start + _TOGETHER]
        try:
            known = {order.order_id: order for order in find_orders(connection, together)}
        except ValueError:  # one of them cannot be read: each is looked at by itself
            found += together
            continue
        for order_id in together:
            with alone(order_id):
                if _is_in_doubt(known[order_id], now, least):
                    found.append(order_id)
    return found


def _is_in_doubt(order: OrderRecord, now: datetime, least: float) -> bool:
    return order.promised_at is not None and is_late(order, how_sure(order, order.promised_at, now), least)


async def _sent_from_elsewhere(service: Service, order: OrderRecord, sure: float) -> bool:
    """Take the latest shipment from its location, where another plan for it keeps the promise; say whether."""
    late = max(
        (known for known in order.shipments if known.state in _NOT_BEGUN and known.offer_id is None),
        key=lambda known: known.expected_p90_at,
        default=None,
    )
    if late is None or not may_be_failed_again(order):
        return False
    units = {line.line_id: line.left for line in late.lines if line.left}  # a line may have been taken off
    avoided = Avoided(order.failed_at, frozenset({late.location_id}), order.passed_stages, order.not_found)
    made = await asyncio.to_thread(decide_part, service, order, units, avoided)
    rank = None if made is None else _keeping(made, sure_enough(order))
    if made is None or rank is None:
        return False
    by = By(WHO, service.clock(), f"on time with {sure:.0%} from {late.location_id}")
    doing = partial(_carry_out, order_id=order.order_id, late=late, made=made, rank=rank, by=by)
    try:
        await service.database.write(doing)
    except (StockGoneError, CapacityGoneError, ConflictError):
        return False  # others were faster; it is told to be at risk
    await asyncio.to_thread(service.live.refresh_now)
    return True


def _keeping(made: Made, sure: float) -> int | None:
    """Rank of the first plan that sends all of it in time, so surely; a better one may be late."""
    in_time = (one.rank for one in made.decision.options if not one.missing and (one.on_time or 0.0) >= sure)
    return next(in_time, None)


def _carry_out(connection: Connection, *, order_id: str, late: ShipmentRecord, made: Made, rank: int, by: By) -> None:
    change_order(connection, order_id, partial(_moved, late=late, made=made, rank=rank, by=by), by)
    log_decision(connection, made.logged, made.snapshot.kept)


def _moved(order: OrderRecord, late: ShipmentRecord, made: Made, rank: int, by: By) -> Change:
    """The shipment is withdrawn from its location, and its units are sent as was decided.

    Raises `ConflictError` where its location has begun meanwhile.
    """
    known = order.shipment(late.shipment_id)
    if known.state not in _NOT_BEGUN:
        raise ConflictError(f"Shipment {late.shipment_id!r} is {known.state}: it stays where it is")
    withdrawn = each(order, order, [known], ShipmentEvent.WITHDRAWN, by)
    left = {line.line_id: line.left for line in known.lines}
    waits = replace(waiting_again(withdrawn.after, left), failures=order.failures + 1)
    waiting = replace(withdrawn, after=settled(order, waits, by).after)
    assigned = then(waiting, assign(waiting.after, made.assignment(rank), by))
    event = risk_event(assigned.after, made.snapshot, by, sent_from_elsewhere=True)
    return replace(assigned, events=(*assigned.events, event))


def _overdue(connection: Connection, now: datetime) -> list[str]:
    """Orders, not told of yet, with a shipment that should have been handed over by now, or have arrived.

    What was ready in time for its customer to fetch is not overdue, however long it waits for him. Those that locations
    have failed too often are not tried any more, by which waiting ones are found out.
    """
    # Of others it is not told when they were ready, until they are handed over.
    fetchable = and_(
        shipments.c.state == ShipmentState.READY, func.coalesce(shipments.c.ready_at <= orders.c.promised_at, false())
    )
    at_location = shipments.c.state.in_(AT_LOCATION) & ~fetchable
    on_its_way = shipments.c.state == ShipmentState.HANDED_OVER
    overdue = select(shipments.c.order_id).where(
        shipments.c.order_id == orders.c.order_id,
        or_(
            at_location & (shipments.c.hand_over_by < now),
            # Not sure enough when it was assigned, or expected to be ready only once its location has closed.
            at_location & (shipments.c.hand_over_by < shipments.c.expected_ready_at),
            on_its_way & (shipments.c.expected_p50_at < now),
            (at_location | on_its_way) & (orders.c.promised_at < now),
        ),
    )
    waits = (orders.c.state != OrderState.ASSIGNED) & (orders.c.promised_at < now)
    statement = select(orders.c.order_id).where(
        orders.c.state.in_(WATCHED),
        orders.c.promised_at.is_not(None),
        orders.c.at_risk_at.is_(None),
        or_(overdue.exists(), waits, orders.c.failures >= MOST_FAILURES),
    )
    return list(connection.execute(statement.order_by(orders.c.promised_at, orders.c.order_id)).scalars())
