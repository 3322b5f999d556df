"""The broker is told what webhooks are: at least once, in order for each order, stored before it counts as told."""

import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import nats
import orjson
import pytest

from serving.app import create_app
from serving.bootstrap import build
from serving.errors import ConfigurationError
from serving.settings import Settings
from serving.telling.broker import Broker
from serving.telling.outbox import WAITS
from tests.integration.conftest import Api, Clock
from tests.integration.orders import open_shop, placed, tell, tell_due
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio


class Died(BaseException):
    """What happens to a process that is killed."""


@dataclass
class Nats:
    """A server of its own for each test, which can be stopped and started again with what it had stored."""

    folder: Path
    port: int
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        where = ["-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder)]
        self.process = subprocess.Popen(["nats-server", *where], stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        assert any("Server is ready" in line for line in self.process.stderr), "nats-server has ended"

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Nats]:
    """A NATS server with JetStream."""
    if shutil.which("nats-server") is None:
        pytest.skip("nats-server is not installed: events are published to none")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Nats(tmp_path / "nats", port)
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def shop_with_broker(database_url: str, folder: Path, url: str) -> AsyncIterator[Api]:
    """A shop with 5 units in the store and 5 in the warehouse, which publishes to ``url``."""
    clock = Clock()
    settings = Settings(work_folder=folder, database_url=database_url, broker_url=url)
    app = create_app(settings, TablePredictor(), clock)
    service = app.state.service
    headers = {"Authorization": f"Bearer {(folder / 'api-key').read_text().strip()}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://smista.test", headers=headers) as client:
        api = Api(client, service, clock)
        await open_shop(api, S014=5, W001=5)
        yield api
    await service.broker.close()
    service.database.close()


@pytest.fixture
async def shop(database_url: str, tmp_path: Path, server: Nats) -> AsyncIterator[Api]:
    """A shop that publishes to ``server``."""
    async with shop_with_broker(database_url, tmp_path, server.url) as api:
        yield api


async def tell_all(api: Api) -> None:
    """Tell until nothing is due."""
    async with httpx.AsyncClient() as client:
        while await tell_due(api.service, client):
            pass


async def published(server: Nats) -> list[tuple[str, dict[str, Any]]]:
    """Subject and event of everything stored, first to last."""
    client = await nats.connect(server.url)
    stream = client.jetstream()
    stored = (await stream.stream_info("SMISTA")).state.messages
    subscription = await stream.subscribe("smista.>", ordered_consumer=True)
    messages = [await subscription.next_msg(timeout=10) for _ in range(stored)]
    await client.close()
    for message in messages:
        assert message.headers is not None
        assert message.headers["Nats-Msg-Id"] == orjson.loads(message.data)["id"]
    return [(message.subject, orjson.loads(message.data)) for message in messages]


async def states(api: Api) -> list[tuple[str, int, int]]:
    answer = (await api.client.get("/v1/webhooks")).json()
    return [(webhook["webhook_id"], webhook["waiting"], webhook["dead"]) for webhook in answer["webhooks"]]


async def test_what_happens_is_published_once_and_in_order(shop: Api, server: Nats) -> None:
    (shipment,) = (await placed(shop, "A-1"))["shipments"]
    await placed(shop, "A-2")
    await tell(shop, shipment, "accepted")
    await tell_all(shop)
    told = await published(server)
    assert [subject for subject, event in told if event["subject"] == "A-1"] == [
        "smista.order.placed",
        "smista.shipment.assigned",
        "smista.order.assigned",
        "smista.shipment.accepted",
    ]
    assert [event["type"] for _, event in told] == [subject for subject, _ in told]
    assert len({event["id"] for _, event in told}) == len(told) == 7
    assert await states(shop) == [("broker", 0, 0)]


async def test_what_a_process_died_of_after_it_was_stored_is_stored_once(shop: Api, server: Nats) -> None:
    class Dying(Broker):
        async def publish(self, subject: str, event_id: str, body: bytes) -> None:
            await super().publish(subject, event_id, body)
            raise Died

    await placed(shop, "A-1")
    dying = Dying(server.url)
    async with httpx.AsyncClient() as client:
        with pytest.raises(Died):
            await tell_due(replace(shop.service, broker=dying), client)
    await dying.close()
    shop.clock.now += timedelta(minutes=1)
    await tell_all(shop)
    assert [event["type"] for _, event in await published(server)] == [
        "smista.order.placed",
        "smista.shipment.assigned",
        "smista.order.assigned",
    ]


async def test_orders_are_taken_while_the_broker_is_down_and_told_when_it_is_back(
    database_url: str, tmp_path: Path, server: Nats
) -> None:
    server.stop()
    async with shop_with_broker(database_url, tmp_path, server.url) as shop:
        await placed(shop, "A-1")
        await tell_all(shop)
        assert await states(shop) == [("broker", 3, 0)]
        server.start()
        shop.clock.now += WAITS[0]
        await tell_all(shop)
        assert await states(shop) == [("broker", 0, 0)]
        server.stop()
        await placed(shop, "A-2")
        await tell_all(shop)
        server.start()
        shop.clock.now += WAITS[0]
        await tell_all(shop)
        subjects = [event["subject"] for _, event in await published(server)]
    assert subjects == ["A-1"] * 3 + ["A-2"] * 3


async def test_no_broker_for_days_makes_dead_letters_that_can_be_sent_again(
    database_url: str, tmp_path: Path, server: Nats
) -> None:
    server.stop()
    async with shop_with_broker(database_url, tmp_path, server.url) as shop:
        await placed(shop, "A-1")
        for wait in (timedelta(0), *WAITS):
            shop.clock.now += wait
            await tell_all(shop)
        (letter, *_) = (await shop.client.get("/v1/webhooks/broker/dead-letters")).json()["dead_letters"]
        assert (letter["kind"], letter["attempts"]) == ("order.placed", len(WAITS) + 1)
        assert (await states(shop))[0][2] == 1
        server.start()
        assert (await shop.client.post("/v1/webhooks/broker/dead-letters/resend")).json() == {"resent": 1}
        shop.clock.now += WAITS[0]
        await tell_all(shop)
        assert await states(shop) == [("broker", 0, 0)]
        assert len(await published(server)) == 3


async def test_a_stream_that_refuses_an_event_has_not_been_told(shop: Api, server: Nats) -> None:
    client = await nats.connect(server.url)
    await client.jetstream().add_stream(name="SMISTA", subjects=["smista.>"], max_msgs=1, discard="new")
    await client.close()
    await placed(shop, "A-1")
    await tell_all(shop)
    assert [event["type"] for _, event in await published(server)] == ["smista.order.placed"]
    assert await states(shop) == [("broker", 2, 0)]


async def test_a_process_without_a_broker_leaves_its_events_to_those_that_have_one(shop: Api, server: Nats) -> None:
    await placed(shop, "A-1")
    without = create_app(
        Settings(work_folder=shop.service.settings.work_folder, database_url=shop.service.settings.database_url),
        TablePredictor(),
        shop.clock,
    )
    async with httpx.AsyncClient() as client:
        assert await tell_due(without.state.service, client) == 0
    without.state.service.database.close()
    await tell_all(shop)
    assert len(await published(server)) == 3


async def test_credentials_of_the_broker_are_shown_to_nobody(tmp_path: Path) -> None:
    url = "nats://smista:secret@127.0.0.1:4222,nats://smista:secret@127.0.0.1:4223"
    app = create_app(Settings(work_folder=tmp_path, broker_url=url), TablePredictor())
    assert "secret" not in repr(app.state.service.settings)
    headers = {"Authorization": f"Bearer {(tmp_path / 'api-key').read_text().strip()}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://smista.test", headers=headers) as client:
        (webhook,) = (await client.get("/v1/webhooks")).json()["webhooks"]
    assert webhook["url"] == "nats://127.0.0.1:4222,nats://127.0.0.1:4223"
    app.state.service.database.close()


@pytest.mark.parametrize("url", ["amqp://localhost", "nats://a,localhost:4222"])
def test_an_address_that_is_no_broker_s_is_refused_at_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="nats://host:4222"):
        build(Settings(work_folder=tmp_path, broker_url=url), TablePredictor())


def test_without_its_library_a_broker_is_refused_at_start_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nats", None)
    monkeypatch.delitem(sys.modules, "serving.telling.broker", raising=False)
    build(Settings(work_folder=tmp_path), TablePredictor()).database.close()
    with pytest.raises(ConfigurationError, match=r"\[broker\]"):
        build(Settings(work_folder=tmp_path, broker_url="nats://127.0.0.1:4222"), TablePredictor())
