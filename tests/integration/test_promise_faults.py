"""No fault takes promises down, and none makes a date earlier: each is named by its test."""

import asyncio
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy

from data.dataset import Dataset
from demo import rows_of
from prediction.lanes import LANES_FILE, LAST_RESORT
from serving.app import create_app
from serving.service import Service
from serving.settings import Settings
from serving.wire.promise import PromisesAnswer
from tests.conftest import CUT
from tests.integration.conftest import Clock

NOW = datetime.fromtimestamp(CUT, UTC) + timedelta(hours=9)
Answer = dict[str, Any]


@pytest.fixture
def shop(retailer: Dataset, bundle_folder: Path, tmp_path: Path) -> "Shop":
    """The small retailer's network, fed to a service on its bundle."""
    shop = Shop(tmp_path, shutil.copytree(bundle_folder, tmp_path / "bundle"))
    known = retailer.stock[retailer.stock["counted_at"] < NOW]
    stock = known.sort_values("counted_at").groupby(["location_id", "sku"]).tail(1)
    tables = {"locations": retailer.locations, "products": retailer.products}
    tables |= {"carrier-services": retailer.carrier_services, "stock": stock}
    for name, table in tables.items():
        assert shop.call("PUT", f"/v1/{name}", rows_of(table)).json()["rejected"] == []
    shop.baskets = list(_baskets(retailer, 30))
    return shop


class Shop:
    """A service that can be started again on the same state."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder, self.bundle, self.clock = folder, bundle, Clock(NOW)
        self.baskets: list[Any] = []
        self.start()

    def start(self, **more: Any) -> None:
        settings = Settings(work_folder=self.folder, bundle=self.bundle, promise_milliseconds=60_000, **more)
        app = create_app(settings, clock=self.clock)
        self.service: Service = app.state.service
        key = (self.folder / "api-key").read_text().strip()
        self._app, self._headers = app, {"Authorization": f"Bearer {key}"}

    def call(self, method: str, path: str, content: Any = None) -> httpx.Response:
        """Answer one request."""

        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://t", headers=self._headers) as client:
                return await client.request(method, path, json=content)

        return asyncio.run(answer())

    def ask(self) -> list[Answer]:
        """Valid answers to all baskets: of the schema, and with no date in the past."""
        answers = []
        for basket in self.baskets:
            response = self.call("POST", "/v1/promises", basket)
            assert response.status_code == 200, response.text
            PromisesAnswer.model_validate_json(response.content)
            answers.append(response.json())
            for promise in answers[-1]["promises"]:
                assert datetime.fromisoformat(promise["promised_at"]) > self.clock.now
        return answers


def _baskets(retailer: Dataset, count: int) -> Iterator[Any]:
    rng = random.Random(3)
    orders = retailer.orders[retailer.orders["delivery_method"] == "home"]
    for _ in range(count):
        to = orders.iloc[rng.randrange(len(orders))]
        skus = rng.sample(retailer.products["sku"].tolist(), rng.randint(1, 3))
        yield {
            "currency": "EUR",
            "destination": {name: to[name] for name in ("country", "postal_code", "region", "latitude", "longitude")},
            "lines": [{"sku": sku, "quantity": rng.randint(1, 3)} for sku in skus],
            "stores": 2,
        }


def _by_way(answer: Answer) -> dict[tuple[Any, ...], str]:
    ways = ("delivery_method", "service_level", "collect_location_id")
    return {tuple(promise[way] for way in ways): promise["promised_at"] for promise in answer["promises"]}


def assert_later_and_marked(healthy: list[Answer], degraded: list[Answer], *marks: str) -> None:
    """Every way that was promised still is, no earlier, and the answer says what was wrong."""
    told = 0
    for before, after in zip(healthy, degraded, strict=True):
        assert before["degraded"] == []
        assert after["degraded"] == list(marks)
        dates = _by_way(after)
        for way, promised_at in _by_way(before).items():
            assert dates[way] >= promised_at, way
            told += 1
    assert told > len(healthy)


def test_the_bundle_is_missing(shop: Shop) -> None:
    healthy = shop.ask()
    shutil.rmtree(shop.bundle)
    shop.start()
    assert_later_and_marked(healthy, shop.ask(), "no_bundle")
    assert [item["what"] for item in shop.call("GET", "/readyz").json()["missing"]] == ["bundle"]
    assert shop.service.live.lanes.version == "small@1/lanes"


def test_the_bundle_is_corrupt(shop: Shop) -> None:
    healthy = shop.ask()
    (shop.bundle / "cost.log_mean.txt").write_text("tree")
    shop.start()
    assert shop.call("GET", "/readyz").status_code == 503
    assert_later_and_marked(healthy, shop.ask(), "no_bundle")


def test_nothing_was_ever_learnt(shop: Shop) -> None:
    healthy = shop.ask()
    shutil.rmtree(shop.bundle)
    (shop.folder / LANES_FILE).write_text("{")
    shop.start()
    assert shop.service.live.lanes is LAST_RESORT
    assert_later_and_marked(healthy, shop.ask(), "no_bundle")


def test_the_bundle_is_too_old(shop: Shop) -> None:
    healthy = shop.ask()
    shop.start(bundle_days=0.1)
    assert_later_and_marked(healthy, shop.ask(), "bundle_old")


def test_the_database_is_gone(shop: Shop) -> None:
    """What was known last serves, at once and a delivery day later; nothing waits for the database."""
    healthy = shop.ask()
    database = shop.service.database
    nowhere = sqlalchemy.create_engine("postgresql+psycopg://127.0.0.1:1/nobody", connect_args={"connect_timeout": 1})
    database.engine = nowhere
    database._reading = database._writing = nowhere.execution_options()
    with pytest.raises(sqlalchemy.exc.OperationalError):
        shop.service.live.refresh_now()
    assert shop.ask() == healthy
    shop.clock.now += timedelta(seconds=61)
    assert_later_and_marked(healthy, shop.ask(), "state_old")
