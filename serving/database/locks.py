"""Every lock that is taken in the database, and the one order in which they are taken.

Whoever changes orders or stock locks, in this order: the row of one order, then rows of stock by sku and location (as
Python sorts them, whatever the collation), then the version of the state (`database.versions`), whose row serialises
whatever comes after it: capacity, the log of events and that of outcomes need no lock of their own. Nobody waits in a
circle, so no deadlock is possible. Whoever tells webhooks locks deliveries, and nothing else; it waits for nobody.

SQLite has one writer at a time (its transactions that write begin with ``BEGIN IMMEDIATE``): there a lock is a read.
"""

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    Connection,
    FromClause,
    Row,
    Select,
    Text,
    bindparam,
    column,
    func,
    select,
    true,
    update,
    values,
)

from serving.database.order_tables import deliveries, orders
from serving.database.stock_batch import fed
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
        row = _locked(listed, select(stock))
        statement = select(*row.c).select_from(listed.join(row, true()))
    else:
        # Rows of values in a join are looked up by the key; in an IN, all of the table would be read.
        rows = values(column("sku", Text), column("location_id", Text), name="wanted").data(wanted).cte("wanted")
        statement = select(stock).join(rows, (stock.c.sku == rows.c.sku) & (stock.c.location_id == rows.c.location_id))
    return {(row.sku, row.location_id): row for row in connection.execute(statement)}


def lock_fed(connection: Connection) -> None:
    """Lock the rows that there are of what was offered in `fed`, and put what they say beside it."""
    told = select(stock.c.on_hand, stock.c.counted_at, stock.c.source, stock.c.source_sequence, stock.c.moved_at)
    if connection.dialect.name == "postgresql":
        given = select(fed.c.place, fed.c.sku, fed.c.location_id).order_by(fed.c.place).subquery("given")
        row = _locked(given, told)
        known: FromClause = select(given.c.place, *row.c).select_from(given.join(row, true())).subquery("known")
        of_place = known.c.place == fed.c.place
    else:
        known, of_place = stock, (stock.c.sku == fed.c.sku) & (stock.c.location_id == fed.c.location_id)
    values = {f"known_{column.name}": known.c[column.name] for column in told.selected_columns}
    connection.execute(update(fed).where(of_place).values(values))


def lock_deliveries(connection: Connection, due: Select[Any]) -> Sequence[Row[Any]]:
    """The rows of ``due``, of which nobody else takes a delivery meanwhile; those that somebody has are left out."""
    return connection.execute(due.with_for_update(of=deliveries, skip_locked=True)).all()


def _locked(keys: FromClause, told: Select[Any]) -> FromClause:
    """The row of stock of each of ``keys``, locked one after the other as they stand there, looked up by its key."""
    of_key = (stock.c.sku == keys.c.sku) & (stock.c.location_id == keys.c.location_id)
    return told.where(of_key).with_for_update(of=stock).lateral("row")
