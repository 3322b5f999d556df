"""Predict the past as it would have been predicted: train as of a day, then follow the outcomes as they came."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from features.history import History
from prediction.hours import HoursTable
from prediction.manifest import TIME_HEADS
from training.errors import TooLittleHistoryError
from training.trained import Progress, Scored, score, train_heads

DAY_SECONDS, HOUR_SECONDS = 86_400.0, 3600.0
LEVELS = (0.1, 0.5, 0.9)


class Retrain(StrEnum):
    """How often the heads are fitted again within the window. Trailing statistics and calibration always follow."""

    NEVER = "never"
    MONTHLY = "monthly"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class Window:
    """Days to predict, both included, by the calendar of ``zone``."""

    first: date
    last: date
    zone: str

    def start(self) -> float:
        """First instant, seconds since 1970 UTC."""
        return self._midnight(self.first)

    def end(self) -> float:
        """First instant after the window, seconds since 1970 UTC."""
        return self._midnight(self.last + timedelta(days=1))

    def cuts(self, retrain: Retrain) -> list[float]:
        """Instants at which the heads are fitted."""
        days = pd.date_range(self.first, self.last, freq="D")
        again = {
            Retrain.NEVER: days[:0],
            Retrain.MONTHLY: days[days.day == 1],
            Retrain.WEEKLY: days[days.day_of_week == 0],
        }[retrain]
        return [self.start(), *(self._midnight(day.date()) for day in again if day.date() > self.first)]

    def _midnight(self, day: date) -> float:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).timestamp()


def commonest_zone(history: History) -> str:
    """The time zone in which most attempts were made: a day of the window begins at its midnight.

    Raises `TooLittleHistoryError` when there are none.
    """
    if not len(history.attempts):
        raise TooLittleHistoryError("the history has no attempts: there is nothing to train on.")
    zones, counts = np.unique(history.attempts.columns["location_timezone"].astype(str), return_counts=True)
    return str(zones[np.argmax(counts)])


def backtest(history: History, window: Window, retrain: Retrain, seed: int, progress: Progress) -> pd.DataFrame:
    """Predictions for every attempt decided in the window, each as of its decision, beside what was observed.

    Columns: see `_predict`. Rows in the order of decisions.

    Raises
    ------
    TooLittleHistoryError
        Nothing was decided in the window, or too little was known before it.
    """
    decided_at = history.attempts.decided_at
    if not np.any((decided_at >= window.start()) & (decided_at < window.end())):
        raise TooLittleHistoryError(
            f"nothing was decided from {window.first} to {window.last} ({window.zone}): there is nothing to predict."
        )
    cuts = window.cuts(retrain)
    parts = []
    for position, (cut, until) in enumerate(zip(cuts, [*cuts[1:], window.end()], strict=True)):
        trained = train_heads(history, cut, seed, _of_cut(progress, position, len(cuts)))
        scored = score(history, trained)
        parts.append(_predict(history, scored, cut, until))
    return pd.concat(parts, ignore_index=True)


def _of_cut(progress: Progress, cut: int, cuts: int) -> Progress:
    """Progress over all cuts, told by the progress within one."""
    return lambda head, done, heads: progress(head, cut * heads + done, heads * cuts)


def _predict(history: History, scored: Scored, cut: float, until: float) -> pd.DataFrame:
    """Day by day, each with the calibration of its first instant."""
    attempts = history.attempts
    rows = np.flatnonzero((attempts.decided_at >= cut) & (attempts.decided_at < until))
    day_of = ((attempts.decided_at[rows] - cut) // DAY_SECONDS).astype(np.intp)
    quantiles = {_column(head, level): np.empty(len(rows)) for head in TIME_HEADS for level in LEVELS}
    for day in np.unique(day_of):
        of_day = day_of == day
        levels = scored.calibration(cut + float(day) * DAY_SECONDS)
        for head, hours in scored.hours.items():
            decided = rows[of_day]
            table = HoursTable(hours.centre[decided], hours.spread[decided], hours.group[decided], levels[head])
            for level in LEVELS:
                quantiles[_column(head, level)][of_day] = table.quantile(level)

    supplied = np.ones(len(attempts))
    np.multiply.at(supplied, history.lines.attempt, 1.0 - scored.line_failure)
    failed = np.full(len(attempts), np.nan)
    np.fmax.at(failed, history.lines.attempt, history.lines.failure)
    return pd.DataFrame(
        {
            "fulfilment_id": attempts.fulfilment_id[rows],
            "order_id": attempts.order_id[rows],
            "location_id": attempts.columns["location_id"][rows],
            "location_type": attempts.columns["location_type"][rows],
            "carrier_service_id": attempts.columns["carrier_service_id"][rows],
            "decided_at": pd.to_datetime(
                np.round(attempts.decided_at[rows] * 1e6).astype(np.int64), unit="us", utc=True
            ),
            **quantiles,
            "cost": scored.cost[rows],
            "pick_failure": 1.0 - supplied[rows],
            "observed_delivery_hours": (attempts.delivered_at - attempts.decided_at)[rows] / HOUR_SECONDS,
            "observed_ready_hours": (attempts.ready_at - attempts.decided_at)[rows] / HOUR_SECONDS,
            "observed_cost": attempts.cost[rows],
            "observed_pick_failure": failed[rows],
            "weight": attempts.weight[rows],
        }
    )


def _column(head: str, level: float) -> str:
    return f"{head}_p{level * 100:.0f}"
