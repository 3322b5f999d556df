"""Working hours: a clock that hardly gets on while nobody works.

What a shop has not prepared when it closes on Saturday it prepares on Monday; a parcel due on a Sunday, or at night,
comes on Monday by day. Counted in working hours all of them take as long as any other, so that trees learn how long
things take, and not the calendar over again; and a spread around that is one hill instead of two.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from features.outcomes import SHORTEST_HOURS

Groups = NDArray[np.intp]

WEEKDAYS: Final = 7
DAY_HOURS: Final = 24.0
WEEK_HOURS: Final = WEEKDAYS * DAY_HOURS
#: Parts of a day that differ, of three hours each, and those of a week.
TIMES: Final = 8
SLOTS: Final = WEEKDAYS * TIMES
SLOT_HOURS: Final = DAY_HOURS / TIMES
#: A weekday counts less only if less than this share of an ordinary one's arrivals comes on it: smaller differences
#: may follow from when orders are placed.
_ORDINARY: Final = 0.35
#: The clock never stands still, so that every instant has its own working hours.
_SLOWEST: Final = 0.01
#: Arrivals from which on a group's own week is taken, and not that of all groups.
_ENOUGH: Final = 100


def learn_week(group: Groups, arrived: FloatArray, groups: int) -> FloatArray:
    """How many working hours an hour of each slot of the week has, per group: (groups, `SLOTS`), above 0, up to 1.

    That of its weekday times that of its time of the day. ``arrived``: of each arrival, (rows,), the hours since a
    midnight before a Monday, by the clock of the place.
    """
    days = _shares(group, _slot(arrived, DAY_HOURS, WEEKDAYS), (groups, WEEKDAYS))
    times = _shares(group, _slot(arrived, SLOT_HOURS, TIMES), (groups, TIMES))
    weekdays = np.where(days < _ORDINARY, days, 1.0)
    rates = weekdays[:, :, None] * np.minimum(times, 1.0)[:, None, :]
    return np.asarray(np.maximum(rates.reshape(groups, SLOTS), _SLOWEST))


def _shares(group: Groups, part: Groups, shape: tuple[int, int]) -> FloatArray:
    """Arrivals in each part ÷ those of an ordinary one of its group; ``shape``."""
    counts = np.zeros(shape)
    np.add.at(counts, (group, part), 1.0)
    own = np.where(counts.sum(axis=1, keepdims=True) >= _ENOUGH, counts, counts.sum(axis=0))
    usual = _ordinary(own)
    return np.asarray(np.divide(own, usual, out=np.ones_like(own), where=usual > 0))


def _ordinary(counts: FloatArray) -> FloatArray:
    """How many arrive in the part in which the median arrival is, the parts from the busiest on; (groups, 1).

    So it is a part in which work is done, be it once a day or at all hours.
    """
    busiest = np.sort(counts, axis=1)[:, ::-1]
    before = np.cumsum(busiest, axis=1) < counts.sum(axis=1, keepdims=True) / 2
    return np.take_along_axis(busiest, before.sum(axis=1, keepdims=True), axis=1)


def _slot(hours: FloatArray, long: float, slots: int) -> Groups:
    return (hours // long).astype(np.intp) % slots


def working_hours(week: FloatArray, group: Groups, clock: FloatArray, hours: FloatArray) -> FloatArray:
    """The working hours of ``hours`` that begin at ``clock``, by the ``week``, (groups, `SLOTS`), of each row's group.

    Shape (rows,).
    """
    end, start = _since_monday(week, _begun(week), group, np.stack([clock + hours, clock]))
    return np.asarray(end - start)


def log_work(week: FloatArray, group: Groups, clock: FloatArray, hours: FloatArray) -> FloatArray:
    """The logarithm of the same; none are fewer than `SHORTEST_HOURS`."""
    return np.log(np.maximum(working_hours(week, group, clock, hours), SHORTEST_HOURS))


def hours_at_work(week: FloatArray, group: Groups, clock: FloatArray, worked: FloatArray) -> FloatArray:
    """The other way round: the hours from ``clock`` on until so many working hours have passed; shape (rows,)."""
    begun = _begun(week)
    whole, rest = np.divmod(_since_monday(week, begun, group, clock) + worked, begun[group, -1])
    slot = np.minimum(np.count_nonzero(begun[:, 1:].take(group, axis=0) <= rest[:, None], axis=1), SLOTS - 1)
    of_slot = (rest - begun[group, slot]) / week[group, slot]
    return np.asarray(WEEK_HOURS * whole + SLOT_HOURS * slot + of_slot - clock)


def _since_monday(week: FloatArray, begun: FloatArray, group: Groups, hours: FloatArray) -> FloatArray:
    """The working hours of so many ``hours``, (…, rows), from the midnight before Monday on."""
    whole, rest = np.divmod(hours, WEEK_HOURS)
    slot = np.minimum(rest // SLOT_HOURS, SLOTS - 1).astype(np.intp)
    of_slot = (rest - SLOT_HOURS * slot) * week[group, slot]
    return np.asarray(whole * begun[group, -1] + begun[group, slot] + of_slot)


def _begun(week: FloatArray) -> FloatArray:
    """Working hours from the midnight before Monday to the beginning of every slot, and to the end; (groups, n + 1)."""
    begun = np.zeros((len(week), SLOTS + 1))
    np.cumsum(SLOT_HOURS * week, axis=1, out=begun[:, 1:])
    return begun
