"""Movements that sources tell: each is taken once, whenever and however often it comes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from serving.database.locks import lock_stock
from serving.database.stock_ledger import Entry, movements_known, post


def take_movements(
    connection: Connection, rows: Sequence[tuple[int, dict[str, Any]]], who: str, now: datetime
) -> tuple[int, list[int]]:
    """Take ``rows`` (index in the feed, columns of a movement) that are new.

    Returns how many those were, and the indices of rows whose (source, sequence) stands for another movement.
    """
    lock_stock(connection, {(row["sku"], row["location_id"]) for _, row in rows})
    known = movements_known(connection, {(row["source"], row["sequence"]) for _, row in rows})
    seen = {key: _identity(entry) for key, entry in known.items()}
    entries: list[Entry] = []
    clashing: list[int] = []
    for index, row in rows:
        entry = Entry(
            sku=row["sku"],
            location_id=row["location_id"],
            kind="movement",
            occurred_at=row["occurred_at"],
            moved=row["quantity"],
            why=row["reason"],
            source=row["source"],
            sequence=row["sequence"],
        )
        key = row["source"], row["sequence"]
        if key not in seen:
            seen[key] = _identity(entry)
            entries.append(entry)
        elif seen[key] != _identity(entry):
            clashing.append(index)
    if entries:
        post(connection, entries, who, now)
    return len(entries), clashing


def _identity(entry: Entry | Row[Any]) -> tuple[Any, ...]:
    """What makes two movements the same."""
    return entry.sku, entry.location_id, entry.moved, entry.occurred_at
