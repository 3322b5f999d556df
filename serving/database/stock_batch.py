"""Counts of stock as columns, and a temporary table through which statements see them, on both databases alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow.csv import WriteOptions, write_csv
from sqlalchemy import BigInteger, Column, Connection, Float, MetaData, Table, Text, delete
from sqlalchemy.schema import CreateTable

from serving.database.types import Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_TOLD: Final = (
    ("place", BigInteger),
    ("sku", Text),
    ("location_id", Text),
    ("source", Text),
    ("counted_at", Instant),
    ("on_hand", BigInteger),
    ("reserved", BigInteger),
    ("safety_stock", BigInteger),
    ("daily_demand", Float(53)),
    ("markdown_risk", Float(53)),
    ("source_sequence", BigInteger),
)
#: What a row of stock says, where there is one (`database.locks.lock_fed`).
_KNOWN: Final = (
    ("known_on_hand", BigInteger),
    ("known_counted_at", Instant),
    ("known_source", Text),
    ("known_source_sequence", BigInteger),
    ("known_moved_at", Instant),
)
#: The counts that this transaction writes, in the order of `Counts.newest`, beside what their rows of stock say; empty
#: when it ends. ``place`` is their position among them.
fed: Final = Table(
    "fed_stock",
    MetaData(),
    *(Column(name, kind) for name, kind in (*_TOLD, *_KNOWN)),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)
_COLUMNS: Final = tuple(name for name, _ in _TOLD)


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

    def repeated(self) -> NDArray[np.bool_]:
        """Return whether each of what `newest` returned shares its place with another: several sources count it."""
        repeated = np.zeros(len(self), bool)
        repeated[1:] = (self.sku[1:] == self.sku[:-1]) & (self.location_id[1:] == self.location_id[:-1])
        repeated[:-1] |= repeated[1:]
        return repeated


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
    if connection.dialect.name == "postgresql":
        psycopg_connection: Any = connection.connection.driver_connection
        with psycopg_connection.cursor() as cursor, cursor.copy(_COPY) as into:
            into.write(_csv(counts))
    else:
        columns = [list(range(len(counts))), *(getattr(counts, name).tolist() for name in _COLUMNS[1:])]
        columns[_COLUMNS.index("counted_at")] = _instants(counts.counted_at)
        rows = list(zip(*columns, strict=True))
        for at in range(0, len(rows), _SQLITE_ROWS):
            part = rows[at : at + _SQLITE_ROWS]
            connection.exec_driver_sql(_insert(len(part)), tuple(chain.from_iterable(part)))


_COPY: Final = f"COPY {fed.name} ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT csv)"
#: As many as a statement can have parameters for. Row by row, the interpreter would be let go and waited for each time:
#: beside a busy thread a hundred times slower.
_SQLITE_ROWS: Final = 32_766 // len(_COLUMNS)


def _csv(counts: Counts) -> bytes:
    columns = {"place": pa.array(np.arange(len(counts)))}
    columns |= {name: pa.array(getattr(counts, name), from_pandas=True) for name in _COLUMNS[1:]}
    # Ten times faster than writing instants of a zone.
    written = columns["counted_at"].cast(pa.timestamp("us")).cast(pa.string())
    columns["counted_at"] = pc.binary_join_element_wise(written, "Z", "")
    content = pa.BufferOutputStream()
    write_csv(pa.table(columns), content, WriteOptions(include_header=False))
    return content.getvalue().to_pybytes()  # type: ignore[no-any-return] # pyarrow ships no types


@cache
def _insert(rows: int) -> str:
    row = f"({', '.join('?' * len(_COLUMNS))})"
    return f"INSERT INTO {fed.name} ({', '.join(_COLUMNS)}) VALUES {', '.join([row] * rows)}"


def _ranks(values: NDArray[np.object_]) -> NDArray[np.intp]:
    """Return each text's place among all of them, sorted."""
    at = {name: rank for rank, name in enumerate(sorted(set(values.tolist())))}
    return np.fromiter(map(at.__getitem__, values.tolist()), np.intp, len(values))


def _instants(since_1970: NDArray[np.int64]) -> list[str]:
    """Return instants as SQLite keeps them, in UTC."""
    different, at = np.unique(since_1970, return_inverse=True)
    written = np.datetime_as_string(different.astype("datetime64[us]")).tolist()
    return texts([text.replace("T", " ") for text in written])[at].tolist()  # type: ignore[no-any-return] # of texts
