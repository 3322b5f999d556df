"""What a date waits for: the parcels of the plan, or the slowest that could come where the plan may be another."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from decision.candidates.arrival import all_within, last_quantile, late_each
from decision.plans.ranked import Ranked
from decision.predictor import FloatArray, HoursDistribution


class Awaited(Protocol):
    """Candidates whose parcels are waited for."""

    @property
    def rows(self) -> NDArray[np.intp]:
        """Return (K,) the candidates, positions in `Ruled.situation`."""

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (T,) the probability that all is there within ``hours``, (T,) or (K, T)."""

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which all is there with probability ``level``; each loses ``lost``, (K,), hours."""


@dataclass(frozen=True)
class PlanAwaited:
    """The parcels of the best plan."""

    rows: NDArray[np.intp]
    arrival: HoursDistribution

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (T,) the probability that every parcel is there."""
        return all_within(self.arrival, len(self.rows), hours)

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which every parcel is there."""
        return last_quantile(self.arrival, lost, level)


@dataclass(frozen=True)
class SlowestAwaited:
    """The slowest candidate, as many times as a plan may have ``parcels``: no plan of them all is slower.

    So where each candidate is no faster than it was, what is read from here is no earlier than from any plan.
    """

    rows: NDArray[np.intp]
    arrival: HoursDistribution
    parcels: int

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (T,) the probability that as many as a plan may have are there, each as slow as the slowest."""
        late = late_each(self.arrival, len(self.rows), hours).max(axis=0)
        return np.asarray((1.0 - late) ** self.parcels)

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which as many as a plan may have are there, each as slow as the slowest."""
        return float((self.arrival.quantile(level ** (1 / self.parcels)) + lost).max())


def the_plan(ranked: Ranked) -> Awaited:
    """The parcels of the best plan."""
    scores = ranked.ruled.situation.scores
    assert scores is not None
    rows = np.array([sent.candidate for sent in ranked.plans[0].shipments])
    return PlanAwaited(rows, scores.arrivals(rows))


def the_slowest(ranked: Ranked) -> Awaited:
    """Any candidate that could send a line, whatever the best plan is."""
    scores = ranked.ruled.situation.scores
    assert scores is not None
    rows = np.flatnonzero(~np.isnan(scores.delivery(0.5)))
    return SlowestAwaited(rows, scores.arrivals(rows), min(len(rows), _most_parcels(ranked)))


def _most_parcels(ranked: Ranked) -> int:
    """Of a plan, however many candidates there are: each sends one parcel, of one part of the order or more."""
    lines, limits = ranked.ruled.situation.order.lines, ranked.ruled.ruleset.limits
    parts = sum(line.quantity for line in lines) if limits.split_lines else len(lines)
    return parts if limits.max_parcels is None else min(parts, limits.max_parcels)
