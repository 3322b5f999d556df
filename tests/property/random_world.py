"""Random small retailers with an order and a ruleset, and heads whose answers can be worked out again by hand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from decision.network import Network
from decision.order import Destination, Line, OpenShipment, Order
from decision.rules.parts import Limits
from decision.rules.ruleset import Ruleset, compile_ruleset
from features.facts import Columns, check_facts
from tests.unit.decision.world import DUOMO, NOW, Hours, network

TYPES = ["store", "warehouse", "supplier"]


class Formula:
    """Heads whose answers are formulas of the facts, so that the test can work them out again row by row."""

    version = "formula@1"

    def delivery_hours(self, facts: Columns) -> Hours:
        """Slower with every letter of the location's number and by service."""
        low = 12.0 + 7.0 * number(facts["location_id"]) + 11.0 * number(facts["carrier_service_id"])
        return Hours(low, low + 24.0 + 3.0 * facts["lines"])

    def ready_hours(self, facts: Columns) -> Hours:
        """Half of the delivery."""
        low = 6.0 + 3.0 * number(facts["location_id"])
        return Hours(low, low + 12.0)

    def delivery_rests(self, facts: Columns, first: date, days: int) -> Any:  # noqa: ARG002 (protocol)
        """No holidays."""
        return np.zeros((check_facts(facts), days), bool)

    def cost(self, facts: Columns) -> Any:
        """Grows with weight, units and lines; takes an unknown weight for none at all."""
        place, service = number(facts["location_id"]), number(facts["carrier_service_id"])
        weight = np.nan_to_num(facts["weight_kg"])
        return 2.0 + 0.37 * place + 1.3 * service + weight * (0.3 + 0.1 * service) + 0.21 * facts["units"]

    def pick_failure(self, facts: Columns) -> Any:
        """Less likely where more is recorded; more likely for more units."""
        return 0.3 / (1.0 + facts["on_hand"]) + 0.01 * number(facts["sku"]) + 0.02 * facts["units"]


class Coarse(Formula):
    """Answers that are the same everywhere, so that many plans cost the same."""

    version = "coarse@1"

    def delivery_hours(self, facts: Columns) -> Hours:
        """A day everywhere."""
        return Hours(np.full(len(facts["units"]), 12.0), np.full(len(facts["units"]), 36.0))

    def cost(self, facts: Columns) -> Any:
        """By units."""
        return 2.0 + 0.5 * facts["units"]

    def pick_failure(self, facts: Columns) -> Any:
        """Never."""
        return 0.0 * facts["units"]


def number(ids: Any) -> Any:
    """Return the number in ids such as L3; 0 where there is none."""
    return np.array([0.0 if one is None else float(one[1:]) for one in ids])


DOCUMENT: dict[str, Any] = {
    "name": "random",
    "strategy": {"late_parcel": 6.0, "late_day": 2.0, "pick_failure": 8.0, "extra_parcel": 1.5, "carbon": 0.3},
    "rules": [
        {"id": "busy", "exclude": 'location.type == "store" && location.footfall_ratio > 1.6'},
        {"id": "display", "where": 'location.type == "store"', "safety_stock": 1},
        {"id": "bulk", "exclude": 'line.quantity >= 4 && location.type == "supplier"'},
        {"id": "half", "cap": "0.5 * location.capacity_per_day"},
        {"id": "door", "where": 'location.type == "store"', "cap": 3},
        {"id": "overstock", "where": "stock.on_hand >= 4", "adjust": "-0.6"},
        {"id": "supplier", "adjust": 'location.type == "supplier" ? 0.9 : 0'},
        {"id": "dear", "exclude": "prediction.line_cost > 9"},
    ],
    "stages": [{"name": "soon", "require": "prediction.delivery_p50_hours < 55"}, {"name": "any"}],
}
RULESET = compile_ruleset(DOCUMENT)


def world(rng: np.random.Generator) -> tuple[Order, Network, Ruleset]:
    """Return a random order, network and ruleset.

    Some are narrow: a few stores with two services each, and few skus, so that shipments of one store share its stock.
    """
    narrow = bool(rng.random() < 0.4)
    places, skus = (int(rng.integers(2, 4)), 2) if narrow else (int(rng.integers(2, 9)), 5)
    locations = [
        {
            "location_id": f"L{i}",
            "location_type": "store" if narrow else str(rng.choice(TYPES)),
            "latitude": DUOMO[0] + float(rng.normal()),
            "footfall_ratio": float(rng.choice([0.5, 1.0, np.nan] if narrow else [0.5, 1.0, 2.0, np.nan])),
            "capacity_per_day": float(rng.choice([4.0, 6.0, 50.0, np.nan])),
            "capacity_used": float(rng.choice([0.0, 1.0, 2.0, np.nan])),
        }
        for i in range(places)
    ]
    services: list[dict[str, Any]] = [
        {"carrier_service_id": "C1", "max_weight_kg": float(rng.choice([3.0, 8.0, 30.0]))},
        {"carrier_service_id": "C2", "level": "express", "carbon_kg_per_shipment": 1.5, "location_type": "store"},
    ][: 2 if narrow else int(rng.integers(1, 3))]
    services = [{"location_type": None, "carbon_kg_per_shipment": float("nan"), **service} for service in services]
    count = int(rng.integers(1, 4)) if narrow else int(rng.integers(1, 7))
    weights = np.where(rng.random(count) < 0.8, rng.integers(1, 4, count), 0.0)  # 0: nobody weighed it
    grouped, units = rng.random() < 0.3, [(1, 2), (1, 3), (3, 7) if narrow else (1, 7)][int(rng.integers(0, 3))]
    lines = tuple(
        Line(
            str(i),
            f"K{int(rng.integers(0, skus))}",
            int(rng.integers(*units)),
            10.0,
            weight_kg=float(weights[i]) or None,
            group="set" if grouped and rng.random() < 0.5 else None,
        )
        for i in range(count)
    )
    often = 0.9 if narrow else min(0.8, 3.5 / places) if count > 2 else 0.8
    stock = {
        f"K{i}": {f"L{j}": int(rng.integers(1, 6 if narrow else 9)) for j in range(places) if rng.random() < often}
        for i in range(skus)
    }
    promised = NOW + timedelta(hours=float(rng.integers(20, 80))) if rng.random() < 0.8 else None
    order = Order(
        "O",
        NOW,
        "EUR",
        "home",
        Destination("IT", None, None, *DUOMO),
        lines,
        promised_at=promised,
        open_shipments=tuple(_open_shipments(rng, places)) if rng.random() < (0.6 if narrow else 0.4) else (),
    )
    limits = Limits(
        max_parcels=int(rng.integers(1, 5)) if rng.random() < 0.4 else None,
        allow_partial=bool(rng.random() < 0.45),
        split_lines=bool(rng.random() < 0.8),
    )
    return order, network(locations, services, stock), replace(RULESET, limits=limits)


def _open_shipments(rng: np.random.Generator, places: int) -> Iterator[OpenShipment]:
    for at in range(int(rng.integers(1, 4))):
        weight = float(rng.integers(0, 3))
        service = f"C{int(rng.integers(1, 3))}"
        units = int(rng.integers(1, 4))
        yield OpenShipment(
            f"P{at}", f"L{int(rng.integers(0, places))}", service, weight or None, 1.0, 10.0, units, 1, 20.0
        )
