"""Weeks without holidays, to go by."""

import numpy as np
from numpy.typing import NDArray

from prediction.week import SLOTS
from prediction.working_hours import Rota, WorkingTime


def ordinary(week: NDArray[np.float64]) -> WorkingTime:
    """All weeks are like that of its group, (groups, `SLOTS`): work is done on holidays as on other days."""
    as_usual = np.ones(len(week))
    return WorkingTime(week, {"public": as_usual, "optional": as_usual})


#: Three groups that work day and night.
ALWAYS = ordinary(np.ones((3, SLOTS)))


def rota(working: WorkingTime, group: NDArray[np.intp], clock: NDArray[np.float64]) -> Rota:
    """The weeks of each row, in a country without holidays."""
    return working.weeks([""], clock).rota(group, np.zeros(len(group), np.intp))
