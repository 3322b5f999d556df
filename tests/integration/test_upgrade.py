"""A database filled by an earlier version is upgraded when the service starts, and serves on."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import httpx
import orjson
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

from serving.app import create_app
from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.schema import configuration, is_current
from serving.database.step_log import told_up_to
from serving.database.stock_ledger import Entry, post
from serving.database.tables import stock, stock_movements
from serving.orders.sweeping import sweep
from serving.service import Service
from serving.settings import Settings
from serving.wire import examples
from tests.integration.conftest import Api, Clock
from tests.integration.kept_databases import KeptPostgres, make_tables
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio

#: First to last.
VERSIONS: Final = [script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()][::-1]
WITH_ORDERS: Final = VERSIONS.index("0004")
BEFORE_OUTCOMES: Final = VERSIONS.index("0010")
BEFORE_QUARTERS: Final = VERSIONS.index("0011")
BEFORE_NARROWED: Final = VERSIONS.index("0012")
BEFORE_STEPS: Final = VERSIONS.index("0013")

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


#: One decision, the answer kept under one key, one ruleset: values that both databases write in their own way.
ANSWER: Final = orjson.dumps({"decision_id": "D-1", "options": []})
REQUEST: Final = orjson.dumps(examples.ORDER)
LOGGED: Final = """
INSERT INTO decisions (decision_id, order_id, decided_at, client, ruleset, bundle, digest, request, answer)
  VALUES ('D-1', 'W-1', '2026-03-02 06:30:00.000000', 'development', 'old@1', 'small@1', NULL, :request, :answer);
INSERT INTO idempotency_keys (client, key, request_sha256, status, answer, answered_at)
  VALUES ('development', 'K-1', :sha256, 201, :answer, '2026-03-02 06:30:00.000000');
INSERT INTO rulesets (name, version, position, document, published_at, published_by, changed_in)
  VALUES ('old', 1, 1, :document, '2026-03-02 06:00:00.000000', 'development', 4)
"""
#: From version 0004: an order that its location works on, one that is on its way, and the ledger.
ORDERED: Final = """
INSERT INTO orders (order_id, state, client, placed_at, received_at, decision_id, request, failures, tried_in)
  VALUES ('W-1', 'assigned', 'development', '2026-03-02 06:30:00.000000', '2026-03-02 06:30:00.000000', 'D-1', :request,
          0, 4);
INSERT INTO order_lines (order_id, line_id, sku, quantity, waiting) VALUES ('W-1', '1', 'SKU-2', 1, 0);
INSERT INTO shipments (shipment_id, order_id, number, location_id, carrier_service_id, state, decision_id, capacity_day,
                       expected_p50_at, expected_p90_at, pick_failure, assigned_at, changed_at)
  VALUES ('H-1', 'W-1', 1, 'S014', 'std', 'accepted', 'D-1', '2026-03-02', '2026-03-03 06:30:00.000000',
          '2026-03-04 06:30:00.000000', 0.01, '2026-03-02 06:30:00.000000', '2026-03-02 06:40:00.000000');
INSERT INTO shipment_lines (shipment_id, line_id, sku, quantity, short) VALUES ('H-1', '1', 'SKU-2', 1, 0);
INSERT INTO orders (order_id, state, client, placed_at, received_at, decision_id, request, failures, tried_in)
  VALUES ('W-2', 'assigned', 'development', '2026-03-02 06:30:00.000000', '2026-03-02 06:30:00.000000', 'D-1', :request,
          0, 4);
INSERT INTO order_lines (order_id, line_id, sku, quantity, waiting) VALUES ('W-2', '1', 'SKU-2', 1, 0);
INSERT INTO shipments (shipment_id, order_id, number, location_id, carrier_service_id, state, decision_id, capacity_day,
                       expected_p50_at, expected_p90_at, pick_failure, assigned_at, changed_at)
  VALUES ('H-2', 'W-2', 1, 'S014', 'std', 'handed_over', 'D-1', '2026-03-02', '2026-03-03 06:30:00.000000',
          '2026-03-04 06:30:00.000000', 0.01, '2026-03-02 06:30:00.000000', '2026-03-02 07:10:00.000000');
INSERT INTO shipment_lines (shipment_id, line_id, sku, quantity, short) VALUES ('H-2', '1', 'SKU-2', 1, 0);
INSERT INTO orders (order_id, state, client, placed_at, received_at, decision_id, request, failures, tried_in)
  VALUES ('W-3', 'backordered', 'development', '2026-03-02 06:30:00.000000', '2026-03-02 06:30:00.000000', NULL,
          :request, 0, 4);
INSERT INTO order_lines (order_id, line_id, sku, quantity, waiting) VALUES ('W-3', '1', 'SKU-1', 1, 1);
INSERT INTO order_events (event_id, order_id, shipment_id, kind, occurred_at, recorded_at, who, versions, data)
  VALUES ('E-1', 'W-2', 'H-2', 'shipment.handed_over', '2026-03-02 07:00:00.000000', '2026-03-02 07:10:00.000000',
          'development', '{}', :nothing);
INSERT INTO webhooks (webhook_id, url, secret, kinds, created_at, created_by)
  VALUES ('K-1', 'https://shop.example/', 'whsec_AAAA', '[]', '2026-03-02 06:00:00.000000', 'development');
UPDATE stock SET held = 1 WHERE sku = 'SKU-2';
INSERT INTO stock_movements (sku, location_id, kind, occurred_at, recorded_at, moved, on_hand, held, who, order_id)
  VALUES ('SKU-1', 'S014', 'count', '2026-03-02 06:00:00.000000', '2026-03-02 06:00:00.000000', 0, 4, 0, 'feed', NULL),
         ('SKU-2', 'S014', 'count', '2026-03-02 06:00:00.000000', '2026-03-02 06:00:00.000000', 0, 9, 0, 'feed', NULL),
         ('SKU-2', 'S014', 'hold', '2026-03-02 06:30:00.000000', '2026-03-02 06:30:00.000000', 0, 0, 1, 'x', 'W-1')
"""


def _fill(database_url: str, version: str) -> None:
    values = {
        "request": REQUEST,
        "answer": ANSWER,
        "nothing": b"{}",
        "sha256": sha256(b"\n".join((b"POST", b"/v1/decisions", REQUEST))).hexdigest(),
        "document": orjson.dumps({"name": "old", "strategy": {}}).decode(),
    }
    engine = make_engine(database_url)
    with engine.execution_options(smista_writes=True).begin() as connection:
        command.upgrade(configuration(connection), version)
        filled = [FILLED, LOGGED, *([ORDERED] if VERSIONS.index(version) >= WITH_ORDERS else [])]
        for statement in map(text, ";".join(filled).split(";")):
            connection.execute(statement, {name: values[name] for name in statement.compile().params})
    engine.dispose()


@pytest.fixture(scope="session")
def upgraded_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of SQLite files that were filled and upgraded, to copy."""
    return tmp_path_factory.mktemp("upgraded")


@pytest.fixture(params=["sqlite", "postgresql"])
def upgraded_database_url(request: pytest.FixtureRequest, tmp_path: Path, version: str) -> str:
    """A database of each kind that ``version`` filled, and that was upgraded since."""

    def make(url: str) -> None:
        _fill(Settings(database_url=url).database, version)
        make_tables(url)

    if request.param == "sqlite":
        files: Path = request.getfixturevalue("upgraded_files")
        if not (file := files / f"{version}.db").exists():
            make(f"sqlite:///{file}")
        return f"sqlite:///{shutil.copyfile(file, tmp_path / 'smista.db')}"
    kept: KeptPostgres = request.getfixturevalue("kept_postgres")
    return kept.made(f"filled by {version}", make)


@asynccontextmanager
async def _serving(database_url: str, folder: Path) -> AsyncIterator[Api]:
    settings = Settings(work_folder=folder, database_url=database_url)
    app = create_app(settings, TablePredictor(), Clock())
    headers = {"Authorization": f"Bearer {(folder / 'api-key').read_text().strip()}"}
    service: Service = app.state.service
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://smista.test", headers=headers) as client:
        yield Api(client, service)
    service.database.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_filled_database_is_upgraded_and_serves(bare_database_url: str, tmp_path: Path, version: str) -> None:
    _fill(Settings(database_url=bare_database_url).database, version)
    async with _serving(bare_database_url, tmp_path) as api:
        decided = await api.client.post("/v1/decisions", json=examples.ORDER)
        assert decided.status_code == 201, decided.text
        assert [shipment["location_id"] for shipment in decided.json()["options"][0]["shipments"]] == ["S014"]
        assert decided.json()["versions"]["ruleset"] == "old@1"
        placed = await api.client.post("/v1/orders", json=examples.ORDER)
        assert placed.status_code == 201, placed.text
        for name, rows in examples.ROWS.items():
            assert (await api.client.put(f"/v1/{name}", json=rows)).json()["rejected"] == []
        assert (await api.client.post("/v1/decisions", json=examples.ORDER)).status_code == 201


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_was_answered_before_the_upgrade_is_answered_again(
    upgraded_database_url: str, tmp_path: Path
) -> None:
    async with _serving(upgraded_database_url, tmp_path) as api:
        assert (await api.client.get("/v1/decisions/D-1")).content == ANSWER
        headers = {"Idempotency-Key": "K-1", "Content-Type": "application/json"}
        again = await api.client.post("/v1/decisions", content=REQUEST, headers=headers)
        assert (again.status_code, again.content) == (201, ANSWER)


@pytest.mark.parametrize("version", VERSIONS[WITH_ORDERS:])
async def test_an_order_that_was_placed_before_the_upgrade_goes_on(upgraded_database_url: str, tmp_path: Path) -> None:
    async with _serving(upgraded_database_url, tmp_path) as api:
        (task,) = (await api.client.get("/v1/tasks", params={"location": "S014"})).json()["tasks"]
        assert task["shipment_id"] == "H-1"
        told = await api.client.post("/v1/shipments/H-1/events", json={"event": "handed_over"})
        assert told.status_code == 200, told.text
        assert (await api.client.get("/v1/orders/W-1")).json()["shipments"][0]["state"] == "handed_over"
        (place,) = (await api.client.get("/v1/stock", params={"sku": "SKU-2"})).json()["by_location"]
        assert (place["on_hand"], place["held"]) == (8, 0)


@pytest.mark.parametrize("version", VERSIONS[WITH_ORDERS:BEFORE_OUTCOMES])
async def test_when_a_parcel_that_is_on_its_way_was_handed_over_is_known_after_the_upgrade(
    upgraded_database_url: str, tmp_path: Path
) -> None:
    async with _serving(upgraded_database_url, tmp_path) as api:
        (shipment,) = (await api.client.get("/v1/orders/W-2")).json()["shipments"]
        assert shipment["ready_at"] == "2026-03-02T07:00:00Z"
        told = await api.client.post("/v1/shipments/H-2/events", json={"event": "delivered"})
        assert told.json()["order_state"] == "completed"


@pytest.mark.parametrize("version", VERSIONS[WITH_ORDERS:BEFORE_QUARTERS])
async def test_an_order_that_waited_before_the_upgrade_is_tried_after_it(
    upgraded_database_url: str, tmp_path: Path
) -> None:
    async with _serving(upgraded_database_url, tmp_path) as api:
        await sweep(api.service)
        assert (await api.client.get("/v1/orders/W-3")).json()["state"] == "assigned"


@pytest.mark.parametrize("version", VERSIONS[WITH_ORDERS:BEFORE_NARROWED])
async def test_a_webhook_that_was_made_before_the_upgrade_is_told_of_every_location(
    upgraded_database_url: str, tmp_path: Path
) -> None:
    async with _serving(upgraded_database_url, tmp_path) as api:
        await api.client.post("/v1/shipments/H-1/events", json={"event": "handed_over"})
        (webhook,) = (await api.client.get("/v1/webhooks")).json()["webhooks"]
        assert (webhook["webhook_id"], webhook["location_ids"], webhook["waiting"]) == ("K-1", [], 1)


@pytest.mark.parametrize("version", VERSIONS[WITH_ORDERS:BEFORE_STEPS])
async def test_calibration_learns_from_shipments_that_are_assigned_after_the_upgrade(
    upgraded_database_url: str, tmp_path: Path
) -> None:
    """Of those before nobody kept what was expected of them."""
    async with _serving(upgraded_database_url, tmp_path) as api:
        assert (await api.client.post("/v1/shipments/H-1/events", json={"event": "handed_over"})).status_code == 200
        placed = await api.client.post("/v1/orders", json={**examples.ORDER, "order_id": "W-9"})
        (shipment,) = placed.json()["shipments"]
        told = api.service.database.read_now(
            lambda connection: told_up_to(connection, api.clock.now + timedelta(days=1), 9)
        )
        assert [one.shipment_id for one in told] == [shipment["shipment_id"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_stock_that_was_fed_before_opens_the_ledger_and_can_be_held(upgraded_database_url: str) -> None:
    database = Database(make_engine(Settings(database_url=upgraded_database_url).database))
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
