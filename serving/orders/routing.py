"""Finding a location for units that wait: after a location failed them, and when stock has come."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import orjson
import structlog
from sqlalchemy import Connection, select, update

from decision.errors import DecisionError
from serving.database.decision_log import log_decision
from serving.database.order_store import find_order
from serving.database.order_tables import order_lines, orders
from serving.database.tables import stock
from serving.errors import CapacityGoneError, ConflictError, NotReadyError, ServingError, StockGoneError
from serving.orders.change import Change
from serving.orders.changes import assign
from serving.orders.deciding import Avoided, Made, decide_now
from serving.orders.events import By
from serving.orders.placing import MOST_ATTEMPTS
from serving.orders.records import OrderRecord
from serving.orders.states import OrderState
from serving.orders.writing import change_order
from serving.service import Service
from serving.wire.placing import NewOrderBody

#: Shipments of one order that locations may fail before it waits for a person.
MOST_FAILURES: Final = 5
#: Orders whose waiting units are looked for: to be sent, or (until they are confirmed) to be held.
_LOOKED_FOR: Final = (OrderState.BACKORDERED, OrderState.RESERVED)
#: Who does what happens by itself.
WHO: Final = "smista"

log = structlog.get_logger()


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
        version = service.live.snapshot.version
        avoided = Avoided(order.failed_at, full, order.passed_stages, order.not_found)
        made = await asyncio.to_thread(decide_part, service, order, order.waiting, avoided)
        if made is None or made.rank is None:
            await service.database.write(partial(_tried, order_id=order_id, version=version))
            return
        by = By(WHO, service.clock(), why)
        try:
            await service.database.write(
                partial(_carry_out, order_id=order_id, made=made, rank=made.rank, version=version, by=by)
            )
        except StockGoneError:
            continue
        except CapacityGoneError as error:
            full |= {str(error)}
        except ConflictError:
            continue
        else:
            await asyncio.to_thread(service.live.refresh_now)
            return


async def route_waiting(service: Service) -> int:
    """Route each order some of whose waiting skus have changed in stock since it was last tried; return how many."""
    waiting = await service.database.read(_worth_trying)
    for order_id in waiting:
        await route_order(service, order_id, "stock has come")
    return len(waiting)


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


def _carry_out(connection: Connection, *, order_id: str, made: Made, rank: int, version: int, by: By) -> None:
    def doing(order: OrderRecord) -> Change:
        change = assign(order, made.assignment(rank), by)
        return replace(change, after=replace(change.after, tried_in=version))

    change_order(connection, order_id, doing, by)
    log_decision(connection, made.logged, made.snapshot.kept)


def _tried(connection: Connection, order_id: str, version: int) -> None:
    connection.execute(update(orders).where(orders.c.order_id == order_id).values(tried_in=version))


def _worth_trying(connection: Connection) -> list[str]:
    """Orders that wait, first come first, with stock that changed since they were tried."""
    changed = (
        select(stock.c.sku)
        .join(order_lines, order_lines.c.sku == stock.c.sku)
        .where(
            order_lines.c.order_id == orders.c.order_id,
            order_lines.c.waiting > 0,
            stock.c.changed_in > orders.c.tried_in,
        )
        .exists()
    )
    statement = select(orders.c.order_id).where(
        orders.c.state.in_(_LOOKED_FOR), orders.c.failures < MOST_FAILURES, changed
    )
    return list(connection.execute(statement.order_by(orders.c.received_at, orders.c.order_id)).scalars())
