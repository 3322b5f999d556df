"""When what candidates send is with the customer: predicted hours, put off by calendars, of several parcels together.

Parcels are taken as independent: all are there by an instant with the product of their probabilities. They travel
apart; where one storm holds up both, the product is too low, and the date that is told later than it need be.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from decision.predictor import FloatArray, HoursDistribution


@dataclass(frozen=True)
class PutOff:
    """Predicted ``hours`` put off by ``delay`` hours, and never less than ``earliest``; shape (rows,) all."""

    hours: HoursDistribution
    delay: FloatArray
    earliest: FloatArray

    def take(self, rows: NDArray[np.intp]) -> "PutOff":
        """Return the distributions at ``rows``."""
        return PutOff(self.hours.take(rows), self.delay[rows], self.earliest[rows])

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level``."""
        return np.maximum(self.hours.quantile(level) + self.delay, self.earliest)

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row."""
        return np.where(hours < self.earliest, 1.0, self.hours.probability_later_than(hours - self.delay))

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row."""
        from_ = np.maximum(hours, self.earliest)
        return np.asarray(self.hours.expected_excess(from_ - self.delay) + (from_ - hours))


@dataclass(frozen=True)
class Arrival:
    """What is collected is there when it is ``ready``, what ``travels`` (rows,) when it is ``delivered``."""

    ready: HoursDistribution
    delivered: HoursDistribution
    travels: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp]) -> "Arrival":
        """Return the arrivals at ``rows``."""
        return Arrival(self.ready.take(rows), self.delivered.take(rows), self.travels[rows])

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level``."""
        return self._asked(lambda hours: hours.quantile(level))

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row."""
        return self._asked(lambda each: each.probability_later_than(hours))

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row."""
        return self._asked(lambda each: each.expected_excess(hours))

    def _asked(self, ask: Callable[[HoursDistribution], FloatArray]) -> FloatArray:
        if self.travels.all():  # as nearly always: the other is not asked for nothing
            return ask(self.delivered)
        if not self.travels.any():
            return ask(self.ready)
        return np.where(self.travels, ask(self.delivered), ask(self.ready))


def late_each(arrival: HoursDistribution, parcels: int, hours: FloatArray) -> FloatArray:
    """Return (parcels, T) the probability that each row is not there within ``hours``, (T,) or (parcels, T)."""
    asked = np.broadcast_to(hours, (parcels, np.shape(hours)[-1]))
    if asked.shape[1] == 1:  # as in a search: what the rows have worked out once is not worked out again
        return arrival.probability_later_than(asked[:, 0])[:, None]
    rows = np.repeat(np.arange(parcels), asked.shape[1])
    return arrival.take(rows).probability_later_than(asked.ravel()).reshape(asked.shape)
