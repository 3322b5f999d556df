"""Webhooks are told what happened: signed, at least once, in order for each order, whatever the receiver does."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from serving.telling import outbox
from serving.telling.outbox import WAITS
from serving.wire import examples
from tests.integration.conftest import Api
from tests.integration.orders import count, open_shop, placed, tell, tell_due

pytestmark = pytest.mark.anyio


class Died(BaseException):
    """What happens to a process that is killed."""


@dataclass
class Receiver:
    """A real server on a local port: answers with ``statuses`` in turn, then with 200, and keeps all it was sent."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(body) for _, body in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that runs."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/smista"
    yield receiver
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
async def shop(api: Api) -> Api:
    """A shop with 5 units in the store and 5 in the warehouse."""
    await open_shop(api, S014=5, W001=5)
    return api


async def subscribe(api: Api, url: str, *kinds: str) -> dict[str, Any]:
    response = await api.client.post("/v1/webhooks", json={"url": url, "kinds": kinds})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def narrowed(api: Api, url: str, *location_ids: str, **more: Any) -> dict[str, Any]:
    response = await api.client.post("/v1/webhooks", json={"url": url, "location_ids": location_ids, **more})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def tell_all(api: Api) -> None:
    """Tell until nothing is due."""
    async with httpx.AsyncClient() as client:
        while await tell_due(api.service, client):
            pass


async def states(api: Api) -> list[tuple[int, int]]:
    answer = (await api.client.get("/v1/webhooks")).json()
    return [(webhook["waiting"], webhook["dead"]) for webhook in answer["webhooks"]]


async def test_what_happens_is_told_signed_and_in_order(shop: Api, receiver: Receiver) -> None:
    webhook = await subscribe(shop, receiver.url)
    (shipment,) = (await placed(shop, "A-1"))["shipments"]
    await tell(shop, shipment, "accepted")
    await tell_all(shop)
    events = receiver.events()
    assert [event["type"] for event in events] == [
        "smista.order.placed",
        "smista.shipment.assigned",
        "smista.order.assigned",
        "smista.shipment.accepted",
    ]
    assert {event["subject"] for event in events} == {"A-1"}
    assert [event["sequence"] for event in events] == sorted(event["sequence"] for event in events)
    assert events[1]["data"]["location_id"] == shipment["location_id"]
    for sent, body in receiver.received:
        assert sent["webhook-id"] == orjson.loads(body)["id"]
        signer = Webhook(webhook["secret"])
        signature = signer.sign(sent["webhook-id"], shop.clock.now, body.decode())
        assert sent["webhook-signature"] == signature
    assert await states(shop) == [(0, 0)]


async def test_a_receiver_can_verify_with_the_published_library(shop: Api, receiver: Receiver) -> None:
    webhook = await subscribe(shop, receiver.url)
    shop.clock.now = datetime.now(UTC)
    await placed(shop, "A-1")
    await tell_all(shop)
    sent, body = receiver.received[0]
    assert Webhook(webhook["secret"]).verify(body, sent)["subject"] == "A-1"
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook["secret"]).verify(body.replace(b"A-1", b"A-2"), sent)


async def test_only_the_kinds_that_are_wanted_are_told(shop: Api, receiver: Receiver) -> None:
    await subscribe(shop, receiver.url, "shipment.assigned")
    await placed(shop, "A-1")
    await tell_all(shop)
    assert [event["type"] for event in receiver.events()] == ["smista.shipment.assigned"]


async def test_a_store_s_system_is_told_of_its_own_shipments_only(shop: Api, receiver: Receiver) -> None:
    webhook = await narrowed(shop, receiver.url, "S014", "S014")
    assert webhook["location_ids"] == ["S014"]
    collected: dict[str, Any] = {"delivery_method": "click_and_collect", "collect_location_id": "S014"}
    (here,) = (await placed(shop, "A-1", **collected))["shipments"]
    await count(shop, {"S014": 0}, "2026-03-02T09:10:00Z")
    (there,) = (await placed(shop, "A-2"))["shipments"]
    assert (here["location_id"], there["location_id"]) == ("S014", "W001")
    for shipment in (here, there):
        await tell(shop, shipment, "accepted")
    await shop.client.delete("/v1/orders/A-1")
    await tell_all(shop)
    told = [(event["subject"], event["type"], event["data"]["location_id"]) for event in receiver.events()]
    kinds = ("assigned", "accepted", "withdrawn")
    assert told == [("A-1", f"smista.shipment.{kind}", "S014") for kind in kinds], "nothing of orders, nor of W001"


async def test_a_store_hears_when_another_has_accepted_what_it_was_offered_too(shop: Api, receiver: Receiver) -> None:
    rules = {"strategy": {}, "offer": {"locations": 2, "minutes": 30}}
    assert (await shop.client.post("/v1/rulesets/everything/publish", json=rules)).status_code == 201
    another = {**examples.ROWS["locations"][0], "location_id": "S015", "location_type": "store"}
    await shop.feed("locations", [another])
    await count(shop, {"S015": 5, "W001": 0}, "2026-03-02T09:10:00Z")
    await narrowed(shop, receiver.url, "S015")
    offered = {one["location_id"]: one for one in (await placed(shop, "A-1"))["shipments"]}
    assert offered.keys() == {"S014", "S015"}
    await tell(shop, offered["S014"], "accepted")
    await tell_all(shop)
    assert [event["type"] for event in receiver.events()] == ["smista.shipment.offered", "smista.shipment.withdrawn"]


async def test_kinds_and_locations_narrow_together_and_a_store_may_be_fed_later(shop: Api, receiver: Receiver) -> None:
    await narrowed(shop, receiver.url, "S099", kinds=["shipment.assigned", "order.placed"])
    (webhook,) = (await shop.client.get("/v1/webhooks")).json()["webhooks"]
    assert (webhook["kinds"], webhook["location_ids"]) == (["order.placed", "shipment.assigned"], ["S099"])
    await shop.feed("locations", [{**examples.ROWS["locations"][0], "location_id": "S099"}])
    await count(shop, {"S099": 5, "S014": 0, "W001": 0}, "2026-03-02T09:10:00Z")
    (shipment,) = (await placed(shop, "A-1"))["shipments"]
    await tell(shop, shipment, "accepted")
    await tell_all(shop)
    assert [event["type"] for event in receiver.events()] == ["smista.shipment.assigned"]


async def test_a_kind_that_does_not_exist_is_refused(shop: Api) -> None:
    response = await shop.client.post("/v1/webhooks", json={"url": "https://x.example/", "kinds": ["order.asigned"]})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "kinds[0]")


async def test_what_was_refused_comes_again_later_before_what_follows_it(shop: Api, receiver: Receiver) -> None:
    await subscribe(shop, receiver.url)
    receiver.statuses = [500]
    await placed(shop, "A-1")
    await tell_all(shop)
    await placed(shop, "A-2")
    await tell_all(shop)
    assert {event["subject"] for event in receiver.events()[1:]} == {"A-2"}, "another order does not wait"
    shop.clock.now += WAITS[0]
    await tell_all(shop)
    first = [event["type"] for event in receiver.events() if event["subject"] == "A-1"]
    assert first == ["smista.order.placed", "smista.order.placed", "smista.shipment.assigned", "smista.order.assigned"]


async def test_nobody_listening_becomes_dead_letters_that_can_be_sent_again(shop: Api) -> None:
    webhook = await subscribe(shop, "http://127.0.0.1:9/nobody", "order.placed")
    await placed(shop, "A-1")
    for wait in (timedelta(0), *WAITS):
        shop.clock.now += wait
        await tell_all(shop)
    assert await states(shop) == [(0, 1)]
    path = f"/v1/webhooks/{webhook['webhook_id']}/dead-letters"
    (letter,) = (await shop.client.get(path)).json()["dead_letters"]
    assert (letter["order_id"], letter["attempts"]) == ("A-1", len(WAITS) + 1)
    assert letter["last_error"].startswith("Connect")
    assert (await shop.client.post(f"{path}/resend")).json() == {"resent": 1}
    assert await states(shop) == [(1, 0)]


async def test_a_receiver_that_never_ends_its_answer_keeps_nobody_from_being_told(
    shop: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "TIMEOUT", timedelta(seconds=3))
    await subscribe(shop, receiver.url, "order.placed")

    async def answer_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not reader.at_eof():  # another byte as long as somebody listens
            writer.write(b"1\r\nx\r\n")
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), 0.05)
        writer.close()

    async with await asyncio.start_server(answer_for_ever, "127.0.0.1", 0) as server:
        await subscribe(shop, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", "order.placed")
        await placed(shop, "A-1")
        await tell_all(shop)
    assert [event["subject"] for event in receiver.events()] == ["A-1"]
    assert sorted(await states(shop)) == [(0, 0), (1, 0)]


async def test_a_receiver_that_is_gone_for_good_is_not_asked_again(shop: Api, receiver: Receiver) -> None:
    await subscribe(shop, receiver.url, "order.placed")
    receiver.statuses = [410]
    await placed(shop, "A-1")
    await tell_all(shop)
    assert await states(shop) == [(0, 1)]


async def test_what_a_process_died_of_telling_is_told_by_the_next(shop: Api, receiver: Receiver) -> None:
    await subscribe(shop, receiver.url, "order.placed")
    await placed(shop, "A-1")

    class Dying(httpx.AsyncBaseTransport):
        async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
            raise Died

    with pytest.raises(Died):
        async with httpx.AsyncClient(transport=Dying()) as client:
            await tell_due(shop.service, client)
    await tell_all(shop)
    assert receiver.received == [], "it is still the first process's"
    shop.clock.now += timedelta(minutes=1)
    await tell_all(shop)
    assert [event["subject"] for event in receiver.events()] == ["A-1"]


async def test_a_webhook_that_was_removed_is_told_nothing(shop: Api, receiver: Receiver) -> None:
    webhook = await subscribe(shop, receiver.url)
    await placed(shop, "A-1")
    assert (await shop.client.delete(f"/v1/webhooks/{webhook['webhook_id']}")).status_code == 204
    await tell_all(shop)
    assert receiver.received == []
    assert (await shop.client.delete(f"/v1/webhooks/{webhook['webhook_id']}")).status_code == 404
