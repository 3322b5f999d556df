"""Counts of stock as columns, and a temporary table through which statements see them, on both databases alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Connection, Float, MetaData, Table, Text, delete
from sqlalchemy.schema import CreateTable

from serving.database.types import Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

#: The counts that this transaction writes; empty when it ends. ``place`` is their position among them.
fed: Final = Table(
    "fed_stock",
    MetaData(),
    Column("place", BigInteger),
    Column("sku", Text),
    Column("location_id", Text),
    Column("source", Text),
    Column("counted_at", Instant),
    Column("on_hand", BigInteger),
    Column("reserved", BigInteger),
    Column("safety_stock", BigInteger),
    Column("daily_demand", Float(53)),
    Column("markdown_risk", Float(53)),
    Column("source_sequence", BigInteger),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)
_COLUMNS: Final = tuple(fed.columns.keys())
_AMOUNTS: Final = ("daily_demand", "markdown_risk")


@dataclass(frozen=True, slots=True)
class Counts:
    """Columns of equal length: texts are object arrays, instants microseconds since 1970, missing numbers NaN.

    ``source`` is empty where none was named.
    """

    sku: NDArray[np.object_]
    location_id: NDArray[np.object_]
    source: NDArray[np.object_]
    counted_at: NDArray[np.int64]
    on_hand: NDArray[np.int64]
    reserved: NDArray[np.int64]
    safety_stock: NDArray[np.int64]
    daily_demand: NDArray[np.float64]
    markdown_risk: NDArray[np.float64]
    source_sequence: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of counts."""
        return len(self.sku)

    def take(self, rows: NDArray[Any]) -> "Counts":
        """Return the counts at ``rows`` (positions, or a truth value for each)."""
        return Counts(*(getattr(self, field.name)[rows] for field in fields(self)))

    def newest(self) -> "Counts":
        """Return the newest count of each sku, location and source, by sku and location; of equals the last.

        A named source's counts are in the order of its sequence, others in that of their instants.
        """
        if not len(self):
            return self
        named = self.source != ""
        first = np.where(named, self.source_sequence, self.counted_at)
        second = np.where(named, self.counted_at, self.source_sequence)
        key = (_ranks(self.source), _ranks(self.location_id), _ranks(self.sku))
        order = np.lexsort((second, first, *key))
        differs = np.zeros(len(self) - 1, bool)
        for ranks in key:
            differs |= ranks[order[1:]] != ranks[order[:-1]]
        return self.take(order[np.append(differs, True)])


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def counts_of(rows: Iterable[Mapping[str, Any]]) -> Counts:
    """Return ``rows`` (fields of `serving.wire.rows.StockRow`) as columns; what may be left out there may be here."""
    listed = list(rows)

    def whole(name: str) -> NDArray[np.int64]:
        return np.array([row.get(name, 0) for row in listed], np.int64)

    def amounts(name: str) -> NDArray[np.float64]:
        return np.array([row.get(name) for row in listed], np.float64)

    return Counts(
        sku=texts([row["sku"] for row in listed]),
        location_id=texts([row["location_id"] for row in listed]),
        source=texts([row.get("source") or "" for row in listed]),
        counted_at=np.array([micros(row["counted_at"]) for row in listed], np.int64),
        on_hand=whole("on_hand"),
        reserved=whole("reserved"),
        safety_stock=whole("safety_stock"),
        daily_demand=amounts("daily_demand"),
        markdown_risk=amounts("markdown_risk"),
        source_sequence=whole("source_sequence"),
    )


def joined(parts: Sequence[Counts]) -> Counts:
    """Return several as one."""
    return Counts(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Counts)))


def texts(values: Sequence[str]) -> NDArray[np.object_]:
    """Return texts as a column."""
    return np.fromiter(values, object, len(values))


def offer(connection: Connection, counts: Counts) -> None:
    """Let the statements of this transaction see ``counts``, and nothing offered before, in the table `fed`."""
    connection.execute(CreateTable(fed, if_not_exists=True))
    connection.execute(delete(fed))
    if not len(counts):
        return
    columns = [list(range(len(counts))), *(_listed(getattr(counts, name)) for name in _COLUMNS[1:])]
    columns[_COLUMNS.index("counted_at")] = _instants(counts.counted_at)
    if connection.dialect.name == "postgresql":
        arrays = {name: _array(column) for name, column in zip(_COLUMNS, columns, strict=True)}
        connection.exec_driver_sql(_UNNEST, arrays)
    else:
        connection.exec_driver_sql(_INSERT, list(zip(*columns, strict=True)))


_POSTGRESQL_ARRAYS: Final = {
    "sku": "text",
    "location_id": "text",
    "source": "text",
    "counted_at": "timestamp",
} | dict.fromkeys(("daily_demand", "markdown_risk"), "float8")
_UNNEST: Final = "INSERT INTO {table} SELECT {columns} FROM unnest({arrays}) AS given({names})".format(
    table=fed.name,
    columns=", ".join(f"{name} AT TIME ZONE 'UTC'" if name == "counted_at" else name for name in _COLUMNS),
    arrays=", ".join(f"%({name})s::{_POSTGRESQL_ARRAYS.get(name, 'int8')}[]" for name in _COLUMNS),
    names=", ".join(_COLUMNS),
)
_INSERT: Final = f"INSERT INTO {fed.name} VALUES ({', '.join('?' * len(_COLUMNS))})"


def _ranks(values: NDArray[np.object_]) -> NDArray[np.intp]:
    """Return each text's place among all of them, sorted."""
    at = {name: rank for rank, name in enumerate(sorted(set(values.tolist())))}
    return np.fromiter(map(at.__getitem__, values.tolist()), np.intp, len(values))


def _instants(since_1970: NDArray[np.int64]) -> list[str]:
    """Return instants as both databases read them, in UTC."""
    different, at = np.unique(since_1970, return_inverse=True)
    written = np.datetime_as_string(different.astype("datetime64[us]")).tolist()
    return _listed(texts([text.replace("T", " ") for text in written])[at])


def _listed(column: NDArray[Any]) -> list[Any]:
    return column.tolist()  # type: ignore[no-any-return] # what NumPy cannot say: a list of one kind


def _array(values: list[Any]) -> str:
    """Return an array as PostgreSQL writes it: made at once, many times faster than element by element."""
    if not isinstance(values[0], str):
        return "{" + str(values)[1:-1].replace("nan", "NULL") + "}"
    text = '","'.join(values)
    if text.count('"') != 2 * (len(values) - 1) or "\\" in text:
        text = '","'.join(value.replace("\\", r"\\").replace('"', r"\"") for value in values)
    return '{"' + text + '"}'
