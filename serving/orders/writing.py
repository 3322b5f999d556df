"""Writing a change of an order: stock, capacity, the order, the log of events and what they teach.

All in the caller's one transaction.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import structlog
from sqlalchemy import Connection, select

from serving.database.capacity import give_back_capacity, take_capacity
from serving.database.decision_log import decided_order
from serving.database.locks import lock_order
from serving.database.order_log import log_events
from serving.database.order_store import insert_order, insert_shipment, order_named, save
from serving.database.outcome_log import log_outcomes
from serving.database.step_log import log_steps
from serving.database.stock_ledger import post
from serving.database.tables import locations
from serving.database.versions import next_version
from serving.errors import OrderExistsError
from serving.orders.change import Change
from serving.orders.events import By
from serving.orders.outcomes import Outcome, taught, went_on
from serving.orders.records import OrderRecord
from serving.orders.steps import Step, steps

log = structlog.get_logger()

#: What is to be done to an order as it stands.
Doing: TypeAlias = Callable[[OrderRecord], Change]


def change_order(connection: Connection, order_id: str, doing: Doing, by: By) -> Change:
    """Lock the order, do ``doing`` to it, write what that changed. Raises `NotFoundError`, and what ``doing`` does."""
    lock_order(connection, order_id)
    change = doing(order_named(connection, order_id))
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
    log_outcomes(connection, _taught(connection, change), by.at)
    log_steps(connection, [*change.assigned, *_steps(change)], by.at)


def _steps(change: Change) -> Iterator[Step]:
    before = {} if change.before is None else {known.shipment_id: known for known in change.before.shipments}
    for shipment in change.after.shipments:
        yield from steps(before.get(shipment.shipment_id, shipment), shipment)


def _taught(connection: Connection, change: Change) -> list[Outcome]:
    """What is known now of how shipments went. Where it is not known any more what was sent from where, nothing is."""
    earlier = () if change.before is None else change.before.shipments
    before = {shipment.shipment_id: shipment for shipment in earlier}
    outcomes: list[Outcome] = []
    for shipment in change.after.shipments:
        known = before.get(shipment.shipment_id, shipment)  # of a new one nothing is known yet
        if not went_on(known, shipment):
            continue
        order = decided_order(connection, shipment.decision_id)
        place = connection.execute(select(locations).where(locations.c.location_id == shipment.location_id)).first()
        if order is None or place is None:
            log.warning("a shipment teaches nothing: its order or location is not kept", shipment=shipment.shipment_id)
        else:
            outcomes += taught(known, shipment, order, place._asdict())
    return outcomes
