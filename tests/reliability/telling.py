"""Telling a receiver that is down, fails, hangs up or answers what nobody hears, while orders go on."""

import asyncio
import http.server
import random
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from serving.database.order_tables import order_events
from serving.telling.outbox import WAITS
from tests.integration.conftest import Api
from tests.integration.orders import TIRELESS, open_shop, placed, tell, tell_due

#: What the receiver does to an event when it comes first: take it, refuse it, hang up before or after taking it.
FATES: Final = ("take", "refuse", "hang up", "take and hang up")


@dataclass
class Receiver:
    """A real server on a local port that fails what comes first, and keeps what it took, as it came.

    An event fails once: before it comes a third time it would have to wait longer than signatures hold. The first
    ``slow`` that fail are kept waiting until nobody waits any more.
    """

    slow: int
    secret: str = ""
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    met: set[str] = field(default_factory=set)
    took: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[Exception] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, sent: dict[str, str], body: bytes) -> str:
        """The fate of one message. What is taken was verified with the published library."""
        with self.lock:
            try:
                event = Webhook(self.secret).verify(body, sent)
            except Exception as error:  # noqa: BLE001 (the test fails with it)
                self.wrong.append(error)
                return "refuse"
            fails = event["id"] not in self.met and event["type"] != "smista.order.placed"  # that failed already
            fate = self.chance.choice(FATES) if fails else "take"
            if fails and self.slow:
                self.slow -= 1
                fate = "wait and hang up"
            self.met.add(event["id"])
            if fate.startswith("take"):
                self.took.append(event)
            return fate

    @contextmanager
    def listening(self, on: socket.socket) -> Iterator[None]:
        """Answer on ``on``, which is bound and refuses everybody until now."""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fate = receiver.receive({name.lower(): value for name, value in self.headers.items()}, body)
                self.close_connection = True
                if fate.startswith("wait"):
                    self.rfile.read(1)  # which comes to an end when the other side has gone
                if not fate.endswith("hang up"):
                    self.send_response(200 if fate == "take" else 500)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(on.getsockname(), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = on
        server.request_queue_size = 128  # all who come at once find room, however busy the machine is
        server.server_activate()
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield
        server.shutdown()
        serving.join()
        server.server_close()


async def told_whatever_happens(api: Api, *, orders: int, slow: int) -> None:
    """Place ``orders``, tell of them from two processes at once: everything arrives, verified, in order per order."""
    api.clock.now = datetime.now(UTC)  # the library refuses what was signed at another time than now
    await open_shop(api, S014=orders, W001=orders)
    await api.feed("locations", TIRELESS)
    receiver = Receiver(slow)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/smista"
        receiver.secret = (await api.client.post("/v1/webhooks", json={"url": url})).json()["secret"]
        made = [await placed(api, f"A-{number}") for number in range(orders)]
        await _tell_all(api)  # nobody is there
        assert receiver.met == set()
        with receiver.listening(bound):
            for event in ("accepted", "picked", "handed_over", "delivered"):
                for one in made:
                    assert (await tell(api, one["shipments"][0], event)).status_code == 200
                api.clock.now += WAITS[0]
                await _tell_all(api)
            for _ in range(12):  # as many rounds as one order has events
                api.clock.now += WAITS[0]
                await _tell_all(api)
    assert receiver.wrong == []
    (webhook,) = (await api.client.get("/v1/webhooks")).json()["webhooks"]
    assert (webhook["waiting"], webhook["dead"]) == (0, 0)
    _check(api, receiver.took)


async def _tell_all(api: Api) -> None:
    """Tell, from two processes, whatever is due when the first wait is over."""
    api.clock.now = max(api.clock.now + WAITS[0], datetime.now(UTC))
    other = replace(api.service)
    async with httpx.AsyncClient() as client:
        while any(await asyncio.gather(tell_due(api.service, client), tell_due(other, client))):
            pass


def _check(api: Api, took: list[dict[str, Any]]) -> None:
    table = order_events.c
    happened = defaultdict(list)
    for order_id, event_id in api.service.database.read_now(
        lambda c: c.execute(select(table.order_id, table.event_id).order_by(table.position)).all()
    ):
        happened[order_id].append(event_id)
    arrived = defaultdict(list)
    for event in took:
        arrived[event["subject"]].append(event["id"])
    assert {order_id: list(dict.fromkeys(ids)) for order_id, ids in arrived.items()} == happened
    assert any(len(ids) > len(set(ids)) for ids in arrived.values()), "nothing came twice: nothing was tried"
    for ids in arrived.values():
        assert sorted(ids, key=ids.index) == ids, "an event came again after the one that follows it"
