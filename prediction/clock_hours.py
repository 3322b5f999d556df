"""Hours by the clock, of what is distributed in working hours: nothing comes at night, hardly anything on a Sunday.

The one place where working hours become hours of the clock. Either determines the other (`prediction.week`), so
quantiles and probabilities are those of the working hours, read at another time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from prediction.hours import HoursTable, stacked
from prediction.week import SLOT_HOURS, SLOTS, hours_at_work, working_hours


@dataclass(frozen=True, eq=False)
class ClockHours:
    """Hours that begin at ``clock``, of which the working ones are as ``work`` says.

    ``clock``: (rows,), hours since the midnight before Monday, by the place's clock; where clocks change on the way,
    the slots begin an hour off. ``week``: (groups, `SLOTS`), of the groups of ``work``.
    """

    work: HoursTable
    clock: FloatArray
    week: FloatArray

    def take(self, rows: NDArray[np.intp]) -> "ClockHours":
        """The distributions at ``rows``."""
        return ClockHours(self.work.take(rows), self.clock[rows], self.week)

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level`` (0 < level < 1); shape (rows,)."""
        return hours_at_work(self.week, self.work.group, self.clock, self.work.quantile(level))

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row; shape (rows,)."""
        return self.work.probability_later_than(working_hours(self.week, self.work.group, self.clock, hours))

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row, in hours; shape (rows,): the integral of P(duration > t).

        Exact within a week after ``hours``; what is later still is taken to come as on the average of a week.
        """
        hours = np.broadcast_to(np.asarray(hours, dtype=np.float64), self.clock.shape)
        from_, group = np.maximum(hours, 0.0), self.work.group
        first, into_slot = np.divmod(self.clock + from_, SLOT_HOURS)
        # Twice the week: from any slot on, a whole week lies in one piece, and then that slot again.
        begins = group * 2 * SLOTS + first.astype(np.intp) % SLOTS
        rates = np.tile(self.week, 2).take(begins[:, None] + np.arange(SLOTS + 1))
        worked = np.empty((len(from_), SLOTS + 2))
        worked[:, 0] = working_hours(self.week, group, self.clock, from_)
        worked[:, 1:] = SLOT_HOURS * rates
        worked[:, -1] = into_slot * rates[:, 0]
        worked[:, 1] -= worked[:, -1]
        excess = self.work.excess_at(np.cumsum(worked, axis=1))
        within = ((excess[:, :-1] - excess[:, 1:]) / rates).sum(axis=1)
        after = excess[:, -1] / self.week.mean(axis=1)[group]
        return np.asarray(within + after + (from_ - hours))


def stacked_hours(tables: Sequence[ClockHours]) -> ClockHours:
    """The rows of one table after those of another, each with its own calibration."""
    return ClockHours(
        stacked([table.work for table in tables]),
        np.concatenate([table.clock for table in tables]),
        np.concatenate([table.week for table in tables]),
    )
