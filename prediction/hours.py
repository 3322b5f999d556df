"""A calibrated distribution of hours per row, all of it from one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from features.facts import FloatArray

#: Levels of the uncalibrated distribution (normal, in log-hours) at which calibration is measured.
BASE_LEVELS: FloatArray = np.concatenate(
    [[0.001, 0.005, 0.01, 0.025], np.arange(1, 20) / 20, [0.975, 0.99, 0.995, 0.999]]
)
#: Levels at the knots where nothing was learnt: those of the uncalibrated distribution, from 0 to 1.
AS_PREDICTED: FloatArray = np.concatenate([[0.0], BASE_LEVELS, [1.0]])
#: The same as standard deviations from the centre, with an end on both sides, where the probability is 0 and 1.
_INNER = ndtri(BASE_LEVELS)
KNOTS: FloatArray = np.concatenate([[_INNER[0] - 1.0], _INNER, [_INNER[-1] + 1.0]])


def one_after_the_other(
    first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Centre and spread of the log-hours of two durations together, from those of each; shape (rows,) all.

    The hours at the centres are added, and each log-hour's spread counts by its share of the sum (the delta method,
    taking the two as independent): calibration measures what that leaves out.
    """
    (first_centre, first_spread), (second_centre, second_spread) = first, second
    centre = np.logaddexp(first_centre, second_centre)
    spread = np.hypot(np.exp(first_centre - centre) * first_spread, np.exp(second_centre - centre) * second_spread)
    return centre, spread


@dataclass(frozen=True, eq=False)
class HoursTable:
    """Row ``i`` takes longer than ``exp(centre[i] + spread[i] * KNOTS[k])`` hours with P = 1 − levels[group[i], k].

    ``centre``, ``spread``: of log-hours, shape (rows,). ``group``: row of ``levels``, shape (rows,). ``levels``:
    calibrated probabilities at the knots, shape (groups, knots), from 0 to 1, never falling, and rising wherever they
    are below 1: so quantiles never cross, and no quantile contradicts a probability.
    """

    centre: FloatArray
    spread: FloatArray
    group: NDArray[np.intp]
    levels: FloatArray

    def take(self, rows: NDArray[np.intp]) -> "HoursTable":
        """The distributions at ``rows``."""
        return HoursTable(self.centre[rows], self.spread[rows], self.group[rows], self.levels)

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level`` (0 < level < 1); shape (rows,)."""
        if not 0 < level < 1:
            raise ValueError(f"a quantile's level lies between 0 and 1, not at {level}")
        knots = np.empty(len(self.levels))
        for group in set(self.group.tolist()):
            knots[group] = np.interp(level, self.levels[group], KNOTS)
        return np.asarray(np.exp(self.centre + self.spread * knots[self.group]))

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row; shape (rows,)."""
        with np.errstate(divide="ignore"):
            knots = (np.log(np.maximum(hours, 0.0)) - self.centre) / self.spread
        late = np.empty(len(self.centre))
        for group, rows in self._groups:
            late[rows] = 1.0 - np.interp(knots[rows], KNOTS, self.levels[group])
        return late

    @cached_property
    def _groups(self) -> list[tuple[int, NDArray[np.intp]]]:
        """The groups that there are, and the rows of each."""
        return [(group, np.flatnonzero(self.group == group)) for group in np.unique(self.group).tolist()]

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row, in hours; shape (rows,)."""
        return self.excess_at(np.broadcast_to(np.asarray(hours, dtype=np.float64), self.centre.shape)[:, None])[:, 0]

    def excess_at(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)], in hours, at several instants of each row; shape (rows, instants).

        The integral of P(duration > t) from ``hours`` on, exactly: between knots P falls in proportion to log t.
        """
        logs = self.centre[:, None] + self.spread[:, None] * KNOTS
        knots, late = np.exp(logs), 1.0 - self.levels.take(self.group, axis=0)
        across = np.diff(logs, axis=1)
        slope = np.diff(late, axis=1) / across
        areas = (late[:, :-1] - slope) * np.diff(knots, axis=1) + slope * knots[:, 1:] * across
        areas = np.maximum(areas, 0.0)
        beyond = np.cumsum(areas[:, ::-1], axis=1)[:, ::-1] - areas  # of the segments after each
        from_ = np.clip(hours, knots[:, :1], knots[:, -1:])
        log_from = np.log(from_)
        # Of the knots but the first and the last, so that what lies at or beyond these is of the segment next to them.
        segment = KNOTS[1:-1].searchsorted((log_from - self.centre[:, None]) / self.spread[:, None], side="right")
        row = np.arange(len(logs))[:, None]
        of_segment = row * (len(KNOTS) - 1) + segment
        right = of_segment + row + 1  # the knot at its end: there is one segment less than knots
        slope, end, end_late = slope.take(of_segment), knots.take(right), late.take(right)
        to_end = logs.take(right) - log_from
        rest = (end_late - slope * to_end - slope) * (end - from_) + slope * end * to_end
        return np.asarray(np.maximum(from_ - hours, 0.0) + np.maximum(rest, 0.0) + beyond.take(of_segment))


def stacked(tables: Sequence[HoursTable]) -> HoursTable:
    """The rows of one table after those of another, each with its own calibration."""
    first = np.cumsum([0, *(len(table.levels) for table in tables)])
    return HoursTable(
        np.concatenate([table.centre for table in tables]),
        np.concatenate([table.spread for table in tables]),
        np.concatenate([table.group + start for table, start in zip(tables, first, strict=False)]),
        np.concatenate([table.levels for table in tables]),
    )
