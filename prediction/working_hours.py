"""Working hours: a clock that hardly gets on while nobody works, at night, on days of rest and on holidays.

Counted so, trees learn how long things take, and not the calendar over again; and a spread around that is one hill
instead of two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.calendar import FIRST_MONDAY, HOURS_PER_WEEK
from features.coded import coded
from features.facts import Columns, FloatArray
from features.holidays import Holiday, holidays_within
from features.outcomes import SHORTEST_HOURS
from prediction.week import SLOT_HOURS, SLOTS, UNSEEN, WEEKDAYS, Groups, as_rates

#: Time head → whose holidays it keeps, of `features.places.PLACES`.
CALENDAR: Final = {"delivery_hours": "destination_calendar", "ready_hours": "location_calendar"}
#: Holidays more than so many weeks after what is asked about hold nothing up.
_WEEKS_AHEAD: Final = 26
#: Working hours farther ahead than that are none: a hundred thousand years.
_LONGEST: Final = 1e9


@dataclass(frozen=True, eq=False)
class WorkingTime:
    """What was learnt of a time head: see `prediction.week.learn_week` and `learn_holidays`, by group both."""

    week: FloatArray
    holidays: Mapping[str, FloatArray]

    def share(self, holiday: Holiday) -> FloatArray:
        """How much of an ordinary day's work is done on it; (groups,)."""
        return self.holidays.get(holiday.name, self.holidays[UNSEEN[holiday.public]])

    def rests(self, columns: Columns, time: str, group: Groups, first: date, days: int) -> NDArray[np.bool_]:
        """Of each row and date, whether it is a holiday on which hardly any work is done; (rows, days)."""
        which, calendars = calendars_of(columns, time)
        return _rests(self, tuple(calendars), first, days)[which, group]

    def rota(self, columns: Columns, time: str, group: Groups, clock: FloatArray) -> "Rota":
        """The weeks of each row of ``columns``, by its ``group`` and by the holidays of its place.

        ``time``: the time head. ``clock``: the `features.calendar.local_hours` around which they are asked of.
        """
        which, calendars = calendars_of(columns, time)
        return self.weeks(calendars, clock).rota(group, which)

    def weeks(self, calendars: Sequence[str], clock: FloatArray) -> "Weeks":
        """All weeks, of each calendar and group, with the holidays from the week of the first ``clock`` on."""
        first, last = (int(end // HOURS_PER_WEEK) for end in (clock.min(), clock.max())) if len(clock) else (0, 0)
        return _weeks(self, tuple(calendars), first - 1, 1 + (last - first + 1) + _WEEKS_AHEAD + 1)


@dataclass(frozen=True, eq=False)
class Weeks:
    """The weeks of each of ``calendars``, by group: one row for each, those of one calendar after those of another.

    ``rates``: working hours of an hour of each slot, of every kind of week; (kinds, `SLOTS`). ``begun``: working hours
    from its beginning to that of every slot, and to its end; (kinds, `SLOTS` + 1). ``kind``: of the weeks from
    ``first`` on, counted from `FIRST_MONDAY`; (rows, weeks). ``until``: working hours until each begins; (rows, weeks).
    The first and the last of these are ordinary, as are all before and after.
    """

    calendars: tuple[str, ...]
    groups: int
    first: int
    rates: FloatArray
    begun: FloatArray
    kind: NDArray[np.intp]
    until: FloatArray

    def rota(self, group: Groups, calendar: NDArray[np.intp]) -> "Rota":
        """By which of the weeks rows go, that are of a group and keep the holidays of a calendar."""
        return Rota(self, calendar * self.groups + group)

    def and_then(self, others: "Weeks") -> "Weeks":
        """The rows of these weeks and then those of others, which are of the same dates."""
        assert (self.first, self.kind.shape[1]) == (others.first, others.kind.shape[1]), "weeks of other dates"
        return Weeks(
            self.calendars + others.calendars,
            self.groups,
            self.first,
            np.concatenate([self.rates, others.rates]),
            np.concatenate([self.begun, others.begun]),
            np.concatenate([self.kind, others.kind + len(self.rates)]),
            np.concatenate([self.until, others.until]),
        )


@dataclass(frozen=True, eq=False)
class Rota:
    """By which of the ``weeks`` each row goes; ``row``: (rows,). Clocks and hours are local, shape (…, rows).

    What is summed up from the beginning of the weeks is exact (`prediction.week.as_rates`): wherever they begin and
    end, the hours between two instants among them are the same, to the last bit.
    """

    weeks: Weeks
    row: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> "Rota":
        """That of the given rows."""
        return Rota(self.weeks, self.row[rows])

    def worked(self, clock: FloatArray, hours: FloatArray) -> FloatArray:
        """The working hours of ``hours`` that begin at ``clock``."""
        whole, part = self._since_first(np.stack([clock + hours, clock]))
        return np.asarray((whole[0] - whole[1]) + (part[0] - part[1]))

    def log_worked(self, clock: FloatArray, hours: FloatArray) -> FloatArray:
        """The logarithm of the same; none are fewer than `SHORTEST_HOURS`."""
        return np.log(np.maximum(self.worked(clock, hours), SHORTEST_HOURS))

    def hours(self, clock: FloatArray, worked: FloatArray) -> FloatArray:
        """The other way round: the hours from ``clock`` on until so many working hours have passed; shape (rows,)."""
        whole, part = self._since_first(clock)
        ahead = part + np.minimum(worked, _LONGEST)  # from `whole` on
        week = (clock // HOURS_PER_WEEK).astype(np.intp) - self.weeks.first
        # No week has more working hours than an ordinary one: until then at least.
        week += np.floor((ahead + (whole - self._week(week)[1])) / self._ordinary * (1.0 - 1e-12)).astype(np.intp)
        while (further := self._week(week + 1)[1] - whole <= ahead).any():
            week += further
        kind, until = self._week(week)
        rest, begun = ahead - (until - whole), self.weeks.begun.take(kind, axis=0)
        slot = np.minimum(np.count_nonzero(begun[:, 1:] <= rest[:, None], axis=1), SLOTS - 1)
        of_slot = (rest - begun[np.arange(len(slot)), slot]) / self.weeks.rates[kind, slot]
        return np.asarray(HOURS_PER_WEEK * (week + self.weeks.first) + SLOT_HOURS * slot + of_slot - clock)

    def rates(self, clock: FloatArray, slots: int) -> FloatArray:
        """Those of so many slots, up to `SLOTS` + 1, from that of ``clock`` on; (rows, slots)."""
        week, slot = np.divmod((clock // SLOT_HOURS).astype(np.intp), SLOTS)
        week -= self.weeks.first
        after = slot[:, None] + np.arange(slots)
        this, next_ = (self._week(week + later)[0][:, None] for later in (0, 1))
        return self.weeks.rates.take(np.where(after < SLOTS, this * SLOTS, (next_ - 1) * SLOTS) + after)

    def usual_rate(self) -> FloatArray:
        """The average of an ordinary week; (rows,)."""
        return self._ordinary / HOURS_PER_WEEK

    def _since_first(self, clock: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Working hours from the first week on to the beginning of the slot of ``clock``, exactly, and those since."""
        week, rest = np.divmod(clock, HOURS_PER_WEEK)
        kind, until = self._week(week.astype(np.intp) - self.weeks.first)
        slot = np.minimum(rest // SLOT_HOURS, SLOTS - 1).astype(np.intp)
        of_slot = (rest - SLOT_HOURS * slot) * self.weeks.rates[kind, slot]
        return until + self.weeks.begun[kind, slot], of_slot

    def _week(self, week: NDArray[np.intp]) -> tuple[NDArray[np.intp], FloatArray]:
        """Of which kind it is, and working hours until it begins."""
        weeks = self.weeks.kind.shape[1]
        within = np.minimum(np.maximum(week, 0), weeks - 1)
        at = self.row * weeks + within
        return self.weeks.kind.take(at), self.weeks.until.take(at) + (week - within) * self._ordinary

    @cached_property
    def _ordinary(self) -> FloatArray:
        """The working hours of an ordinary week; (rows,)."""
        return np.asarray(self.weeks.begun[self.weeks.kind[self.row, 0], -1])


def calendars_of(columns: Columns, time: str) -> tuple[NDArray[np.intp], list[str]]:
    """Which of the calendars each row keeps in what a time head predicts, and the calendars."""
    kept = coded(columns, CALENDAR[time])
    # Code -1, of a missing text, is that of the last value.
    return kept.codes % len(kept.values), [calendar or "" for calendar in kept.values.tolist()]


@lru_cache(maxsize=256)
def _rests(time: WorkingTime, calendars: tuple[str, ...], first: date, days: int) -> NDArray[np.bool_]:
    found = np.zeros((len(calendars), len(time.week), days), bool)
    for place, calendar in enumerate(calendars):
        for at, holiday in holidays_within(calendar, first, days).items():
            found[place, :, at] = time.share(holiday) < 1.0
    return found


@lru_cache(maxsize=256)
def _weeks(time: WorkingTime, calendars: tuple[str, ...], first: int, count: int) -> Weeks:
    groups = len(time.week)
    rates = [time.week]
    kinds: dict[tuple[tuple[int, Holiday], ...], NDArray[np.intp]] = {(): np.arange(groups)}
    kind = np.empty((len(calendars), groups, count), np.intp)
    for place, calendar in enumerate(calendars):
        for week, holidays in enumerate(_by_week(time, calendar, first, count)):
            if holidays not in kinds:
                kinds[holidays] = len(rates) * groups + np.arange(groups)
                rates.append(_with_holidays(time, holidays))
            kind[place, :, week] = kinds[holidays]
    of_kinds = np.concatenate(rates)
    begun = np.zeros((len(of_kinds), SLOTS + 1))
    np.cumsum(SLOT_HOURS * of_kinds, axis=1, out=begun[:, 1:])
    of_rows = kind.reshape(-1, count)
    until = np.zeros(of_rows.shape)
    np.cumsum(begun[of_rows[:, :-1], -1], axis=1, out=until[:, 1:])
    return Weeks(calendars, groups, first, of_kinds, begun, of_rows, until)


def _by_week(time: WorkingTime, calendar: str, first: int, count: int) -> list[tuple[tuple[int, Holiday], ...]]:
    """The holidays of each week but the first and the last, with their weekdays: those on which less is done."""
    weeks: list[list[tuple[int, Holiday]]] = [[] for _ in range(count)]
    for day, holiday in sorted(holidays_within(calendar, _monday(first + 1), WEEKDAYS * (count - 2)).items()):
        if (time.share(holiday) < 1.0).any():
            weeks[1 + day // WEEKDAYS].append((day % WEEKDAYS, holiday))
    return [tuple(week) for week in weeks]


def _with_holidays(time: WorkingTime, holidays: tuple[tuple[int, Holiday], ...]) -> FloatArray:
    rates = time.week.reshape(len(time.week), WEEKDAYS, -1).copy()
    for weekday, holiday in holidays:
        rates[:, weekday] *= time.share(holiday)[:, None]
    return as_rates(rates.reshape(time.week.shape))


def _monday(week: int) -> date:
    return FIRST_MONDAY + timedelta(weeks=week)
