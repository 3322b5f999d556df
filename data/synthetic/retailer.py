"""The retailer put together from its parts, and its rows day by day."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.carriers import Lanes
from data.synthetic.clock import Clock
from data.synthetic.collector import without_search_for_cycles
from data.synthetic.columns import Columns, Rows
from data.synthetic.demand import CHANNELS, METHODS, PAYMENTS, Demand, Orders
from data.synthetic.footfall import Footfall
from data.synthetic.history import COLLECTING, History
from data.synthetic.jobs import jobs_of
from data.synthetic.network import Network
from data.synthetic.outcomes import Outcomes
from data.synthetic.places import COUNTRY, PLACES
from data.synthetic.policy import Destinations, Policy
from data.synthetic.presets import Preset
from data.synthetic.processing import Processing
from data.synthetic.products import Range
from data.synthetic.stock import Records, Restatements

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Orders of a day, about, of which the truth tells what each other location would have taken.
COMPARED_PER_DAY: Final = 40
#: How much a customer who collects likes the nearest store, the next, and the one after.
COLLECT_LIKING: Final = np.array([0.7, 0.2, 0.1])
#: Hours after placing by which the order is promised.
PROMISED_HOURS: Final = {"express": 48.0, "standard": 96.0, "collected": 24.0, "ship_to_store": 120.0}


class Retailer:
    """A retailer drawn from a seed."""

    def __init__(self, preset: Preset, seed: int) -> None:
        """Draw everything that does not change."""
        draw = np.random.default_rng([seed, 0])
        self._days, self._seed = preset.days, seed
        self._clock = Clock(preset.first_day, preset.days)
        self.products = Range.draw(preset.skus, draw)
        self.network = Network.draw(preset, draw)
        self._records = Records(self.network, self.products, preset.orders_per_day, draw)
        self._footfall = Footfall.draw(preset.stores, draw)
        lanes = Lanes.draw(draw)
        self._demand = Demand(self.products, preset.orders_per_day)
        self._policy = Policy(self.network)
        self._history = History(
            clock=self._clock,
            network=self.network,
            records=self._records,
            footfall=self._footfall,
            processing=Processing(self.network, draw),
            policy=self._policy,
            compared_every=math.ceil(preset.orders_per_day / COMPARED_PER_DAY),
        )
        horizon = preset.days * 24.0
        self._outcomes = Outcomes(self._clock, self.network, self.products, lanes, horizon=horizon)
        self._near = self.network.nearest("store")[:, : len(COLLECT_LIKING)]
        self._ids = np.array(self.network.ids, dtype=object)
        self._skus = np.array(self.products.skus, dtype=object)

    def days(self) -> Iterator[tuple[Rows, Rows]]:
        """Play the history: day by day the rows it adds to the canonical tables, and those it adds to the truth."""
        orders_before, attempts_before = 0, 0
        for day in range(self._days):
            with without_search_for_cycles():
                rng = np.random.default_rng([self._seed, 1, day])
                visitors = self._footfall.visitors(self._clock, day, rng)
                orders = self._demand.orders(self._clock, day, rng)
                methods, to = self._destinations(orders, rng)
                candidates = self._policy.candidates(orders, to)
                jobs = jobs_of(orders, methods, candidates, to, orders_before + 1)
                left = self._history.play(day, jobs, visitors, rng)
                tables = {"footfall": self._footfall_rows(visitors, day)}
                truth = {}
                tables["orders"], tables["order_lines"] = self._order_rows(orders, methods, to, orders_before + 1)
                tables["stock"], truth["stock"] = self._stock_rows(Restatements.joined(left.nightly, left.picked))
                if left.attempts:
                    december = self._clock.month(day) == 12
                    made = self._outcomes.tables(
                        left.attempts, attempts_before + 1, self._records, december=december, rng=rng
                    )
                    tables |= {"fulfilments": made.fulfilments, "fulfilment_lines": made.fulfilment_lines}
                    truth |= {"fulfilments": made.truth, "fulfilment_lines": made.truth_lines}
                    if left.alternatives:
                        truth["alternatives"] = self._outcomes.alternatives(
                            left.alternatives, self._records, december=december
                        )
                orders_before += len(orders.placed)
                attempts_before += len(left.attempts)
            yield tables, truth

    def _destinations(self, orders: Orders, rng: np.random.Generator) -> tuple[IntArray, Destinations]:
        """Delivery methods and where they lead.

        Who collects picks one of the nearest stores whose record shows everything; if there is none, it is shipped to
        the nearest.
        """
        size = len(orders.placed)
        order_of_line = np.repeat(np.arange(size), np.diff(orders.first_line))
        near = self._near[orders.place]
        lacking = self._records.on_hand[near[order_of_line], orders.sku[:, None]] < orders.quantity[:, None]
        has_all = np.stack([np.bincount(order_of_line, lacks, size) == 0 for lacks in lacking.T], axis=1)
        at_once = np.isin(orders.method, COLLECTING) & has_all.any(axis=1)
        liking = COLLECT_LIKING[: near.shape[1]] * np.where(at_once[:, None], has_all, 1)
        liking = np.cumsum(liking / liking.sum(axis=1, keepdims=True), axis=1)
        chosen = np.minimum((rng.random(size)[:, None] > liking).sum(axis=1), near.shape[1] - 1)
        store = near[np.arange(size), chosen]
        home = orders.method == METHODS.index("home")
        methods = np.where(home | at_once, orders.method, METHODS.index("ship_to_store"))
        return methods, Destinations(
            place=np.where(home, orders.place, self.network.place[store]),
            latitude=np.where(home, orders.latitude, self.network.latitude[store]),
            longitude=np.where(home, orders.longitude, self.network.longitude[store]),
            collect=np.where(home, -1, store),
        )

    def _order_rows(self, orders: Orders, methods: IntArray, to: Destinations, first: int) -> tuple[Columns, Columns]:
        method = np.array(METHODS, dtype=object)[methods]
        cases = [np.isin(methods, COLLECTING), method == "ship_to_store", orders.express]
        speed = np.select(cases, ["collected", "ship_to_store", "express"], "standard")
        promised = orders.placed + np.array([PROMISED_HOURS[name] for name in speed], float)
        ids = np.array([f"O{first + position:08d}" for position in range(len(method))], dtype=object)
        where = [PLACES[position] for position in to.place]
        collect = self._ids[to.collect]
        collect[to.collect < 0] = None
        rows = {
            "order_id": ids,
            "customer_id": [f"C{number:07d}" for number in orders.customer],
            "placed_at": self._clock.timestamps(orders.placed),
            "channel": np.array(CHANNELS, dtype=object)[orders.channel],
            "payment_method": np.array(PAYMENTS, dtype=object)[orders.payment],
            "currency": "EUR",
            "delivery_method": method,
            "country": COUNTRY,
            "region": [place.region for place in where],
            "postal_code": [place.postal_code for place in where],
            "latitude": to.latitude,
            "longitude": to.longitude,
            "promised_at": self._clock.timestamps(promised),
            "collect_location_id": collect,
        }
        of_line = np.repeat(np.arange(len(ids)), np.diff(orders.first_line))
        lines = {
            "order_id": ids[of_line],
            "line_id": (np.arange(len(of_line)) - orders.first_line[of_line] + 1).astype(str),
            "sku": self._skus[orders.sku],
            "quantity": orders.quantity,
            "unit_price": self.products.price[orders.sku],
        }
        return rows, lines

    def _stock_rows(self, restated: Restatements) -> tuple[Columns, Columns]:
        record = {
            "location_id": self._ids[restated.location],
            "sku": self._skus[restated.sku],
            "counted_at": self._clock.timestamps(restated.at),
            "on_hand": restated.on_hand,
        }
        recorded = record | {"reserved": restated.reserved, "safety_stock": 0}
        return recorded, record | {"true_on_hand": restated.true_on_hand}

    def _footfall_rows(self, visitors: FloatArray, day: int) -> Columns:
        store, hour = np.nonzero(np.isfinite(visitors))
        return {
            "location_id": self._ids[self.network.of_type("store")][store],
            "hour_utc": self._clock.timestamps((day * 24 + hour).astype(float)),
            "visitors": visitors[store, hour],
        }
