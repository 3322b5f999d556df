"""Counts: what sources tell that there is, many rows in a few statements.

A count replaces ``on_hand`` and never touches ``held`` (`database.stock_ledger`). Which count a place shows does not
depend on the order in which they come: of each source the newest by its own sequence (of no named source: by its
instant), and of these the one of the latest instant. Most places have one source, whose count is in their row of
``stock``. Where there are several, ``stock_counts`` keeps what the others counted last.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    RowMapping,
    Update,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from serving.database.locks import StockKey, lock_fed
from serving.database.stock_batch import Counts, counts_of, fed, offer
from serving.database.stock_ledger import NEVER
from serving.database.tables import stock, stock_counts, stock_movements
from serving.database.types import Instant
from serving.database.versions import next_version
from serving.errors import StockAppearedError

#: What a count tells.
_TOLD: Final = tuple(field.name for field in fields(Counts) if field.name not in {"sku", "location_id"})
_OF_PLACE: Final = (stock.c.sku == fed.c.sku) & (stock.c.location_id == fed.c.location_id)
_NEW: Final = fed.c.known_on_hand.is_(None)
_NEWER: Final = or_(
    fed.c.known_counted_at == NEVER,
    case(
        (
            fed.c.source == "",
            tuple_(fed.c.counted_at, fed.c.source_sequence)
            >= tuple_(fed.c.known_counted_at, fed.c.known_source_sequence),
        ),
        else_=tuple_(fed.c.source_sequence, fed.c.counted_at)
        >= tuple_(fed.c.known_source_sequence, fed.c.known_counted_at),
    ),
)

#: Places that are looked for, to see whether a feed is of new ones.
_LOOKED_AT: Final = 64


def count(connection: Connection, newest: Counts, who: str, now: datetime) -> int:
    """Replace what was counted with ``newest`` (`Counts.newest`); return how many places show another count now.

    Raises `StockAppearedError` (begin again).
    """
    if not len(newest):
        return 0
    offer(connection, newest)
    shared = newest.repeated()
    if not shared.any() and not _seem_known(connection, len(newest)):
        with suppress(StockAppearedError), connection.begin_nested():
            # Looking for rows to lock takes a third of the time. Where there are some after all, it is all undone, with
            # the lock on the version.
            return _write(connection, _NEWER, next_version(connection), who, now)
    lock_fed(connection)
    version = next_version(connection)
    shared |= _shared(connection, len(newest))
    if not shared.any():
        return _write(connection, _NEWER, version, who, now)
    _offer_again(connection, newest.take(shared))
    _offer_again(connection, _settled(connection))
    written = _write(connection, true(), version, who, now)
    _offer_again(connection, newest.take(~shared))
    return written + _write(connection, _NEWER, version, who, now)


def _offer_again(connection: Connection, counts: Counts) -> None:
    """Offer some of the counts whose rows are locked already."""
    offer(connection, counts)
    lock_fed(connection)


def _seem_known(connection: Connection, offered: int) -> bool:
    """Whether any of a few of the places that were offered has a row of stock."""
    some = select(fed.c.place).where(fed.c.place % max(offered // _LOOKED_AT, 1) == 0)
    return bool(connection.execute(select(some.join(stock, _OF_PLACE).exists())).scalar())


def _shared(connection: Connection, offered: int) -> NDArray[np.bool_]:
    """Whether another source has counted the place of each of what was offered."""
    by_another = (fed.c.known_source != fed.c.source) & (fed.c.known_counted_at != NEVER)
    kept = (stock_counts.c.sku == fed.c.sku) & (stock_counts.c.location_id == fed.c.location_id)
    found = select(fed.c.place).where(or_(by_another, select(stock_counts.c.sku).where(kept).exists()))
    shared = np.zeros(offered, bool)
    shared[list(connection.execute(found).scalars())] = True
    return shared


def _settled(connection: Connection) -> Counts:
    """Keep what was offered, where it is the newest of its source; return what the places are to show instead."""
    of_place = (stock_counts.c.sku == fed.c.sku) & (stock_counts.c.location_id == fed.c.location_id)
    offered = connection.execute(select(fed)).mappings().all()
    shown = connection.execute(select(stock).where(select(fed.c.place).where(_OF_PLACE).exists())).mappings().all()
    kept = connection.execute(select(stock_counts).where(select(fed.c.place).where(of_place).exists())).mappings().all()
    shown = [row for row in shown if row["counted_at"] != NEVER]
    newest: dict[StockKey, dict[str, RowMapping]] = defaultdict(dict)
    for row in (*shown, *kept, *offered):
        of_source = newest[row["sku"], row["location_id"]]
        before = of_source.get(row["source"])
        if before is None or _age(row) >= _age(before):
            of_source[row["source"]] = row
    others, winners = [], []
    for of_source in newest.values():
        winner = max(of_source.values(), key=lambda row: (row["counted_at"], row["source"]))
        others += [row for row in of_source.values() if row is not winner]
        winners.append(winner)
    connection.execute(delete(stock_counts).where(select(fed.c.place).where(of_place).exists()))
    if others:
        names = stock_counts.columns.keys()
        connection.execute(insert(stock_counts), [{name: row[name] for name in names} for row in others])
    seen = {id(row) for row in shown}
    return counts_of(dict(row) for row in winners if id(row) not in seen)


def _age(row: RowMapping) -> tuple[Any, Any]:
    """What orders the counts of one source."""
    age = row["counted_at"], row["source_sequence"]
    return age[::-1] if row["source"] else age


def _write(connection: Connection, replaces: ColumnElement[bool], version: int, who: str, now: datetime) -> int:
    """Write what was offered: all of places without a row of stock, of others the counts that are to replace theirs.

    Return how many those were. Raises `StockAppearedError`.
    """
    on_hand = fed.c.on_hand + _moved_since()
    change = on_hand - func.coalesce(fed.c.known_on_hand, 0)
    of_place = {"sku": fed.c.sku, "location_id": fed.c.location_id}
    told = {name: fed.c[name] for name in _TOLD}
    row = {**of_place, **told, "held": literal(0), "changed_in": literal(version, BigInteger)}
    try:
        inserted = _rows(connection, insert(stock).from_select(list(row), select(*row.values()).where(_NEW)))
    except IntegrityError as error:
        raise StockAppearedError from error
    entry = {
        **of_place,
        "kind": literal("count"),
        "occurred_at": fed.c.counted_at,
        "recorded_at": literal(now, Instant),
        "moved": literal(0),
        "on_hand": change,
        "held": literal(0),
        "who": literal(who),
    }
    entries = select(*entry.values()).where(or_(_NEW, replaces & (change != 0)))
    connection.execute(insert(stock_movements).from_select(list(entry), entries))
    replaced = update(stock).where(_OF_PLACE, ~_NEW, replaces)
    with _by_key(connection):
        return inserted + _rows(connection, replaced.values({**told, "on_hand": on_hand, "changed_in": version}))


@contextmanager
def _by_key(connection: Connection) -> Iterator[None]:
    """Have rows of stock looked up by their keys: PostgreSQL would read all of the table, however large it is."""
    _allow_reading_all(connection, "off")
    yield
    _allow_reading_all(connection, "on")


def _allow_reading_all(connection: Connection, setting: str) -> None:
    if connection.dialect.name == "postgresql":
        ways = ("enable_hashjoin", "enable_mergejoin")
        connection.execute(select(*(func.set_config(way, setting, true()) for way in ways)))


def _rows(connection: Connection, statement: Insert | Update) -> int:
    """How many rows it wrote."""
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _moved_since() -> ColumnElement[int]:
    """Units that came and went at a place after the instant of its count; the newest of them is ``moved_at``."""
    table = stock_movements.c
    units = (
        select(cast(func.coalesce(func.sum(table.moved), 0), BigInteger))
        .where(table.sku == fed.c.sku, table.location_id == fed.c.location_id)
        .where(table.moved != 0, table.occurred_at > fed.c.counted_at)
        .correlate(fed)
        .scalar_subquery()
    )
    return case((fed.c.known_moved_at > fed.c.counted_at, units), else_=0)
