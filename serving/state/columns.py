"""From database rows to the NumPy columns of `decision.network`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import JSON, Column, ColumnElement, Connection, Double, Table, Text, cast, func, select

from decision.network import Inbound, SkuStock
from features.facts import Columns
from serving.database.stock_ledger import NEVER
from serving.database.tables import inbound, stock


def load_columns(connection: Connection, table: Table) -> Columns:
    """Every column of ``table`` but ``changed_in``, rows in the order of its key; text as objects, numbers float64."""
    wanted = described(table)
    rows = sorted((tuple(row) for row in connection.execute(select(*wanted))), key=itemgetter(0))
    return _to_columns(wanted, rows)


def empty_columns(table: Table) -> Columns:
    """The columns of ``table`` without a row."""
    return _to_columns(described(table), [])


def described(table: Table) -> list[Column[Any]]:
    """The columns of ``table`` but ``changed_in``."""
    return [column for column in table.columns if column.name != "changed_in"]


def _to_columns(wanted: Sequence[Column[Any]], rows: Sequence[tuple[Any, ...]]) -> Columns:
    """Missing text is ``None``, a missing number NaN."""
    return {column.name: _cells(column, [row[at] for row in rows]) for at, column in enumerate(wanted)}


def _cells(column: Column[Any], values: Sequence[Any]) -> NDArray[Any]:
    if not isinstance(column.type, Text | JSON):
        return np.array(values, np.float64)
    cells = np.empty(len(values), object)
    cells[:] = values  # a list stays one cell
    return cells


def changed_stock(
    connection: Connection, since: int, known: Mapping[str, SkuStock], positions: Mapping[str, int]
) -> dict[str, SkuStock]:
    """Every sku with a record written after version ``since``: those records, and the others of ``known``.

    ``positions`` are those of the locations.
    """
    statement = select(
        stock.c.sku,
        stock.c.location_id,
        stock.c.on_hand,
        stock.c.reserved + stock.c.held,
        stock.c.safety_stock,
        _seconds(connection, stock.c.counted_at),
        _seconds(connection, stock.c.short_at),
        stock.c.daily_demand,
        stock.c.markdown_risk,
    ).where(stock.c.changed_in > since)
    if not known:  # all of it: reading it in parts costs less memory, and a little more time
        statement = statement.execution_options(yield_per=_AT_ONCE)
    skus: list[str] = []
    parts = [np.empty((0, len(fields(SkuStock))))]
    for rows in connection.execute(statement).partitions(_AT_ONCE):
        named, *columns = zip(*rows, strict=True)
        skus += named
        parts.append(_records(columns, positions))
    different = {sku: number for number, sku in enumerate(dict.fromkeys(skus))}
    number = np.fromiter(map(different.__getitem__, skus), np.intp, len(skus))
    records = np.concatenate(parts)
    order = np.lexsort((records[:, 0], number))
    records, starts = records[order], np.searchsorted(number[order], np.arange(len(different) + 1))
    return {sku: _merge(known.get(sku), records[starts[at] : starts[at + 1]]) for sku, at in different.items()}


#: Rows that are fetched at once: all of a large network would take gigabytes for a moment.
_AT_ONCE: Final = 50_000


def _records(columns: Sequence[Sequence[Any]], positions: Mapping[str, int]) -> NDArray[np.float64]:
    """Rows with the fields of `SkuStock`, in their order."""
    names, *told = columns
    on_hand, taken, safety, counted_at, short_at, demand, risk = (np.array(column, np.float64) for column in told)
    return np.column_stack(
        [
            [positions[name] for name in names],
            np.maximum(on_hand, 0),  # below zero when more went than was counted: there are none
            # As `stock_ledger.unavailable`: all of it where a pick failed since the count.
            np.where(short_at >= counted_at, np.maximum(taken, on_hand), taken),
            safety,
            np.where(counted_at == NEVER.timestamp(), np.nan, counted_at),
            demand,
            risk,
        ]
    )


def load_inbound(connection: Connection, positions: Mapping[str, int]) -> dict[str, list[Inbound]]:
    """What is on its way, by sku; ``positions`` are those of the locations."""
    found: dict[str, list[Inbound]] = {}
    for row in connection.execute(select(inbound).where(inbound.c.quantity > 0).order_by(inbound.c.expected_at)):
        found.setdefault(row.sku, []).append(Inbound(positions[row.location_id], row.quantity, row.expected_at))
    return found


def _seconds(connection: Connection, instant: Column[Any]) -> ColumnElement[float]:
    """An instant in seconds since 1970, worked out by the database."""
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", instant), Double)
    # SQLite keeps the instant as text, microseconds last.
    return cast(func.strftime("%s", instant), Double) + cast(func.substr(instant, 20), Double)


def _merge(known: SkuStock | None, records: NDArray[np.float64]) -> SkuStock:
    """``records`` (rows with the fields of `SkuStock`, in their order, by location) replace those at their places."""
    if known is not None:
        kept = ~np.isin(known.location, records[:, 0])
        before = np.column_stack([getattr(known, field.name) for field in fields(SkuStock)])
        records = np.concatenate([before[kept], records])
        records = records[np.argsort(records[:, 0])]
    columns = records.T.copy()  # not a part of what was read: that would keep all of it in memory
    return SkuStock(columns[0].astype(np.intp), *columns[1:])
