"""Counts: what sources tell that there is, many rows in a few statements.

A count replaces ``on_hand`` and never touches ``held`` (`database.stock_ledger`). Which count a place shows does not
depend on the order in which they come: of each source the newest by its own sequence (of no named source: by its
instant), and of these the one of the latest instant. Most places have one source, whose count is in their row of
``stock``. Where there are several, ``stock_counts`` keeps what the others counted last.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
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
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from serving.database.locks import StockKey
from serving.database.order_tables import stock_counts, stock_movements
from serving.database.stock_batch import Counts, counts_of, fed, offer
from serving.database.stock_ledger import NEVER
from serving.database.tables import stock
from serving.database.types import Instant
from serving.database.versions import next_version
from serving.errors import StockAppearedError

#: What a count tells.
_TOLD: Final = tuple(name for name in fed.columns.keys() if name not in {"place", "sku", "location_id"})  # noqa: SIM118 (columns iterates columns)
_OF_PLACE: Final = (stock.c.sku == fed.c.sku) & (stock.c.location_id == fed.c.location_id)
_NEWER: Final = or_(
    stock.c.counted_at == NEVER,
    case(
        (
            fed.c.source == "",
            tuple_(fed.c.counted_at, fed.c.source_sequence) >= tuple_(stock.c.counted_at, stock.c.source_sequence),
        ),
        else_=tuple_(fed.c.source_sequence, fed.c.counted_at) >= tuple_(stock.c.source_sequence, stock.c.counted_at),
    ),
)


def count(connection: Connection, counts: Counts, who: str, now: datetime) -> int:
    """Replace what was counted; return how many places show another count now.

    Raises `StockAppearedError` (begin again).
    """
    newest = counts.newest()
    if not len(newest):
        return 0
    offer(connection, newest)
    known = _lock(connection)
    version = next_version(connection)
    shared = _shared(connection, newest, known)
    written = _Written(connection, version, who, now)
    if shared.any():
        offer(connection, newest.take(shared))
        offer(connection, _settled(connection))
        written.write(true(), known)
        offer(connection, newest.take(~shared))
    written.write(_NEWER, known)
    if written.inserted + known < len(newest) - np.count_nonzero(_repeated(newest)):
        raise StockAppearedError
    return written.inserted + written.replaced


def _lock(connection: Connection) -> int:
    """Lock the rows of stock that there are of what was offered, as `database.locks` says; return how many."""
    if connection.dialect.name == "postgresql":
        rows = (
            select(stock.c.sku)
            .where(select(fed.c.place).where(_OF_PLACE).exists())
            .order_by(stock.c.sku, stock.c.location_id)
            .with_for_update(of=stock)
        )
    else:
        rows = select(fed.c.place).where(select(stock.c.sku).where(_OF_PLACE).exists())
    return int(connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one())


def _repeated(newest: Counts) -> NDArray[np.bool_]:
    """Whether each count's place is that of the one before it: another source counts it, too."""
    same = (newest.sku[1:] == newest.sku[:-1]) & (newest.location_id[1:] == newest.location_id[:-1])
    return np.append(False, same)


def _shared(connection: Connection, newest: Counts, known: int) -> NDArray[np.bool_]:
    """Whether several sources have counted the place of each of what was offered."""
    shared = _repeated(newest)
    shared[:-1] |= shared[1:]
    if known:
        by_another = (stock.c.source != fed.c.source) & (stock.c.counted_at != NEVER)
        kept = (stock_counts.c.sku == fed.c.sku) & (stock_counts.c.location_id == fed.c.location_id)
        found = union_all(
            select(fed.c.place).join(stock, _OF_PLACE).where(by_another),
            select(fed.c.place).where(select(stock_counts.c.sku).where(kept).exists()),
        )
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


@dataclass(slots=True)
class _Written:
    """Writes what is offered, and counts the rows of stock that this makes and changes."""

    connection: Connection
    version: int
    who: str
    now: datetime
    inserted: int = 0
    replaced: int = 0

    def write(self, replaces: ColumnElement[bool], known: int) -> None:
        """Write counts of places that are not ``known``, and of those that are where the count ``replaces`` theirs."""
        self._insert(~select(stock.c.sku).where(_OF_PLACE).exists() if known else true())
        if known:
            self._replace(replaces)

    def _insert(self, new: ColumnElement[bool]) -> None:
        self._log(select(*_entry(fed.c.on_hand)).where(new))
        told = {name: fed.c[name] for name in ("sku", "location_id", *_TOLD)}
        written = {**told, "held": literal(0), "changed_in": literal(self.version, BigInteger)}
        rows = select(*written.values()).where(new)
        statement = insert(stock).from_select(list(written), rows)
        try:
            done = self.connection.execute(statement, execution_options={"preserve_rowcount": True})
        except IntegrityError as error:
            raise StockAppearedError from error
        self.inserted += done.rowcount

    def _replace(self, replaces: ColumnElement[bool]) -> None:
        on_hand = fed.c.on_hand + _moved_since()
        change = on_hand - stock.c.on_hand
        self._log(select(*_entry(change)).join(stock, _OF_PLACE).where(replaces, change != 0))
        written = {**{name: fed.c[name] for name in _TOLD}, "on_hand": on_hand, "changed_in": self.version}
        self.replaced += self.connection.execute(update(stock).where(_OF_PLACE, replaces).values(written)).rowcount

    def _log(self, rows: Select[Any]) -> None:
        names = ("sku", "location_id", "occurred_at", "on_hand", "moved", "held", "kind", "recorded_at", "who")
        rest = (literal(0), literal(0), literal("count"), literal(self.now, Instant), literal(self.who))
        self.connection.execute(insert(stock_movements).from_select(names, rows.add_columns(*rest)))


def _entry(change: ColumnElement[int]) -> tuple[ColumnElement[Any], ...]:
    return fed.c.sku, fed.c.location_id, fed.c.counted_at, change


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
    return case((stock.c.moved_at > fed.c.counted_at, units), else_=0)
