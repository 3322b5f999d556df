"""A calibrated distribution of hours per row, all of it from one table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float64]

#: Levels of the uncalibrated distribution (normal, in log-hours) at which calibration is measured.
BASE_LEVELS: FloatArray = np.concatenate(
    [[0.001, 0.005, 0.01, 0.025], np.arange(1, 20) / 20, [0.975, 0.99, 0.995, 0.999]]
)
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
        knots = np.array([np.interp(level, levels, KNOTS) for levels in self.levels])
        return np.asarray(np.exp(self.centre + self.spread * knots[self.group]))

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row; shape (rows,)."""
        hours = np.broadcast_to(np.asarray(hours, dtype=np.float64), self.centre.shape)
        with np.errstate(divide="ignore"):
            knots = (np.log(np.maximum(hours, 0.0)) - self.centre) / self.spread
        late = np.empty(len(knots))
        for group in np.unique(self.group):
            rows = self.group == group
            late[rows] = 1.0 - np.interp(knots[rows], KNOTS, self.levels[group])
        return late

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row, in hours; shape (rows,).

        The integral of P(duration > t) from ``hours`` on, exactly: between knots P falls in proportion to log t.
        """
        from_ = np.broadcast_to(np.asarray(hours, dtype=np.float64), self.centre.shape)[:, None]
        knots = self.centre[:, None] + self.spread[:, None] * KNOTS
        with np.errstate(divide="ignore"):
            logs = np.maximum(knots, np.log(np.maximum(from_, 0.0)))
        slope = -(np.diff(self.levels, axis=1) / np.diff(KNOTS))[self.group] / self.spread[:, None]
        at_left = 1.0 - self.levels[self.group, :-1] + slope * (logs[:, :-1] - knots[:, :-1])
        ends = np.exp(logs)
        # Before `hours` a segment has no width, and both terms are 0.
        areas = (at_left - slope) * np.diff(ends, axis=1) + slope * ends[:, 1:] * np.diff(logs, axis=1)
        certain = np.maximum(np.exp(knots[:, 0]) - from_[:, 0], 0.0)
        return np.asarray(certain + np.maximum(areas, 0.0).sum(axis=1))


def stacked(tables: Sequence[HoursTable]) -> HoursTable:
    """The rows of one table after those of another, each with its own calibration."""
    first = np.cumsum([0, *(len(table.levels) for table in tables)])
    return HoursTable(
        np.concatenate([table.centre for table in tables]),
        np.concatenate([table.spread for table in tables]),
        np.concatenate([table.group + start for table, start in zip(tables, first, strict=False)]),
        np.concatenate([table.levels for table in tables]),
    )
