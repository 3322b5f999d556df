"""The small retailer as it is served: one product, sent from its store or its warehouse to Rome."""

from datetime import datetime, timedelta
from typing import Any

from tests.integration.conftest import Api

STORE, WAREHOUSE, SKU = "S001", "W001", "SKU-00001"
QUARTER = timedelta(minutes=15)


async def count(api: Api, location_id: str) -> None:
    """Plenty of the product lies at one location alone."""
    counted = {"sku": SKU, "counted_at": api.clock.now.isoformat()}
    others = [place for place in (STORE, WAREHOUSE) if place != location_id]
    rows = [{"location_id": location_id, "on_hand": 500, **counted}]
    rows += [{"location_id": place, "on_hand": 0, **counted} for place in others]
    assert (await api.feed("stock", rows))["rejected"] == []


def order(api: Api, name: str) -> dict[str, Any]:
    """An order from Rome."""
    return {
        "order_id": name,
        "placed_at": api.clock.now.isoformat(),
        "currency": "EUR",
        "delivery_method": "home",
        "destination": {
            "country": "IT", "region": "Lazio", "postal_code": "00184", "latitude": 41.89, "longitude": 12.48
        },
        "lines": [{"line_id": "1", "sku": SKU, "quantity": 1}],
        "service_level": "standard",
    }  # fmt: skip


async def placed(api: Api, name: str) -> dict[str, Any]:
    """The one shipment of a new order."""
    response = await api.client.post("/v1/orders", json=order(api, name))
    assert response.status_code == 201, response.text
    (shipment,) = response.json()["shipments"]
    return dict(shipment)


async def decided(api: Api) -> dict[str, Any]:
    """What is decided now."""
    response = await api.decide(order(api, "asked"))
    assert response.status_code == 201, response.text
    return dict(response.json())


def first(decision: dict[str, Any]) -> dict[str, Any]:
    """The shipment of the best plan."""
    return dict(decision["options"][0]["shipments"][0])


def hours_to_arrive(decision: dict[str, Any]) -> float:
    """Hours until half of such parcels are there."""
    arrives = datetime.fromisoformat(first(decision)["delivery"]["p50_at"])
    return (arrives - datetime.fromisoformat(decision["decided_at"])) / timedelta(hours=1)


def costs(decision: dict[str, Any]) -> dict[str, float]:
    """What each carrier service is predicted to cost."""
    shipments = [option["shipments"][0] for option in decision["options"]]
    return {shipment["carrier_service_id"]: shipment["terms"]["cost"] for shipment in shipments}


def next_quarter(api: Api) -> None:
    """The clock goes on to the next quarter of an hour, and the service looks for changes."""
    start = api.clock.now.replace(minute=0, second=0, microsecond=0)
    api.clock.now = start + ((api.clock.now - start) // QUARTER + 1) * QUARTER
    api.service.catch_up()
