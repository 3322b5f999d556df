"""A small retailer around Milan, written by hand, and a predictor that answers from a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from decision.candidates.candidates import find_candidates
from decision.network import Network, SkuStock
from decision.order import Destination, Line, Order
from decision.rules.ruleset import load_ruleset
from decision.rules.ruling import allowed, apply_rules, rules_in_force
from decision.rules.situation import Situation
from features.facts import Columns, check_facts

NOW = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
DUOMO = (45.4642, 9.1900)


def network(
    locations: list[dict[str, Any]], services: list[dict[str, Any]], stock: Mapping[str, Mapping[str, int]]
) -> Network:
    """Return a network; ``stock``: sku → location → units on hand."""
    usual = {
        "location_type": "store",
        "name": None,
        "country": "IT",
        "region": None,
        "postal_code": None,
        "latitude": DUOMO[0],
        "longitude": DUOMO[1],
        "timezone": "Europe/Rome",
        "capacity_per_day": 50.0,
        "backlog": 0.0,
        "footfall": np.nan,
        "footfall_ratio": np.nan,
    }
    service = {"carrier": "Poste", "level": "standard", "location_type": None, "max_weight_kg": np.nan}
    service["carbon_kg_per_shipment"] = np.nan
    ids = [location["location_id"] for location in locations]
    return Network(
        columns([{"location_id": "", **usual, **location} for location in locations]),
        columns([{"carrier_service_id": "", **service, **one} for one in services]),
        {
            sku: SkuStock(
                np.array(sorted(ids.index(place) for place in places), np.intp),
                np.array([float(places[ids[row]]) for row in sorted(ids.index(place) for place in places)]),
                np.zeros(len(places)),
                np.zeros(len(places)),
                np.full(len(places), NOW.timestamp() - 86_400),
            )
            for sku, places in stock.items()
        },
    )


def places(
    *locations: dict[str, Any], demand: Mapping[str, float] | None = None, risk: Mapping[str, float] | None = None
) -> Network:
    """Return a network whose locations all have nine lamps and nine chairs; of them, what sells and what it risks."""
    ids = [location["location_id"] for location in locations]
    net = network(list(locations), [STD], dict.fromkeys(("LAMP", "CHAIR"), dict.fromkeys(ids, 9)))
    told = {
        "daily_demand": np.array([(demand or {}).get(place, np.nan) for place in ids]),
        "markdown_risk": np.array([(risk or {}).get(place, np.nan) for place in ids]),
    }
    return replace(net, stock={sku: replace(record, **told) for sku, record in net.stock.items()})


#: A carrier service of which much is told.
STD = {
    "carrier_service_id": "STD",
    "attributes": {"signature": True, "zones": 3},
    "cut_offs": {"mon": "13:00", "tue": "13:00"},
}


def situation(net: Network, asked: Order, now: datetime = NOW) -> Situation:
    """Return what rules look at before predictions."""
    candidates = find_candidates(asked, net)
    return Situation(asked, net, candidates, now, candidates.free - candidates.safety)


def left_out(net: Network, asked: Order, ruleset: str, now: datetime = NOW) -> list[str]:
    """Return the locations from which the rules of a ruleset take a line, by their names."""
    seen = situation(net, asked, now)
    loaded = load_ruleset(f"name: n\n{ruleset}")
    gone = ~allowed(seen, apply_rules(loaded, rules_in_force(loaded.rules, seen), seen)).all(axis=0)
    return [str(place) for place in net.locations["location_id"][seen.candidates.location[gone]]]


def columns(rows: list[dict[str, Any]]) -> Columns:
    """Return rows as columns: text (and whatever else is no number) as objects, numbers as float64."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _column(cells: list[Any]) -> Any:
    if any(isinstance(cell, float | int) for cell in cells) and not any(isinstance(cell, str) for cell in cells):
        return np.array(cells, float)  # None becomes NaN
    column = np.empty(len(cells), object)
    column[:] = cells  # a sequence stays one cell
    return column


def order(*skus: str, quantity: int = 1, promised_in_hours: float | None = 56.0, **more: Any) -> Order:
    """Return an order for one line of each sku, going to the centre of Milan."""
    lines = tuple(Line(str(i), sku, quantity, 49.9, weight_kg=1.0, volume_l=2.0) for i, sku in enumerate(skus, start=1))
    return Order(
        "W-1001",
        NOW,
        "EUR",
        more.pop("delivery_method", "home"),
        more.pop("destination", Destination("IT", "20121", None, *DUOMO)),
        more.pop("lines", lines),
        promised_at=None if promised_in_hours is None else NOW + timedelta(hours=promised_in_hours),
        **more,
    )


@dataclass(frozen=True)
class Hours:
    """Uniform between ``low`` and ``high`` hours, row by row."""

    low: Any
    high: Any

    def take(self, rows: Any) -> "Hours":
        """The distributions at ``rows``."""
        return Hours(np.asarray(self.low)[rows], np.asarray(self.high)[rows])

    def quantile(self, level: float) -> Any:
        """Hours that each row stays under with probability ``level``."""
        return self.low + level * (self.high - self.low)

    def probability_later_than(self, hours: Any) -> Any:
        """P(duration > hours)."""
        return np.clip((self.high - hours) / (self.high - self.low), 0, 1)

    def expected_excess(self, hours: Any) -> Any:
        """E[max(duration − hours, 0)]."""
        above = np.clip(self.high - np.maximum(hours, self.low), 0, None)
        return above**2 / 2 / (self.high - self.low) + np.clip(self.low - hours, 0, None)


@dataclass
class Table:
    """Answers by location: (base cost, cost per line, lowest and highest hours, probability of a short pick)."""

    by_location: Mapping[str, tuple[float, float, float, float, float]]
    version: str = "table@1"
    #: Rows asked of each head.
    asked: dict[str, int] = field(default_factory=dict)

    def _rows(self, head: str, facts: Columns) -> Any:
        self.asked[head] = self.asked.get(head, 0) + check_facts(facts)
        found = [self.by_location[place] for place in facts["location_id"]]
        return np.array(found, float).reshape(-1, 5).T

    def delivery_hours(self, facts: Columns) -> Hours:
        """Decision → delivered."""
        _, _, low, high, _ = self._rows("delivery_hours", facts)
        return Hours(low, high)

    def ready_hours(self, facts: Columns) -> Hours:
        """Decision → ready."""
        _, _, low, high, _ = self._rows("ready_hours", facts)
        return Hours(low / 4, high / 4)

    def delivery_rests(self, facts: Columns, first: date, days: int) -> Any:  # noqa: ARG002 (protocol)
        """No holidays."""
        return np.zeros((check_facts(facts), days), bool)

    def cost(self, facts: Columns) -> Any:
        """Money of the shipment."""
        base, each, *_ = self._rows("cost", facts)
        return base + each * facts["lines"]

    def pick_failure(self, facts: Columns) -> Any:
        """Probability of a short pick."""
        return self._rows("pick_failure", facts)[4]
