"""Hours by the clock, of what is distributed in working hours: nothing comes at night, hardly anything on a Sunday.

The one place where working hours become hours of the clock. Either determines the other (`prediction.working_hours`),
so quantiles and probabilities are those of the working hours, read at another time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from prediction.hours import HoursTable, stacked
from prediction.week import SLOT_HOURS, SLOTS
from prediction.working_hours import Rota


@dataclass(frozen=True, eq=False)
class ClockHours:
    """Hours that begin at ``clock``, of which the working ones, by the ``rota`` of each row, are as ``work`` says.

    ``clock``: (rows,), local hours by the place's clock (`features.calendar.local_hours`); where clocks change on the
    way, the slots begin an hour off.
    """

    work: HoursTable
    clock: FloatArray
    rota: Rota

    def take(self, rows: NDArray[np.intp]) -> "ClockHours":
        """The distributions at ``rows``."""
        return ClockHours(self.work.take(rows), self.clock[rows], self.rota.take(rows))

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level`` (0 < level < 1); shape (rows,)."""
        return self.rota.hours(self.clock, self.work.quantile(level))

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row; shape (rows,)."""
        return self.work.probability_later_than(self.rota.worked(self.clock, hours))

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row, in hours; shape (rows,): the integral of P(duration > t).

        Exact within a week after ``hours``; what is later still is taken to come as on the average of a week.
        """
        hours = np.broadcast_to(np.asarray(hours, dtype=np.float64), self.clock.shape)
        from_ = np.maximum(hours, 0.0)
        # From any slot on, a whole week, and then that slot again.
        rates = self.rota.rates(self.clock + from_, SLOTS + 1)
        into_slot = (self.clock + from_) % SLOT_HOURS
        worked = np.empty((len(from_), SLOTS + 2))
        worked[:, 0] = self.rota.worked(self.clock, from_)
        worked[:, 1:] = SLOT_HOURS * rates
        worked[:, -1] = into_slot * rates[:, -1]
        worked[:, 1] -= into_slot * rates[:, 0]
        excess = self.work.excess_at(np.cumsum(worked, axis=1))
        within = ((excess[:, :-1] - excess[:, 1:]) / rates).sum(axis=1)
        return np.asarray(within + excess[:, -1] / self.rota.usual_rate() + (from_ - hours))


def stacked_hours(tables: Sequence[ClockHours]) -> ClockHours:
    """The rows of one table after those of another, each with its own calibration; weeks are of the same dates."""
    weeks = list(dict.fromkeys(table.rota.weeks for table in tables))
    together, first = weeks[0], {weeks[0]: 0}
    for more in weeks[1:]:
        first[more] = len(together.kind)
        together = together.and_then(more)
    rows = [table.rota.row + first[table.rota.weeks] for table in tables]
    return ClockHours(
        stacked([table.work for table in tables]),
        np.concatenate([table.clock for table in tables]),
        Rota(together, np.concatenate(rows)),
    )
