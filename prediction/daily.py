"""Hours whose days of the week differ: nothing is delivered on a Sunday, more on a Tuesday.

A smooth distribution of hours spreads over Sundays what comes before or after them. Here every local day keeps its own
share: the smooth hazard of that day times the pace of its weekday (proportional hazards, D. Cox, "Regression Models and
Life-Tables", JRSS B 34, 1972). Within a day arrivals lie as the smooth distribution has them: so the probability of
being later follows the smooth one in a straight line from midnight to midnight, and all answers stay exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from prediction.hours import HoursTable, stacked

FloatArray = NDArray[np.float64]

WEEKDAYS: Final = 7
DAY_HOURS: Final = 24.0
#: Days that differ, the first included; what comes after them comes as in an average week.
DAYS: Final = 14
#: (7, days): the weekday of each of the days, by the first.
_COMING_WEEKDAYS: Final = (np.arange(WEEKDAYS)[:, None] + np.arange(DAYS)) % WEEKDAYS
#: The smallest probability of being later whose logarithm is taken.
_SMALLEST: Final = 1e-12


@dataclass(frozen=True, eq=False)
class DailyHours:
    """``smooth`` hours that begin at ``clock``, (rows,): hours since the midnight before Monday, by the place's clock.

    ``paces``: (groups, 7) by weekday, Monday first, of the groups of ``smooth``. Where clocks change on the way, the
    days begin an hour off.
    """

    smooth: HoursTable
    clock: FloatArray
    paces: FloatArray

    def take(self, rows: NDArray[np.intp]) -> "DailyHours":
        """The distributions at ``rows``, with what was worked out of them."""
        taken = DailyHours(self.smooth.take(rows), self.clock[rows], self.paces)
        vars(taken).update((name, vars(self)[name][rows]) for name in _BY_ROW if name in vars(self))
        return taken

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level`` (0 < level < 1); shape (rows,)."""
        if not 0 < level < 1:
            raise ValueError(f"a quantile's level lies between 0 and 1, not at {level}")
        at = self._rows, (self._late[:, 1:] > 1.0 - level).sum(axis=1)
        passed = (self._late[at] - (1.0 - level)) / self._slope[at]
        return self.smooth.quantiles(1.0 - (self._smooth_late[at] - passed))

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row; shape (rows,)."""
        hours = np.broadcast_to(np.asarray(hours, dtype=np.float64), self.clock.shape)
        at = self._rows, self._day(hours)
        passed = self._smooth_late[at] - self.smooth.probability_later_than(hours)
        return np.asarray(np.clip(self._late[at] - self._slope[at] * passed, self._late[at[0], at[1] + 1], 1.0))

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row, in hours; shape (rows,): the integral of P(duration > t)."""
        hours = np.broadcast_to(np.asarray(hours, dtype=np.float64), self.clock.shape)
        from_, begins = np.maximum(hours, 0.0), self._begins
        smooth = self.smooth.excess_at(np.column_stack([begins[:, :-1], from_]))
        ends = np.column_stack([smooth[:, 1:-1], np.zeros(len(from_))])
        level = self._late[:, :-1] - self._slope * self._smooth_late[:, :-1]
        days = np.maximum(level * np.diff(begins, axis=1) + self._slope * (smooth[:, :-1] - ends), 0.0)
        beyond = np.cumsum(days[:, ::-1], axis=1)[:, ::-1] - days
        at = self._rows, self._day(from_)
        today = level[at] * (begins[at[0], at[1] + 1] - from_) + self._slope[at] * (smooth[:, -1] - ends[at])
        return np.asarray(np.maximum(today, 0.0) + beyond[at] + (from_ - hours))

    def _day(self, hours: FloatArray) -> NDArray[np.intp]:
        """Which of the days each instant lies on, shape (rows,)."""
        since_midnight = np.clip(hours, 0.0, DAYS * DAY_HOURS) + self.clock % DAY_HOURS
        return np.minimum(since_midnight // DAY_HOURS, DAYS).astype(np.intp)

    # (rows, days + 2): of each row at the beginning of each day, of all days that come after them, and at their end.

    @cached_property
    def _rows(self) -> NDArray[np.intp]:
        return np.arange(len(self.clock))

    @cached_property
    def _begins(self) -> FloatArray:
        days = np.minimum(np.arange(DAYS + 2), DAYS)
        return np.maximum(DAY_HOURS * days - (self.clock % DAY_HOURS)[:, None], 0.0)

    @cached_property
    def _smooth_late(self) -> FloatArray:
        return np.column_stack([self.smooth.late_at(self._begins[:, :-1]), np.zeros(len(self.clock))])

    @cached_property
    def _late(self) -> FloatArray:
        smooth = self._smooth_late[:, :-1]
        hazard = -np.diff(np.log(np.maximum(smooth, _SMALLEST)), axis=1)
        today = (self.clock // DAY_HOURS).astype(np.intp) % WEEKDAYS
        paces = self.paces[:, _COMING_WEEKDAYS]  # (groups, 7, days), of few days and groups
        late = np.exp(-np.cumsum(hazard * paces[self.smooth.group, today], axis=1))
        late = np.where(smooth[:, 1:] > _SMALLEST, late, 0.0)
        return np.column_stack([np.ones(len(late)), late, np.zeros(len(late))])

    @cached_property
    def _slope(self) -> FloatArray:
        """How much less likely it becomes to be later, for each bit that it does in the smooth distribution."""
        less = -np.diff(self._smooth_late, axis=1)
        return np.asarray(np.divide(-np.diff(self._late, axis=1), less, out=np.zeros_like(less), where=less > 0))


#: What is worked out of each row by itself.
_BY_ROW: Final = ("_begins", "_smooth_late", "_late", "_slope")


def stacked_days(tables: Sequence[DailyHours]) -> DailyHours:
    """The rows of one table after those of another, each with its own calibration."""
    return DailyHours(
        stacked([table.smooth for table in tables]),
        np.concatenate([table.clock for table in tables]),
        np.concatenate([table.paces for table in tables]),
    )
