"""Calibration that follows the outcomes, including of what is still on its way.

The outcomes known at an instant are the fast ones: calibrating on them alone makes every date too early. So every
attempt that was under way during the last days counts, delivered or not. Each has moved, on the scale of its own
predicted distribution, from one level to another, and either arrived there or is still going (a left-truncated,
right-censored observation). The Nelson-Aalen estimate of the hazard on that scale (Aalen, "Nonparametric Inference for
a Family of Counting Processes", Annals of Statistics 6, 1978) tells how often a predicted level is really reached.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from prediction.hours import BASE_LEVELS

FloatArray = NDArray[np.float64]

DAY_SECONDS = 86_400.0
HOUR_SECONDS = 3600.0
#: Attempts decided longer ago than this, and unheard of since, are taken as lost from sight.
LONGEST_DAYS = 60.0

_CUMULATIVE = -np.log1p(-np.concatenate([[0.0], BASE_LEVELS]))
_WIDTHS = np.diff(_CUMULATIVE)


@dataclass(frozen=True, eq=False)
class UnderWay:
    """Attempts with their predicted distribution (normal in log-hours) and what came of them; one row each.

    Instants in seconds since 1970 UTC. ``arrived_at``: when the predicted event happened, NaN if it never did.
    ``ended_at``: when it became known that it never will (failed, cancelled), NaN otherwise. What lies after the
    instant of a calibration is not looked at.
    """

    group: NDArray[np.intp]
    centre: FloatArray
    spread: FloatArray
    started_at: FloatArray
    arrived_at: FloatArray
    ended_at: FloatArray
    weight: FloatArray

    def during(self, start: float, end: float) -> "UnderWay":
        """Those under way at some time between two instants, as far as was known at ``end``."""
        stop = np.fmin(np.fmin(self.arrived_at, self.ended_at), np.inf)
        rows = (self.started_at < end) & (stop > start) & (self.started_at > start - LONGEST_DAYS * DAY_SECONDS)
        return self.take(np.flatnonzero(rows))

    def take(self, rows: NDArray[np.intp]) -> "UnderWay":
        """The attempts at the given rows."""
        return UnderWay(
            self.group[rows],
            self.centre[rows],
            self.spread[rows],
            self.started_at[rows],
            self.arrived_at[rows],
            self.ended_at[rows],
            self.weight[rows],
        )


@dataclass(frozen=True)
class CalibrationSettings:
    """How far back to look, and how much evidence outweighs what was believed before."""

    window_days: float = 35.0
    #: Arrivals that weigh as much as the uncalibrated distribution.
    prior_strength: float = 20.0
    #: Arrivals of a group that weigh as much as all groups together.
    group_strength: float = 40.0


def calibrate(under_way: UnderWay, groups: int, now: float, settings: CalibrationSettings) -> FloatArray:
    """Calibrated probability at each of `prediction.hours.KNOTS`, per group; shape (groups, knots).

    Only what was known at ``now`` (seconds) is used. With nothing to learn from, the levels are the uncalibrated ones.
    """
    since = now - settings.window_days * DAY_SECONDS
    moved = under_way.during(since, now)
    weight = moved.weight / moved.weight.mean() if len(moved.weight) else moved.weight
    start = _cumulative_hazard(moved, np.maximum(moved.started_at, since))
    stop_at = np.fmin(np.fmin(moved.arrived_at, moved.ended_at), now)
    stop = _cumulative_hazard(moved, stop_at)
    # Who is beyond the last level has passed it without arriving: that is all the table has room for.
    arrived = (moved.arrived_at <= now) & (moved.arrived_at <= stop_at) & (stop < _CUMULATIVE[-1])

    bins = np.clip(np.searchsorted(_CUMULATIVE, stop, side="right") - 1, 0, len(_WIDTHS) - 1)
    events = np.zeros((groups, len(_WIDTHS)))
    np.add.at(events, (moved.group[arrived], bins[arrived]), weight[arrived])
    exposure = np.zeros((groups, len(_WIDTHS)))
    for position, (low, high) in enumerate(pairwise(_CUMULATIVE.tolist())):
        within = np.clip(np.minimum(stop, high) - np.maximum(start, low), 0.0, None)
        exposure[:, position] = np.bincount(moved.group, within * weight, minlength=groups)

    share = _WIDTHS / _WIDTHS.sum()
    prior = settings.prior_strength * share
    overall = (events.sum(axis=0) + prior) / (exposure.sum(axis=0) + prior)
    group_prior = settings.group_strength * share
    hazard = (events + overall * group_prior) / (exposure + group_prior)
    levels = -np.expm1(-np.cumsum(hazard * _WIDTHS, axis=1))
    return np.concatenate([np.zeros((groups, 1)), levels, np.ones((groups, 1))], axis=1)


def _cumulative_hazard(moved: UnderWay, instants: FloatArray) -> FloatArray:
    """-log(1 - level) that each attempt has reached at its instant, on its own predicted distribution."""
    hours = np.maximum((instants - moved.started_at) / HOUR_SECONDS, 0.0)
    with np.errstate(divide="ignore"):
        level = ndtr((np.log(hours) - moved.centre) / moved.spread)
    return np.asarray(np.minimum(-np.log1p(-np.minimum(level, 1.0 - 1e-12)), _CUMULATIVE[-1]))
