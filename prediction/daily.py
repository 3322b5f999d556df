"""Hours whose days of the week differ: nothing is delivered on a Sunday, more on a Tuesday.

A smooth distribution of hours spreads over Sundays what comes before or after them. Here every local day keeps its own
share: the smooth hazard of that day times the pace of its weekday (proportional hazards, D. Cox, "Regression Models and
Life-Tables", JRSS B 34, 1972). Within a day arrivals lie as `prediction.hourly` has them: so the probability of being
later follows that one in a straight line from midnight to midnight, and all answers stay exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from prediction.hourly import DAYS, HourlyHours
from prediction.hours import stacked
from prediction.week import DAY_HOURS, WEEKDAYS

#: (7, days): the weekday of each of the days, by the first.
_COMING_WEEKDAYS: Final = (np.arange(WEEKDAYS)[:, None] + np.arange(DAYS)) % WEEKDAYS
#: The smallest probability of being later whose logarithm is taken.
_SMALLEST: Final = 1e-12


@dataclass(frozen=True, eq=False)
class DailyHours:
    """``hourly`` hours whose days have ``paces``: (groups, 7) by weekday, Monday first, of the groups of ``hourly``."""

    hourly: HourlyHours
    paces: FloatArray

    def take(self, rows: NDArray[np.intp]) -> "DailyHours":
        """The distributions at ``rows``, with what was worked out of them."""
        taken = DailyHours(self.hourly.take(rows), self.paces)
        vars(taken).update((name, vars(self)[name][rows]) for name in _BY_ROW if name in vars(self))
        return taken

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level`` (0 < level < 1); shape (rows,)."""
        if not 0 < level < 1:
            raise ValueError(f"a quantile's level lies between 0 and 1, not at {level}")
        at = self._rows, (self._late[:, 1:] > 1.0 - level).sum(axis=1)
        passed = (self._late[at] - (1.0 - level)) / self._slope[at]
        return self.hourly.quantiles_on(at[1], self.hourly.late_at_midnights[at] - passed)

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row; shape (rows,)."""
        hours = np.broadcast_to(np.asarray(hours, dtype=np.float64), self._rows.shape)
        at = self._rows, self.hourly.day(hours)
        passed = self.hourly.late_at_midnights[at] - self.hourly.probability_later_than(hours)
        return np.asarray(np.clip(self._late[at] - self._slope[at] * passed, self._late[at[0], at[1] + 1], 1.0))

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row, in hours; shape (rows,): the integral of P(duration > t)."""
        hours = np.broadcast_to(np.asarray(hours, dtype=np.float64), self._rows.shape)
        from_, begins = np.maximum(hours, 0.0), self.hourly.midnights
        areas, rest = self.hourly.areas(from_)
        level = self._late[:, :-1] - self._slope * self.hourly.late_at_midnights
        long = np.diff(begins, axis=1, append=begins[:, -1:])
        days = np.maximum(level * long + self._slope * areas, 0.0)
        beyond = np.cumsum(days[:, ::-1], axis=1)[:, ::-1] - days
        at = self._rows, self.hourly.day(from_)
        end = begins[at[0], np.minimum(at[1] + 1, DAYS)]
        today = level[at] * np.maximum(end - from_, 0.0) + self._slope[at] * rest
        return np.asarray(np.maximum(today, 0.0) + beyond[at] + (from_ - hours))

    @cached_property
    def _rows(self) -> NDArray[np.intp]:
        return np.arange(len(self.hourly.clock))

    @cached_property
    def _late(self) -> FloatArray:
        """P(later) of each row when each day begins, when what comes after them begins, and at its end."""
        smooth = self.hourly.late_at_midnights
        hazard = -np.diff(np.log(np.maximum(smooth, _SMALLEST)), axis=1)
        today = (self.hourly.clock // DAY_HOURS).astype(np.intp) % WEEKDAYS
        paces = self.paces[:, _COMING_WEEKDAYS]  # (groups, 7, days), of few days and groups
        late = np.exp(-np.cumsum(hazard * paces[self.hourly.smooth.group, today], axis=1))
        late = np.where(smooth[:, 1:] > _SMALLEST, late, 0.0)
        return np.column_stack([np.ones(len(late)), late, np.zeros(len(late))])

    @cached_property
    def _slope(self) -> FloatArray:
        """How much less likely it becomes to be later, for each bit that it does without paces; (rows, days + 1)."""
        less = -np.diff(self.hourly.late_at_midnights, axis=1, append=0.0)
        return np.asarray(np.divide(-np.diff(self._late, axis=1), less, out=np.zeros_like(less), where=less > 0))


#: What is worked out of each row by itself.
_BY_ROW: Final = ("_late", "_slope")


def stacked_days(tables: Sequence[DailyHours]) -> DailyHours:
    """The rows of one table after those of another, each with its own calibration."""
    hourly = HourlyHours(
        stacked([table.hourly.smooth for table in tables]),
        np.concatenate([table.hourly.clock for table in tables]),
        np.concatenate([table.hourly.times for table in tables]),
        np.concatenate([table.hourly.week for table in tables]),
    )
    return DailyHours(hourly, np.concatenate([table.paces for table in tables]))
