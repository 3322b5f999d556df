"""Levels and weekday paces together, as of an instant: in a backtest, at the cut of a bundle and in service alike."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from prediction.calibration import CalibrationSettings, UnderWay, calibrate
from prediction.weekdays import weekday_paces

FloatArray = NDArray[np.float64]

CALIBRATION: Final = CalibrationSettings()


class Calibrated(NamedTuple):
    """``levels``: (groups, knots), see `prediction.hours`. ``paces``: (groups, 7), see `prediction.daily`."""

    levels: FloatArray
    paces: FloatArray


def calibrated(hours: UnderWay, groups: int, now: float) -> Calibrated:
    """What the attempts ``hours`` say, as far as it was known at ``now`` (seconds)."""
    levels = calibrate(hours, groups, now, CALIBRATION)
    return Calibrated(levels, weekday_paces(hours, levels, now, CALIBRATION))
