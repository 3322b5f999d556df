"""Every lock that is taken in the database, and the one order in which they are taken.

Whoever changes orders or stock locks, in this order: the row of one order, then rows of stock by sku and location, then
the version of the state (`database.versions`), whose row serialises whatever comes after it: capacity and the log of
events need no lock of their own. Nobody waits in a circle, so no deadlock is possible.

SQLite has one writer at a time (its transactions that write begin with ``BEGIN IMMEDIATE``): there a lock is a read.
"""

from collections.abc import Collection
from typing import Any, TypeAlias

from sqlalchemy import ARRAY, Connection, Row, Text, bindparam, column, func, select, values

from serving.database.order_tables import orders
from serving.database.tables import stock

#: (sku, location_id)
StockKey: TypeAlias = tuple[str, str]


def lock_order(connection: Connection, order_id: str) -> Row[Any] | None:
    """The order's row, which nobody else changes until this transaction ends; ``None`` where there is none."""
    return connection.execute(select(orders).where(orders.c.order_id == order_id).with_for_update()).first()


def lock_stock(connection: Connection, keys: Collection[StockKey]) -> dict[StockKey, Row[Any]]:
    """The rows of ``keys`` that there are, which nobody else changes until this transaction ends."""
    if not keys:
        return {}
    wanted = sorted(set(keys))
    if connection.dialect.name == "postgresql":
        listed = (
            func.unnest(
                bindparam("skus", [sku for sku, _ in wanted], ARRAY(Text)),
                bindparam("places", [place for _, place in wanted], ARRAY(Text)),
            )
            .table_valued(column("sku", Text), column("location_id", Text))
            .render_derived(name="wanted")
        )
        statement = (
            select(stock)
            .join(listed, (stock.c.sku == listed.c.sku) & (stock.c.location_id == listed.c.location_id))
            .order_by(stock.c.sku, stock.c.location_id)
            .with_for_update(of=stock)
        )
    else:
        # Rows of values in a join are looked up by the key; in an IN, all of the table would be read.
        rows = values(column("sku", Text), column("location_id", Text), name="wanted").data(wanted).cte("wanted")
        statement = select(stock).join(rows, (stock.c.sku == rows.c.sku) & (stock.c.location_id == rows.c.location_id))
    return {(row.sku, row.location_id): row for row in connection.execute(statement)}
