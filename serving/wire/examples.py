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
    "customer_tier": "gold",
    "tags": ["gift"],
    "attributes": {"loyalty_points": 1200},
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

BASKET: Final[dict[str, Any]] = {
    "currency": "EUR",
    "destination": {"country": "IT", "postal_code": "20121", "latitude": 45.47, "longitude": 9.19},
    "lines": [{"sku": "SKU-1", "quantity": 1, "unit_price": 49.9}, {"sku": "SKU-2", "quantity": 2, "unit_price": 12.5}],
    "stores": 1,
}

PROMISES: Final[dict[str, Any]] = {
    "asked_at": "2026-03-02T09:14:00Z",
    "currency": "EUR",
    "degraded": [],
    "complete": True,
    "bundle": "smista@12",
    "promises": [
        {
            "rank": 1,
            "delivery_method": "home",
            "service_level": "standard",
            "collect_location_id": None,
            "promised_at": "2026-03-04T23:00:00Z",
            "promised_on": "2026-03-04",
            "timezone": "Europe/Rome",
            "confidence": 0.962,
            "pick_failure": 0.02,
            "earliest_at": "2026-03-03T08:10:00Z",
            "likely_at": "2026-03-03T15:40:00Z",
            "cut_off_at": "2026-03-02T16:00:00Z",
            "valid_until": "2026-03-02T09:29:00Z",
            "waits_until": None,
            "fee": 4.9,
            "cost": 6.1,
            "carbon_kg": 0.4,
            "parcels": 1,
            "cheapest": True,
            "fastest": True,
            "shipments": [
                {
                    "location_id": "S014",
                    "carrier_service_id": "std",
                    "lines": [
                        {"line_id": "1", "sku": "SKU-1", "quantity": 1},
                        {"line_id": "2", "sku": "SKU-2", "quantity": 2},
                    ],
                }
            ],
            "ruleset": "home-delivery-italy@7",
            "bundle": "smista@12",
            "text": "Delivered by Wed 4 Mar by standard, 96% sure if ordered by 17:00; 4.90 EUR for delivery.",
            "token": "H2aF0mJkZ5Z7InByb21pc2VkX2F0Ijoi",
        }
    ],
    "not_promised": [
        {
            "delivery_method": "click_and_collect",
            "service_level": None,
            "collect_location_id": "S014",
            "cause": "no_plan",
            "line_ids": [],
            "reason": "Click & collect at S014: no date, because rules, limits, stock and carriers leave no way to "
            "send all of it.",
        }
    ],
    "hold": None,
}

BASKETS: Final[dict[str, Any]] = {
    "currency": "EUR",
    "destination": {"country": "IT", "postal_code": "20121", "latitude": 45.47, "longitude": 9.19},
    "items": [{"sku": "SKU-1", "unit_price": 49.9}, {"sku": "SKU-2", "quantity": 2}],
}

PROMISES_OF_ITEMS: Final[dict[str, Any]] = {
    "asked_at": "2026-03-02T09:14:00Z",
    "currency": "EUR",
    "degraded": [],
    "complete": True,
    "items": [
        {
            "sku": "SKU-1",
            "quantity": 1,
            "earliest": {
                "delivery_method": "home",
                "service_level": "express",
                "collect_location_id": None,
                "promised_at": "2026-03-03T23:00:00Z",
                "promised_on": "2026-03-03",
                "confidence": 0.97,
                "fee": 9.9,
            },
            "cheapest": {
                "delivery_method": "home",
                "service_level": "standard",
                "collect_location_id": None,
                "promised_at": "2026-03-04T23:00:00Z",
                "promised_on": "2026-03-04",
                "confidence": 0.96,
                "fee": 4.9,
            },
            "collect": None,
            "cause": None,
            "reason": None,
        },
        {
            "sku": "SKU-2",
            "quantity": 2,
            "earliest": None,
            "cheapest": None,
            "collect": None,
            "cause": "no_stock",
            "reason": None,
        },
    ],
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
            "capacity_used": 12,
            "capacity_used_on": "2026-03-02",
            "backlog": 5,
            "rating": 4.6,
            "opening_hours": {"mon": ["10:00-13:30", "15:00-19:30"], "sat": ["10:00-20:00"]},
            "cut_offs": {"mon": "16:00", "sat": "12:00"},
            "closed_on": ["2026-08-17"],
            "closed_on_public_holidays": True,
            "tags": ["outlet"],
            "attributes": {"max_boxes": 20, "night_shift": False},
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
        {
            "sku": "SKU-1",
            "category": "shoes",
            "weight_kg": 0.9,
            "volume_l": 6.0,
            "tags": ["season-2026"],
            "attributes": {"abc": "A"},
        },
        {"sku": "SKU-2", "category": "care", "weight_kg": 0.2, "volume_l": 0.3, "hazmat": True, "fragile": True},
    ],
    "carrier-services": [
        {
            "carrier_service_id": "std",
            "carrier": "Corriere",
            "level": "standard",
            "max_weight_kg": 30,
            "carbon_kg_per_shipment": 0.7,
            "cut_offs": {"mon": "17:00", "tue": "17:00"},
            "delivery_days": ["mon", "tue", "wed", "thu", "fri", "sat"],
            "closed_on_public_holidays": True,
            "attributes": {"signature": False},
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
            "daily_demand": 0.25,
            "markdown_risk": 0.1,
        },
    ],
    "inbound": [
        {
            "inbound_id": "PO-77/1",
            "location_id": "S014",
            "sku": "SKU-1",
            "quantity": 12,
            "expected_at": "2026-03-04T08:00:00Z",
        }
    ],
    "footfall": [{"location_id": "S014", "hour_utc": "2026-03-02T08:00:00Z", "visitors": 62}],
}

MOVEMENTS: Final[list[dict[str, Any]]] = [
    {
        "source": "till-S014",
        "sequence": 88121,
        "location_id": "S014",
        "sku": "SKU-1",
        "quantity": -1,
        "occurred_at": "2026-03-02T08:41:00Z",
        "reason": "sold",
    }
]

SHIPMENT_EVENTS: Final[dict[str, Any]] = {
    "accepted": {"event": "accepted"},
    "refused": {"event": "rejected", "reason": "The till queue is out of the door"},
    "one of two found": {"event": "short_picked", "lines": [{"line_id": "2", "picked": 1}]},
    "given to the carrier": {"event": "handed_over", "occurred_at": "2026-03-02T16:05:00Z"},
    "given to the carrier, with its costs": {"event": "handed_over", "shipping_cost": 4.9, "handling_cost": 1.2},
    "delivered": {"event": "delivered", "occurred_at": "2026-03-04T10:20:00Z"},
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


DECISION: Final[dict[str, Any]] = {
    "decision_id": "bcb33409b90b433aafc8c73203b15d9d",
    "order_id": "W-1001",
    "decided_at": "2026-03-02T09:14:00.412000Z",
    "language": "en",
    "currency": "EUR",
    "delivery_method": "home",
    "degraded": False,
    "stage": "any",
    "versions": {
        "bundle": "smista@12",
        "ruleset": "home-delivery-italy@1",
        "digest": "sha256:660e8a667dbd31bfbc59f71b2804851d27c98dc0a2aaee09fe60ad683978693c",
    },
    "prices": {
        "late_parcel": 6.0,
        "late_day": 2.0,
        "pick_failure": 8.0,
        "extra_parcel": 1.5,
        "carbon": 0.0,
        "missing_line": 100.0,
    },
    "limits": {"max_parcels": 3, "allow_partial": False},
    "summary": "The best of 3 options costs 6.11 EUR.",
    "options": [
        {
            "rank": 1,
            "total": 6.1092,
            "difference": 0.0,
            "bound": 6.1092,
            "explanation": "One parcel from Piacenza (61.4 km, expected Tue 3 Mar, 100% in time): 6.11 EUR "
            "in all. 0.62 EUR cheaper than the next option (Milano Brera) because the risk "
            "that a piece is not found costs 0.62 less (pick_failure at 8.00).",
            "terms": {
                "cost": 5.95,
                "late": 0.0,
                "late_days": 0.0,
                "pick_failure": 0.1592,
                "carbon": 0.0,
                "adjustments": 0.0,
                "extra_parcels": 0.0,
                "missing_lines": 0.0,
            },
            "shipments": [
                {
                    "location_id": "W001",
                    "location_type": "warehouse",
                    "location_name": "Piacenza",
                    "carrier_service_id": "std",
                    "distance_km": 61.4364,
                    "lines": [
                        {"line_id": "1", "sku": "SKU-1", "quantity": 1},
                        {"line_id": "2", "sku": "SKU-2", "quantity": 2},
                    ],
                    "delivery": {
                        "p10_at": "2026-03-03T03:14:00.412000Z",
                        "p50_at": "2026-03-03T15:14:00.412000Z",
                        "p90_at": "2026-03-04T03:14:00.412000Z",
                        "p_late": 0.0,
                        "ready_p50_at": "2026-03-02T14:05:00Z",
                    },
                    "pick_failure": 0.0199,
                    "terms": {
                        "cost": 5.95,
                        "late": 0.0,
                        "late_days": 0.0,
                        "pick_failure": 0.1592,
                        "carbon": 0.0,
                        "adjustments": 0.0,
                        "extra_parcels": 0.0,
                    },
                }
            ],
            "missing": [],
            "compared_with": {
                "rank": 2,
                "difference": -0.6208,
                "shipments": [{"location_id": "S014", "location_name": "Milano Brera", "carrier_service_id": "std"}],
            },
            "differences": {
                "cost": 0.0,
                "late": 0.0,
                "late_days": 0.0,
                "pick_failure": -0.6208,
                "carbon": 0.0,
                "adjustments": 0.0,
                "extra_parcels": 0.0,
                "missing_lines": 0.0,
            },
            "on_time": 0.97,
        },
        {
            "rank": 2,
            "total": 6.73,
            "difference": 0.6208,
            "bound": 6.73,
            "explanation": "One parcel from Milano Brera (0.3 km, expected Tue 3 Mar, 100% in time): 6.73 "
            "EUR in all. 0.62 EUR dearer than the best (Piacenza) because the risk that a "
            "piece is not found costs 0.62 more (pick_failure at 8.00).",
            "terms": {
                "cost": 5.95,
                "late": 0.0,
                "late_days": 0.0,
                "pick_failure": 0.78,
                "carbon": 0.0,
                "adjustments": 0.0,
                "extra_parcels": 0.0,
                "missing_lines": 0.0,
            },
            "shipments": [
                {
                    "location_id": "S014",
                    "location_type": "store",
                    "location_name": "Milano Brera",
                    "carrier_service_id": "std",
                    "distance_km": 0.2716,
                    "lines": [
                        {"line_id": "1", "sku": "SKU-1", "quantity": 1},
                        {"line_id": "2", "sku": "SKU-2", "quantity": 2},
                    ],
                    "delivery": {
                        "p10_at": "2026-03-02T21:14:00.412000Z",
                        "p50_at": "2026-03-03T05:14:00.412000Z",
                        "p90_at": "2026-03-03T13:14:00.412000Z",
                        "p_late": 0.0,
                        "ready_p50_at": "2026-03-02T14:05:00Z",
                    },
                    "pick_failure": 0.0975,
                    "terms": {
                        "cost": 5.95,
                        "late": 0.0,
                        "late_days": 0.0,
                        "pick_failure": 0.78,
                        "carbon": 0.0,
                        "adjustments": 0.0,
                        "extra_parcels": 0.0,
                    },
                }
            ],
            "missing": [],
            "compared_with": {
                "rank": 1,
                "difference": 0.6208,
                "shipments": [{"location_id": "W001", "location_name": "Piacenza", "carrier_service_id": "std"}],
            },
            "differences": {
                "cost": 0.0,
                "late": 0.0,
                "late_days": 0.0,
                "pick_failure": 0.6208,
                "carbon": 0.0,
                "adjustments": 0.0,
                "extra_parcels": 0.0,
                "missing_lines": 0.0,
            },
            "on_time": 0.97,
        },
        {
            "rank": 3,
            "total": 12.93,
            "difference": 6.8208,
            "bound": 12.93,
            "explanation": "Two parcels from Milano Brera (0.3 km, expected Tue 3 Mar, 100% in time) and "
            "Piacenza (61.4 km, expected Tue 3 Mar, 100% in time): 12.93 EUR in all. 6.82 "
            "EUR dearer than the best (Piacenza) because shipping and handling cost 5.00 "
            "more, extra parcels cost 1.50 more (extra_parcel at 1.50) and the risk that a "
            "piece is not found costs 0.32 more (pick_failure at 8.00).",
            "terms": {
                "cost": 10.95,
                "late": 0.0,
                "late_days": 0.0,
                "pick_failure": 0.48,
                "carbon": 0.0,
                "adjustments": 0.0,
                "extra_parcels": 1.5,
                "missing_lines": 0.0,
            },
            "shipments": [
                {
                    "location_id": "S014",
                    "location_type": "store",
                    "location_name": "Milano Brera",
                    "carrier_service_id": "std",
                    "distance_km": 0.2716,
                    "lines": [{"line_id": "1", "sku": "SKU-1", "quantity": 1}],
                    "delivery": {
                        "p10_at": "2026-03-02T21:14:00.412000Z",
                        "p50_at": "2026-03-03T05:14:00.412000Z",
                        "p90_at": "2026-03-03T13:14:00.412000Z",
                        "p_late": 0.0,
                        "ready_p50_at": "2026-03-02T14:05:00Z",
                    },
                    "pick_failure": 0.05,
                    "terms": {
                        "cost": 5.55,
                        "late": 0.0,
                        "late_days": 0.0,
                        "pick_failure": 0.4,
                        "carbon": 0.0,
                        "adjustments": 0.0,
                        "extra_parcels": 0.0,
                    },
                },
                {
                    "location_id": "W001",
                    "location_type": "warehouse",
                    "location_name": "Piacenza",
                    "carrier_service_id": "std",
                    "distance_km": 61.4364,
                    "lines": [{"line_id": "2", "sku": "SKU-2", "quantity": 2}],
                    "delivery": {
                        "p10_at": "2026-03-03T03:14:00.412000Z",
                        "p50_at": "2026-03-03T15:14:00.412000Z",
                        "p90_at": "2026-03-04T03:14:00.412000Z",
                        "p_late": 0.0,
                        "ready_p50_at": "2026-03-02T14:05:00Z",
                    },
                    "pick_failure": 0.01,
                    "terms": {
                        "cost": 5.4,
                        "late": 0.0,
                        "late_days": 0.0,
                        "pick_failure": 0.08,
                        "carbon": 0.0,
                        "adjustments": 0.0,
                        "extra_parcels": 1.5,
                    },
                },
            ],
            "missing": [],
            "compared_with": {
                "rank": 1,
                "difference": 6.8208,
                "shipments": [{"location_id": "W001", "location_name": "Piacenza", "carrier_service_id": "std"}],
            },
            "differences": {
                "cost": 5.0,
                "late": 0.0,
                "late_days": 0.0,
                "pick_failure": 0.3208,
                "carbon": 0.0,
                "adjustments": 0.0,
                "extra_parcels": 1.5,
                "missing_lines": 0.0,
            },
            "on_time": 0.97,
        },
    ],
    "excluded": [],
    "binding_rules": [],
    "missing": [],
    "relaxations": [],
    "promise": None,
    "timezone": "Europe/Rome",
    "reasons": {},
    "unproved": False,
}

CHANGES: Final[dict[str, Any]] = {
    "decision_id": "5f0d8a52f7c94a0d9a5e0a7c31f2b1aa",
    "since": "0c4dd3f0f3ce4f0f8f9a8f5c3b7a9d11",
    "text": (
        "Before, the plan that wins now cost 2.10 more; now it costs 3.40 less because "
        "the price late_parcel went from 6.00 to 60.00, worth 5.50 here."
    ),
}
