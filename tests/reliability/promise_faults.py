"""What can go wrong under promises. Each fault is a function: it is caused, and every basket is promised all the same.

An answer is valid by its schema and tells no date in the past; every way that was promised before still is, no earlier,
and the answer says what is not as it should be.
"""

import random
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
import uvicorn
from sqlalchemy import make_url
from structlog.testing import capture_logs

from data.dataset import Dataset
from demo import rows_of
from features.statistics import STATISTICS, USUAL_VISITORS
from features.trailing_sums import TrailingSums
from prediction.lanes import LANES_FILE, LAST_RESORT
from prediction.loading import sha256_of
from prediction.manifest import MANIFEST_FILE, TRAILING_FILE, read_manifest
from serving.app import create_app
from serving.database import answering
from serving.routes import health
from serving.service import Service
from serving.settings import Settings
from serving.state.kept_network import keep_network
from serving.wire.promise import PromisesAnswer
from tests.conftest import CUT
from tests.integration.conftest import Clock
from tests.reliability.tcp_proxy import Proxy

NOW = datetime.fromtimestamp(CUT, UTC) + timedelta(hours=9)
#: Longer than the service trusts what it read last.
LONG: timedelta = timedelta(seconds=61)
Answer = dict[str, Any]


class Shop:
    """A service that answers over HTTP, and can be started again on the same state.

    ``baskets`` are asked for; ``proxy`` stands before its database, where that is a server.
    """

    def __init__(self, folder: Path, bundle: Path, baskets: list[Any], database_url: str | None = None) -> None:
        """Start on ``bundle``, and on a database that is still empty."""
        self.folder, self.bundle, self.baskets = folder, bundle, baskets
        self.clock = Clock(NOW)
        self.proxy: Proxy | None = None
        if database_url is not None:
            server = make_url(database_url)
            self.proxy = Proxy(server.host or "127.0.0.1", server.port or 5432)
            database_url = server.set(host="127.0.0.1", port=self.proxy.port).render_as_string(hide_password=False)
        self._database_url = database_url
        self._server: uvicorn.Server | None = None
        self.start()

    def start(self, **more: Any) -> None:
        """Stop, if it runs, and start with ``more`` settings."""
        self.close()
        settings = Settings(
            work_folder=self.folder,
            database_url=self._database_url,
            bundle=self.bundle,
            promise_milliseconds=60_000,
            **more,
        )
        app = create_app(settings, clock=self.clock)
        self.service: Service = app.state.service
        listening = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()
        key = (self.folder / "api-key").read_text().strip()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=120)

    def close(self) -> None:
        """Let go of everything, if it runs."""
        if self._server is not None:
            self.client.close()
            self._server.should_exit = True
            self._thread.join()
            self._server = None

    def ask(self) -> list[Answer]:
        """Valid answers to all baskets."""
        answers = []
        for basket in self.baskets:
            response = self.client.post("/v1/promises", json=basket)
            assert response.status_code == 200, response.text
            PromisesAnswer.model_validate_json(response.content)
            answers.append(response.json())
            assert answers[-1]["complete"]
            for promise in answers[-1]["promises"]:
                self._check_date(promise)
        return answers

    def _check_date(self, promise: Answer) -> None:
        """Not in the past; at home the end of its date, by the clock of the destination."""
        promised_at = datetime.fromisoformat(promise["promised_at"])
        assert promised_at > self.clock.now
        if promise["delivery_method"] == "home":
            local = promised_at.astimezone(ZoneInfo(promise["timezone"]))
            assert (local.hour, local.minute) == (0, 0)
            assert (local.date() - timedelta(days=1)).isoformat() == promise["promised_on"]


@contextmanager
def open_shop(
    retailer: Dataset, bundle: Path, folder: Path, *, baskets: int, database_url: str | None = None
) -> Iterator[Shop]:
    """The small retailer's network, fed to a service on a copy of ``bundle``, and customers who ask."""
    shop = Shop(folder, shutil.copytree(bundle, folder / "bundle"), list(baskets_of(retailer, baskets)), database_url)
    # A database that is away is told of again and again, with its trace: to write that out would take most of the time.
    with capture_logs(), closing(shop):
        known = retailer.stock[retailer.stock["counted_at"] < NOW]
        stock = known.sort_values("counted_at").groupby(["location_id", "sku"]).tail(1)
        tables = {"locations": retailer.locations, "products": retailer.products}
        tables |= {"carrier-services": retailer.carrier_services, "stock": stock}
        for name, table in tables.items():
            assert shop.client.put(f"/v1/{name}", json=rows_of(table)).json()["rejected"] == []
        yield shop


def baskets_of(retailer: Dataset, count: int) -> Iterator[Any]:
    """So many baskets, of customers at home."""
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


def _by_way(answer: Answer, told_as: str) -> dict[tuple[Any, ...], str]:
    ways = ("delivery_method", "service_level", "collect_location_id")
    return {tuple(promise[way] for way in ways): promise[told_as] for promise in answer["promises"]}


def assert_no_earlier(healthy: list[Answer], after: list[Answer], *marks: str) -> None:
    """Every way that was promised still is, no earlier, and the answer says what was wrong."""
    told = 0
    for one, other in zip(healthy, after, strict=True):
        assert one["degraded"] == []
        assert other["degraded"] == list(marks)
        dates = _by_way(other, "promised_at")
        for way, promised_at in _by_way(one, "promised_at").items():
            assert dates[way] >= promised_at, way
            told += 1
    assert told > len(healthy)


def the_bundle_is_missing(shop: Shop) -> None:
    """Its folder is not there when the service starts."""
    healthy = shop.ask()
    shutil.rmtree(shop.bundle)
    shop.start()
    assert_no_earlier(healthy, shop.ask(), "no_bundle")
    assert [item["what"] for item in shop.client.get("/readyz").json()["missing"]] == ["bundle"]
    assert shop.service.live.lanes.version == "small@1/lanes"


def the_bundle_is_corrupt(shop: Shop) -> None:
    """One of its models is not what was trained."""
    healthy = shop.ask()
    (shop.bundle / "cost.log_mean.txt").write_text("tree")
    shop.start()
    assert shop.client.get("/readyz").status_code == 503
    assert_no_earlier(healthy, shop.ask(), "no_bundle")


def the_feature_store_is_empty(shop: Shop) -> None:
    """The trailing statistics are gone, and all checksums are right: its golden rows find it out."""
    healthy = shop.ask()
    manifest = read_manifest(shop.bundle)
    empty: dict[str, Any] = TrailingSums([*STATISTICS, USUAL_VISITORS], manifest.landmark).to_arrays()
    np.savez(shop.bundle / TRAILING_FILE, allow_pickle=False, **empty)
    manifest.files[TRAILING_FILE] = sha256_of(shop.bundle / TRAILING_FILE)
    (shop.bundle / MANIFEST_FILE).write_text(manifest.model_dump_json())
    shop.start()
    assert_no_earlier(healthy, shop.ask(), "no_bundle")


def nothing_was_ever_learnt(shop: Shop) -> None:
    """No bundle, and what was kept of the last one cannot be read."""
    healthy = shop.ask()
    shutil.rmtree(shop.bundle)
    (shop.folder / LANES_FILE).write_text("{")
    shop.start()
    assert shop.service.live.lanes is LAST_RESORT
    assert_no_earlier(healthy, shop.ask(), "no_bundle")


def the_bundle_is_too_old(shop: Shop) -> None:
    """It was trained longer ago than operations allow."""
    healthy = shop.ask()
    shop.start(bundle_days=0.1)
    assert_no_earlier(healthy, shop.ask(), "bundle_old")


def the_clock_jumps_to_summer_time(shop: Shop) -> None:
    """From 2 to 3 in the morning."""
    _over_a_change(shop, datetime(2026, 3, 29, 1, tzinfo=UTC))


def the_clock_jumps_back_to_winter_time(shop: Shop) -> None:
    """From 3 to 2 in the morning, which comes twice."""
    _over_a_change(shop, datetime(2026, 10, 25, 1, tzinfo=UTC))


def _over_a_change(shop: Shop, change: datetime) -> None:
    """Nothing is wrong: the clock on the wall jumps, and nearly the same dates are told as a minute before.

    By the hour that it shows then, a parcel may be a little faster or slower: then it is promised for one day on which
    parcels come earlier or later, and after a Saturday that is the Monday.
    """
    shop.clock.now = change - timedelta(minutes=1)
    shop.service.live.refresh_now()
    before = shop.ask()
    shop.clock.now = change
    for one, other in zip(before, shop.ask(), strict=True):
        assert one["degraded"] == other["degraded"] == []
        told, again = (_by_way(answer, "promised_on") for answer in (one, other))
        assert told.keys() == again.keys()
        for way, day in told.items():
            assert abs(date.fromisoformat(again[way]) - date.fromisoformat(day)) <= timedelta(days=2), way


def the_database_is_locked(shop: Shop) -> None:
    """Another program writes to the SQLite file and does not come to an end: promises only read."""
    healthy = shop.ask()
    with closing(sqlite3.connect(shop.folder / "smista.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE state_version SET version = version + 1")
        shop.service.live.refresh_now()
        assert shop.ask() == healthy
        other.execute("ROLLBACK")


def the_database_is_stopped(shop: Shop) -> None:
    """What was known last serves at once; once it is old, a delivery day later; as before when the database is back."""
    assert shop.proxy is not None
    healthy = shop.ask()
    shop.proxy.cut()
    assert shop.ask() == healthy
    shop.clock.now += LONG
    old = shop.ask()
    shop.proxy.mend()
    shop.service.live.refresh_now()
    assert_no_earlier(shop.ask(), old, "state_old")


def the_database_is_down_at_the_start(shop: Shop) -> None:
    """The network known last serves; nothing else is answered until the database is back, and then all is as before."""
    assert shop.proxy is not None
    healthy = shop.ask()
    keep_network(shop.service)
    shop.proxy.cut()
    shop.start()
    assert_no_earlier(healthy, shop.ask(), "state_old")
    assert shop.client.get("/v1/rulesets").status_code == 503
    assert [item["what"] for item in shop.client.get("/readyz").json()["missing"]] == ["database"]
    shop.proxy.mend()
    shop.service.catch_up()
    assert shop.ask() == healthy
    assert shop.client.get("/readyz").status_code == 200


def the_database_lets_in_and_says_nothing_at_the_start(shop: Shop) -> None:
    """As when it is down: the network known last serves until it answers, and then all is as before."""
    assert shop.proxy is not None
    healthy = shop.ask()
    keep_network(shop.service)
    shop.close()
    shop.proxy.hold_back_questions()
    try:
        with _a_tenth_of_the_patience():
            shop.start(poll_seconds=3_600)
            assert_no_earlier(healthy, shop.ask(), "state_old")
            assert shop.client.get("/v1/rulesets").status_code == 503
            assert [item["what"] for item in shop.client.get("/readyz").json()["missing"]] == ["database"]
    finally:
        shop.proxy.let_through()
    shop.service.catch_up()
    assert shop.ask() == healthy
    assert shop.client.get("/readyz").status_code == 200


@contextmanager
def _a_tenth_of_the_patience() -> Iterator[None]:
    """With which a service waits for a database that says nothing: it would say nothing for longer, too."""
    with pytest.MonkeyPatch.context() as patch:
        for waiting, seconds in ((answering, "SECONDS"), (health, "_SECONDS")):
            patch.setattr(waiting, seconds, getattr(waiting, seconds) / 10)
        yield


def the_database_is_slow(shop: Shop) -> None:
    """It takes what it is sent and does not answer: nothing waits for it."""
    assert shop.proxy is not None
    healthy = shop.ask()
    shop.proxy.hold_back()
    try:
        assert shop.ask() == healthy
        shop.clock.now += LONG
        old = shop.ask()
    finally:
        shop.proxy.let_through()  # also so that the service can stop
    shop.service.live.refresh_now()
    assert_no_earlier(shop.ask(), old, "state_old")


Fault = Callable[[Shop], None]
FAULTS: tuple[Fault, ...] = (
    the_bundle_is_missing,
    the_bundle_is_corrupt,
    the_feature_store_is_empty,
    nothing_was_ever_learnt,
    the_bundle_is_too_old,
    the_clock_jumps_to_summer_time,
    the_clock_jumps_back_to_winter_time,
    the_database_is_locked,
)
FAULTS_OF_A_SERVER: tuple[Fault, ...] = (
    the_database_is_stopped,
    the_database_is_down_at_the_start,
    the_database_lets_in_and_says_nothing_at_the_start,
    the_database_is_slow,
)


def the_name(fault: Fault) -> str:
    """Of a fault, in words."""
    return fault.__name__
