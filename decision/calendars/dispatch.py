"""When a candidate can hand over at the earliest: cut-offs, opening hours, working days, by its own clock.

The models learnt from histories in which places were closed at night, on Sundays and on holidays: how long that takes
is in their hours already. What they cannot know is the unusual: a holiday never kept before, a day on which a place is
closed, cut-offs and hours that are newer than the history. So what leaves no more today counts as ordered just before
the next day on which the place works (`decision.candidates.times`), and nothing arrives before it could be handed over.
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

#: A place that does not work within so many days counts as working after them: later than anything is promised for.
DAYS_AHEAD: Final = 61
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Dispatch:
    """Of C candidates, hours from now: ``earliest_hours`` at which each can hand over, ``cut_off_hours`` until what is
    ordered is handed over a day later (NaN where nobody tells): the last order of that day, or when the place closes.
    ``days_ahead``: dates from its own today on which it hands over, by its own clock; ``today``: that date, as the
    proleptic Gregorian ordinal. ``counts_from``: where nothing leaves today any more, the last second
    before the next day on which it works, since 1970: the order counts as placed then; 0 elsewhere.
    """

    earliest_hours: NDArray[np.float64]
    cut_off_hours: NDArray[np.float64]
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
            self.days_ahead[rows],
            self.today[rows],
            self.counts_from[rows],
        )


def dispatch(network: Network, location: NDArray[np.intp], service: NDArray[np.intp], now: datetime) -> Dispatch:
    """Return when candidates of ``location`` and ``service`` (C,), positions in the network, can hand over.

    What nobody tells does not restrict: a place without hours is open, without cut-offs nothing is too late.
    """
    count = len(location)
    today = np.full(count, now.toordinal(), np.intp)
    found = Dispatch(np.zeros(count), np.full(count, np.nan), np.zeros(count, np.intp), today, np.zeros(count))
    if network.has_calendars:
        for local, rows in local_clocks(network, location, now):
            place = location[rows]
            cut_offs = np.fmin(network.location_cut_offs[place], network.service_cut_offs[service[rows]])
            worked, _ = network.days_worked(local.date() - _A_DAY, DAYS_AHEAD + 1)
            of_zone = _dispatch(network.location_hours, place, cut_offs, local, worked[place])
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
        opens = _dispatch(network.location_hours, np.array([place]), never, local, worked)
        return instant + timedelta(hours=float(opens.earliest_hours[0]))
    return instant


def _dispatch(
    hours: WeeklyHours,
    place: NDArray[np.intp],
    cut_offs: NDArray[np.float64],
    local: datetime,
    worked: NDArray[np.bool_],
) -> Dispatch:
    """``worked``: (C, 1 + `DAYS_AHEAD`) whether places work on the dates from yesterday on."""
    weekday, minute = local.weekday(), minute_of_week(local) % DAY
    # Hours past midnight are those of yesterday; which of the other days are worked is looked at below.
    any_day = np.ones((len(place), 2 * len(WEEKDAYS)), bool)
    any_day[:, 0] = worked[:, 0]
    until_open = hours.minutes_until_open(place, minute_of_week(local), any_day)
    # Too late for today: the cut-off has passed, the place opens no more today, or not at all.
    late = (minute > cut_offs[:, weekday]) | (until_open >= DAY - minute) | ~worked[:, 1]
    day = _first(worked[:, 1:], late)
    day_of_week = (weekday + day) % 7
    opens = np.where(day == 0, minute + np.nan_to_num(until_open), hours.opens[place, day_of_week])
    passing = minutes_passing(local, np.asarray(day * DAY + opens - minute, np.float64))
    last = np.fmin(cut_offs[np.arange(len(place)), day_of_week], hours.closes[place, day_of_week])
    cut_off = minutes_passing(local, np.asarray(day * DAY + last - minute, np.float64))
    today = np.full(len(place), local.toordinal(), np.intp)
    idle = minutes_passing(local, np.asarray(day * DAY - minute, np.float64))
    counts_from = np.where(late, np.round(local.timestamp() + 60 * idle) - 1.0, 0.0)
    return Dispatch(np.maximum(passing, 0.0) / 60, cut_off / 60, day, today, counts_from)


def _first(works: NDArray[np.bool_], late: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return (C,) how many days ahead is the first that is worked, today only where it is not too late."""
    days = np.column_stack([works[:, 0] & ~late, works[:, 1:], np.ones(len(works), bool)])
    return np.asarray(days.argmax(axis=1))
