"""Counts and movements that come late, twice or shuffled leave the stock that they leave in order."""

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select

from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.stock_batch import counts_of
from serving.database.stock_counts import count
from serving.database.stock_ledger import NEVER
from serving.database.stock_sources import take_movements
from serving.database.tables import stock, stock_counts, stock_movements
from serving.settings import Settings

pytestmark = pytest.mark.slow
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
Message = tuple[str, dict[str, Any]]


@st.composite
def messages(draw: st.DrawFn) -> list[Message]:
    """Counts and movements of one sku at two places. No two counts of a source have the same number.

    Sources number their counts as they like: their clocks may run backwards, and several may count one place.
    """
    made: list[Message] = []
    sources = draw(st.sampled_from(((None,), ("wms",), (None, "pos", "wms"))))
    for number in range(draw(st.integers(1, 12))):
        place = draw(st.sampled_from(("L1", "L2")))
        then = START + timedelta(minutes=draw(st.integers(0, 10)))
        if draw(st.booleans()):
            row: dict[str, Any] = {"counted_at": then, "on_hand": draw(st.integers(0, 20)), "source_sequence": number}
            row["source"] = draw(st.sampled_from(sources))
            made.append(("count", {**row, "sku": "A", "location_id": place, "reserved": 0, "safety_stock": 0}))
        else:
            row = {"occurred_at": then, "quantity": draw(st.integers(-5, 5).filter(bool)), "sequence": number}
            made.append(("movement", {**row, "sku": "A", "location_id": place, "source": "till", "reason": None}))
    return made


def by_hand(sent: list[Message]) -> dict[str, tuple[int, datetime]]:
    """What is on hand by place, and as of which count: each source's newest, of these the latest, and what moved."""
    newest: dict[tuple[str, str], tuple[Any, dict[str, Any]]] = {}
    for kind, row in sent:
        if kind == "count":
            source = row["source"] or ""
            age = (row["source_sequence"],) if source else (row["counted_at"], row["source_sequence"])
            key = row["location_id"], source
            if key not in newest or age > newest[key][0]:
                newest[key] = age, row
    expected = {}
    for place in {row["location_id"] for _, row in sent}:
        counted = [
            (row["counted_at"], source, row["on_hand"]) for (at, source), (_, row) in newest.items() if at == place
        ]
        since, _, units = max(counted, default=(NEVER, "", 0))
        moves = {row["sequence"]: row for kind, row in sent if kind == "movement" and row["location_id"] == place}
        moved = sum(row["quantity"] for row in moves.values() if row["occurred_at"] > since)
        expected[place] = units + moved, since
    return expected


@pytest.fixture
def database(database_url: str) -> Any:
    """An empty database of each kind."""
    database = Database(make_engine(Settings(database_url=database_url).database))
    yield database
    database.close()


def final_stock(database: Database, sent: list[Message], most: int) -> dict[str, tuple[int, datetime]]:
    """What is on hand by place, and as of which count, once ``sent`` has come in, at most ``most`` in one feed."""

    def empty(connection: Connection) -> None:
        connection.execute(delete(stock))
        connection.execute(delete(stock_movements))
        connection.execute(delete(stock_counts))

    database.write_now(empty)
    together = groupby(enumerate(sent), key=lambda numbered: (numbered[0] // most, numbered[1][0]))
    for (_, kind), part in together:
        rows = [row for _, (_, row) in part]
        if kind == "count":
            database.write_now(partial(count, newest=counts_of(rows).newest(), who="feed", now=START))
        else:
            database.write_now(partial(take_movements, rows=list(enumerate(rows)), who="feed", now=START))
    shown = database.read_now(lambda c: c.execute(select(stock)).all())
    entries = select(stock_movements.c.location_id, func.sum(stock_movements.c.on_hand)).group_by("location_id")
    summed = {place: units for place, units in database.read_now(lambda c: c.execute(entries).all())}  # noqa: C416 (rows are no pairs)
    assert summed == {row.location_id: row.on_hand for row in shown}, "the ledger tells of every change"
    return {row.location_id: (row.on_hand, row.counted_at) for row in shown}


@settings(
    max_examples=25,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(sent=messages(), data=st.data())
def test_shuffled_and_repeated_messages_leave_the_same_stock(
    database: Database, sent: list[Message], data: st.DataObject
) -> None:
    repeated = sent + data.draw(st.lists(st.sampled_from(sent), max_size=4))
    shuffled = data.draw(st.permutations(repeated))
    assert final_stock(database, shuffled, data.draw(st.integers(1, 4))) == by_hand(sent)
