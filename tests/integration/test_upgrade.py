"""A database filled by an earlier version goes on with this one."""

from datetime import UTC, datetime

from alembic import command
from sqlalchemy import MetaData, Table, func, insert, select

from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.order_tables import stock_movements
from serving.database.schema import configuration, is_current, migrate
from serving.database.stock_ledger import Entry, post
from serving.database.tables import stock
from serving.settings import Settings

THEN = datetime(2026, 3, 2, 6, tzinfo=UTC)


def test_stock_that_was_fed_before_opens_the_ledger_and_can_be_held(database_url: str) -> None:
    engine = make_engine(Settings(database_url=database_url).database)
    with engine.execution_options(smista_writes=True).begin() as connection:
        command.upgrade(configuration(connection), "0001")
        before = Table("stock", MetaData(), autoload_with=connection)
        row = {"sku": "A", "location_id": "L1", "counted_at": THEN, "on_hand": 4, "reserved": 1, "safety_stock": 0}
        connection.execute(insert(before), {**row, "changed_in": 1})
    migrate(engine)
    database = Database(engine)
    assert database.read_now(is_current)
    hold = Entry("A", "L1", "hold", datetime.now(UTC), held=3, order_id="O-1")
    database.write_now(lambda c: post(c, [hold], "test", datetime.now(UTC)))
    sums = select(func.sum(stock_movements.c.on_hand), func.sum(stock_movements.c.held))
    assert database.read_now(lambda c: tuple(c.execute(sums).one())) == (4, 3)
    assert database.read_now(lambda c: tuple(c.execute(select(stock.c.on_hand, stock.c.held)).one())) == (4, 3)
    database.close()
