"""Bulk feeds: which rows can be taken, and why the others cannot."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import orjson
from pydantic import ValidationError
from sqlalchemy import Table

from serving.database import tables
from serving.database.stock_batch import Counts, counts_of, joined
from serving.errors import FieldError, MalformedBodyError, UnsupportedMediaError, not_fed
from serving.feeds.stock import plain_counts
from serving.state.snapshot import Snapshot
from serving.web.problems import field_errors
from serving.web.twice import name_lost, name_twice
from serving.wire.fields import Body
from serving.wire.rows import CarrierServiceRow, FootfallRow, InboundRow, LocationRow, ProductRow, StockRow
from serving.wire.stock import MovementRow

NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl")
#: Rows that are checked and written at once, in one transaction: short enough that orders hardly wait for it.
BATCH: Final = 20_000
#: Clocks differ a little; a count from further ahead would shut out the true ones that follow.
CLOCK_TOLERANCE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Feed:
    """One bulk feed: rows of ``row`` go into ``table``."""

    name: str
    table: Table
    row: type[Body]


FEEDS: Final = (
    Feed("locations", tables.locations, LocationRow),
    Feed("products", tables.products, ProductRow),
    Feed("carrier-services", tables.carrier_services, CarrierServiceRow),
    Feed("stock", tables.stock, StockRow),
    Feed("inbound", tables.inbound, InboundRow),
    Feed("footfall", tables.footfall, FootfallRow),
)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: its place in the feed (from 0), the field at fault, and why."""

    index: int
    field: str
    reason: str


def read_feed(content: bytes, media_type: str) -> Iterator[list[bytes]]:
    """The rows as they were sent, in batches: JSON of each.

    Raises `MalformedBodyError` where the whole cannot be read, `UnsupportedMediaError` for another content type.
    """
    rows = list(_rows(content, media_type))
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def check_feed(
    feed: Feed, batch: list[bytes], snapshot: Snapshot, now: datetime
) -> tuple[list[dict[str, Any]], list[Rejected]]:
    """Check each row of ``batch`` (`read_feed`) on its own; return those to write, and those refused."""
    names_others = feed.table not in {tables.locations, tables.products, tables.carrier_services}
    accepted, rejected = _check(feed.row, enumerate(batch), snapshot if names_others else None, now)
    return [row for _, row in accepted], rejected


def check_counts(batch: list[bytes], snapshot: Snapshot, now: datetime) -> tuple[Counts, list[Rejected]]:
    """Check rows of the stock feed as `check_feed` does, by columns (`serving.feeds.stock`)."""
    counts, plain = plain_counts(batch, snapshot.positions, snapshot.products, now + CLOCK_TOLERANCE)
    if plain.all():
        return counts, []
    doubtful = np.flatnonzero(~plain).tolist()
    accepted, rejected = _check(StockRow, ((at, batch[at]) for at in doubtful), snapshot, now)
    places = np.concatenate([np.flatnonzero(plain), [at for at, _ in accepted]])
    together = joined([counts, counts_of(row for _, row in accepted)])
    return together.take(np.argsort(places)), rejected


def check_movements(
    content: bytes, media_type: str, snapshot: Snapshot, now: datetime
) -> tuple[list[tuple[int, dict[str, Any]]], list[Rejected]]:
    """Read and check movements of stock as `check_feed` does; those to take come with their place in the feed."""
    return _check(MovementRow, enumerate(_rows(content, media_type)), snapshot, now)


def _check(
    model: type[Body], rows: Iterable[tuple[int, bytes]], snapshot: Snapshot | None, now: datetime
) -> tuple[list[tuple[int, dict[str, Any]]], list[Rejected]]:
    """Each row on its own. What rows name must be in ``snapshot``, where there is one."""
    accepted: list[tuple[int, dict[str, Any]]] = []
    rejected: list[Rejected] = []
    for index, content in rows:
        try:
            row = model.model_validate_json(content, strict=True).__dict__
        except ValidationError as error:
            wrong: FieldError | None = field_errors(error)[0]
        else:
            wrong = name_twice(content) or _unknown_reference(row, snapshot) or _ahead_of_time(row, now)
        if wrong is None:
            accepted.append((index, row))
        else:
            rejected.append(Rejected(index, wrong.field, wrong.message))
    return accepted, rejected


def _rows(content: bytes, media_type: str) -> Iterator[bytes]:
    """The rows as they were sent: values of a JSON array, or lines."""
    if media_type in NDJSON:
        return (line for line in map(bytes.strip, content.splitlines()) if line)
    if media_type != "application/json":
        raise UnsupportedMediaError(
            f"Content-Type {media_type} is not read here: send a JSON array as application/json, "
            f"or one row per line as {NDJSON[0]}"
        )
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise MalformedBodyError(f"The body is not JSON: {error}") from error
    if not isinstance(values, list):
        raise MalformedBodyError("The body must be a JSON array of rows")
    try:
        rows = [orjson.dumps(value) for value in values]
    except orjson.JSONEncodeError as error:  # what may be read is nested four times as deeply as what may be written
        raise MalformedBodyError("The body is nested too deeply to be rows") from error
    if (twice := name_lost(content, rows)) is not None:
        raise MalformedBodyError(f"{twice.field} {twice.message}")
    return iter(rows)


def _unknown_reference(row: dict[str, Any], snapshot: Snapshot | None) -> FieldError | None:
    """All but the network's own rows speak of locations and products that must have been fed before."""
    if snapshot is None:
        return None
    if row["location_id"] not in snapshot.positions:
        return FieldError("location_id", not_fed("location", row["location_id"]))
    if "sku" in row and row["sku"] not in snapshot.products:
        return FieldError("sku", not_fed("sku", row["sku"]))
    return None


def _ahead_of_time(row: dict[str, Any], now: datetime) -> FieldError | None:
    for field in ("counted_at", "occurred_at"):
        if field in row and row[field] > now + CLOCK_TOLERANCE:
            return FieldError(field, "lies in the future: check the clock and the time zone of the source")
    return None
