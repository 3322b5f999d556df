"""Orders and their shipments as rows."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from serving.database.inserting import insert_into
from serving.database.order_tables import order_lines, orders, shipment_lines, shipments
from serving.errors import NotFoundError
from serving.orders.records import LineRecord, OrderRecord, ShipmentLineRecord, ShipmentRecord
from serving.orders.states import OrderState, ShipmentState

#: What changes of a shipment, beside its lines.
_CHANGING: Final = ("state", "changed_at", "ready_at", "outcome_at", "shipping_cost", "handling_cost")


def insert_order(connection: Connection, order: OrderRecord) -> bool:
    """Write a new order without shipments; whether there was none of that name."""
    row = {name: getattr(order, name) for name in orders.columns.keys()}  # noqa: SIM118 (columns iterates columns)
    new = insert_into(connection, orders).values(row).on_conflict_do_nothing().returning(orders.c.order_id)
    if connection.execute(new).first() is None:
        return False
    lines = [{"order_id": order.order_id, **asdict(line)} for line in order.lines]
    connection.execute(insert(order_lines), lines)
    return True


def insert_shipment(connection: Connection, shipment: ShipmentRecord) -> None:
    """Write a new shipment."""
    row = {name: getattr(shipment, name) for name in shipments.columns.keys()}  # noqa: SIM118 (columns iterates columns)
    connection.execute(insert(shipments).values(row))
    _insert_lines(connection, shipment)


def _insert_lines(connection: Connection, shipment: ShipmentRecord) -> None:
    rows = [{"shipment_id": shipment.shipment_id, **asdict(line)} for line in shipment.lines]
    if rows:
        connection.execute(insert(shipment_lines), rows)


def order_named(connection: Connection, order_id: str) -> OrderRecord:
    """The order as `find_order` finds it. Raises `NotFoundError`."""
    order = find_order(connection, order_id)
    if order is None:
        raise NotFoundError(f"There is no order {order_id!r}")
    return order


def find_order(connection: Connection, order_id: str) -> OrderRecord | None:
    """The order as it stands; whoever changes it has locked its row before (`database.locks.lock_order`)."""
    return next(iter(find_orders(connection, [order_id])), None)


def find_orders(connection: Connection, order_ids: Sequence[str]) -> list[OrderRecord]:
    """Those of a few hundred orders that there are, as they stand, by name."""
    rows = connection.execute(select(orders).where(orders.c.order_id.in_(order_ids)).order_by(orders.c.order_id)).all()
    lines: dict[str, list[LineRecord]] = {row.order_id: [] for row in rows}
    found: dict[str, list[ShipmentRecord]] = {row.order_id: [] for row in rows}
    of_orders = select(order_lines).where(order_lines.c.order_id.in_(list(lines))).order_by(order_lines.c.line_id)
    for line in connection.execute(of_orders):
        lines[line.order_id].append(LineRecord(line.line_id, line.sku, line.quantity, line.waiting))
    for shipment in find_shipments(connection, select(shipments).where(shipments.c.order_id.in_(list(lines)))):
        found[shipment.order_id].append(shipment)
    return [
        OrderRecord(
            **{**row._mapping, "state": OrderState(row.state), "request": bytes(row.request)},
            lines=tuple(lines[row.order_id]),
            shipments=tuple(found[row.order_id]),
        )
        for row in rows
    ]


def find_shipments(connection: Connection, wanted: Select[Any]) -> list[ShipmentRecord]:
    """The shipments that ``wanted`` selects, in the order of their assignment, with their lines."""
    found, line = wanted.subquery(), shipment_lines.c
    rows = connection.execute(
        select(found, line.line_id, line.sku, line.quantity, line.short)
        .outerjoin(shipment_lines, line.shipment_id == found.c.shipment_id)
        .order_by(found.c.assigned_at, found.c.order_id, found.c.number, line.line_id)
    )
    return [_shipment(list(of_one)) for _, of_one in groupby(rows, key=attrgetter("shipment_id"))]


def order_of_shipment(connection: Connection, shipment_id: str) -> str | None:
    """Name of the order that the shipment belongs to."""
    statement = select(shipments.c.order_id).where(shipments.c.shipment_id == shipment_id)
    return connection.execute(statement).scalar()


def save(connection: Connection, before: OrderRecord, after: OrderRecord) -> None:
    """Write what differs between two states of one order; shipments that are new are inserted."""
    changed = {
        name: getattr(after, name)
        for name in ("state", "expires_at", "decision_id", "failures", "tried_in", "tried_quarter", "at_risk_at")
        if getattr(after, name) != getattr(before, name)
    }
    if changed:
        connection.execute(update(orders).where(orders.c.order_id == after.order_id).values(changed))
    _save_lines(connection, before, after)
    known = {shipment.shipment_id: shipment for shipment in before.shipments}
    for shipment in after.shipments:
        if shipment.shipment_id not in known:
            insert_shipment(connection, shipment)
        elif shipment != known[shipment.shipment_id]:
            _save_shipment(connection, known[shipment.shipment_id], shipment)


def _save_lines(connection: Connection, before: OrderRecord, after: OrderRecord) -> None:
    known = {line.line_id: line for line in before.lines}
    for line in after.lines:
        if line != known[line.line_id]:
            connection.execute(
                update(order_lines)
                .where(order_lines.c.order_id == after.order_id, order_lines.c.line_id == line.line_id)
                .values(quantity=line.quantity, waiting=line.waiting)
            )


def _save_shipment(connection: Connection, before: ShipmentRecord, after: ShipmentRecord) -> None:
    connection.execute(
        update(shipments)
        .where(shipments.c.shipment_id == after.shipment_id)
        .values({name: getattr(after, name) for name in _CHANGING})
    )
    if after.lines != before.lines:
        connection.execute(delete(shipment_lines).where(shipment_lines.c.shipment_id == after.shipment_id))
        _insert_lines(connection, after)


def _shipment(rows: Sequence[Row[Any]]) -> ShipmentRecord:
    """One shipment, of a row for each of its lines, or of one without a line."""
    first = rows[0]
    columns = {name: getattr(first, name) for name in shipments.columns.keys()}  # noqa: SIM118 (columns iterates columns)
    lines = [
        ShipmentLineRecord(row.line_id, row.sku, row.quantity, row.short) for row in rows if row.line_id is not None
    ]
    return ShipmentRecord(**{**columns, "state": ShipmentState(first.state)}, lines=tuple(lines))
