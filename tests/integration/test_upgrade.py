"""A database filled by an earlier version is upgraded when the service starts, and serves on."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from alembic import command
from sqlalchemy import func, select, text

from serving.app import create_app
from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.order_tables import stock_movements
from serving.database.schema import configuration, is_current, migrate
from serving.database.stock_ledger import Entry, post
from serving.database.tables import stock
from serving.settings import Settings
from serving.wire import examples
from tests.integration.conftest import Clock
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("version", ["0001", "0002", "0003"])]

#: As the first version wrote them; what later ones added is told by nobody.
FILLED = """
INSERT INTO locations (location_id, location_type, name, country, latitude, longitude, timezone, changed_in)
  VALUES ('S014', 'warehouse', 'Brera', 'IT', 45.47, 9.19, 'Europe/Rome', 1);
INSERT INTO products (sku, category, weight_kg, hazmat, bulky, changed_in)
  VALUES ('SKU-1', 'shoes', 0.9, false, false, 2), ('SKU-2', 'care', 0.2, true, false, 2);
INSERT INTO carrier_services (carrier_service_id, carrier, level, changed_in)
  VALUES ('std', 'Corriere', 'standard', 3);
INSERT INTO stock (sku, location_id, counted_at, on_hand, reserved, safety_stock, changed_in)
  VALUES ('SKU-1', 'S014', '2026-03-02 06:00:00.000000', 4, 0, 0, 4),
         ('SKU-2', 'S014', '2026-03-02 06:00:00.000000', 9, 1, 1, 4);
UPDATE state_version SET version = 4
"""


def _fill(database_url: str, version: str) -> None:
    engine = make_engine(database_url)
    with engine.execution_options(smista_writes=True).begin() as connection:
        command.upgrade(configuration(connection), version)
        for statement in FILLED.split(";"):
            connection.execute(text(statement))
    engine.dispose()


async def test_a_filled_database_is_upgraded_and_serves(database_url: str, tmp_path: Path, version: str) -> None:
    settings = Settings(work_folder=tmp_path, database_url=database_url)
    _fill(settings.database, version)
    app = create_app(settings, TablePredictor(), Clock())
    headers = {"Authorization": f"Bearer {(tmp_path / 'api-key').read_text().strip()}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://smista.test", headers=headers) as client:
        decided = await client.post("/v1/decisions", json=examples.ORDER)
        assert decided.status_code == 201, decided.text
        assert [shipment["location_id"] for shipment in decided.json()["options"][0]["shipments"]] == ["S014"]
        placed = await client.post("/v1/orders", json=examples.ORDER)
        assert placed.status_code == 201, placed.text
        for name, rows in examples.ROWS.items():
            assert (await client.put(f"/v1/{name}", json=rows)).json()["rejected"] == []
        assert (await client.post("/v1/decisions", json=examples.ORDER)).status_code == 201
    app.state.service.database.close()


def test_stock_that_was_fed_before_opens_the_ledger_and_can_be_held(database_url: str, version: str) -> None:
    _fill(Settings(database_url=database_url).database, version)
    engine = make_engine(Settings(database_url=database_url).database)
    migrate(engine)
    database = Database(engine)
    assert database.read_now(is_current)
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    hold = Entry("SKU-1", "S014", "hold", now, held=3, order_id="O-1")
    database.write_now(lambda c: post(c, [hold], "test", now))
    of_sku = stock_movements.c.sku == "SKU-1"
    sums = select(func.sum(stock_movements.c.on_hand), func.sum(stock_movements.c.held)).where(of_sku)
    assert database.read_now(lambda c: tuple(c.execute(sums).one())) == (4, 3)
    row = select(stock.c.on_hand, stock.c.held).where(stock.c.sku == "SKU-1")
    assert database.read_now(lambda c: tuple(c.execute(row).one())) == (4, 3)
    database.close()
