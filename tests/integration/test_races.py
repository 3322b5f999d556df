"""Several processes on one database: whatever they do at once, there is one outcome."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from serving.app import create_app
from serving.database.database import Database
from serving.database.tables import stock_movements
from serving.orders.states import HOLDING, LIVE
from tests.integration.conftest import Api
from tests.integration.orders import at, held_in_all, open_shop, order, placed, seen, stock, tell, what_is_due
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def more_processes(api: Api, count: int) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients of ``count`` services, each with its own connections and threads on the database of ``api``."""
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(count):
            app = create_app(api.service.settings, TablePredictor(), api.clock)
            stack.callback(app.state.service.database.close)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://smista.test", headers=api.client.headers)
            clients.append(await stack.enter_async_context(client))
        yield clients


async def at_once(sent: Sequence[tuple[httpx.AsyncClient, dict[str, Any]]], key: str = "") -> list[httpx.Response]:
    """Let each client place its order when all are ready to, under one ``key`` if there is one."""
    start = asyncio.Event()
    headers = {"Idempotency-Key": key} if key else {}

    async def one(client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        await start.wait()
        return await client.post("/v1/orders", json=body, headers=headers)

    tasks = [asyncio.create_task(one(client, body)) for client, body in sent]
    await asyncio.sleep(0)
    start.set()
    return list(await asyncio.gather(*tasks))


async def last_unit(api: Api, *, clients: int, trials: int) -> None:
    """In every trial one unit is counted, everybody orders it, and one has it."""
    async with more_processes(api, 3) as processes:
        for trial in range(trials):
            api.clock.now += timedelta(minutes=1)
            await stock(api, at=api.clock.now.isoformat(), S014=trial + 1, W001=0)
            wanted = [order(f"T{trial}-{n}") for n in range(clients)]
            responses = await at_once(list(zip(itertools.cycle(processes), wanted, strict=False)))
            assert sorted(response.status_code for response in responses) == [201] + [409] * (clients - 1)
            assert await held_in_all(api) == trial + 1


async def test_the_last_unit_has_one_buyer(api: Api) -> None:
    await open_shop(api, S014=0, W001=0)
    await last_unit(api, clients=12, trials=2)


async def test_baskets_in_any_order_never_wait_for_one_another_for_ever(api: Api) -> None:
    await open_shop(api)
    skus = ["A", "B", "C"]
    await api.feed("products", [{"sku": sku} for sku in skus])
    counted = {"location_id": "W001", "counted_at": "2026-03-02T06:00:00Z", "on_hand": 10}
    await api.feed("stock", [{**counted, "sku": sku} for sku in skus])
    baskets = itertools.cycle(itertools.permutations(skus))

    def basket(number: int) -> dict[str, Any]:
        lines = [{"line_id": str(n), "sku": sku, "quantity": 1} for n, sku in enumerate(next(baskets))]
        return order(f"A-{number}", lines=lines)

    async with more_processes(api, 3) as processes:
        sent = zip(itertools.cycle(processes), map(basket, range(18)), strict=False)
        responses = await at_once(list(sent))
    assert sorted(response.status_code for response in responses) == [201] * 10 + [409] * 8
    for sku in skus:
        total = (await api.client.get("/v1/stock", params={"sku": sku})).json()["total"]
        assert (total["held"], total["atp"]) == (10, 0)


async def pairs_with_one_key(api: Api, pairs: int) -> None:
    """Each order is sent twice at once, to two processes."""
    async with more_processes(api, 2) as processes:
        for number in range(pairs):
            one, other = await at_once([(client, order(f"A-{number}")) for client in processes], key=f"k{number}")
            assert one.status_code == 201, one.text
            assert one.content == other.content
    assert await held_in_all(api) == pairs


async def test_pairs_with_one_key_in_two_processes_get_the_same_bytes(api: Api) -> None:
    await open_shop(api, S014=50, W001=50)
    await pairs_with_one_key(api, 5)


class Seams:
    """Runs ``action`` before the ``number``-th write of a database: between what was read and what is written."""

    def __init__(self, database: Database, number: int, action: Callable[[], Awaitable[Any]]) -> None:
        """``number`` counts from 0."""
        self.database, self.left, self.action = database, number, action
        self.reached = False
        self.write_before = database.write
        database.write = self.write  # type: ignore[method-assign] # the seam under test

    async def write(self, job: Any) -> Any:
        """Let the others in, then write."""
        self.left -= 1
        if self.left == -1:
            self.reached = True
            await self.action()
        return await self.write_before(job)

    def close(self) -> None:
        """Nobody comes in any more."""
        self.database.write = self.write_before  # type: ignore[method-assign] # put back


async def _later(api: Api) -> None:
    api.clock.now += timedelta(minutes=20)
    await what_is_due(api)


ACTIONS: dict[str, Callable[[Api, dict[str, Any]], Awaitable[Any]]] = {
    "cancel": lambda api, made: api.client.delete(f"/v1/orders/{made['order_id']}"),
    "confirm": lambda api, made: api.client.post(f"/v1/orders/{made['order_id']}/confirm"),
    "expire": lambda api, _: _later(api),
    "short pick": lambda api, made: tell(
        api, made["shipments"][0], "short_picked", lines=[{"line_id": "1", "picked": 1}]
    ),
    "reject": lambda api, made: tell(api, made["shipments"][0], "rejected", reason="no"),
    "hand over": lambda api, made: tell(api, made["shipments"][0], "handed_over"),
    "less": lambda api, made: api.client.patch(f"/v1/orders/{made['order_id']}/lines/1", json={"quantity": 1}),
    "more": lambda api, made: api.client.patch(f"/v1/orders/{made['order_id']}/lines/1", json={"quantity": 5}),
    "stock is gone": lambda api, _: stock(api, at=api.clock.now.isoformat(), S014=0, W001=0),
}


async def check(api: Api, name: str) -> None:
    """The order, what is held for it (and nothing else), and the ledger agree."""
    now = await seen(api, name)
    live = [shipment for shipment in now["shipments"] if shipment["state"] in LIVE]
    (line,) = now["lines"]
    supplied = sum(known["quantity"] - known["short"] for shipment in live for known in shipment["lines"])
    wanted = 0 if now["state"] in {"cancelled", "expired"} else line["quantity"]
    assert supplied + line["waiting"] == wanted, now
    held: Counter[str] = Counter()
    for shipment in live:
        if shipment["state"] in HOLDING:
            held[shipment["location_id"]] += sum(known["quantity"] - known["short"] for known in shipment["lines"])
    table = stock_movements.c
    sums = api.service.database.read_now(
        lambda c: c.execute(
            select(table.location_id, func.sum(table.on_hand), func.sum(table.held)).group_by(table.location_id)
        ).all()
    )
    for location_id, on_hand, held_in_ledger in sums:
        place = await at(api, location_id)
        assert (place["on_hand"], place["held"]) == (on_hand, held_in_ledger)
        assert place["held"] == held[location_id]


async def every_seam(api: Api, first: str, others: Iterable[tuple[str, bool]]) -> None:
    """Let each of ``others`` (an action, and whether the order is reserved) in at every seam of ``first``."""
    await open_shop(api, S014=0, W001=0)
    names: list[str] = []
    for second, reserved in others:
        for seam in range(4):
            api.clock.now += timedelta(minutes=30)
            await stock(api, at=api.clock.now.isoformat(), S014=600, W001=600)
            until = (api.clock.now + timedelta(minutes=15)).isoformat() if reserved else None
            names.append(f"A-{len(names)}")
            made = await placed(api, names[-1], 3, expires_at=until)
            seams = Seams(api.service.database, seam, partial(ACTIONS[second], api, made))
            await ACTIONS[first](api, made)
            seams.close()
            await check(api, names[-1])
            await give_up(api, names[-1])
            if not seams.reached:
                break
    assert len(names) > len(ACTIONS), "no seam was reached"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("first", ACTIONS)
async def test_at_every_seam_of_two_changes_there_is_one_outcome(api: Api, first: str) -> None:
    """Whatever comes between what a change has read and what it writes, wherever it comes."""
    of_assigned_and_reserved_in_turn = itertools.cycle((False, True))
    await every_seam(api, first, zip(ACTIONS, of_assigned_and_reserved_in_turn, strict=False))


async def give_up(api: Api, name: str) -> None:
    """Let nothing be held for the order any more: what cannot be cancelled is sent."""
    if (await api.client.delete(f"/v1/orders/{name}")).status_code == 409:
        for shipment in (await seen(api, name))["shipments"]:
            if shipment["state"] in HOLDING:
                await tell(api, shipment, "handed_over")


async def reserved(api: Api) -> dict[str, Any]:
    """An order that is held for a quarter of an hour, which is over."""
    await open_shop(api, S014=6, W001=6)
    made = await placed(api, "A-1", 3, expires_at=(api.clock.now + timedelta(minutes=15)).isoformat())
    api.clock.now += timedelta(minutes=15)
    return made


async def test_a_reservation_confirmed_while_it_is_about_to_end_stays(api: Api) -> None:
    made = await reserved(api)
    answers: list[httpx.Response] = []

    async def confirm() -> None:
        answers.append(await ACTIONS["confirm"](api, made))

    seams = Seams(api.service.database, 0, confirm)
    await what_is_due(api)
    seams.close()
    assert [answer.status_code for answer in answers] == [200]
    assert (await seen(api, "A-1"))["state"] == "assigned"
    await check(api, "A-1")


async def test_a_reservation_that_ends_while_it_is_confirmed_is_not_confirmed(api: Api) -> None:
    made = await reserved(api)
    seams = Seams(api.service.database, 0, partial(what_is_due, api))
    answer = await ACTIONS["confirm"](api, made)
    seams.close()
    assert answer.status_code == 409
    assert (await seen(api, "A-1"))["state"] == "expired"
    await check(api, "A-1")
