"""Killing the service under load: every order that was sent is there once, with the stock it holds.

Clients note what they sent and what they were answered. What they were not answered they send again, under its key, to
the service that is started next.
"""

import multiprocessing
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.order_tables import order_lines, orders, shipment_lines, shipments
from serving.database.tables import stock, stock_movements
from serving.settings import Settings
from serving.wire import examples
from tests.integration.orders import TIRELESS, order
from tests.reliability import served_shop

CLIENTS = 4
#: Services are forked from a process that has imported all of it already: a start takes no seconds.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([served_shop.__name__])


class Client:
    """One that orders, and remembers: ``answered`` has the bytes of each answer, ``unanswered`` what it asks again."""

    def __init__(self, name: str) -> None:
        """``name`` begins the names of its orders."""
        self.name = name
        self.answered: dict[str, bytes] = {}
        self.unanswered: str | None = None

    def order(self, service: httpx.Client, enough: threading.Semaphore) -> None:
        """Order until nobody answers any more."""
        with suppress(httpx.TransportError):
            while True:
                self.unanswered = self.unanswered or f"{self.name}-{len(self.answered)}"
                response = send(service, self.unanswered)
                if response.status_code == 201:
                    self.answered[self.unanswered] = response.content
                    self.unanswered = None
                    enough.release()


def send(service: httpx.Client, order_id: str) -> httpx.Response:
    """Order one unit, under a key."""
    return service.post("/v1/orders", json=order(order_id), headers={"Idempotency-Key": order_id})


@contextmanager
def running(folder: Path, database_url: str) -> Iterator[tuple[ForkServerProcess, httpx.Client]]:
    """The service, listening."""
    # It listens before the process is there: whoever comes early waits.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        process = _PROCESSES.Process(target=served_shop.serve, args=(folder, database_url, listening))
        process.start()
        try:
            with httpx.Client(base_url=address, timeout=120) as client:
                client.get("/healthz")
                client.headers["Authorization"] = f"Bearer {(folder / 'api-key').read_text().strip()}"
                listening.close()  # else who is to be answered by a dead process waits for an answer
                yield process, client
        finally:
            process.kill()
            process.join()


def kill_under_load(folder: Path, database_url: str, *, kills: int, orders_before_kill: int) -> None:
    """Order until the service is killed, ``kills`` times, each time with one that was killed before; then count."""
    clients = [Client(f"A{number}") for number in range(CLIENTS)]
    for kill in range(kills):
        with running(folder, database_url) as (process, service):
            if kill == 0:
                _open_shop(service)
            enough = threading.Semaphore(0)
            threads = [threading.Thread(target=client.order, args=(service, enough)) for client in clients]
            for thread in threads:
                thread.start()
            for _ in range(orders_before_kill):
                assert enough.acquire(timeout=60), "no order was answered"
            process.kill()
            for thread in threads:
                thread.join()
    answered = {order_id: content for client in clients for order_id, content in client.answered.items()}
    with running(folder, database_url) as (_, service):
        for client in clients:
            assert client.unanswered is not None
            answered[client.unanswered] = send(service, client.unanswered).content
        for order_id, content in answered.items():
            again = send(service, order_id)
            assert (again.status_code, again.content) == (201, content), order_id
    print(f"{kills} kills, {len(answered)} orders")  # noqa: T201 (pytest shows it with -s)
    _check(Settings(work_folder=folder, database_url=database_url).database, set(answered))


def _open_shop(client: httpx.Client) -> None:
    rows = {**examples.ROWS, "locations": TIRELESS}
    for name in ("locations", "products", "carrier-services"):
        assert client.put(f"/v1/{name}", json=rows[name]).status_code == 200
    row = {"location_id": "W001", "sku": "SKU-1", "counted_at": "2026-03-02T06:00:00Z", "on_hand": 100_000}
    assert client.put("/v1/stock", json=[row]).json()["rejected"] == []
    assert client.post("/v1/rulesets/all/publish", json={"strategy": {}}).status_code == 201


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
    assert answered == names, "an order that was accepted is lost, or one that nobody knows of is there"
    assert row == ledger
    assert (row[1], held, waiting) == (len(names), len(names), 0), "an order is there in part, or twice"
