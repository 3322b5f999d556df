"""A small shop to place orders in: one warehouse (W001) and one store (S014), one product."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx

from serving.orders.sweeping import sweep
from serving.service import Service
from serving.telling.outbox import tell_webhook, whom_to_tell
from serving.wire import examples
from tests.integration.conftest import Api

FIRST_COUNT: Final = "2026-03-02T06:00:00Z"


async def open_shop(api: Api, **units: int) -> None:
    """Feed ``api``; ``units`` of SKU-1 by location."""
    for name in ("locations", "products", "carrier-services"):
        await api.feed(name, examples.ROWS[name])
    response = await api.client.post("/v1/rulesets/everything/publish", json={"name": "everything", "strategy": {}})
    assert response.status_code == 201, response.text
    await count(api, units)


#: The locations of the shop, as many orders a day as there may be.
TIRELESS: Final = [{**row, "capacity_per_day": None} for row in examples.ROWS["locations"]]


async def stock(api: Api, at: str = FIRST_COUNT, **units: int) -> None:
    """Count ``units`` of SKU-1 by location."""
    await count(api, units, at)


async def count(api: Api, units: Mapping[str, int], at: str = FIRST_COUNT) -> None:
    """Count ``units`` of SKU-1 by location."""
    rows = [{"location_id": place, "sku": "SKU-1", "counted_at": at, "on_hand": n} for place, n in units.items()]
    assert (await api.feed("stock", rows))["rejected"] == []


def order(name: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    """An order for ``quantity`` of SKU-1."""
    lines = [{"line_id": "1", "sku": "SKU-1", "quantity": quantity}]
    return {**examples.ORDER, "order_id": name, "promised_at": None, "lines": lines, **more}


async def place(api: Api, name: str, quantity: int = 1, **more: Any) -> httpx.Response:
    """Place such an order."""
    return await api.client.post("/v1/orders", json=order(name, quantity, **more))


async def placed(api: Api, name: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    """Place such an order, which has to be taken."""
    response = await place(api, name, quantity, **more)
    assert response.status_code == 201, response.text
    return dict(response.json())


async def seen(api: Api, name: str) -> dict[str, Any]:
    """The order as it stands."""
    return dict((await api.client.get(f"/v1/orders/{name}")).json())


async def tell(api: Api, shipment: dict[str, Any], event: str, **more: Any) -> httpx.Response:
    """Tell of ``event`` for ``shipment``."""
    return await api.client.post(f"/v1/shipments/{shipment['shipment_id']}/events", json={"event": event, **more})


async def at(api: Api, location_id: str) -> dict[str, Any]:
    """What there is of SKU-1 at a location."""
    answer = (await api.client.get("/v1/stock", params={"sku": "SKU-1"})).json()
    return next(place for place in answer["by_location"] if place["location_id"] == location_id)


async def held_in_all(api: Api) -> int:
    """Units of SKU-1 that are held anywhere."""
    answer = (await api.client.get("/v1/stock", params={"sku": "SKU-1"})).json()
    return int(answer["total"]["held"])


def numbers(place: dict[str, Any]) -> tuple[int, int, int]:
    """(on hand, held, ATP)."""
    return place["on_hand"], place["held"], place["atp"]


async def what_is_due(api: Api) -> None:
    """What the service does by itself."""
    await sweep(api.service)


async def tell_due(service: Service, client: httpx.AsyncClient) -> int:
    """Tell every webhook, and the broker, what is due now; return how many deliveries were tried."""
    due = await whom_to_tell(service)
    return sum(await asyncio.gather(*(tell_webhook(service, client, webhook_id) for webhook_id in due)))
