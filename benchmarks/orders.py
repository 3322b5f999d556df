"""Orders per second and seconds per order, end to end over HTTP, with little stock and with much."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any, Final, cast

import numpy as np
import orjson

from benchmarks.databases import KINDS, Kind, fresh_database
from benchmarks.errors import BenchmarkError
from benchmarks.report import Figure, Report
from benchmarks.retailer import write_retailer
from data.dataset import Dataset
from data.synthetic.presets import Preset

#: Fifty locations with a history that their bundle is trained on.
SHOP: Final = Preset(date(2025, 9, 1), 70, warehouses=2, stores=46, suppliers=2, skus=60, orders_per_day=150)
LOCATIONS: Final = 50
#: Asked before anything is measured.
WARM_UP: Final = 30
_ROWS_PER_CALL: Final = 100_000
_START_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Server:
    """A running `smista serve`. ``ready``: seconds until it was."""

    process: subprocess.Popen[bytes]
    connection: HTTPConnection
    key: str
    ready: float

    def ask(self, method: str, path: str, body: bytes, kind: str = "application/json") -> tuple[int, bytes]:
        """Status and body of an answer."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def rss_mb(self) -> float:
        """Memory that the process has, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


@dataclass(frozen=True)
class Setting:
    """What every service is measured with. ``postgres``: URL of a server on which databases may be made."""

    dataset: Dataset
    bundle: Path
    orders: int
    seed: int
    postgres: str


def measure_orders(small: int, large: int, orders: int, seed: int, postgres: str) -> Report:
    """Place ``orders`` orders on each of two services, one with ``small`` and one with ``large`` stock rows, in turns.

    Taking turns, both meet the same noise. ``postgres``: URL of a server on which databases may be made.
    Raises `BenchmarkError`.
    """
    figures: list[Figure] = []
    with TemporaryDirectory() as folder:
        dataset, _, _, bundle = write_retailer(SHOP, seed, Path(folder))
        for kind in KINDS:
            figures += _measure(kind, (small, large), Setting(dataset, bundle, orders, seed, postgres))
    growth = max(figure.value for figure in figures if figure.name.startswith("p99_growth_"))
    figures.append(Figure("p99_growth", growth, target="≤ 1.5"))
    return Report(f"Orders over HTTP: {small:,} and {large:,} stock rows", figures, seed, ("psycopg", "uvicorn"))


def _measure(kind: Kind, sizes: tuple[int, int], setting: Setting) -> Iterator[Figure]:
    with ExitStack() as opened:
        servers = [opened.enter_context(_served(kind, rows, setting)) for rows in sizes]
        seconds = _in_turns(servers, [_orders(rows, setting) for rows in sizes])
        memory = [server.rss_mb() for server in servers]
    small, large = (np.array(one[WARM_UP:]) for one in seconds)
    yield Figure(f"orders_per_second_{kind}", 1 / large.mean(), {f"at {sizes[0]:,} rows": 1 / small.mean()})
    for level in (50, 95, 99):
        ours, beside = np.percentile(large, level) * 1000, np.percentile(small, level) * 1000
        yield Figure(f"p{level}_ms_{kind}", ours, {f"at {sizes[0]:,} rows": beside})
    yield Figure(f"p99_growth_{kind}", float(np.percentile(large, 99) / np.percentile(small, 99)), target="≤ 1.5")
    for name, values in (("start_seconds", [server.ready for server in servers]), ("rss_mb", memory)):
        yield Figure(f"{name}_{kind}", values[1], {f"at {sizes[0]:,} rows": values[0]})


def _in_turns(servers: list[Server], asked: list[list[bytes]]) -> list[list[float]]:
    """Seconds of each order of each server."""
    seconds: list[list[float]] = [[] for _ in servers]
    for turn, bodies in enumerate(zip(*asked, strict=True)):
        # Each is first as often as it is second.
        for server, body, spent in list(zip(servers, bodies, seconds, strict=True))[:: 1 if turn % 2 else -1]:
            start = perf_counter()
            status, answer = server.ask("POST", "/v1/orders", body)
            spent.append(perf_counter() - start)
            if status != 201:
                raise BenchmarkError(f"an order was answered {status}: {answer[:500].decode()}")
    return seconds


@contextmanager
def _served(kind: Kind, rows: int, setting: Setting) -> Iterator[Server]:
    """A service on a database with ``rows`` stock rows, started anew once they are in it."""
    with fresh_database(kind, setting.postgres) as url, TemporaryDirectory() as folder:
        with _serve(url, Path(folder), setting.bundle) as server:
            for path, body, media in _network(setting.dataset, rows, setting.seed):
                server.connection.close()  # while the rows were made, the service may have given it up
                status, answer = server.ask("PUT", path, body, media)
                if status != 200 or orjson.loads(answer)["rejected"]:
                    raise BenchmarkError(f"PUT {path} was answered {status}: {answer[:500].decode()}")
        with _serve(url, Path(folder), setting.bundle) as server:
            yield server


@contextmanager
def _serve(url: str, folder: Path, bundle: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = cast(int, free.getsockname()[1])
    environment = {**os.environ, "SMISTA_WORK_FOLDER": str(folder), "SMISTA_DATABASE_URL": url}
    command = [sys.executable, "-m", "smista", "serve", "--port", str(port), "--bundle", str(bundle)]
    start = perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port, start)
        ready = perf_counter() - start
        yield Server(process, HTTPConnection("127.0.0.1", port), (folder / "api-key").read_text().strip(), ready)
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, start: float) -> None:
    """Until the service answers. Raises `BenchmarkError` when it ends, or takes too long."""
    while perf_counter() - start < _START_SECONDS:
        if process.poll() is not None:
            break
        try:
            connection = HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            sleep(0.02)
        else:
            return
    raise BenchmarkError("smista serve did not start")


def _network(dataset: Dataset, rows: int, seed: int) -> Iterator[tuple[str, bytes, str]]:
    """What is fed: path, body, media type."""
    names = ("location_id", "location_type", "country", "postal_code", "latitude", "longitude", "timezone")
    places = dataset.locations.iloc[:LOCATIONS]
    yield "/v1/locations", orjson.dumps(_records(places[list(names)])), "application/json"
    services = dataset.carrier_services[["carrier_service_id", "carrier", "level", "location_type"]]
    yield "/v1/carrier-services", orjson.dumps(_records(services)), "application/json"
    skus = _skus(rows)
    known = dataset.products[["category", "weight_kg", "volume_l", "longest_side_cm"]].to_dict("records")
    products = [{"sku": sku, **known[at % len(known)]} for at, sku in enumerate(skus)]
    for start in range(0, len(products), _ROWS_PER_CALL):
        yield "/v1/products", orjson.dumps(products[start : start + _ROWS_PER_CALL]), "application/json"
    rng = np.random.default_rng(seed)
    location_ids = places["location_id"].tolist()
    for start in range(0, rows, _ROWS_PER_CALL):
        on_hand = rng.poisson(12, _ROWS_PER_CALL).tolist()
        yield (
            "/v1/stock",
            b"\n".join(
                orjson.dumps(
                    {
                        "sku": skus[at // LOCATIONS],
                        "location_id": location_ids[at % LOCATIONS],
                        "counted_at": "2026-03-02T06:00:00Z",
                        "on_hand": on_hand[at - start],
                    }
                )
                for at in range(start, min(start + _ROWS_PER_CALL, rows))
            ),
            "application/x-ndjson",
        )


def _skus(rows: int) -> list[str]:
    return [f"SKU-{at:06}" for at in range(rows // LOCATIONS)]


def _orders(rows: int, setting: Setting) -> list[bytes]:
    """Orders sent home, of one to three lines; the same destinations and shapes whatever the number of rows."""
    rng = np.random.default_rng(setting.seed)
    orders = setting.dataset.orders
    home = orders[orders["delivery_method"] == "home"]
    chosen = home.iloc[rng.choice(len(home), setting.orders + WARM_UP)]
    addresses = _records(chosen[["country", "postal_code", "latitude", "longitude"]])
    skus = _skus(rows)
    now = datetime.now(UTC)
    made: list[Any] = []
    for at, address in enumerate(addresses):
        shares = rng.random(1 + at % 3)
        lines = [
            {"line_id": str(line), "sku": skus[int(share * len(skus))], "quantity": 1, "unit_price": 25.0}
            for line, share in enumerate(shares)
        ]
        made.append(
            {
                "order_id": f"B-{at}",
                "placed_at": now,
                "currency": "EUR",
                "delivery_method": "home",
                "destination": address,
                "lines": lines,
            }
        )
    return [orjson.dumps(order, option=orjson.OPT_UTC_Z) for order in made]


def _records(table: Any) -> list[dict[str, Any]]:
    """Rows without what is missing."""
    return [
        {name: value for name, value in row.items() if value is not None and value == value}  # noqa: PLR0124 (NaN)
        for row in table.astype(object).where(table.notna(), None).to_dict("records")
    ]
