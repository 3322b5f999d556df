"""A database filled by an earlier version is upgraded when the service starts, and serves on."""

from pathlib import Path

import httpx
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from serving.app import create_app
from serving.database.engine import make_engine
from serving.settings import Settings
from serving.wire import examples
from tests.integration.conftest import Clock
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio

#: As the first version wrote them.
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


def _fill_first_version(database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", "serving:database/migrations")
    config.set_main_option("path_separator", "os")
    engine = make_engine(database_url)
    with engine.execution_options(smista_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in FILLED.split(";"):
            connection.execute(text(statement))
    engine.dispose()


async def test_a_filled_database_of_the_first_version_is_upgraded_and_serves(database_url: str, tmp_path: Path) -> None:
    settings = Settings(work_folder=tmp_path, database_url=database_url)
    _fill_first_version(settings.database_url or "")
    app = create_app(settings, TablePredictor(), Clock())
    headers = {"Authorization": f"Bearer {(tmp_path / 'api-key').read_text().strip()}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://smista.test", headers=headers) as client:
        decided = await client.post("/v1/decisions", json=examples.ORDER)
        assert decided.status_code == 201, decided.text
        assert [shipment["location_id"] for shipment in decided.json()["options"][0]["shipments"]] == ["S014"]
        for name, rows in examples.ROWS.items():
            assert (await client.put(f"/v1/{name}", json=rows)).json()["rejected"] == []
        assert (await client.post("/v1/decisions", json=examples.ORDER)).status_code == 201
    app.state.service.database.close()
