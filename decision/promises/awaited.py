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

    def ordered(self, after: FloatArray, again: FloatArray) -> "Awaited":
        """Return the same where the order comes ``after`` so many hours, whichever, the last being the longest; or
        ``again``, after so many, of which each is told by itself.
        """

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (1 + A, T) the probability that all is there within ``hours``, (T,) or (K, T): the least of those
        ``after`` which it is ordered, then ``again`` each.
        """

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which all is there with probability ``level``, ordered ``after`` whatever while; each
        loses ``lost``, (K,), hours.
        """


@dataclass(frozen=True)
class PlanAwaited:
    """The parcels of the best plan, ordered ``after`` so many hours, or ``again``: all hours are from now."""

    rows: NDArray[np.intp]
    scores: Scores
    after: FloatArray
    again: FloatArray

    def ordered(self, after: FloatArray, again: FloatArray) -> "PlanAwaited":
        """Return the same parcels, ordered ``after`` so many hours, or ``again``."""
        return replace(self, after=after, again=again)

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (1 + A, T) the probability that every parcel is there."""
        each = self._within(hours, len(self._whiles))
        return np.concatenate([each[: len(self.after)].min(axis=0, keepdims=True), each[len(self.after) :]])

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
            if self._within(middle - lost[:, None], len(self.after)).min() < level:
                low = middle
            else:
                high = middle
        return high

    def _within(self, hours: FloatArray, count: int) -> FloatArray:
        """Return (``count``, T) the probability that every parcel is there, ordered after each of the first whiles."""
        whiles, parcels = self._whiles[:count], count * len(self.rows)
        left = np.broadcast_to(hours, (len(self.rows), np.shape(hours)[-1])) - whiles[:, None, None]
        arrivals = self._arrivals if count == len(self._whiles) else self._arrivals_after
        late = late_each(arrivals, parcels, left.reshape(parcels, -1))
        return np.asarray((1.0 - late).reshape(left.shape).prod(axis=1))

    def _last_at(self, level: float, lost: FloatArray) -> float:
        """Return the hours within which each by itself is there with probability ``level``."""
        hours = self._arrivals_after.quantile(level).reshape(len(self.after), len(self.rows))
        return float((hours + lost + self.after[:, None]).max())

    @cached_property
    def _whiles(self) -> FloatArray:
        return np.concatenate([self.after, self.again])

    @cached_property
    def _arrivals(self) -> HoursDistribution:
        """Of every parcel ordered after the first of the whiles, then of every one after the next."""
        if not self._whiles.any():
            return self.scores.arrivals(self.rows)
        rows = np.tile(self.rows, len(self._whiles))
        return self.scores.arrivals_later(rows, np.repeat(self._whiles, len(self.rows)))

    @cached_property
    def _arrivals_after(self) -> HoursDistribution:
        """The same without those of ``again``."""
        return self._arrivals.take(np.arange(len(self.after) * len(self.rows))) if len(self.again) else self._arrivals


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

    def ordered(self, after: FloatArray, again: FloatArray) -> "SlowestAwaited":
        """Return the same candidates where the order comes as late as that; it does not know of ``again``."""
        del again
        return replace(self, after=float(after[-1]))

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (1, T) the probability that as many as a plan may have are there, each as slow as the slowest."""
        late = late_each(self.arrival, len(self.rows), hours - self.after).max(axis=0, keepdims=True)
        return np.asarray((1.0 - late) ** self.parcels)

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which as many as a plan may have are there, each as slow as the slowest."""
        return float((self.arrival.quantile(level ** (1 / self.parcels)) + lost).max()) + self.after


def the_plan(ranked: Ranked) -> Awaited:
    """The parcels of the best plan."""
    scores = ranked.ruled.situation.scores
    assert scores is not None
    rows = np.array([sent.candidate for sent in ranked.plans[0].shipments])
    return PlanAwaited(rows, scores, np.zeros(1), np.zeros(0))


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
