"""Writing a change of an order: stock, capacity, the order and the log of events, in the caller's one transaction."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sqlalchemy import Connection

from serving.database.capacity import give_back_capacity, take_capacity
from serving.database.locks import lock_order
from serving.database.order_log import log_events
from serving.database.order_store import find_order, insert_order, insert_shipment, save
from serving.database.stock_ledger import post
from serving.database.versions import next_version
from serving.errors import NotFoundError, OrderExistsError
from serving.orders.change import Change
from serving.orders.events import By
from serving.orders.records import OrderRecord

#: What is to be done to an order as it stands.
Doing: TypeAlias = Callable[[OrderRecord], Change]


def change_order(connection: Connection, order_id: str, doing: Doing, by: By) -> Change:
    """Lock the order, do ``doing`` to it, write what that changed. Raises `NotFoundError`, and what ``doing`` does."""
    lock_order(connection, order_id)
    order = find_order(connection, order_id)
    if order is None:
        raise NotFoundError(f"There is no order {order_id!r}")
    change = doing(order)
    write(connection, change, by)
    return change


def write(connection: Connection, change: Change, by: By) -> None:
    """Write ``change``.

    Raises `OrderExistsError`, `StockGoneError` or `CapacityGoneError`: nothing of it must be committed then.
    """
    if change.before is None and not insert_order(connection, replace(change.after, shipments=())):
        raise OrderExistsError(f"Order {change.after.order_id!r} was placed before: GET it, or amend it")
    if change.entries:
        version = post(connection, change.entries, by.who, by.at)
    elif change.takes or change.gives:
        version = next_version(connection)
    if change.takes or change.gives:
        give_back_capacity(connection, change.gives, version)
        take_capacity(connection, change.takes, version)
    if change.before is None:
        for shipment in change.after.shipments:
            insert_shipment(connection, shipment)
    else:
        save(connection, change.before, change.after)
    log_events(connection, change.events, by.at)
