"""Opening hours and cut-offs by weekday: clock times at a place, and how far away they are in hours that pass.

Written as fed: ``{"mon": ["09:00-13:00", "15:00-19:30"], …}`` and ``{"mon": "16:00", …}``; a weekday left out is
closed, or has no cut-off. Hours may pass midnight (``22:00-02:00``), and a day may end at ``24:00``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[str, ...]] = get_args(Weekday)
DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)


def minutes_of(clock: str) -> int:
    """Return minutes since midnight of ``"HH:MM"``. Raises ``ValueError`` for anything else."""
    read = _CLOCK.fullmatch(clock)
    if read is None:
        raise ValueError(f"{clock!r} is not a time of day: write 08:30, from 00:00 to 24:00")
    return DAY if read[1] is None else int(read[1]) * 60 + int(read[2])


def span_of(hours: str) -> tuple[int, int]:
    """Return start and end of ``"HH:MM-HH:MM"`` in minutes; an end past midnight is more than `DAY`."""
    start, dash, end = hours.partition("-")
    if not dash:
        raise ValueError(f"{hours!r} are no hours: write 09:00-19:30")
    first, last = minutes_of(start), minutes_of(end)
    if first in {DAY, last}:
        raise ValueError(f"{hours!r} do not say from when to when: write 09:00-19:30, or 00:00-24:00 for all day")
    return first, last if last > first else last + DAY


def day_of(weekday: str) -> int:
    """Return 0 for ``"mon"`` … 6 for ``"sun"``. Raises ``ValueError`` for anything else."""
    if weekday not in WEEKDAYS:
        raise ValueError(f"{weekday!r} is not a weekday: {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(weekday)


@dataclass(frozen=True)
class WeeklyHours:
    """Opening hours of R places. ``start`` and ``length`` (R, K) in minutes, from Monday 00:00; NaN where no more.

    ``known`` (R,): whether anybody told the hours of the place.
    """

    start: NDArray[np.float64]
    length: NDArray[np.float64]
    known: NDArray[np.bool_]

    def is_open(self, place: NDArray[np.intp], minute: float, works: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return 1 where the place is open at its local ``minute`` of the week, 0 where not, NaN where unknown.

        ``works`` (P, D): whether each place works on D days from yesterday on, its hours apart. Hours that pass
        midnight belong to the day on which they begin.
        """
        since = (minute - self.start[place]) % WEEK
        today = (since <= minute % DAY).astype(np.intp)
        inside = (since < self.length[place]) & np.take_along_axis(works, today, axis=1)
        return np.where(self.known[place], inside.any(axis=1), np.nan)

    @cached_property
    def opens(self) -> NDArray[np.float64]:
        """(R, 7) the minute of each day from Monday at which the place opens first; 0 where nobody tells."""
        day = np.arange(len(WEEKDAYS)) * DAY
        inside = (self.start[:, :, None] >= day) & (self.start[:, :, None] < day + DAY)
        first = np.where(inside, self.start[:, :, None] - day, np.inf).min(axis=1, initial=np.inf)
        return np.where(np.isinf(first), 0.0, first)

    @cached_property
    def closes(self) -> NDArray[np.float64]:
        """(R, 7) the minute of each day from Monday at which what opened that day closes last, midnight at the latest.

        NaN where it does not open, or nobody tells.
        """
        day = np.arange(len(WEEKDAYS)) * DAY
        inside = (self.start[:, :, None] >= day) & (self.start[:, :, None] < day + DAY)
        ends = np.where(inside, (self.start + self.length)[:, :, None] - day, -np.inf).max(axis=1, initial=-np.inf)
        return np.where(np.isinf(ends), np.nan, np.minimum(ends, DAY))

    def weekdays(self) -> list[frozenset[int]]:
        """The weekdays on which each place opens; all of them where nobody told its hours."""
        open_on = [frozenset((start[~np.isnan(start)] // DAY).astype(int).tolist()) for start in self.start]
        every = frozenset(range(len(WEEKDAYS)))
        return [days if told else every for days, told in zip(open_on, self.known.tolist(), strict=True)]

    def minutes_until_open(
        self, place: NDArray[np.intp], minute: float, works: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return minutes on the place's clock until it opens next, 0 while open; NaN where it does not in these days.

        ``works`` as in `is_open`.
        """
        days = works.shape[1]
        weeks = np.arange(days // len(WEEKDAYS)) * WEEK
        ahead = np.where(np.isnan(self.start[place]), days * DAY, (self.start[place] - minute) % WEEK)
        ahead = (ahead[:, :, None] + weeks).reshape(len(place), -1)
        day = np.minimum((minute % DAY + ahead) // DAY + 1, days).astype(np.intp)
        opens = np.take_along_axis(np.pad(works, ((0, 0), (0, 1))), day, axis=1)
        soonest = np.where(opens, ahead, np.inf).min(axis=1, initial=np.inf)
        waiting = np.where(np.isinf(soonest), np.nan, soonest)
        return np.where(self.is_open(place, minute, works) == 1, 0.0, waiting)


def weekly_hours(places: Sequence[Mapping[str, Sequence[str]] | None]) -> WeeklyHours:
    """Return the opening hours of places as columns."""
    spans = [
        [
            (day_of(weekday) * DAY + first, last - first)
            for weekday, day in (hours or {}).items()
            for first, last in map(span_of, day)
        ]
        for hours in places
    ]
    most = max(map(len, spans), default=0)
    table = np.full((len(spans), most, 2), np.nan)
    for row, told in enumerate(spans):
        table[row, : len(told)] = np.array(told, float).reshape(-1, 2)
    return WeeklyHours(table[:, :, 0], table[:, :, 1], np.array([hours is not None for hours in places], bool))


def daily_cut_offs(things: Sequence[Mapping[str, str] | None]) -> NDArray[np.float64]:
    """Return (R, 7) the cut-off of each day from Monday in minutes since midnight, NaN where there is none."""
    table = np.full((len(things), len(WEEKDAYS)), np.nan)
    for row, cut_offs in enumerate(things):
        for weekday, clock in (cut_offs or {}).items():
            table[row, day_of(weekday)] = minutes_of(clock)
    return table


def minute_of_week(local: datetime) -> float:
    """Return minutes since Monday 00:00 on the clock."""
    return local.weekday() * DAY + local.hour * 60 + local.minute + local.second / 60 + local.microsecond / 60e6


def minutes_passing(local: datetime, minutes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how long it takes until the clock shows ``minutes`` more: an hour less where summer time begins between.

    A time that is skipped comes when the clock would have shown it; of one that comes twice, the first.
    """
    distinct, inverse = np.unique(minutes, return_inverse=True)
    passing = [
        value
        if np.isnan(value)
        else value - (_offset(local, value) - (local.utcoffset() or timedelta())) / timedelta(minutes=1)
        for value in distinct.tolist()
    ]
    return np.array(passing, float)[inverse.reshape(minutes.shape)]


def _offset(local: datetime, minutes: float) -> timedelta:
    # The clock's own arithmetic; `fold` is kept, so that within an hour that comes twice nothing goes backwards.
    return (local + timedelta(minutes=minutes)).replace(fold=local.fold).utcoffset() or timedelta()
