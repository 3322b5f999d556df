"""Hours whose times of day differ: parcels arrive from morning to evening, and none at night.

The smooth distribution is one of working hours, in which the days of a week differ (`prediction.week`): it hardly gets
on while nobody works. Within a day it would spread over the night what comes by day. Here every local day keeps its
smooth share, and within a day the smooth density counts as much as the pace of each time of day says. So a sharp
prediction stays where it is: the day is not stretched. From the fourth day on the smooth distribution says which day,
and the paces alone which time of it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from prediction.hours import HoursTable
from prediction.week import DAY_HOURS, WEEKDAYS

#: Times of day that differ: eight, of three hours each.
TIMES: Final = 8
TIME_HOURS: Final = DAY_HOURS / TIMES
#: Days that differ, the first included; what comes after them comes as on the average of a week's days, at any hour.
DAYS: Final = 28
#: The days, of these, within which the smooth distribution matters.
NEAR_DAYS: Final = 3


@dataclass(frozen=True, eq=False)
class HourlyHours:
    """``smooth`` working hours that begin at ``clock``, (rows,): hours since the midnight before Monday, by the place's
    clock.

    ``times``: (groups, `TIMES`) pace of each time of day, from midnight on, above 0, of the groups of ``smooth``.
    ``week``: (rows, 7) working hours of an hour of each weekday, see `prediction.week`. Where clocks change on the way,
    the days begin an hour off.
    """

    smooth: HoursTable
    clock: FloatArray
    times: FloatArray
    week: FloatArray

    def take(self, rows: NDArray[np.intp]) -> "HourlyHours":
        """The distributions at ``rows``, with what was worked out of them."""
        taken = HourlyHours(self.smooth.take(rows), self.clock[rows], self.times, self.week[rows])
        vars(taken).update((name, vars(self)[name][rows]) for name in _BY_ROW if name in vars(self))
        return taken

    def day(self, hours: FloatArray) -> NDArray[np.intp]:
        """Which of the days each instant lies on, `DAYS` for all that come after them; shape (rows,)."""
        since_midnight = np.clip(hours, 0.0, DAYS * DAY_HOURS) + self.clock % DAY_HOURS
        return np.minimum(since_midnight // DAY_HOURS, DAYS).astype(np.intp)

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row, (rows,) both."""
        day = self.day(hours)
        begins, ends = self._late_around(day)
        time, of_day = self._of_day(hours)
        came = self._came[self.smooth.group, time], self._came[self.smooth.group, time + 1]
        share = came[0] + (came[1] - came[0]) * (of_day / TIME_HOURS - time)
        if len(near := np.flatnonzero(day < NEAR_DAYS)):
            share[near] = self.take(near)._near_share(hours[near], day[near])
        late = np.clip(begins - (begins - ends) * share, ends, begins)
        if len(after := np.flatnonzero(day == DAYS)):
            late[after] = self.smooth.take(after).probability_later_than(self._worked(hours, day)[after])
        return np.asarray(late)

    def quantiles_on(self, day: NDArray[np.intp], late: FloatArray) -> FloatArray:
        """Hours that each row is later than with P = ``late``, which it reaches on ``day``; shape (rows,) all."""
        begins, ends = (self.late_at_midnights[self._rows, np.minimum(each, DAYS)] for each in (day, day + 1))
        share = np.clip(np.divide(begins - late, begins - ends, out=np.zeros(len(late)), where=begins > ends), 0.0, 1.0)
        came = self._came[self.smooth.group]
        at = self._rows, np.minimum((came[:, 1:] < share[:, None]).sum(axis=1), TIMES - 1)
        of_time = (share - came[at]) / (came[at[0], at[1] + 1] - came[at])
        hours = DAY_HOURS * day - self.clock % DAY_HOURS + TIME_HOURS * (at[1] + of_time)
        if len(near := np.flatnonzero(day < NEAR_DAYS)):
            hours[near] = self.take(near)._near_hours(share[near], day[near])
        if len(after := np.flatnonzero(day == DAYS)):
            worked = self.smooth.take(after).quantiles(1.0 - late[after])
            hours[after] = self.take(after)._at_work(worked, day[after])
        return np.asarray(hours)

    def areas(self, hours: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Integrals of P(duration > t), in hours: of each of the days and of what comes after them, where they come
        after ``hours``, (rows,), shape (rows, `DAYS` + 1); and from ``hours`` to the end of their own day, (rows,).
        """
        day = self.day(hours)
        begins, ends = self.late_at_midnights[:, :-1], self.late_at_midnights[:, 1:]
        days = np.empty((len(hours), DAYS + 1))
        days[:, :-1] = DAY_HOURS * ends + (begins - ends) * self._waiting(np.zeros(1, np.intp), np.zeros(1))[:, None]
        excess = self.smooth.excess_at(np.column_stack([self._worked_at_midnights[:, -1], self._worked(hours, day)]))
        days[:, -1] = excess[:, 0] / self._rates[:, -1]

        time, of_day = self._of_day(hours)
        at = self._rows, np.minimum(day, DAYS - 1)
        rest = ends[at] * (DAY_HOURS - of_day) + (begins[at] - ends[at]) * self._waiting(time, of_day)
        rest = np.where(day < DAYS, rest, excess[:, 1] / self._rates[:, -1])
        if len(near := np.flatnonzero(day < NEAR_DAYS)):
            days[near, :NEAR_DAYS], rest[near] = self.take(near)._near_areas(hours[near], day[near], excess[near, 1])
        return days, rest

    def times_of(self, day: NDArray[np.intp]) -> FloatArray:
        """P(duration ends in each time of each row's ``day``), as if all times were alike; shape (rows, `TIMES`)."""
        begins, ends = self._late_around(day)
        shares = np.repeat((begins - ends)[:, None] / TIMES, TIMES, axis=1)
        near = self.take(np.flatnonzero(day < NEAR_DAYS))
        shares[day < NEAR_DAYS] = -np.diff(near._late_at_marks(day[day < NEAR_DAYS])[1], axis=1)
        return shares

    # Near, where the smooth distribution matters within the day; of rows that are.

    def _near_share(self, hours: FloatArray, day: NDArray[np.intp]) -> FloatArray:
        """How much of what comes on its ``day`` has come within ``hours``, of each row; shape (rows,) all."""
        marks, smooth = self._late_at_marks(day)
        late = self.smooth.probability_later_than(self._worked(hours, day))
        each = -np.diff(smooth, axis=1) * self._times
        at = self._rows, np.minimum((marks[:, 1:] <= hours[:, None]).sum(axis=1), TIMES - 1)
        came = np.cumsum(each, axis=1)
        arrived = came[at] - each[at] + self._times[at] * np.maximum(smooth[at] - late, 0.0)
        return np.asarray(np.divide(arrived, came[:, -1], out=np.zeros_like(arrived), where=came[:, -1] > 0))

    def _near_hours(self, share: FloatArray, day: NDArray[np.intp]) -> FloatArray:
        """The hours within which that ``share`` of what comes on its ``day`` has come; shape (rows,) all."""
        marks, smooth = self._late_at_marks(day)
        each = -np.diff(smooth, axis=1) * self._times
        came = np.cumsum(each, axis=1)
        arrived = share * came[:, -1]
        at = self._rows, np.minimum((came < arrived[:, None]).sum(axis=1), TIMES - 1)
        late = smooth[at] - (arrived - came[at] + each[at]) / self._times[at]
        hours = self._at_work(self.smooth.quantiles(1.0 - late), day)
        return np.clip(hours, marks[at], marks[at[0], at[1] + 1])

    def _near_areas(
        self, hours: FloatArray, day: NDArray[np.intp], excess_then: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The integrals of `areas` over each of the near days, (rows, `NEAR_DAYS`), and the rest of the own one.

        ``excess_then``: what is expected beyond ``hours``, in working hours.
        """
        marks, days = self._marks(np.zeros_like(day), NEAR_DAYS)
        worked = self._worked(marks, days)
        smooth, excess = self.smooth.late_at(worked), self.smooth.excess_at(worked)
        rates = np.repeat(self._rates[:, :NEAR_DAYS], TIMES, axis=1)
        each = -np.diff(smooth, axis=1).reshape(len(marks), NEAR_DAYS, TIMES)
        weighed = each * self._times[:, None, :]
        whole, came = each.sum(axis=2, keepdims=True), weighed.sum(axis=2, keepdims=True)
        scale = np.divide(whole, came, out=np.zeros_like(came), where=came > 0)
        late = smooth[:, :-1].reshape(each.shape)[:, :, :1] - scale * (np.cumsum(weighed, axis=2) - weighed)
        slope = (scale * self._times[:, None, :]).reshape(len(marks), NEAR_DAYS * TIMES)
        level = late.reshape(slope.shape) - slope * smooth[:, :-1]
        of_times = level * np.diff(marks, axis=1) - slope * np.diff(excess, axis=1) / rates
        areas = np.maximum(of_times, 0.0).reshape(each.shape)

        time, _ = self._of_day(hours)
        at = self._rows, day * TIMES + time
        end = at[0], at[1] + 1
        worth = (excess_then - excess[end]) / rates[at]
        rest = np.maximum(level[at] * (marks[end] - hours) + slope[at] * worth, 0.0)
        later = np.arange(TIMES) > time[:, None]
        return areas.sum(axis=2), rest + (areas[at[0], day] * later).sum(axis=1)

    def _marks(self, day: NDArray[np.intp], days: int = 1) -> tuple[FloatArray, NDArray[np.intp]]:
        """When each time of so many days from ``day`` on begins, and the last ends; and the day that each is taken for.

        Shape (rows, ``days`` · `TIMES` + 1) both. The end of a day is taken for its own.
        """
        time = np.arange(days * TIMES + 1)
        midnight = DAY_HOURS * day - self.clock % DAY_HOURS
        of_day = day[:, None] + np.minimum(time // TIMES, days - 1)
        return np.maximum(midnight[:, None] + TIME_HOURS * time, 0.0), of_day

    def _late_at_marks(self, day: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """The marks of one day, and the smooth P(later) at each; shape (rows, `TIMES` + 1) both."""
        marks, days = self._marks(day)
        return marks, self.smooth.late_at(self._worked(marks, days))

    def _late_around(self, day: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """The smooth P(later) at the beginning of each row's ``day`` and at its end; shape (rows,) both."""
        at = self._rows[:, None], np.minimum(np.column_stack([day, day + 1]), DAYS)
        begins, ends = self.smooth.late_at(self._worked_at_midnights[at]).T
        return begins, ends

    def _worked(self, hours: FloatArray, day: NDArray[np.intp]) -> FloatArray:
        """The working hours that have passed at ``hours``, which lie on ``day``; of one shape, (rows,) or (rows, n)."""
        at = (self._rows if hours.ndim == 1 else self._rows[:, None]), day
        return np.asarray(self._worked_at_midnights[at] + self._rates[at] * (hours - self.midnights[at]))

    def _at_work(self, worked: FloatArray, day: NDArray[np.intp]) -> FloatArray:
        """The other way round: when so many working hours have passed, which is on ``day``; shape (rows,) all."""
        at = self._rows, day
        return np.asarray(self.midnights[at] + (worked - self._worked_at_midnights[at]) / self._rates[at])

    def _of_day(self, hours: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
        """The time of its day, and the hours since its midnight, of each instant; shape (rows,) all."""
        of_day = (hours + self.clock % DAY_HOURS) % DAY_HOURS
        return np.minimum(of_day // TIME_HOURS, TIMES - 1).astype(np.intp), of_day

    def _waiting(self, time: NDArray[np.intp], of_day: FloatArray) -> FloatArray:
        """Mean hours from ``of_day``, which is of that ``time``, to an arrival of a far day, 0 for who came before.

        ``of_day`` and ``time`` of each row, or one for all of them; shape (rows,).
        """
        late = 1.0 - self._came
        areas = TIME_HOURS * (late[:, :-1] + late[:, 1:]) / 2
        after = np.cumsum(areas[:, ::-1], axis=1)[:, ::-1] - areas
        group, left = self.smooth.group, TIME_HOURS * (time + 1) - of_day
        ends, slope = late[group, time + 1], (late[group, time] - late[group, time + 1]) / TIME_HOURS
        return np.asarray(left * (ends + slope * left / 2) + after[group, time])

    @cached_property
    def _came(self) -> FloatArray:
        """How much of a far day has come when each time begins, and when the last ends; (groups, `TIMES` + 1)."""
        came = np.cumsum(np.column_stack([np.zeros(len(self.times)), self.times]), axis=1)
        return np.asarray(came / came[:, -1:])

    @cached_property
    def _rows(self) -> NDArray[np.intp]:
        return np.arange(len(self.clock))

    @cached_property
    def midnights(self) -> FloatArray:
        """When each day begins, the first with the start itself, and what comes after them; (rows, `DAYS` + 1)."""
        return np.maximum(DAY_HOURS * np.arange(DAYS + 1) - (self.clock % DAY_HOURS)[:, None], 0.0)

    @cached_property
    def _rates(self) -> FloatArray:
        """How many working hours an hour of each day has, and of what comes after them; (rows, `DAYS` + 1)."""
        weekday = (self.clock // DAY_HOURS).astype(np.intp)[:, None] + np.arange(DAYS)
        of_days = self.week[self._rows[:, None], weekday % WEEKDAYS]
        return np.column_stack([of_days, self.week.mean(axis=1)])

    @cached_property
    def _worked_at_midnights(self) -> FloatArray:
        """The working hours that have passed at `midnights`; (rows, `DAYS` + 1)."""
        of_days = self._rates[:, :-1] * np.diff(self.midnights, axis=1)
        return np.column_stack([np.zeros(len(of_days)), np.cumsum(of_days, axis=1)])

    @cached_property
    def late_at_midnights(self) -> FloatArray:
        """P(duration > t) at `midnights`; (rows, `DAYS` + 1)."""
        return self.smooth.late_at(self._worked_at_midnights)

    @cached_property
    def _times(self) -> FloatArray:
        """The paces of each row, (rows, `TIMES`)."""
        return self.times[self.smooth.group]


#: What is worked out of each row by itself.
_BY_ROW: Final = ("midnights", "late_at_midnights", "_rates", "_worked_at_midnights")
