"""What a date waits for: the parcels of the plan, or the slowest that could come where the plan may be another.

Models know the hour and the weekday: a quarter of an hour later the same parcels may be a little less sure. So what is
awaited is asked about orders that come after any of several whiles, and answers for the one that is the worst off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from decision.candidates.arrival import late_each
from decision.candidates.scores import Scores
from decision.plans.ranked import Ranked
from decision.predictor import FloatArray, HoursDistribution

#: Halvings of an interval of hours in search of a quantile: down to seconds.
_HALVINGS: Final = 16


@dataclass(frozen=True)
class Whiles:
    """Hours from now after which an order may come: ``after`` any of them, the last being the longest; or ``again``,
    after so many, of which each is told by itself.
    """

    after: FloatArray
    again: FloatArray

    @cached_property
    def all(self) -> FloatArray:
        """Return both, one after the other."""
        return np.concatenate([self.after, self.again])


#: The order comes at once.
NOW: Final = Whiles(np.zeros(1), np.zeros(0))


class Awaited(Protocol):
    """Candidates whose parcels are waited for. Hours are counted from now, whenever the order comes."""

    @property
    def rows(self) -> NDArray[np.intp]:
        """Return (K,) the candidates, positions in `Ruled.situation`."""

    @classmethod
    def of(cls, ranked: Ranked) -> Self:
        """Return what an order waits for that comes now."""

    @classmethod
    def ordered(cls, each: Sequence[Self], whiles: Sequence[Whiles]) -> list[Self]:
        """Return the same of each, where its order comes after any of its ``whiles``."""

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
    """The parcels of the best plan, positions in ``scores``; ``arrivals``: of every parcel ordered after the first of
    the ``whiles``, then of every one after the next.
    """

    rows: NDArray[np.intp]
    scores: Scores
    whiles: Whiles
    arrivals: HoursDistribution

    @classmethod
    def of(cls, ranked: Ranked) -> "PlanAwaited":
        """Return the parcels of the best plan."""
        rows = np.array([sent.candidate for sent in ranked.plans[0].shipments])
        scores = ranked.priced.scores
        return cls(rows, scores, NOW, scores.arrivals(rows))

    @classmethod
    def ordered(cls, each: Sequence["PlanAwaited"], whiles: Sequence[Whiles]) -> list["PlanAwaited"]:
        """Return the same parcels, of plans that were scored together: so they are here."""
        times = each[0].scores.times
        assert times is not None, "they were scored"
        rows = [np.tile(one.scores.row[one.rows], len(of_one.all)) for one, of_one in zip(each, whiles, strict=True)]
        hours = [np.repeat(of_one.all, len(one.rows)) for one, of_one in zip(each, whiles, strict=True)]
        return [
            replace(one, whiles=of_one, arrivals=arrivals)
            for one, of_one, arrivals in zip(each, whiles, times.later(rows, hours), strict=True)
        ]

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (1 + A, T) the probability that every parcel is there."""
        each, first = self._within(hours, len(self.whiles.all)), len(self.whiles.after)
        return np.concatenate([each[:first].min(axis=0, keepdims=True), each[first:]])

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
            if self._within(middle - lost[:, None], len(self.whiles.after)).min() < level:
                low = middle
            else:
                high = middle
        return high

    def _within(self, hours: FloatArray, count: int) -> FloatArray:
        """Return (``count``, T) the probability that every parcel is there, ordered after each of the first whiles."""
        whiles, parcels = self.whiles.all[:count], count * len(self.rows)
        left = np.broadcast_to(hours, (len(self.rows), np.shape(hours)[-1])) - whiles[:, None, None]
        arrivals = self.arrivals if count == len(self.whiles.all) else self._arrivals_after
        late = late_each(arrivals, parcels, left.reshape(parcels, -1))
        return np.asarray((1.0 - late).reshape(left.shape).prod(axis=1))

    def _last_at(self, level: float, lost: FloatArray) -> float:
        """Return the hours within which each by itself is there with probability ``level``."""
        after = self.whiles.after
        hours = self._arrivals_after.quantile(level).reshape(len(after), len(self.rows))
        return float((hours + lost + after[:, None]).max())

    @cached_property
    def _arrivals_after(self) -> HoursDistribution:
        """``arrivals`` without those of ``again``."""
        first = np.arange(len(self.whiles.after) * len(self.rows))
        return self.arrivals.take(first) if len(self.whiles.again) else self.arrivals


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

    @classmethod
    def of(cls, ranked: Ranked) -> "SlowestAwaited":
        """Return any candidate that could send a line, whatever the best plan is."""
        scores = ranked.priced.scores
        rows = np.flatnonzero(~np.isnan(scores.delivery(0.5)))
        return cls(rows, scores.arrivals(rows), min(len(rows), _most_parcels(ranked)))

    @classmethod
    def ordered(cls, each: Sequence["SlowestAwaited"], whiles: Sequence[Whiles]) -> list["SlowestAwaited"]:
        """Return the same candidates where the order comes as late as that; they do not know of ``again``."""
        return [replace(one, after=float(of_one.after[-1])) for one, of_one in zip(each, whiles, strict=True)]

    def within(self, hours: FloatArray) -> FloatArray:
        """Return (1, T) the probability that as many as a plan may have are there, each as slow as the slowest."""
        late = late_each(self.arrival, len(self.rows), hours - self.after).max(axis=0, keepdims=True)
        return np.asarray((1.0 - late) ** self.parcels)

    def quantile(self, lost: FloatArray, level: float) -> float:
        """Return the hours within which as many as a plan may have are there, each as slow as the slowest."""
        return float((self.arrival.quantile(level ** (1 / self.parcels)) + lost).max()) + self.after


def _most_parcels(ranked: Ranked) -> int:
    """Of a plan, however many candidates there are: each sends one parcel, of one part of the order or more."""
    lines, limits = ranked.ruled.situation.order.lines, ranked.ruled.ruleset.limits
    parts = sum(line.quantity for line in lines) if limits.split_lines else len(lines)
    return parts if limits.max_parcels is None else min(parts, limits.max_parcels)
