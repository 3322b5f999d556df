"""Finding a location for units that wait: after a location failed them, when stock has come, and as time passes."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, TypedDict

import orjson
import structlog
from sqlalchemy import ColumnElement, Connection, and_, select, update

from decision.errors import DecisionError
from serving.database.answering import AWAY
from serving.database.decision_log import log_decision
from serving.database.order_store import find_order
from serving.database.order_tables import order_lines, orders
from serving.database.tables import stock
from serving.errors import CapacityGoneError, ConflictError, NotReadyError, ServingError, StockGoneError
from serving.orders.alone import alone
from serving.orders.assigning import assign
from serving.orders.change import Change
from serving.orders.deciding import Avoided, Made, decide_now, full_now
from serving.orders.events import WHO, By
from serving.orders.placing import MOST_ATTEMPTS
from serving.orders.records import OrderRecord
from serving.orders.risk import tell_risk
from serving.orders.states import OrderState
from serving.orders.writing import change_order
from serving.service import Service
from serving.state.capacity import quarter
from serving.state.snapshot import Snapshot
from serving.wire.placing import NewOrderBody

#: Shipments of one order that locations may fail before it waits for a person.
MOST_FAILURES: Final = 5
#: Orders that are tried before whoever tries them does something else: the others are tried next time.
MOST_AT_ONCE: Final = 50
#: Orders whose waiting units are looked for: to be sent, or (until they are confirmed) to be held.
_LOOKED_FOR: Final = (OrderState.BACKORDERED, OrderState.RESERVED)

log = structlog.get_logger()


class _Tried(TypedDict):
    """The state in which a location was last looked for."""

    tried_in: int
    tried_quarter: datetime


async def route_order(service: Service, order_id: str, why: str) -> None:
    """Decide the waiting units of an order and assign them, never to a location that failed them.

    Where no plan stands, or the order is not waiting, it stays as it is. Without a bundle nothing can be decided: it is
    not tried, so that whoever has one tries it.
    """
    if service.live.predictor is None:
        return
    full = frozenset[str]()
    for _ in range(MOST_ATTEMPTS):
        await asyncio.to_thread(service.live.refresh_now)
        order = await service.database.read(partial(find_order, order_id=order_id))
        if order is None or not _waits(order):
            return
        snapshot = service.live.snapshot
        avoided = Avoided(order.failed_at, full | full_now(service), order.passed_stages, order.not_found)
        made = await asyncio.to_thread(decide_part, service, order, order.waiting, avoided)
        if made is None or made.rank is None:
            break
        by = By(WHO, service.clock(), why)
        try:
            await service.database.write(
                partial(_carry_out, order_id=order_id, made=made, rank=made.rank, snapshot=snapshot, by=by)
            )
        except (StockGoneError, ConflictError):
            continue
        except CapacityGoneError as error:
            full |= {str(error)}
        else:
            await asyncio.to_thread(service.live.refresh_now)
            return
    await service.database.write(partial(_tried, order_id=order_id, snapshot=snapshot))
    if order is not None and order.at_risk_at is None:
        await tell_risk(service, order, WHO)


async def route_waiting(service: Service) -> int:
    """Route orders some of whose waiting skus have changed in stock since they were last tried; return how many."""
    return await _route_each(service, _stock_changed(), "stock has come")


async def route_again(service: Service) -> int:
    """Route orders that were not tried in this quarter of an hour yet; return how many.

    What they wait for may have passed: days begin, places open, are fed anew, rules are published.
    """
    return await _route_each(service, _not_tried_since(quarter(service.clock())), "looked for again")


async def _route_each(service: Service, due: ColumnElement[bool], why: str) -> int:
    """Route the orders that wait and are ``due``, first come first."""
    waiting = await service.database.read(partial(_waiting, due=due))
    for order_id in waiting:
        with alone(order_id):
            await _route_in_turn(service, order_id, why)
    return len(waiting)


async def _route_in_turn(service: Service, order_id: str, why: str) -> None:
    """Route an order; where that goes wrong it was tried all the same, or it would keep others from their turn."""
    snapshot = service.live.snapshot
    try:
        await route_order(service, order_id, why)
    except AWAY:
        raise
    except Exception:
        await service.database.write(partial(_tried, order_id=order_id, snapshot=snapshot))
        raise


def may_route(order: OrderRecord) -> bool:
    """Whether units wait, and locations have not failed them too often."""
    return _waits(order) and may_be_failed_again(order)


def _waits(order: OrderRecord) -> bool:
    return order.state in _LOOKED_FOR and bool(order.waiting)


def may_be_failed_again(order: OrderRecord) -> bool:
    """Whether locations have not failed the order too often for another to be asked."""
    return order.failures < MOST_FAILURES


def decide_part(service: Service, order: OrderRecord, units: Mapping[str, int], avoided: Avoided) -> Made | None:
    """A decision on so many ``units`` of the order's lines; ``None``, with a line in the log, where none can be."""
    sent = orjson.loads(order.request)
    lines = [{**line, "quantity": units[line["line_id"]]} for line in sent["lines"] if line["line_id"] in units]
    content = orjson.dumps({**sent, "lines": lines})
    try:
        body = NewOrderBody.model_validate_json(content)
        return decide_now(service, body, content, WHO, avoided)
    except NotReadyError:
        return None
    except (ServingError, DecisionError) as error:
        log.warning("a part of an order cannot be decided", order_id=order.order_id, reason=str(error))
        return None


def _carry_out(connection: Connection, *, order_id: str, made: Made, rank: int, snapshot: Snapshot, by: By) -> None:
    def doing(order: OrderRecord) -> Change:
        change = assign(order, made.assignment(rank), by)
        return replace(change, after=replace(change.after, **_state_of(snapshot)))

    change_order(connection, order_id, doing, by)
    log_decision(connection, made.logged, made.snapshot.kept)


def _tried(connection: Connection, order_id: str, snapshot: Snapshot) -> None:
    connection.execute(update(orders).where(orders.c.order_id == order_id).values(_state_of(snapshot)))


def _state_of(snapshot: Snapshot) -> _Tried:
    return {"tried_in": snapshot.version, "tried_quarter": snapshot.quarter}


def _stock_changed() -> ColumnElement[bool]:
    """Whether stock of what waits has changed since the order was tried."""
    return (
        select(stock.c.sku)
        .join(order_lines, order_lines.c.sku == stock.c.sku)
        .where(
            order_lines.c.order_id == orders.c.order_id,
            order_lines.c.waiting > 0,
            stock.c.changed_in > orders.c.tried_in,
        )
        .exists()
    )


def _not_tried_since(quarter: datetime) -> ColumnElement[bool]:
    """Whether some of the order waits, and it was tried in an earlier quarter."""
    waits = select(order_lines.c.line_id).where(order_lines.c.order_id == orders.c.order_id, order_lines.c.waiting > 0)
    return and_(orders.c.tried_quarter < quarter, waits.exists())


def _waiting(connection: Connection, due: ColumnElement[bool]) -> list[str]:
    """Orders that are ``due``, first come first.

    Where there are more than `MOST_AT_ONCE`, they are those that were not tried for longest: no order is kept from its
    turn by others that cannot be sent.
    """
    chosen = (
        select(orders.c.order_id, orders.c.received_at)
        .where(orders.c.state.in_(_LOOKED_FOR), orders.c.failures < MOST_FAILURES, due)
        .order_by(orders.c.tried_quarter, orders.c.received_at, orders.c.order_id)
        .limit(MOST_AT_ONCE)
        .subquery()
    )
    first_come = select(chosen.c.order_id).order_by(chosen.c.received_at, chosen.c.order_id)
    return list(connection.execute(first_come).scalars())
