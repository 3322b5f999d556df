"""Killing the service under load: what was answered is there, once; what was not is whole or not at all."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.order_tables import order_lines, orders, shipment_lines, shipments, stock_movements
from serving.database.tables import stock
from serving.settings import Settings
from serving.wire import examples
from tests.integration.orders import order
from tests.reliability import served_shop

ROOT = Path(__file__).parents[2]
CLIENTS = 4


@contextmanager
def running(folder: Path, database_url: str) -> Iterator[tuple["subprocess.Popen[bytes]", httpx.Client]]:
    """The service, listening."""
    # It listens before the process is there: whoever comes early waits.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        number = listening.fileno()
        command = [sys.executable, "-m", served_shop.__name__, str(folder), database_url, str(number)]
        process = subprocess.Popen(
            command, cwd=ROOT, pass_fds=[number], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    try:
        with httpx.Client(base_url=address, timeout=120) as client:
            client.get("/healthz")
            client.headers["Authorization"] = f"Bearer {(folder / 'api-key').read_text().strip()}"
            yield process, client
    finally:
        process.kill()
        process.wait()


def kill_under_load(folder: Path, database_url: str, *, kills: int, orders_before_kill: int) -> None:
    """Order until the service is killed, ``kills`` times, each time with one that was killed before; then count."""
    answered: dict[str, bytes] = {}
    for kill in range(kills):
        with running(folder, database_url) as (process, client):
            if kill == 0:
                _open_shop(client)
            enough = threading.Semaphore(0)
            threads = [
                threading.Thread(target=_order, args=(client, f"{kill}-{n}", answered, enough)) for n in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            for _ in range(orders_before_kill):
                assert enough.acquire(timeout=60), "no order was answered"
            process.kill()
            for thread in threads:
                thread.join()
    with running(folder, database_url) as (_, client):
        for name, content in answered.items():
            again = client.post("/v1/orders", json=order(name), headers={"Idempotency-Key": name})
            assert (again.status_code, again.content) == (201, content), name
    _check(Settings(work_folder=folder, database_url=database_url).database, set(answered))


def _open_shop(client: httpx.Client) -> None:
    for name in ("locations", "products", "carrier-services"):
        assert client.put(f"/v1/{name}", json=examples.ROWS[name]).status_code == 200
    row = {"location_id": "W001", "sku": "SKU-1", "counted_at": "2026-03-02T06:00:00Z", "on_hand": 100_000}
    assert client.put("/v1/stock", json=[row]).json()["rejected"] == []
    assert client.post("/v1/rulesets/all/publish", json={"strategy": {}}).status_code == 201


def _order(client: httpx.Client, name: str, answered: dict[str, bytes], enough: threading.Semaphore) -> None:
    """Order until nobody answers any more."""
    number = 0
    with suppress(httpx.TransportError):
        while True:
            order_id = f"{name}-{number}"
            response = client.post("/v1/orders", json=order(order_id), headers={"Idempotency-Key": order_id})
            if response.status_code == 201:
                answered[order_id] = response.content
                enough.release()
            number += 1


def _check(database_url: str, answered: set[str]) -> None:
    database = Database(make_engine(database_url))

    def sums(connection: Any) -> tuple[Any, ...]:
        names = set(connection.execute(select(orders.c.order_id)).scalars())
        row = connection.execute(select(stock.c.on_hand, stock.c.held)).one()
        moved = stock_movements.c
        ledger = connection.execute(select(func.sum(moved.on_hand), func.sum(moved.held))).one()
        held = connection.execute(
            select(func.sum(shipment_lines.c.quantity)).join(
                shipments, shipments.c.shipment_id == shipment_lines.c.shipment_id
            )
        ).scalar_one()
        waiting = connection.execute(select(func.sum(order_lines.c.waiting))).scalar_one()
        return names, tuple(row), tuple(ledger), held, waiting

    names, row, ledger, held, waiting = database.read_now(sums)
    database.close()
    assert answered <= names, "an order that was accepted is lost"
    assert row == ledger
    assert (row[1], held, waiting) == (len(names), len(names), 0), "an order is there in part, or twice"
