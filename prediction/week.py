"""Working hours: a clock that hardly gets on while nobody works.

A parcel that is ready on a Saturday is delivered on Monday, and a median between the two is on a Sunday, when none is.
Counted in working hours both take as long, so that trees learn how long things take, and not the calendar over again;
and a spread around them is one hill instead of two.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from features.outcomes import SHORTEST_HOURS

WEEKDAYS: Final = 7
DAY_HOURS: Final = 24.0
#: A weekday counts less only if less than this share of an ordinary one's arrivals comes on it: smaller differences
#: may follow from when orders are placed.
_ORDINARY: Final = 0.35
#: The clock never stands still, so that every instant has its own working hours.
_SLOWEST: Final = 0.03
#: Arrivals from which on a group's own week is taken, and not that of all groups.
_ENOUGH: Final = 100


def learn_week(group: NDArray[np.intp], arrived: FloatArray, groups: int) -> FloatArray:
    """How many working hours an hour of each weekday has, Monday first, per group; shape (groups, 7), above 0, up to 1.

    ``arrived``: of each arrival, (rows,), the hours since a midnight before a Monday, by the clock of the place.
    """
    weekday = (arrived // DAY_HOURS).astype(np.intp) % WEEKDAYS
    counts = np.zeros((groups, WEEKDAYS))
    np.add.at(counts, (group, weekday), 1.0)
    own = np.where(counts.sum(axis=1, keepdims=True) >= _ENOUGH, counts, counts.sum(axis=0))
    ordinary = np.median(own, axis=1, keepdims=True)
    share = np.divide(own, ordinary, out=np.ones_like(own), where=ordinary > 0)
    return np.where(share < _ORDINARY, np.maximum(share, _SLOWEST), 1.0)


def working_hours(week: FloatArray, clock: FloatArray, hours: FloatArray) -> FloatArray:
    """The working hours of ``hours`` that begin at ``clock``, in a ``week`` of each row, (rows, 7); shape (rows,)."""
    return _since_monday(week, clock + hours) - _since_monday(week, clock)


def log_work(week: FloatArray, clock: FloatArray, hours: FloatArray) -> FloatArray:
    """The logarithm of the same; none are fewer than `SHORTEST_HOURS`; shape (rows,)."""
    return np.log(np.maximum(working_hours(week, clock, hours), SHORTEST_HOURS))


def hours_at_work(week: FloatArray, clock: FloatArray, worked: FloatArray) -> FloatArray:
    """The other way round: the hours from ``clock`` on until so many working hours have passed; shape (rows,)."""
    midnights = _midnights(week)
    whole, rest = np.divmod(_since_monday(week, clock) + worked, midnights[:, -1])
    rows, day = np.arange(len(clock)), np.minimum((midnights[:, 1:] <= rest[:, None]).sum(axis=1), WEEKDAYS - 1)
    of_day = (rest - midnights[rows, day]) / week[rows, day]
    return np.asarray(DAY_HOURS * (WEEKDAYS * whole + day) + of_day - clock)


def _since_monday(week: FloatArray, hours: FloatArray) -> FloatArray:
    whole, rest = np.divmod(hours, DAY_HOURS * WEEKDAYS)
    rows, day = np.arange(len(hours)), np.minimum(rest // DAY_HOURS, WEEKDAYS - 1).astype(np.intp)
    midnights = _midnights(week)
    return np.asarray(whole * midnights[:, -1] + midnights[rows, day] + (rest - DAY_HOURS * day) * week[rows, day])


def _midnights(week: FloatArray) -> FloatArray:
    """Working hours from the midnight before Monday to every midnight of the week; (rows, 8)."""
    return np.column_stack([np.zeros(len(week)), np.cumsum(DAY_HOURS * week, axis=1)])
