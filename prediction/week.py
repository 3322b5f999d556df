"""When work is done, learnt from when things arrived: the hours of a week, and public holidays.

What a shop has not prepared when it closes on Saturday it prepares on Monday; a parcel due on a Sunday, at night or at
Christmas comes on the next working day. Counted in working hours (`prediction.working_hours`) all of them take as long
as any other.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.calendar import DAY_HOURS, FIRST_MONDAY
from features.facts import FloatArray
from features.holidays import Holiday, holidays_within

Groups = NDArray[np.intp]

WEEKDAYS: Final = 7
#: Parts of a day that differ, of three hours each, and those of a week.
TIMES: Final = 8
SLOTS: Final = WEEKDAYS * TIMES
SLOT_HOURS: Final = DAY_HOURS / TIMES
#: Holidays that nobody has seen yet, by whether they are public.
UNSEEN: Final = {True: "public", False: "optional"}
#: A day counts less only if less than this share of an ordinary one's arrivals comes on it: smaller differences may
#: follow from when orders are placed.
_ORDINARY: Final = 0.35
#: The clock never stands still, so that every instant has its own working hours.
_SLOWEST: Final = 0.01
#: Arrivals from which on a group's own week is taken, and not that of all groups.
_ENOUGH: Final = 100
#: Arrivals of ordinary days that weigh as much as what is believed of a holiday before.
_STRENGTH: Final = 10.0
#: Weeks before and after a holiday, whose same weekdays tell how many would have arrived.
_BESIDE: Final = (-3, -2, -1, 1, 2, 3)
#: Rates are multiples of this, so that sums of them are exact, wherever they begin.
_STEP: Final = 1.0 / 4096


def learn_week(group: Groups, arrived: FloatArray, groups: int) -> FloatArray:
    """How many working hours an hour of each slot of the week has, per group: (groups, `SLOTS`), above 0, up to 1.

    That of its weekday times that of its time of the day. ``arrived``: of each arrival, (rows,), in hours since a
    midnight before a Monday, by the clock of the place.
    """
    days = _shares(group, _slot(arrived, DAY_HOURS, WEEKDAYS), (groups, WEEKDAYS))
    times = _shares(group, _slot(arrived, SLOT_HOURS, TIMES), (groups, TIMES))
    rates = _counts_as(days)[:, :, None] * np.minimum(times, 1.0)[:, None, :]
    return as_rates(rates.reshape(groups, SLOTS))


def learn_holidays(
    group: Groups, arrived: FloatArray, calendar: Groups, calendars: Sequence[str], groups: int
) -> dict[str, FloatArray]:
    """How much of an ordinary day's work is done on each holiday, by its name, per group: (groups,), up to 1.

    Under the names of `UNSEEN`, that of those which were not seen. ``arrived``: hours since the midnight before
    `FIRST_MONDAY`; ``calendar``: which of ``calendars`` each arrival keeps. The arrivals of a holiday are compared with
    those of the same weekday in the weeks around it. A group's few are drawn to those of all groups on that holiday,
    these to those of all such holidays, and these to an ordinary day's.
    """
    seen = _of_holidays(group, arrived, calendar, calendars, groups)
    nothing = np.zeros((2, groups))
    kinds = {
        public: sum((counts for holiday, counts in seen.items() if holiday.public == public), nothing)
        for public in UNSEEN
    }
    usually = {public: _drawn(_of_all(counts), 1.0) for public, counts in kinds.items()}
    shares = {UNSEEN[public]: _counts_as(_drawn(counts, usually[public])) for public, counts in kinds.items()}
    for name in dict.fromkeys(holiday.name for holiday in seen):
        # In one region a day is public, in another not: one name is one holiday, public if anywhere.
        alike = {holiday.public: counts for holiday, counts in seen.items() if holiday.name == name}
        counts = sum(alike.values(), nothing)
        shares[name] = _counts_as(_drawn(counts, _drawn(_of_all(counts), usually[True in alike])))
    return shares


def as_rates(rates: FloatArray) -> FloatArray:
    """The same, never standing still and in whole steps."""
    return np.asarray(np.round(np.maximum(rates, _SLOWEST) / _STEP) * _STEP)


def _of_holidays(
    group: Groups, arrived: FloatArray, calendar: Groups, calendars: Sequence[str], groups: int
) -> dict[Holiday, FloatArray]:
    """Of each holiday, by group: how many arrived on it, and how many do on such a day otherwise; (2, groups)."""
    if not len(arrived):
        return {}
    day = (arrived // DAY_HOURS).astype(np.intp)
    first, days = int(day.min()), int(np.ptp(day)) + 1
    cell = np.ravel_multi_index((calendar, group, day - first), (len(calendars), groups, days))
    counts = np.bincount(cell, minlength=len(calendars) * groups * days).reshape(len(calendars), groups, days)
    seen: dict[Holiday, FloatArray] = {}
    for place, of_place in zip(calendars, counts, strict=True):
        came = np.flatnonzero(of_place.any(axis=0))
        # The last day on which anything arrived may not be over.
        begun, over = int(came.min(initial=days)), int(came.max(initial=0))
        holidays = holidays_within(place, FIRST_MONDAY + timedelta(days=first), over)
        for at, holiday in holidays.items():
            # While a history begins little is on its way: a later week counts only where there is one as long before.
            weeks = [weeks for weeks in _BESIDE if begun <= at - WEEKDAYS * abs(weeks)]
            beside = [day for day in (at + WEEKDAYS * week for week in weeks) if day < over and day not in holidays]
            if beside:
                found = np.stack([of_place[:, at], of_place[:, beside].mean(axis=1)])
                seen[holiday] = seen.get(holiday, 0.0) + found
    return seen


def _of_all(counts: FloatArray) -> FloatArray:
    """The same of all groups together; (2, 1)."""
    return np.asarray(counts.sum(axis=1, keepdims=True))


def _drawn(counts: FloatArray, towards: float | FloatArray) -> FloatArray:
    """What came ÷ what usually comes, (2, …), drawn to what is believed where that is little."""
    return np.asarray((counts[0] + _STRENGTH * towards) / (counts[1] + _STRENGTH))


def _counts_as(shares: FloatArray) -> FloatArray:
    return np.asarray(np.where(shares < _ORDINARY, shares, 1.0))


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
