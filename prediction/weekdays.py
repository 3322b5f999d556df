"""The pace of each weekday, learnt from what was under way: how much more comes on it than the smooth hours say.

Arrivals of a weekday ÷ the hazard that was lived through on it, by the calibrated hours without paces of days: where
nothing comes on Sundays, their pace is 0. Paces say how days differ, not how fast all of them are, which the levels say
already.
"""

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from prediction.calibration import DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS, CalibrationSettings, UnderWay
from prediction.hourly import HourlyHours
from prediction.hours import BASE_LEVELS, HoursTable
from prediction.week import WEEKDAYS

#: Who is beyond the last level has passed it without arriving: that is all the levels have room for.
_FARTHEST = -np.log1p(-BASE_LEVELS[-1])


def weekday_paces(
    under_way: UnderWay, levels: FloatArray, times: FloatArray, now: float, settings: CalibrationSettings
) -> FloatArray:
    """Pace of each weekday, Monday first, per group of ``levels`` (groups, knots); shape (groups, 7).

    ``times``: paces of the times of the day, see `prediction.hourly`.

    Only what was known at ``now`` (seconds) is used. With nothing to learn from, weekdays are alike.
    """
    arrivals, lived = _by_weekday(under_way, levels, times, now - WEEK_SECONDS * settings.weeks, now)
    prior = settings.weekday_strength / WEEKDAYS
    overall = _relative(arrivals.sum(axis=0) + prior, lived.sum(axis=0) + prior)
    return _relative(arrivals + prior * overall, lived + prior)


def _relative(arrivals: FloatArray, lived: FloatArray) -> FloatArray:
    """Paces at which as much arrives on all days together as the hazard lived through on them says."""
    return np.asarray((arrivals / lived) * lived.sum(axis=-1, keepdims=True) / arrivals.sum(axis=-1, keepdims=True))


def _by_weekday(
    under_way: UnderWay, levels: FloatArray, times: FloatArray, since: float, until: float
) -> tuple[FloatArray, FloatArray]:
    """Arrivals between two instants, and hazard lived through, by group and weekday; shape (groups, 7) both."""
    moved = under_way.during(since, until)
    stop = np.fmin(np.fmin(moved.arrived_at, moved.ended_at), until)
    monday = moved.started_at - moved.clock * HOUR_SECONDS
    weight = moved.weight / moved.weight.mean() if len(moved.weight) else moved.weight
    arrivals, lived = np.zeros((2, len(levels), WEEKDAYS))

    hourly = HourlyHours(HoursTable(moved.centre, moved.spread, moved.group, levels), moved.clock, times, moved.week)
    arrived = (moved.arrived_at <= stop) & (_hazard(hourly, stop - moved.started_at) < _FARTHEST)
    last = (stop - monday) // DAY_SECONDS
    np.add.at(arrivals, (moved.group[arrived], _weekday(last[arrived])), weight[arrived])

    rows = np.arange(len(monday))
    begins = np.maximum(moved.started_at, since)
    passed = _hazard(hourly, begins - moved.started_at)
    day = (begins - monday) // DAY_SECONDS
    while len(rows):
        ends = np.minimum(monday[rows] + (day + 1) * DAY_SECONDS, stop[rows])
        hazard = _hazard(hourly.take(rows), ends - moved.started_at[rows])
        np.add.at(lived, (moved.group[rows], _weekday(day)), (hazard - passed) * weight[rows])
        on = day < last[rows]
        rows, day, passed = rows[on], day[on] + 1, hazard[on]
    return arrivals, lived


def _weekday(day: FloatArray) -> NDArray[np.intp]:
    return day.astype(np.intp) % WEEKDAYS


def _hazard(hourly: HourlyHours, seconds: FloatArray) -> FloatArray:
    """-log P(later), of each row, so many seconds after it began."""
    late = hourly.probability_later_than(seconds / HOUR_SECONDS)
    return np.asarray(np.minimum(-np.log(np.maximum(late, np.finfo(np.float64).tiny)), _FARTHEST))
