"""Requests and answers that look like those of a real retailer, for readers of the API."""

from typing import Any, Final

ORDER: Final[dict[str, Any]] = {
    "order_id": "W-1001",
    "placed_at": "2026-03-02T09:14:00Z",
    "channel": "web",
    "currency": "EUR",
    "delivery_method": "home",
    "destination": {"country": "IT", "postal_code": "20121", "latitude": 45.47, "longitude": 9.19},
    "promised_at": "2026-03-05T17:00:00Z",
    "lines": [
        {"line_id": "1", "sku": "SKU-1", "quantity": 1, "unit_price": 49.9},
        {"line_id": "2", "sku": "SKU-2", "quantity": 2, "unit_price": 12.5},
    ],
    "options": 3,
}

COLLECTED_ORDER: Final[dict[str, Any]] = {
    "order_id": "A-2044",
    "placed_at": "2026-03-02T10:02:00Z",
    "channel": "app",
    "currency": "EUR",
    "delivery_method": "click_and_collect",
    "collect_location_id": "S014",
    "lines": [{"line_id": "1", "sku": "SKU-1", "quantity": 1, "unit_price": 49.9}],
}

ROWS: Final[dict[str, list[dict[str, Any]]]] = {
    "locations": [
        {
            "location_id": "S014",
            "location_type": "store",
            "name": "Milano Brera",
            "country": "IT",
            "region": "MI",
            "postal_code": "20121",
            "latitude": 45.472,
            "longitude": 9.188,
            "timezone": "Europe/Rome",
            "capacity_per_day": 40,
        },
        {
            "location_id": "W001",
            "location_type": "warehouse",
            "name": "Piacenza",
            "country": "IT",
            "postal_code": "29122",
            "latitude": 45.05,
            "longitude": 9.7,
            "timezone": "Europe/Rome",
            "capacity_per_day": 5000,
        },
    ],
    "products": [
        {"sku": "SKU-1", "category": "shoes", "weight_kg": 0.9, "volume_l": 6.0},
        {"sku": "SKU-2", "category": "care", "weight_kg": 0.2, "volume_l": 0.3, "hazmat": True},
    ],
    "carrier-services": [
        {
            "carrier_service_id": "std",
            "carrier": "Corriere",
            "level": "standard",
            "max_weight_kg": 30,
            "carbon_kg_per_shipment": 0.7,
        }
    ],
    "stock": [
        {"location_id": "S014", "sku": "SKU-1", "counted_at": "2026-03-02T06:00:00Z", "on_hand": 4},
        {
            "location_id": "S014",
            "sku": "SKU-2",
            "counted_at": "2026-03-02T06:00:00Z",
            "on_hand": 9,
            "reserved": 1,
            "safety_stock": 1,
        },
    ],
    "footfall": [{"location_id": "S014", "hour_utc": "2026-03-02T08:00:00Z", "visitors": 62}],
}

FEED_ANSWER: Final[dict[str, Any]] = {
    "received": 2,
    "accepted": 1,
    "outdated": 0,
    "rejected": [{"index": 1, "field": "sku", "reason": "sku 'SKU-9' is not known: feed it with PUT /v1/products"}],
}

PROBLEM: Final[dict[str, Any]] = {
    "type": "urn:smista:problem:unknown-reference",
    "title": "The request names something unknown",
    "status": 422,
    "detail": "line 1: sku 'SKU-9' is not known: feed it with PUT /v1/products",
    "instance": "/v1/decisions",
    "errors": [{"field": "lines[0].sku", "message": "line 1: sku 'SKU-9' is not known: feed it with PUT /v1/products"}],
}

RULESET: Final[dict[str, Any]] = {
    "name": "home-delivery-italy",
    "applies_to": 'order.delivery_method == "home" && order.country == "IT"',
    "strategy": {"late_parcel": 6.0, "late_day": 2.0, "pick_failure": 8.0, "extra_parcel": 1.5},
    "limits": {"max_parcels": 3},
    "rules": [
        {
            "id": "busy-store",
            "exclude": 'location.type == "store" && location.footfall_ratio > 1.6',
            "reason": "The store is too busy",
        }
    ],
}

DECISION: Final[dict[str, Any]] = {}
