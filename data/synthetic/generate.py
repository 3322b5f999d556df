"""Put the retailer together and let it run."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.schemas import TABLES
from data.synthetic import carriers
from data.synthetic.carriers import Lanes
from data.synthetic.clock import Clock
from data.synthetic.demand import CHANNELS, METHODS, Demand, Orders
from data.synthetic.errors import TruthInsideDatasetError
from data.synthetic.footfall import Footfall
from data.synthetic.history import COLLECTING, History, jobs_of
from data.synthetic.network import Network
from data.synthetic.outcomes import REGIONS, Outcomes
from data.synthetic.places import COUNTRY, PLACES
from data.synthetic.policy import Destinations, Policy
from data.synthetic.presets import Preset
from data.synthetic.processing import Processing
from data.synthetic.products import Range
from data.synthetic.stock import Records, Restatements
from data.synthetic.writer import TRUTH_TABLES, Tables, canonical_schema, truth_schema

IntArray = NDArray[np.int64]

#: Which of the nearest stores a customer collects at.
COLLECT_SHARE: Final = (0.7, 0.2, 0.1)
#: Hours after placing by which the order is promised: express, standard, collected, shipped to a store.
PROMISED_HOURS: Final = {"express": 48.0, "standard": 96.0, "collected": 24.0, "ship_to_store": 120.0}


class Retailer:
    """A retailer drawn from a seed. `days` may be called once."""

    def __init__(self, preset: Preset, seed: int) -> None:
        """Draw everything that does not change."""
        self._preset, self._seed = preset, seed
        draw = np.random.default_rng([seed, 0])
        self._clock = Clock(preset.first_day, preset.days)
        self.products = Range.draw(preset.skus, draw)
        self.network = Network.draw(preset, draw)
        self._records = Records(self.network, self.products, preset.orders_per_day, draw)
        self._footfall = Footfall.draw(preset.stores, draw)
        lanes = Lanes.draw(len(REGIONS), draw)
        processing = Processing(self.network, draw)
        self._policy = Policy(self.network)
        self._demand = Demand(self.products, preset.orders_per_day)
        self._history = History(
            self._clock,
            self.network,
            self.products,
            self._records,
            self._footfall,
            processing,
            self._policy,
        )
        self._outcomes = Outcomes(
            self._clock, self.network, self.products, self._records, lanes, horizon=preset.days * 24.0
        )
        self._near = self.network.stores_near()
        self._ids = np.array(self.network.ids, dtype=object)
        self._skus = np.array(self.products.skus, dtype=object)

    def days(self) -> Iterator[tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]]:
        """Day by day, the rows it adds to the canonical tables and those it adds to the truth."""
        orders_so_far, attempts_so_far = 1, 1
        for day in range(self._preset.days):
            rng = np.random.default_rng([self._seed, 1, day])
            visitors = self._footfall.visitors(self._clock, day, rng)
            orders = self._demand.orders(self._clock, day, rng)
            methods, to = self._destinations(orders, rng)
            candidates = self._policy.candidates(orders, to)
            jobs = jobs_of(orders, methods, candidates, to, orders_so_far)
            left = self._history.play(day, jobs, visitors, rng)
            tables = {"footfall": self._footfall_rows(visitors, day)}
            tables["orders"], tables["order_lines"] = self._order_rows(orders, methods, to, orders_so_far)
            truth = {}
            tables["stock"], truth["stock"] = self._stock_rows(left.restatements)
            if left.attempts:
                made = self._outcomes.tables(left.attempts, attempts_so_far, self._clock.month(day) == 12, rng)
                tables |= {"fulfilments": made.fulfilments, "fulfilment_lines": made.fulfilment_lines}
                truth |= {"fulfilments": made.truth, "fulfilment_lines": made.truth_lines}
            orders_so_far += len(orders.placed)
            attempts_so_far += len(left.attempts)
            yield tables, truth

    def _destinations(self, orders: Orders, rng: np.random.Generator) -> tuple[IntArray, Destinations]:
        """Delivery methods and where they lead: what the chosen store does not have is shipped to it."""
        size = len(orders.placed)
        choices = min(len(COLLECT_SHARE), self._near.shape[1])
        share = np.array(COLLECT_SHARE[:choices])
        store = self._near[orders.place, rng.choice(choices, size, p=share / share.sum())]
        home = orders.method == METHODS.index("home")
        order_of_line = np.repeat(np.arange(size), np.diff(orders.first_line))
        missing = self._records.on_hand[store[order_of_line], orders.sku] < orders.quantity
        lacks = np.bincount(order_of_line, missing, size) > 0
        methods = np.where(np.isin(orders.method, COLLECTING) & lacks, METHODS.index("ship_to_store"), orders.method)
        index_of_place = {place: index for index, place in enumerate(PLACES)}
        place_of = np.array([index_of_place[place] for place in self.network.places])
        to = Destinations(
            place=np.where(home, orders.place, place_of[store]),
            latitude=np.where(home, orders.latitude, self.network.latitude[store]),
            longitude=np.where(home, orders.longitude, self.network.longitude[store]),
            collect=np.where(home, -1, store),
        )
        return methods, to

    def _order_rows(
        self, orders: Orders, methods: IntArray, to: Destinations, first: int
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        method = np.array(METHODS, dtype=object)[methods]
        kind = np.select(
            [np.isin(methods, COLLECTING), method == "ship_to_store", orders.express],
            ["collected", "ship_to_store", "express"],
            "standard",
        )
        promised = orders.placed + np.array([PROMISED_HOURS[name] for name in kind])
        ids = np.array([f"O{number:08d}" for number in range(first, first + len(method))], dtype=object)
        where = [PLACES[index] for index in to.place]
        rows = pd.DataFrame(
            {
                "order_id": ids,
                "customer_id": [f"C{number:07d}" for number in orders.customer],
                "placed_at": self._clock.timestamps(orders.placed),
                "channel": np.array(CHANNELS, dtype=object)[orders.channel],
                "currency": "EUR",
                "delivery_method": method,
                "country": COUNTRY,
                "region": [place.region for place in where],
                "postal_code": [place.postal_code for place in where],
                "latitude": to.latitude,
                "longitude": to.longitude,
                "promised_at": self._clock.timestamps(promised),
                "collect_location_id": np.where(to.collect >= 0, self._ids[to.collect], None),
            }
        )
        of_line = np.repeat(np.arange(len(ids)), np.diff(orders.first_line))
        lines = pd.DataFrame(
            {
                "order_id": ids[of_line],
                "line_id": (np.arange(len(of_line)) - orders.first_line[of_line] + 1).astype(str),
                "sku": self._skus[orders.sku],
                "quantity": orders.quantity,
                "unit_price": self.products.price[orders.sku],
            }
        )
        return rows, lines

    def _stock_rows(self, restatements: list[Restatements]) -> tuple[pd.DataFrame, pd.DataFrame]:
        def stacked(name: str) -> NDArray[np.float64]:
            return np.concatenate([getattr(piece, name) for piece in restatements])

        key = {
            "location_id": self._ids[stacked("location")],
            "sku": self._skus[stacked("sku")],
            "counted_at": self._clock.timestamps(stacked("at")),
            "on_hand": stacked("on_hand"),
        }
        rows = pd.DataFrame(key | {"reserved": stacked("reserved"), "safety_stock": 0})
        return rows, pd.DataFrame(key | {"true_on_hand": stacked("true_on_hand")})

    def _footfall_rows(self, visitors: NDArray[np.float64], day: int) -> pd.DataFrame:
        store, hour = np.nonzero(np.isfinite(visitors))
        return pd.DataFrame(
            {
                "location_id": self._ids[self.network.of_type("store")][store],
                "hour_utc": self._clock.timestamps(day * 24.0 + hour),
                "visitors": visitors[store, hour],
            }
        )


def generate(preset: Preset, seed: int, out: Path, truth: Path) -> Iterator[int]:
    """Write the canonical tables into ``out`` and what is hidden behind them into ``truth``; yield after each day.

    Raises `TruthInsideDatasetError` if training, which reads ``out``, could come upon the truth.
    """
    if truth.resolve() == out.resolve() or out.resolve() in truth.resolve().parents:
        raise TruthInsideDatasetError(truth, out)
    retailer = Retailer(preset, seed)
    with ExitStack() as stack:
        tables = stack.enter_context(Tables(out, {name: canonical_schema(name) for name in TABLES}))
        hidden = stack.enter_context(Tables(truth, {name: truth_schema(name) for name in TRUTH_TABLES}))
        tables.add("locations", retailer.network.table())
        tables.add("products", retailer.products.table())
        tables.add("carrier_services", carriers.table())
        described = {"seed": seed, **asdict(preset), "first_day": preset.first_day.isoformat()}
        (truth / "retailer.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        for day, (rows, hidden_rows) in enumerate(retailer.days(), start=1):
            for name, frame in rows.items():
                tables.add(name, frame)
            for name, frame in hidden_rows.items():
                hidden.add(name, frame)
            yield day
