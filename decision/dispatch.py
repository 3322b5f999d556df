"""When a candidate can hand over at the earliest: cut-offs, opening hours, working days, by its own clock.

The models learnt from histories in which places were closed at night and on Sundays: how long that takes is in their
hours already. What they cannot know is the unusual: a public holiday, a day on which a place is closed. So hours are
put off by as many days as the calendar makes the handover later than in an ordinary week, and nothing arrives before
it could be handed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from decision.network import Network
from decision.opening import DAY, WEEKDAYS, minute_of_week, minutes_passing

#: A place that does not work within so many days counts as working after them.
DAYS_AHEAD: Final = 28


@dataclass(frozen=True)
class Dispatch:
    """Of C candidates, hours from now: ``earliest_hours`` at which each can hand over, ``cut_off_hours`` until what is
    ordered is handed over a day later (NaN where nobody tells). ``delay_hours``: later than in an ordinary week by.
    """

    earliest_hours: NDArray[np.float64]
    cut_off_hours: NDArray[np.float64]
    delay_hours: NDArray[np.float64]


def dispatch(network: Network, location: NDArray[np.intp], service: NDArray[np.intp], now: datetime) -> Dispatch:
    """Return when candidates of ``location`` and ``service`` (C,), positions in the network, can hand over.

    What nobody tells does not restrict: a place without hours is open, without cut-offs nothing is too late.
    """
    count = len(location)
    found = Dispatch(np.zeros(count), np.full(count, np.nan), np.zeros(count))
    if network.has_calendars:
        for local, rows in local_clocks(network, location, now):
            place = location[rows]
            cut_offs = np.fmin(network.location_cut_offs[place], network.service_cut_offs[service[rows]])
            of_zone = _dispatch(network, place, cut_offs, local)
            found.earliest_hours[rows] = of_zone.earliest_hours
            found.cut_off_hours[rows] = of_zone.cut_off_hours
            found.delay_hours[rows] = of_zone.delay_hours
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
    for local, _ in local_clocks(network, np.array([place]), instant):
        never = np.full((1, len(WEEKDAYS)), np.nan)
        return instant + timedelta(hours=float(_dispatch(network, np.array([place]), never, local).earliest_hours[0]))
    return instant


def _dispatch(network: Network, place: NDArray[np.intp], cut_offs: NDArray[np.float64], local: datetime) -> Dispatch:
    weekday, minute = local.weekday(), minute_of_week(local) % DAY
    until_open = network.location_hours.minutes_until_open(place, minute_of_week(local))
    # Too late for today: the cut-off has passed, or the place opens no more today.
    late = (minute > cut_offs[:, weekday]) | (until_open >= DAY - minute)
    worked, usual = network.days_worked(local.date(), DAYS_AHEAD)
    day, usual_day = (_first(works[place], late) for works in (worked, usual))
    day_of_week = (weekday + day) % 7
    opens = np.where(day == 0, minute + np.nan_to_num(until_open), network.location_hours.opens[place, day_of_week])
    passing = minutes_passing(local, np.asarray(day * DAY + opens - minute, np.float64))
    cut_off = minutes_passing(local, day * DAY + cut_offs[np.arange(len(place)), day_of_week] - minute)
    delay = 24.0 * (day - usual_day).astype(np.float64)
    return Dispatch(np.maximum(passing, 0.0) / 60, cut_off / 60, delay)


def _first(works: NDArray[np.bool_], late: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return (C,) how many days ahead is the first that is worked, today only where it is not too late."""
    days = np.column_stack([works[:, 0] & ~late, works[:, 1:], np.ones(len(works), bool)])
    return np.asarray(days.argmax(axis=1))
