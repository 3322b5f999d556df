"""Levels and paces together, as of an instant: in a backtest, at the cut of a bundle and in service alike."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from prediction.calibration import CalibrationSettings, UnderWay, calibrate
from prediction.daily import DailyHours
from prediction.daytimes import time_of_day_reached, time_paces
from prediction.hourly import HourlyHours
from prediction.hours import AS_PREDICTED, HoursTable
from prediction.weekdays import weekday_paces

CALIBRATION: Final = CalibrationSettings()


class Calibrated(NamedTuple):
    """``levels``: (groups, knots), see `prediction.hours`. ``times``: paces of the times of a day, (groups, times), see
    `prediction.hourly`. ``paces``: of the weekdays, (groups, 7), see `prediction.daily`.
    """

    levels: FloatArray
    times: FloatArray
    paces: FloatArray

    def of(
        self, centre: FloatArray, spread: FloatArray, group: NDArray[np.intp], clock: FloatArray, week: FloatArray
    ) -> DailyHours:
        """The distributions of hours that begin at ``clock``, (rows,), in a ``week`` as `prediction.week` has it,
        (rows, 7); ``centre`` and ``spread``: of the logarithm of their working hours, (rows,).
        """
        smooth = HoursTable(centre, spread, group, self.levels)
        return DailyHours(HourlyHours(smooth, clock, self.times, week), self.paces)


def calibrated(hours: UnderWay, groups: int, now: float) -> Calibrated:
    """What the attempts ``hours`` say, as far as it was known at ``now`` (seconds).

    Levels come twice: the first tell how the hours lie within days, for which they take the hours as predicted.
    """
    predicted = np.tile(AS_PREDICTED, (groups, 1))
    times = time_paces(hours, predicted, now, CALIBRATION)
    within_days = calibrate(hours, groups, now, CALIBRATION, time_of_day_reached(predicted, times))
    levels = calibrate(hours, groups, now, CALIBRATION, time_of_day_reached(within_days, times))
    return Calibrated(levels, times, weekday_paces(hours, levels, times, now, CALIBRATION))
