"""Calibration that follows the outcomes, including of what is still on its way.

The outcomes known at an instant are the fast ones: calibrating on them alone makes every date too early. So every
attempt that was under way during the last days counts, delivered or not. Each has moved, on the scale of its own
predicted distribution, from one level to another, and either arrived there or is still going (a left-truncated,
right-censored observation). The Nelson-Aalen estimate of the hazard on that scale (Aalen, "Nonparametric Inference for
a Family of Counting Processes", Annals of Statistics 6, 1978) tells how often a predicted level is really reached.
"""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from features.facts import FloatArray
from prediction.hours import BASE_LEVELS, KNOTS
from prediction.working_hours import Rota

DAY_SECONDS = 86_400.0
WEEK_SECONDS = 7 * DAY_SECONDS
HOUR_SECONDS = 3600.0
#: Attempts decided longer ago than this, and unheard of since, are taken as lost from sight.
LONGEST_DAYS = 60.0

_CUMULATIVE = -np.log1p(-np.concatenate([[0.0], BASE_LEVELS]))
_WIDTHS = np.diff(_CUMULATIVE)
#: Standard deviations of a normal distribution in its median distance from the median.
_DEVIATIONS = 1.4826
_POINTS, _POINT_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_WEIGHTS = _POINT_WEIGHTS / _POINT_WEIGHTS.sum()


@dataclass(frozen=True, eq=False)
class UnderWay:
    """Attempts with their predicted distribution (normal in log-hours of work) and what came of them; one row each.

    Instants in seconds since 1970 UTC. ``arrived_at``: when the predicted event happened, NaN if it never did.
    ``ended_at``: when it became known that it never will (failed, cancelled), NaN otherwise. What lies after the
    instant of a calibration is not looked at. ``clock``: local hours (`features.calendar.local_hours`) at which each
    started, by the clock of its location. ``rota``: the weeks that each goes by.
    """

    group: NDArray[np.intp]
    centre: FloatArray
    spread: FloatArray
    started_at: FloatArray
    arrived_at: FloatArray
    ended_at: FloatArray
    weight: FloatArray
    clock: FloatArray
    rota: Rota

    def during(self, start: float, end: float) -> "UnderWay":
        """Those under way at some time between two instants, as far as was known at ``end``."""
        stop = np.fmin(np.fmin(self.arrived_at, self.ended_at), np.inf)
        rows = (self.started_at < end) & (stop > start) & (self.started_at > start - LONGEST_DAYS * DAY_SECONDS)
        return self.take(np.flatnonzero(rows))

    def take(self, rows: NDArray[np.intp]) -> "UnderWay":
        """The attempts at the given rows."""
        return UnderWay(**{name: getattr(self, name)[rows] for name in COLUMNS}, rota=self.rota.take(rows))

    def and_then(self, others: "UnderWay") -> "UnderWay":
        """These attempts and then the others, which go by the same weeks."""
        both = {name: np.concatenate([getattr(self, name), getattr(others, name)]) for name in COLUMNS}
        rota = Rota(self.rota.weeks, np.concatenate([self.rota.row, others.rota.row]))
        return UnderWay(**both, rota=rota)


#: Those of `UnderWay` that are arrays.
COLUMNS: Final = tuple(field.name for field in fields(UnderWay) if field.name != "rota")


@dataclass(frozen=True)
class CalibrationSettings:
    """How far back to look, and how much evidence outweighs what was believed before."""

    weeks: int = 7
    #: What a week counts, compared with the one after it.
    decay: float = 0.8
    #: The same, where the question is how fast parcels are now.
    pace_decay: float = 0.5
    #: How much slower than the typical week, as a logarithm, a week is taken to be at most.
    slowest: float = 0.1
    #: Arrivals in a week that weigh as much as the belief that it was like the prediction.
    week_strength: float = 5.0
    #: Arrivals that weigh as much as the uncalibrated distribution.
    prior_strength: float = 20.0
    #: Arrivals of a group that weigh as much as all groups together.
    group_strength: float = 40.0


CALIBRATION: Final = CalibrationSettings()


def calibrate(under_way: UnderWay, groups: int, now: float, settings: CalibrationSettings = CALIBRATION) -> FloatArray:
    """Calibrated probability at each of `prediction.hours.KNOTS`, per group; shape (groups, knots).

    The shape comes from all weeks, the younger counting more, each brought to the present pace. Weeks that differed in
    pace will go on differing, and the present one is known from few of them: by as much the levels are blurred.

    Only what was known at ``now`` (seconds) is used. With nothing to learn from, the levels are the uncalibrated ones.
    """
    ends = [now - WEEK_SECONDS * age for age in range(settings.weeks)]
    weeks = [_moves(under_way, groups, end - WEEK_SECONDS, end) for end in ends]
    events, exposure = (np.stack(parts) for parts in zip(*weeks, strict=True))
    # Weights matter relative to each other: on average an attempt counts once.
    scale = _mean_weight(under_way, now, settings)
    events, exposure = events / scale, exposure / scale
    lived = exposure.sum(axis=(1, 2))
    pace = (events.sum(axis=(1, 2)) + settings.week_strength) / (lived + settings.week_strength)
    # A week counts by its age, and not at all if nothing was on its way. Not by how much was lived through: in a
    # strike that is most.
    heard = lived / (lived + settings.week_strength)
    counts = settings.decay ** np.arange(settings.weeks)
    arrivals = (events * counts[:, None, None]).sum(axis=0)
    # A week that was twice as fast lived through twice as much: its exposure is stretched to the present pace.
    stretch = counts * pace / _present_pace(pace, heard, settings)
    stretched = (exposure * stretch[:, None, None]).sum(axis=0)

    share = _WIDTHS / _WIDTHS.sum()
    prior = settings.prior_strength * share
    overall = (arrivals.sum(axis=0) + prior) / (stretched.sum(axis=0) + prior)
    group_prior = settings.group_strength * share
    hazard = (arrivals + overall * group_prior) / (stretched + group_prior)
    levels = -np.expm1(-np.cumsum(hazard * _WIDTHS, axis=1))
    return _unsure(np.pad(levels, ((0, 0), (1, 1)), constant_values=(0.0, 1.0)), _unsteadiness(pace, settings))


def _unsteadiness(pace: FloatArray, settings: CalibrationSettings) -> float:
    """How far a coming week may be from the present pace: the standard deviation of its logarithm.

    Weeks differ by their median distance from the median: half of them may be struck, and it stays what it is in the
    others (Hampel, JASA 69, 1974). And the present pace is told by a few of them, the younger counting more, so that it
    is unsure too: as a mean is beside the next value.
    """
    logs = np.log(pace)
    differ = _DEVIATIONS * float(np.median(np.abs(logs - np.median(logs))))
    weight = settings.pace_decay ** np.arange(len(pace))
    return differ * float(np.sqrt(1.0 + (weight**2).sum() / weight.sum() ** 2))


def _unsure(levels: FloatArray, spread: float) -> FloatArray:
    """``levels`` at the knots if all of them may come sooner or later: normally, by so much of a distribution's spread.

    The mean over seven points (Gauss and Hermite's quadrature); ends stay 0 and 1.
    """
    moved = KNOTS + spread * _POINTS[:, None]
    blurred = np.stack([_WEIGHTS @ np.interp(moved, KNOTS, of_group) for of_group in levels])
    blurred[:, 0], blurred[:, -1] = 0.0, 1.0
    return blurred


def _moves(under_way: UnderWay, groups: int, since: float, until: float) -> tuple[FloatArray, FloatArray]:
    """Arrivals between two instants, and hazard lived through, by group and level; each of shape (groups, levels)."""
    moved = under_way.during(since, until)
    stop_at = np.fmin(np.fmin(moved.arrived_at, moved.ended_at), until)
    start = _cumulative_hazard(moved, np.maximum(moved.started_at, since))
    stop = _cumulative_hazard(moved, stop_at)
    # Who is beyond the last level has passed it without arriving: that is all the table has room for.
    arrived = (moved.arrived_at <= until) & (moved.arrived_at <= stop_at) & (stop < _CUMULATIVE[-1])

    bins = np.clip(np.searchsorted(_CUMULATIVE, stop, side="right") - 1, 0, len(_WIDTHS) - 1)
    events = np.zeros((groups, len(_WIDTHS)))
    np.add.at(events, (moved.group[arrived], bins[arrived]), moved.weight[arrived])
    exposure = np.zeros((groups, len(_WIDTHS)))
    for position, (low, high) in enumerate(pairwise(_CUMULATIVE.tolist())):
        within = np.clip(np.minimum(stop, high) - np.maximum(start, low), 0.0, None)
        exposure[:, position] = np.bincount(moved.group, within * moved.weight, minlength=groups)
    return events, exposure


def _mean_weight(under_way: UnderWay, now: float, settings: CalibrationSettings) -> float:
    weight = under_way.during(now - WEEK_SECONDS * settings.weeks, now).weight
    return float(weight.mean()) if len(weight) else 1.0


def _present_pace(pace: FloatArray, heard: FloatArray, settings: CalibrationSettings) -> float:
    """The pace to go on with, from that of each week, the youngest first: the median one's, moved towards the youngest.

    A strike ends: the mean of weeks that hold one is wrong while it lasts and long after, the median is not. But it is
    weeks late when parcels become faster to stay. So the median is moved by what the youngest weeks say beside it, of
    which only the slow count as less than they are (one step of an M-estimate from the median, as in Huber, "Robust
    Statistics", 1981, with a bound on one side).
    """
    ages = np.arange(len(pace))
    typical = _weighted_median(pace, heard * settings.decay**ages)
    beside = np.maximum(np.log(pace / typical), -settings.slowest)
    weight = heard * settings.pace_decay**ages
    return float(typical * np.exp(np.average(beside, weights=weight))) if weight.any() else typical


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """The smallest value that half of the weight does not exceed; the middle one where nothing weighs anything."""
    if not weights.sum() > 0:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _cumulative_hazard(moved: UnderWay, instants: FloatArray) -> FloatArray:
    """-log(1 - level) that each attempt has reached at its instant, on its own predicted distribution."""
    hours = np.maximum((instants - moved.started_at) / HOUR_SECONDS, 0.0)
    with np.errstate(divide="ignore"):
        log_worked = np.log(np.maximum(moved.rota.worked(moved.clock, hours), 0.0))
    level = ndtr((log_worked - moved.centre) / moved.spread)
    return np.asarray(np.minimum(-np.log1p(-np.minimum(level, 1.0 - 1e-12)), _CUMULATIVE[-1]))
