"""The pace of each time of the day, learnt from what arrived: how much more comes then than the smooth hours say.

Of each arrival its day is taken as given, and only when on it is asked. So the pace of a time is its arrivals ÷ those
that the smooth hours, times all paces, expect in it: the most likely paces (iterated as in D. Hunter, "MM Algorithms
for Generalized Bradley-Terry Models", Annals of Statistics 32, 2004). Who predicts the morning, and is right, needs
none.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from features.facts import FloatArray
from prediction.calibration import DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS, CalibrationSettings, Reached, UnderWay
from prediction.hourly import DAYS, TIME_HOURS, TIMES, HourlyHours
from prediction.hours import HoursTable
from prediction.week import DAY_HOURS

#: More move no pace by a thousandth.
_ITERATIONS: Final = 6
#: A day on which less was expected says nothing about its times.
_SMALLEST: Final = 1e-9


def time_paces(under_way: UnderWay, levels: FloatArray, now: float, settings: CalibrationSettings) -> FloatArray:
    """Pace of each time of the day, from midnight on, per group of ``levels`` (groups, knots); shape (groups, `TIMES`).

    Only what was known at ``now`` (seconds) is used, of days that were over. With nothing to learn from, all times are
    alike.
    """
    came = _arrived(under_way, now - WEEK_SECONDS * settings.weeks, now)
    hours = (came.arrived_at - came.started_at) / HOUR_SECONDS
    shares = _shares(came, hours, levels)
    weight = came.weight / came.weight.mean() if len(came.weight) else came.weight
    of_day = (came.clock + hours) % DAY_HOURS
    arrivals = np.zeros((len(levels), TIMES))
    np.add.at(arrivals, (came.group, (of_day // TIME_HOURS).astype(np.intp) % TIMES), weight)
    prior = settings.time_strength / TIMES
    every = np.zeros_like(came.group)
    overall = _most_likely(arrivals.sum(axis=0)[None] + prior, shares, every, weight, prior)
    return _most_likely(arrivals + prior * overall, shares, came.group, weight, prior)


def time_of_day_reached(levels: FloatArray, times: FloatArray) -> Reached:
    """How far an attempt has come on its own predicted distribution, if times of the day differ: see `calibrate`.

    An instant counts as the one of its day at which as much has come where all times are alike. Within the day the
    distribution is taken as calibrated with ``levels`` (groups, knots).
    """

    def reached(moved: UnderWay, hours: FloatArray) -> FloatArray:
        smooth = HoursTable(moved.centre, moved.spread, moved.group, levels)
        late = HourlyHours(smooth, moved.clock, times, moved.week).probability_later_than(hours)
        return np.asarray(ndtr(smooth.knots(1.0 - late)))

    return reached


def _arrived(under_way: UnderWay, since: float, until: float) -> UnderWay:
    """Those that arrived on a day that began and ended between two instants, one of the days that differ."""
    midnight = under_way.started_at - under_way.clock % DAY_HOURS * HOUR_SECONDS
    day = np.floor((under_way.arrived_at - midnight) / DAY_SECONDS)
    over = (midnight + day * DAY_SECONDS >= since) & (midnight + (day + 1) * DAY_SECONDS <= until)
    heard = over & (day >= 0) & (day < DAYS) & ~(under_way.ended_at < under_way.arrived_at)
    return under_way.take(np.flatnonzero(heard))


def _shares(came: UnderWay, hours: FloatArray, levels: FloatArray) -> FloatArray:
    """The share of each time in the day on which each arrived, where all times are alike; (rows, `TIMES`)."""
    smooth = HoursTable(came.centre, came.spread, came.group, levels)
    hourly = HourlyHours(smooth, came.clock, np.ones((len(levels), TIMES)), came.week)
    expected = hourly.times_of(hourly.day(hours))
    whole = expected.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(expected, whole, out=np.zeros_like(expected), where=whole > _SMALLEST))


def _most_likely(
    arrivals: FloatArray, shares: FloatArray, group: NDArray[np.intp], weight: FloatArray, prior: float
) -> FloatArray:
    """Paces of mean 1, per row of ``arrivals`` (groups, `TIMES`), ``prior`` of which are expected at each time."""
    paces = np.ones_like(arrivals)
    for _ in range(_ITERATIONS):
        at_all = (shares * paces[group]).sum(axis=1)
        each = np.divide(weight, at_all, out=np.zeros_like(weight), where=at_all > 0)
        expected = np.stack([np.bincount(group, share * each, minlength=len(arrivals)) for share in shares.T], axis=1)
        paces = arrivals / (expected + prior)
        paces /= paces.mean(axis=1, keepdims=True)
    return paces
