"""What a date waits for: the parcels of the plan, or the slowest that could come where the plan may be another.

Models know the hour and the weekday: a quarter of an hour later the same parcels may be a little less sure. So what is
awaited is asked about orders that come after any of several whiles, and answers for the one that is the worst off.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from decision.candidates.arrival import late_each
from decision.candidates.scores import Scores
from decision.plans.ranked import Ranked
from decision.predictor import FloatArray, HoursDistribution

#: Halvings of an interval of hours in search of a quantile: down to seconds.
_HALVINGS: Final = 16


class Awaited(Protocol):
    """Candidates whose parcels are waited for. Hours are counted from now, whenever the order comes."""

    @property
    def rows(self) -> NDArray[np.intp]:
        """Return (K,) the candidates, positions in `Ruled.situation`."""

    def ordered(self, after: FloatArray) -> "Awaited":
        """Return the same where the order comes ``after`` so many hours, or after so many: whichever is worse."""

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (T,) the probability that all is there within ``hours``, (T,) or (K, T)."""

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which all is there with probability ``level``; each loses ``lost``, (K,), hours."""


@dataclass(frozen=True)
class PlanAwaited:
    """The parcels of the best plan, ordered ``after`` so many hours, (W,): 0 alone, or any whiles."""

    rows: NDArray[np.intp]
    scores: Scores
    after: FloatArray

    def ordered(self, after: FloatArray) -> "PlanAwaited":
        """Return the same parcels, ordered ``after`` so many hours."""
        return replace(self, after=after)

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (T,) the probability that every parcel is there."""
        left = np.broadcast_to(hours, (len(self.rows), np.shape(hours)[-1])) - self.after[:, None, None]
        parcels = len(self.rows) * len(self.after)
        late = late_each(self._arrivals, parcels, left.reshape(parcels, -1))
        return np.asarray((1.0 - late).reshape(left.shape).prod(axis=1).min(axis=0))

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which every parcel is there."""
        # The last is no earlier than any one of them at that level, and no later than each at its K-th root.
        parcels = len(self.rows)
        high = self._last_at(level ** (1 / parcels), lost)
        if parcels == 1:
            return high
        low = self._last_at(level, lost)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self.within(middle - lost[:, None])[0] < level:
                low = middle
            else:
                high = middle
        return high

    def _last_at(self, level: float, lost: FloatArray) -> float:
        """Return the hours within which each by itself is there with probability ``level``."""
        hours = self._arrivals.quantile(level).reshape(len(self.after), len(self.rows))
        return float((hours + lost + self.after[:, None]).max())

    @cached_property
    def _arrivals(self) -> HoursDistribution:
        """Of every parcel ordered after the first while, then of every one after the next."""
        if not self.after.any():
            return self.scores.arrivals(self.rows)
        return self.scores.arrivals_later(np.tile(self.rows, len(self.after)), np.repeat(self.after, len(self.rows)))


@dataclass(frozen=True)
class SlowestAwaited:
    """The slowest candidate, as many times as a plan may have ``parcels``: no plan of them all is slower.

    So where each candidate is no faster than it was, what is read from here is no earlier than from any plan. Ordered
    ``after`` so many hours, it is as slow as now: this is asked of lanes, which know of no hours and days.
    """

    rows: NDArray[np.intp]
    arrival: HoursDistribution
    parcels: int
    after: float = 0.0

    def ordered(self, after: FloatArray) -> "SlowestAwaited":
        """Return the same candidates where the order comes as late as that."""
        return replace(self, after=float(after.max()))

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (T,) the probability that as many as a plan may have are there, each as slow as the slowest."""
        late = late_each(self.arrival, len(self.rows), hours - self.after).max(axis=0)
        return np.asarray((1.0 - late) ** self.parcels)

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which as many as a plan may have are there, each as slow as the slowest."""
        return float((self.arrival.quantile(level ** (1 / self.parcels)) + lost).max()) + self.after


def the_plan(ranked: Ranked) -> Awaited:
    """The parcels of the best plan."""
    scores = ranked.ruled.situation.scores
    assert scores is not None
    return PlanAwaited(np.array([sent.candidate for sent in ranked.plans[0].shipments]), scores, np.zeros(1))


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
