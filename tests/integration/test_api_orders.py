"""Placing orders: decided, held and assigned at once; what is held is nobody else's."""

import asyncio
from typing import Any

import httpx
import pytest

from serving.wire import examples
from tests.integration.conftest import Api

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(api: Api) -> Api:
    """One warehouse and one store; SKU-1 lies in both."""
    for name in ("locations", "products", "carrier-services"):
        await api.feed(name, examples.ROWS[name])
    response = await api.client.post("/v1/rulesets/everything/publish", json={"name": "everything", "strategy": {}})
    assert response.status_code == 201, response.text
    await stock(api, S014=4, W001=5)
    return api


async def stock(api: Api, at: str = "2026-03-02T06:00:00Z", **units: int) -> None:
    rows = [{"location_id": place, "sku": "SKU-1", "counted_at": at, "on_hand": n} for place, n in units.items()]
    assert (await api.feed("stock", rows))["rejected"] == []


def order(name: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    lines = [{"line_id": "1", "sku": "SKU-1", "quantity": quantity}]
    return {**examples.ORDER, "order_id": name, "promised_at": None, "lines": lines, **more}


async def place(api: Api, name: str, quantity: int = 1, **more: Any) -> httpx.Response:
    return await api.client.post("/v1/orders", json=order(name, quantity, **more))


async def test_an_order_is_decided_held_and_assigned_at_once(shop: Api) -> None:
    response = await place(shop, "A-1", 3)
    assert response.status_code == 201, response.text
    placed = response.json()
    assert placed["state"] == "assigned"
    (shipment,) = placed["shipments"]
    assert shipment["state"] == "assigned"
    assert shipment["lines"] == [{"line_id": "1", "sku": "SKU-1", "quantity": 3, "short": 0}]
    assert (await shop.client.get(f"/v1/decisions/{placed['decision_id']}")).status_code == 200
    seen = (await shop.client.get("/v1/orders/A-1")).json()
    assert [event["kind"] for event in seen["events"]] == ["order.placed", "shipment.assigned", "order.assigned"]


async def test_what_is_held_is_not_promised_again(shop: Api) -> None:
    first = (await place(shop, "A-1", 4)).json()["shipments"][0]["location_id"]
    second = (await place(shop, "A-2", 4)).json()["shipments"][0]["location_id"]
    assert {first, second} == {"S014", "W001"}
    gone = await place(shop, "A-3", 4)
    assert (gone.status_code, gone.json()["type"]) == (409, "urn:smista:problem:out-of-stock")
    assert gone.json()["decision"]["options"] == []


async def test_the_last_unit_is_sold_once(shop: Api) -> None:
    await stock(shop, at="2026-03-02T07:00:00Z", S014=1, W001=0)
    responses = await asyncio.gather(*(place(shop, f"A-{n}") for n in range(20)))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 19
