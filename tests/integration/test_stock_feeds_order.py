"""Counts and movements that come late, twice or shuffled leave the stock that they leave in order."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.order_tables import stock_movements
from serving.database.schema import migrate
from serving.database.stock_batch import counts_of
from serving.database.stock_counts import count
from serving.database.stock_sources import take_movements
from serving.database.tables import stock

pytestmark = pytest.mark.slow
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
Message = tuple[str, dict[str, Any]]


@st.composite
def messages(draw: st.DrawFn) -> list[Message]:
    """Counts and movements of one sku at two places. No two counts of a place are of the same instant and number."""
    made: list[Message] = []
    for number in range(draw(st.integers(1, 12))):
        place = draw(st.sampled_from(("L1", "L2")))
        then = START + timedelta(minutes=draw(st.integers(0, 10)))
        if draw(st.booleans()):
            row: dict[str, Any] = {"counted_at": then, "on_hand": draw(st.integers(0, 20)), "source_sequence": number}
            made.append(("count", {**row, "sku": "A", "location_id": place, "reserved": 0, "safety_stock": 0}))
        else:
            row = {"occurred_at": then, "quantity": draw(st.integers(-5, 5).filter(bool)), "sequence": number}
            made.append(("movement", {**row, "sku": "A", "location_id": place, "source": "till", "reason": None}))
    return made


@pytest.fixture(scope="module")
def database() -> Any:
    """An empty database."""
    with TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'stock.db'}")
        migrate(engine)
        database = Database(engine)
        yield database
        database.close()


def final_stock(database: Database, sent: list[Message]) -> dict[str, tuple[int, datetime]]:
    """What is on hand by place, and as of which count, once ``sent`` has come in."""

    def empty(connection: Connection) -> None:
        connection.execute(delete(stock))
        connection.execute(delete(stock_movements))

    database.write_now(empty)
    for kind, row in sent:
        if kind == "count":
            database.write_now(lambda c, row=row: count(c, counts_of([row]), "feed", START))  # type: ignore[misc] # mypy cannot type it
        else:
            database.write_now(lambda c, row=row: take_movements(c, [(0, row)], "feed", START))  # type: ignore[misc] # nor this
    rows = database.read_now(lambda c: c.execute(select(stock)).all())
    return {row.location_id: (row.on_hand, row.counted_at) for row in rows}


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(sent=messages(), data=st.data())
def test_shuffled_and_repeated_messages_leave_the_same_stock(
    database: Database, sent: list[Message], data: st.DataObject
) -> None:
    in_order = sorted(sent, key=lambda message: message[1]["counted_at" if message[0] == "count" else "occurred_at"])
    repeated = sent + data.draw(st.lists(st.sampled_from(sent), max_size=4))
    shuffled = data.draw(st.permutations(repeated))
    assert final_stock(database, shuffled) == final_stock(database, in_order)
