"""Where stock changes, and the ledger that tells why; counts of many rows at once are in `database.stock_counts`.

A row of ``stock`` says what a location has of a sku: ``on_hand`` (as counted, and what came and went since),
``reserved`` and ``safety_stock`` (as fed), ``held`` (units of our shipments that have not been handed over). Each
change is an entry of ``stock_movements``: the sums of its entries are the row's ``on_hand`` and ``held``.

*On hand* is everything in the building, picked or not: a unit stays in it, and held, until it is handed over. A count
replaces ``on_hand`` and never touches ``held``; what moved after the instant of the count is moved again, what moved
before is in it. So counts and movements may come late, twice or in any order: the row they leave is the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from serving.database.inserting import insert_into
from serving.database.locks import StockKey, lock_stock
from serving.database.tables import stock, stock_movements
from serving.database.versions import next_version
from serving.errors import StockAppearedError, StockGoneError

#: ``counted_at`` of what nobody has counted yet.
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
Kind: TypeAlias = Literal["count", "movement", "hold", "release", "hand_over", "short_pick"]
#: What entries change of a row.
_CHANGING: Final = ("on_hand", "held", "moved_at", "short_at", "changed_in")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one row.

    ``held``: units held (or, negative, let go). ``moved``: units that came (or, negative, went) at ``occurred_at``.
    ``keeps``: for a hold, the units that must stay available after it, where that is more than the safety stock.
    ``short``: nothing was found where some should be: nothing is available until it is counted again.
    """

    sku: str
    location_id: str
    kind: Kind
    occurred_at: datetime
    held: int = 0
    moved: int = 0
    keeps: int = 0
    short: bool = False
    why: str | None = None
    order_id: str | None = None
    shipment_id: str | None = None
    source: str | None = None
    sequence: int | None = None

    @property
    def key(self) -> StockKey:
        """The row that it changes."""
        return self.sku, self.location_id


@dataclass(slots=True)
class _Balance:
    """What a locked row says, while the entries of one transaction change it."""

    on_hand: int = 0
    reserved: int = 0
    held: int = 0
    safety_stock: int = 0
    counted_at: datetime = NEVER
    moved_at: datetime | None = None
    short_at: datetime | None = None

    def take(self, entry: Entry) -> int:
        """Apply ``entry``; return by how much it changed ``on_hand``."""
        if entry.held > 0 and available(self, entry.keeps) < entry.held:
            raise StockGoneError([entry.key])
        counted_already = entry.occurred_at <= self.counted_at
        change = 0 if counted_already else entry.moved
        self.on_hand += change
        self.held += entry.held
        if entry.moved:
            self.moved_at = max(self.moved_at or NEVER, entry.occurred_at)
        if entry.short:
            self.short_at = max(self.short_at or NEVER, entry.occurred_at)
        return change


def unavailable(row: Any) -> int:
    """Units of ``row`` (a row of stock) that are reserved or held; all of them where a pick failed since the count."""
    taken = int(row.reserved + row.held)
    return taken if row.short_at is None or row.short_at < row.counted_at else max(taken, int(row.on_hand))


def available(row: Any, keeps: int = 0) -> int:
    """ATP: on hand − reserved − held − what is kept back (the safety stock, or ``keeps`` where that is more)."""
    return int(row.on_hand) - unavailable(row) - max(int(row.safety_stock), keeps)


def post(connection: Connection, entries: Sequence[Entry], who: str, now: datetime) -> int:
    """Apply ``entries``, all or none, and write them into the ledger; return the version of the state they made.

    Everything that the transaction changes in stock must be in one call: rows are locked in one order.

    Raises `StockGoneError` (naming every row that lacks units) and `StockAppearedError` (begin again).
    """
    rows = lock_stock(connection, {entry.key for entry in entries})
    balances = {key: _balance(row) for key, row in rows.items()}
    changes, gone = [], []
    for entry in entries:
        balance = balances.setdefault(entry.key, _Balance())
        try:
            changes.append(balance.take(entry))
        except StockGoneError:
            gone.append(entry.key)
    if gone:
        raise StockGoneError(gone)
    version = next_version(connection)
    new = [_row_of(key, balance, version) for key, balance in balances.items() if key not in rows]
    _insert_new(connection, new)
    _update(connection, [_row_of(key, balances[key], version) for key in rows])
    _write_ledger(connection, zip(entries, changes, strict=True), who, now)
    return version


def movements_known(connection: Connection, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], Row[Any]]:
    """Entries of the ledger with these (source, sequence)."""
    if not keys:
        return {}
    table = stock_movements
    # Source by source: SQLite reads all of the table for an IN of pairs.
    sequences: dict[str, list[int]] = defaultdict(list)
    for source, sequence in sorted(keys):
        sequences[source].append(sequence)
    return {
        (row.source, row.sequence): row
        for source, wanted in sequences.items()
        for row in connection.execute(select(table).where(table.c.source == source, table.c.sequence.in_(wanted)))
    }


def _balance(row: Row[Any]) -> _Balance:
    return _Balance(row.on_hand, row.reserved, row.held, row.safety_stock, row.counted_at, row.moved_at, row.short_at)


def _row_of(key: StockKey, balance: _Balance, version: int) -> dict[str, Any]:
    return {
        "sku": key[0],
        "location_id": key[1],
        "on_hand": balance.on_hand,
        "reserved": balance.reserved,
        "held": balance.held,
        "safety_stock": balance.safety_stock,
        "counted_at": balance.counted_at,
        "source_sequence": 0,
        "source": "",
        "daily_demand": None,
        "markdown_risk": None,
        "moved_at": balance.moved_at,
        "short_at": balance.short_at,
        "changed_in": version,
    }


def _insert_new(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that were not there to be locked; the lock on the version lets nobody else insert meanwhile."""
    if not rows:
        return
    statement = insert_into(connection, stock).on_conflict_do_nothing()
    written = connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True}).rowcount
    if written < len(rows):
        raise StockAppearedError


def _update(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    statement = (
        update(stock)
        .where(stock.c.sku == bindparam("of_sku"), stock.c.location_id == bindparam("of_location"))
        .values({name: bindparam(f"new_{name}") for name in _CHANGING})
    )
    values = [
        {"of_sku": row["sku"], "of_location": row["location_id"], **{f"new_{name}": row[name] for name in _CHANGING}}
        for row in rows
    ]
    connection.execute(statement, values)


def _write_ledger(connection: Connection, entries: Iterable[tuple[Entry, int]], who: str, now: datetime) -> None:
    written = [
        {
            "sku": entry.sku,
            "location_id": entry.location_id,
            "kind": entry.kind,
            "occurred_at": entry.occurred_at,
            "recorded_at": now,
            "moved": entry.moved,
            "on_hand": change,
            "held": entry.held,
            "who": who,
            "why": entry.why,
            "order_id": entry.order_id,
            "shipment_id": entry.shipment_id,
            "source": entry.source,
            "sequence": entry.sequence,
        }
        for entry, change in entries
    ]
    if written:
        connection.execute(insert(stock_movements), written)
