"""Dates that would have been promised to past customers, and whether they would have been kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from decision.candidates.arrival import Arrival
from decision.predictor import HoursDistribution
from features.history import History
from training.backtest import Predicted

FloatArray = NDArray[np.float64]
Days = NDArray[np.int64]

HOUR_SECONDS: Final = 3600.0
#: The confidence of a ruleset that names none.
CONFIDENCE: Final = 0.95
#: Settings among which a way of promising is brought to a given share of dates kept.
SETTINGS: Final = tuple(np.round(np.arange(0.5, 0.996, 0.005), 3).tolist())
#: What needs no carrier service is collected, and so is what has this level.
COLLECT: Final = ("", "collect")


@dataclass(frozen=True, eq=False)
class Delivered:
    """Attempts that arrived, with what was predicted of them as of their decision; one row each.

    ``row``: in the history's attempts. Instants in seconds since 1970 UTC; ``arrived_at``: with the customer, or ready
    where it ``travels`` nowhere. ``group``: location type and service level. Dates are those of ``zone``.
    """

    row: NDArray[np.intp]
    arrival: HoursDistribution
    decided_at: FloatArray
    arrived_at: FloatArray
    travels: NDArray[np.bool_]
    group: NDArray[np.str_]
    zone: str

    def take(self, rows: NDArray[np.bool_]) -> "Delivered":
        """Those for which ``rows`` is true."""
        return Delivered(
            self.row[rows],
            self.arrival.take(np.flatnonzero(rows)),
            self.decided_at[rows],
            self.arrived_at[rows],
            self.travels[rows],
            self.group[rows],
            self.zone,
        )

    def decided_on(self) -> Days:
        """Local date of each decision."""
        return local_day(self.decided_at, self.zone)

    def arrived_on(self) -> Days:
        """Local date of each arrival."""
        return local_day(self.arrived_at, self.zone)

    def promised_on(self, confidence: float) -> Days:
        """The first local date by whose end each is there with ``confidence``, as `decision.promises` reads it."""
        return local_day(self.decided_at + self.arrival.quantile(confidence) * HOUR_SECONDS, self.zone)

    def stated(self, promised_on: Days) -> FloatArray:
        """Probability with which each is there by the end of the promised date."""
        hours = (end_of_day(promised_on, self.zone) - self.decided_at) / HOUR_SECONDS
        return np.asarray(1.0 - self.arrival.probability_later_than(hours))

    def within(self, level: float) -> NDArray[np.bool_]:
        """Whether each was there by the instant that it was to keep with probability ``level``."""
        return np.asarray(self.arrived_at <= self.decided_at + self.arrival.quantile(level) * HOUR_SECONDS)


def delivered(history: History, predicted: Predicted, zone: str) -> Delivered:
    """Those of the predicted attempts that were delivered or collected, and whose arrival is dated."""
    attempts, rows = history.attempts, predicted.rows
    levels = np.array([level or "" for level in attempts.columns["service_level"][rows]], dtype=np.str_)
    travels = ~np.isin(levels, COLLECT)
    arrived_at = np.where(travels, attempts.delivered_at[rows], attempts.ready_at[rows])
    types = attempts.columns["location_type"][rows].astype(str)
    every = Delivered(
        rows,
        Arrival(predicted.hours["ready_hours"], predicted.hours["delivery_hours"], travels),
        attempts.decided_at[rows],
        arrived_at,
        travels,
        np.char.add(np.char.add(types, " "), levels),
        zone,
    )
    return every.take(~np.isnan(arrived_at) & ~np.isnan(attempts.delivered_at[rows]))


def local_day(instants: FloatArray, zone: str) -> Days:
    """Date on the clock of ``zone``, in days since 1970, of instants in seconds since 1970 UTC."""
    local = pd.to_datetime(instants, unit="s", utc=True).tz_convert(zone).tz_localize(None)
    return np.asarray(local.to_numpy().astype("datetime64[D]").astype(np.int64))


def end_of_day(days: Days, zone: str) -> FloatArray:
    """The instant, seconds since 1970 UTC, at which each date is over on the clock of ``zone``."""
    distinct, which = np.unique(days, return_inverse=True)
    # Where clocks skip midnight the next day begins when they do; where it comes twice, the first time.
    midnights = pd.DatetimeIndex((distinct + 1).astype("datetime64[D]")).tz_localize(
        zone, nonexistent="shift_forward", ambiguous=np.ones(len(distinct), dtype=bool)
    )
    return np.array([midnight.timestamp() for midnight in midnights])[which]


def on_time(arrived_on: Days, promised_on: Days) -> float:
    """Share of dates that were kept: there on the promised date or before."""
    return float(np.mean(arrived_on <= promised_on))


def worst_group(kept: NDArray[np.bool_], group: NDArray[np.str_], level: float, smallest: int) -> float:
    """The share kept of the group, of at least ``smallest`` rows, that is farthest from ``level``; NaN without one."""
    shares = pd.Series(kept).groupby(group).agg(["mean", "size"])
    large = shares.loc[shares["size"] >= smallest, "mean"]
    return max(large.tolist(), key=lambda share: abs(share - level), default=float("nan"))


def at_share(shares: Sequence[float], days: Sequence[float], share: float) -> float:
    """Mean days of a way of promising when it keeps ``share``, drawn between the two settings on either side.

    ``shares`` never fall. Beyond the last setting there is nothing to draw from: NaN.
    """
    return float(np.interp(share, shares, days, left=np.nan, right=np.nan))
