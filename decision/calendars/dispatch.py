"""When a candidate can hand over at the earliest: cut-offs, opening hours, working days, by its own clock.

The models learnt from histories in which places were closed at night, on Sundays and on holidays: how long that takes
is in their hours already. What they cannot know is the unusual: a holiday never kept before, a day on which a place is
closed. So hours are put off by as many days as the calendar makes the handover later than they say, and nothing
arrives before it could be handed over. Nor may they know cut-offs and hours that are newer than the history: what
leaves no more today counts as ordered just before the next day on which they expect the place to work
(`decision.candidates.times`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from decision.calendars.opening import DAY, WEEKDAYS, WeeklyHours, minute_of_week, minutes_passing
from decision.network import Network
from decision.predictor import Rests

#: A place that does not work within so many days counts as working after them: later than anything is promised for.
DAYS_AHEAD: Final = 61
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Dispatch:
    """Of C candidates, hours from now: ``earliest_hours`` at which each can hand over, ``cut_off_hours`` until what is
    ordered is handed over a day later (NaN where nobody tells): the last order of that day, or when the place closes.
    ``days_ahead``: dates from its own today on which it hands over, by its own clock; ``today``: that date, as the
    proleptic Gregorian ordinal. ``counts_from``: where nothing leaves today any more, the last second
    before the next day on which it usually works, since 1970: the order counts as placed then; 0 elsewhere.
    ``delay_hours``: by how much handover is later than the models say of what is ordered then; ``travel_delay_hours``:
    delivery; ``days_later``: how many days later than in an ordinary week, known to the models or not.
    """

    earliest_hours: NDArray[np.float64]
    cut_off_hours: NDArray[np.float64]
    delay_hours: NDArray[np.float64]
    travel_delay_hours: NDArray[np.float64]
    days_later: NDArray[np.intp]
    days_ahead: NDArray[np.intp]
    today: NDArray[np.intp]
    counts_from: NDArray[np.float64]

    def take(self, rows: NDArray[np.intp]) -> "Dispatch":
        """Return when the candidates at ``rows`` hand over."""
        return Dispatch(*(getattr(self, column.name)[rows] for column in fields(self)))

    def later(self, rows: NDArray[np.intp], hours: NDArray[np.float64]) -> "Dispatch":
        """Return when the candidates at ``rows`` hand over, in hours from so many ``hours`` later, (rows,) both.

        On the dates as told now: before a cut-off or midnight passes.
        """
        return Dispatch(
            np.maximum(self.earliest_hours[rows] - hours, 0.0),
            self.cut_off_hours[rows] - hours,
            self.delay_hours[rows],
            self.travel_delay_hours[rows],
            self.days_later[rows],
            self.days_ahead[rows],
            self.today[rows],
            self.counts_from[rows],
        )


def dispatch(
    network: Network,
    location: NDArray[np.intp],
    service: NDArray[np.intp],
    now: datetime,
    *,
    ready_rests: Rests,
    delivery_rests: Rests,
) -> Dispatch:
    """Return when candidates of ``location`` and ``service`` (C,), positions in the network, can hand over.

    What nobody tells does not restrict: a place without hours is open, without cut-offs nothing is too late.
    ``ready_rests``, ``delivery_rests``: of the candidates, on which dates the models know that nothing is prepared, or
    delivered.
    """
    count = len(location)
    none, no_days, today = np.zeros(count), np.zeros(count, np.intp), np.full(count, now.toordinal(), np.intp)
    found = Dispatch(
        none, np.full(count, np.nan), none.copy(), none.copy(), no_days, no_days.copy(), today, none.copy()
    )
    if network.has_calendars:
        for local, rows in local_clocks(network, location, now):
            place = location[rows]
            cut_offs = np.fmin(network.location_cut_offs[place], network.service_cut_offs[service[rows]])
            dates = local.date() - _A_DAY, DAYS_AHEAD + 1
            worked, usual = (of_places[place] for of_places in network.days_worked(*dates))
            works = _Works(worked, usual, ready_rests(*dates)[rows], delivery_rests(*dates)[rows])
            of_zone = _dispatch(network.location_hours, place, cut_offs, local, works)
            for column in fields(Dispatch):
                getattr(found, column.name)[rows] = getattr(of_zone, column.name)
    return found


def local_clocks(
    network: Network, location: NDArray[np.intp], now: datetime
) -> Iterator[tuple[datetime, NDArray[np.intp]]]:
    """Yield local time, and which of ``location`` (C,) have it; one item per time zone."""
    zones = network.location_texts["timezone"].take(location)
    for zone in np.unique(zones.codes).tolist():
        if zone >= 0:
            yield now.astimezone(ZoneInfo(zones.vocabulary[zone])), np.flatnonzero(zones.codes == zone)


def next_opening(network: Network, place: int, instant: datetime) -> datetime:
    """Return ``instant`` where the place is open to customers then, else when it opens next."""
    if not network.has_calendars:
        return instant
    for local, _ in local_clocks(network, np.array([place]), instant):
        never = np.full((1, len(WEEKDAYS)), np.nan)
        worked = network.days_worked_at(place, local.date() - _A_DAY, DAYS_AHEAD + 1)
        known = np.zeros_like(worked)
        opens = _dispatch(network.location_hours, np.array([place]), never, local, _Works(worked, worked, known, known))
        return instant + timedelta(hours=float(opens.earliest_hours[0]))
    return instant


@dataclass(frozen=True)
class _Works:
    """(C, 1 + `DAYS_AHEAD`) whether places work on the dates from yesterday on, whether in an ordinary week, and
    whether the models know that nothing is ``prepared`` on them, or ``delivered``.
    """

    worked: NDArray[np.bool_]
    usually: NDArray[np.bool_]
    not_prepared: NDArray[np.bool_]
    not_delivered: NDArray[np.bool_]

    @property
    def expected(self) -> NDArray[np.bool_]:
        """Whether the models take it that they work."""
        return self.usually & (self.worked | ~self.not_prepared)


def _dispatch(
    hours: WeeklyHours, place: NDArray[np.intp], cut_offs: NDArray[np.float64], local: datetime, days: _Works
) -> Dispatch:
    weekday, minute = local.weekday(), minute_of_week(local) % DAY
    # Hours past midnight are those of yesterday; which of the other days are worked is looked at below.
    any_day = np.ones((len(place), 2 * len(WEEKDAYS)), bool)
    any_day[:, 0] = days.worked[:, 0]
    until_open = hours.minutes_until_open(place, minute_of_week(local), any_day)
    # Too late for today: the cut-off has passed, the place opens no more today, or not at all.
    late = (minute > cut_offs[:, weekday]) | (until_open >= DAY - minute) | ~days.worked[:, 1]
    days_of = (_first(works[:, 1:], late) for works in (days.worked, days.expected, days.usually))
    day, expected_day, usual_day = days_of
    day_of_week = (weekday + day) % 7
    opens = np.where(day == 0, minute + np.nan_to_num(until_open), hours.opens[place, day_of_week])
    passing = minutes_passing(local, np.asarray(day * DAY + opens - minute, np.float64))
    last = np.fmin(cut_offs[np.arange(len(place)), day_of_week], hours.closes[place, day_of_week])
    cut_off = minutes_passing(local, np.asarray(day * DAY + last - minute, np.float64))
    # What hours until delivery pass over anyway delays them no more.
    passed_over = np.pad(np.cumsum(days.not_delivered[:, 1:], axis=1), ((0, 0), (1, 0)))
    known = np.take_along_axis(passed_over, np.stack([expected_day, day], axis=1), axis=1)
    later = day - expected_day
    delay, travel_delay = (24.0 * days.astype(np.float64) for days in (later, later - (known[:, 1] - known[:, 0])))
    today = np.full(len(place), local.toordinal(), np.intp)
    idle = minutes_passing(local, np.asarray(expected_day * DAY - minute, np.float64))
    counts_from = np.where(late, np.round(local.timestamp() + 60 * idle) - 1.0, 0.0)
    earliest = np.maximum(passing, 0.0) / 60
    return Dispatch(earliest, cut_off / 60, delay, travel_delay, day - usual_day, day, today, counts_from)


def _first(works: NDArray[np.bool_], late: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return (C,) how many days ahead is the first that is worked, today only where it is not too late."""
    days = np.column_stack([works[:, 0] & ~late, works[:, 1:], np.ones(len(works), bool)])
    return np.asarray(days.argmax(axis=1))
