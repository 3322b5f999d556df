"""Who answers slowly, or never, holds up nobody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import orjson
import pytest

from serving.telling import outbox
from serving.telling.outbox import keep_telling
from tests.integration.conftest import ON_ONE_DATABASE, Api
from tests.integration.orders import TIRELESS, open_shop, placed

pytestmark = pytest.mark.anyio

ORDERS = 20
KINDS = ["smista.order.placed", "smista.shipment.assigned", "smista.order.assigned"]


@asynccontextmanager
async def receiver(receive: Callable[[dict[str, Any]], Awaitable[None]]) -> AsyncIterator[str]:
    """The address of a receiver that answers once ``receive`` is done with the event."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # nobody asks any more
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.partition("content-length: ")[2].partition("\r")[0])
                await receive(orjson.loads(await reader.readexactly(length)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@asynccontextmanager
async def told_by(api: Api) -> AsyncIterator[None]:
    """The service tells, as long as this lasts."""
    telling = asyncio.create_task(keep_telling(api.service))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


@ON_ONE_DATABASE
async def test_one_has_all_its_events_while_five_others_sit_on_their_first(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "TIMEOUT", timedelta(hours=1))  # nobody gives up
    await open_shop(api, S014=ORDERS, W001=ORDERS)
    await api.feed("locations", TIRELESS)
    may_answer, all_sit, has_all, has_another, others_have_all = (asyncio.Event() for _ in range(5))
    quick: list[tuple[str, str]] = []
    slow: list[str] = []

    async def take(event: dict[str, Any]) -> None:
        quick.append((event["subject"], event["type"]))
        if len(quick) == len(KINDS) * ORDERS:
            has_all.set()
        if len(quick) == len(KINDS) * (ORDERS + 1):
            has_another.set()

    async def sit_on_it(event: dict[str, Any]) -> None:
        slow.append(event["type"])
        if len(slow) == 5 * ORDERS:
            all_sit.set()
        await may_answer.wait()
        if len(slow) == 5 * len(KINDS) * (ORDERS + 1):
            others_have_all.set()

    async with receiver(sit_on_it) as slow_url, receiver(take) as quick_url:
        for url in (*[slow_url] * 5, quick_url):
            assert (await api.client.post("/v1/webhooks", json={"url": url})).status_code == 201
        names = [f"A-{number}" for number in range(ORDERS)]
        for name in names:
            await placed(api, name)
        async with told_by(api), asyncio.timeout(60):
            await all_sit.wait()
            await has_all.wait()
            await placed(api, "B-1")  # what happens meanwhile is told too
            await has_another.wait()
            assert set(slow) == {KINDS[0]}, "none of them has answered yet"
            may_answer.set()
            await others_have_all.wait()
    assert {name: [kind for told, kind in quick if told == name] for name in names} == dict.fromkeys(names, KINDS)
