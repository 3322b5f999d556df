"""Time in the synthetic country: hours since the first midnight UTC, local wall clocks and weekly calendars.

Inside the generator an instant is a float: hours since 00:00 UTC of the first day. A *local* instant is the same count
on the wall clock in the country, shifted so that it starts on the Monday before: dividing by 168 gives the week.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from data.synthetic.places import TIMEZONE

WEEK_HOURS: Final = 168
MICROSECONDS_PER_HOUR: Final = 3_600_000_000


class Clock:
    """Converts between hours since the first day, the wall clock, and instants."""

    def __init__(self, first_day: date, days: int) -> None:
        """Cover ``days`` from ``first_day`` and 120 more: what was decided last must still arrive."""
        self.first_day = first_day
        self._start = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
        self._start_us = int(self._start.timestamp()) * 1_000_000
        zone = ZoneInfo(TIMEZONE)
        hours = range((days + 120) * 24)
        offsets = [(self._start + timedelta(hours=hour)).astimezone(zone).utcoffset() for hour in hours]
        self._monday = first_day.weekday() * 24.0
        self._offset: NDArray[np.float64] = np.array(
            [offset.total_seconds() / 3600 if offset else 0.0 for offset in offsets]
        )

    def local(self, instant: Any) -> Any:
        """Wall clock at ``instant`` (float or array): hours since the Monday on or before the first day."""
        return instant + self._monday + self._offset[self._hour(instant)]

    def instant(self, local: Any) -> Any:
        """The instant (float or array) at which the wall clock shows ``local``."""
        without_offset = local - self._monday
        return without_offset - self._offset[self._hour(without_offset - 1.0)]

    def done(self, at: float, calendar: "Calendar", work_hours: float) -> float:
        """The instant at which ``work_hours`` begun at the instant ``at`` are done.

        Bit for bit `local`, `Calendar.finish` and `instant` one after the other, but many times as fast for one float.
        """
        local = at + self._monday + self._offset.item(self._one_hour(at))
        without_offset = calendar.finish_one(local, work_hours) - self._monday
        return without_offset - self._offset.item(self._one_hour(without_offset - 1.0))

    def month(self, day: int) -> int:
        """Month (1 to 12) of the ``day``-th day."""
        return (self._start + timedelta(days=day)).month

    def timestamps(self, instant: NDArray[np.float64]) -> NDArray[np.datetime64]:
        """UTC instants to the microsecond; NaN becomes NaT."""
        known = np.isfinite(instant)
        microseconds = np.rint(np.where(known, instant, 0.0) * MICROSECONDS_PER_HOUR).astype(np.int64) + self._start_us
        stamps = microseconds.astype("datetime64[us]")
        stamps[~known] = np.datetime64("NaT")
        return np.asarray(stamps)

    def hours(self, stamps: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """The inverse of `timestamps`, for instants that are known."""
        microseconds = stamps.astype("datetime64[us]").astype(np.int64) - self._start_us
        return np.asarray(microseconds / MICROSECONDS_PER_HOUR)

    def _hour(self, instant: Any) -> Any:
        return np.minimum(np.maximum(np.floor(instant), 0), len(self._offset) - 1).astype(np.int64)

    def _one_hour(self, instant: float) -> int:
        return min(max(math.floor(instant), 0), len(self._offset) - 1)


@dataclass(frozen=True)
class Calendar:
    """Hours of the week in which work goes on, on the wall clock, by whole hours."""

    #: Hours of work before each hour of the week (168,) and whether that hour is worked.
    worked_before: NDArray[np.float64]
    works: NDArray[np.float64]
    #: Hour of the week of each hour of work (hours of work per week,).
    hour_of_work: NDArray[np.float64]

    @classmethod
    def weekly(cls, *days: tuple[int, int] | None) -> "Calendar":
        """Seven (opens, closes) pairs in hours of the day, Monday first; ``None`` is a closed day."""
        works = np.zeros(WEEK_HOURS)
        for weekday, hours in enumerate(days):
            if hours is not None:
                works[weekday * 24 + hours[0] : weekday * 24 + hours[1]] = 1.0
        return cls(np.concatenate([[0.0], np.cumsum(works)[:-1]]), works, np.flatnonzero(works).astype(float))

    def finish(self, local: Any, work_hours: Any) -> Any:
        """Wall clock when ``work_hours`` of work begun at ``local`` are done (floats or arrays that broadcast)."""
        week, hour_of_week = np.divmod(local, WEEK_HOURS)
        whole = np.floor(hour_of_week).astype(np.int64)
        per_week = len(self.hour_of_work)
        done = week * per_week + self.worked_before[whole] + (hour_of_week - whole) * self.works[whole] + work_hours
        last_week, rest = np.divmod(done, per_week)
        last = np.floor(rest).astype(np.int64)
        return last_week * WEEK_HOURS + self.hour_of_work[last] + (rest - last)

    def finish_one(self, local: float, work_hours: float) -> float:
        """`finish`, bit for bit, for two floats: in the inner loop arrays cost too much."""
        week, hour_of_week = divmod(local, WEEK_HOURS)
        whole, per_week = math.floor(hour_of_week), len(self.hour_of_work)
        before, works = self.worked_before.item(whole), self.works.item(whole)
        done = week * per_week + before + (hour_of_week - whole) * works + work_hours
        last_week, rest = divmod(done, per_week)
        last = math.floor(rest)
        return last_week * WEEK_HOURS + self.hour_of_work.item(last) + (rest - last)


_WEEKDAYS: Final = 5
#: When each type of location prepares orders, and when each kind of travel makes progress.
CALENDARS: Final = {
    "warehouse": Calendar.weekly(*[(6, 22)] * 6, None),
    "store": Calendar.weekly(*[(9, 20)] * 6, (10, 19)),
    "supplier": Calendar.weekly(*[(8, 18)] * _WEEKDAYS, None, None),
    "carrier": Calendar.weekly(*[(0, 24)] * 6, None),
}


def delivery_round(local: Any, first_hour: float = 9.0, last_hour: float = 19.0) -> Any:
    """Squeeze the hours of each day into the round of the van: a parcel that is in town by night comes by day."""
    day = np.floor(local / 24)
    return day * 24 + first_hour + (local - day * 24) * (last_hour - first_hour) / 24
