"""How long a location needs to prepare an order, and whether it takes it at all."""

import math
from typing import Final

import numpy as np

from data.synthetic.carriers import HOURS_PER_YEAR
from data.synthetic.network import Network

#: Median hours of work and log-sd of an ordinary order, by type of location.
MEDIAN_HOURS: Final = {"warehouse": 4.0, "store": 2.2, "supplier": 9.0}
LOG_SD: Final = {"warehouse": 0.40, "store": 0.60, "supplier": 0.50}
#: Log-odds of refusing an ordinary order.
REJECTION_LOG_ODDS: Final = {"warehouse": -7.0, "store": -3.9, "supplier": -4.2}
#: Fetching from the shelf for a customer who comes by needs no packing.
COLLECT_LOG_FACTOR: Final = -0.4
BACKLOG_PULL: Final = 0.45


class Processing:
    """Preparation at each location. Methods take one order at a time: they are in the inner loop."""

    def __init__(self, network: Network, phase: np.random.Generator) -> None:
        """Take the hidden character of each location from ``network``."""
        kinds = [str(kind) for kind in network.types]
        slowness, restlessness, pull = network.slowness, network.restlessness, network.footfall_pull
        self._base = [math.log(MEDIAN_HOURS[kind]) + x for kind, x in zip(kinds, slowness.tolist(), strict=True)]
        self._swing = network.slowness_drift.tolist()
        self._phase = phase.uniform(0, 1, len(kinds)).tolist()
        self._sigma = [LOG_SD[kind] * x for kind, x in zip(kinds, restlessness.tolist(), strict=True)]
        self._pull = [x if kind == "store" else 0.0 for kind, x in zip(kinds, pull.tolist(), strict=True)]
        self._odds = [REJECTION_LOG_ODDS[kind] + x for kind, x in zip(kinds, network.rejecting.tolist(), strict=True)]
        self._odds_pull = [1.3 if kind == "store" else 0.0 for kind in kinds]
        self._capacity = network.capacity_per_day.tolist()

    def hours(
        self, location: int, hour: float, backlog: int, log_footfall: float, *, units: int, lines: int, collect: float
    ) -> tuple[float, float]:
        """Mean and sd of the log hours of work.

        ``hour`` counts from the first day, ``log_footfall`` is the log of the ratio (0 while closed), ``collect`` is 1
        if the customer comes for it and 0 if not.
        """
        swing = self._swing[location] * math.sin(2 * math.pi * (hour / (0.6 * HOURS_PER_YEAR) + self._phase[location]))
        mu = (
            self._base[location]
            + swing
            + self._pull[location] * log_footfall
            + BACKLOG_PULL * self._pressure(location, backlog)
            + 0.12 * math.log(units)
            + 0.10 * (lines - 1)
            + COLLECT_LOG_FACTOR * collect
        )
        return mu, self._sigma[location]

    def rejection(self, location: int, backlog: int, log_footfall: float) -> float:
        """Probability that the location will not take the order."""
        crowd = self._odds_pull[location] * max(log_footfall, 0.0)
        return 1 / (1 + math.exp(-(self._odds[location] + crowd + 0.8 * self._pressure(location, backlog))))

    def _pressure(self, location: int, backlog: int) -> float:
        return math.log1p(4 * backlog / self._capacity[location])
