"""From database rows to the NumPy columns of `decision.network`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import JSON, Column, Connection, Table, Text, select

from decision.network import Inbound, SkuStock
from features.facts import Columns
from serving.database.order_tables import inbound
from serving.database.stock_ledger import NEVER, unavailable
from serving.database.tables import stock


def load_columns(connection: Connection, table: Table) -> Columns:
    """Every column of ``table`` but ``changed_in``, rows in the order of its key; text as objects, numbers float64."""
    wanted = _described(table)
    rows = sorted((tuple(row) for row in connection.execute(select(*wanted))), key=itemgetter(0))
    return _to_columns(wanted, rows)


def empty_columns(table: Table) -> Columns:
    """The columns of ``table`` without a row."""
    return _to_columns(_described(table), [])


def _described(table: Table) -> list[Column[Any]]:
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
    """``known`` stock with every record written after version ``since``; ``positions`` are those of the locations."""
    statement = (
        select(
            stock.c.sku,
            stock.c.location_id,
            stock.c.on_hand,
            stock.c.reserved,
            stock.c.held,
            stock.c.safety_stock,
            stock.c.counted_at,
            stock.c.short_at,
            stock.c.daily_demand,
            stock.c.markdown_risk,
        )
        .where(stock.c.changed_in > since)
        .order_by(stock.c.sku)
    )
    merged = dict(known)
    for sku, rows in groupby(connection.execute(statement), key=itemgetter(0)):
        records = [
            (
                positions[row.location_id],
                max(row.on_hand, 0),  # below zero when more went than was counted: there are none
                unavailable(row),
                row.safety_stock,
                np.nan if row.counted_at == NEVER else row.counted_at.timestamp(),
                row.daily_demand,
                row.markdown_risk,
            )
            for row in rows
        ]
        merged[sku] = _merge(known.get(sku), np.array(records, dtype=np.float64))
    return merged


def load_inbound(connection: Connection, positions: Mapping[str, int]) -> dict[str, list[Inbound]]:
    """What is on its way, by sku; ``positions`` are those of the locations."""
    found: dict[str, list[Inbound]] = {}
    for row in connection.execute(select(inbound).where(inbound.c.quantity > 0).order_by(inbound.c.expected_at)):
        found.setdefault(row.sku, []).append(Inbound(positions[row.location_id], row.quantity, row.expected_at))
    return found


def _merge(known: SkuStock | None, records: np.ndarray[Any, np.dtype[np.float64]]) -> SkuStock:
    """``records`` (rows with the fields of `SkuStock`, in their order) replace those at their places."""
    if known is not None:
        kept = ~np.isin(known.location, records[:, 0])
        before = np.column_stack([getattr(known, field.name) for field in fields(SkuStock)])
        records = np.concatenate([before[kept], records])
    records = records[np.argsort(records[:, 0])]
    columns = np.ascontiguousarray(records.T)
    return SkuStock(columns[0].astype(np.intp), *columns[1:])
