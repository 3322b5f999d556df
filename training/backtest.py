"""Predict the past as it would have been predicted: train as of a day, then follow the outcomes as they came."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history import History
from prediction.hours import HoursTable
from training.trained import Progress, Scored, score, train_heads

FloatArray = NDArray[np.float64]

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
    """The time zone in which most attempts were made: a day of the window begins at its midnight."""
    zones, counts = np.unique(history.attempts.columns["location_timezone"].astype(str), return_counts=True)
    return str(zones[np.argmax(counts)])


def backtest(history: History, window: Window, retrain: Retrain, seed: int, progress: Progress) -> pd.DataFrame:
    """Predictions for every attempt decided in the window, each as of its decision, beside what was observed.

    Columns: see `_frame`. Rows in the order of decisions.
    """
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
    decided_at = history.attempts.decided_at
    parts = []
    day = cut
    while day < until:
        rows = np.flatnonzero((decided_at >= day) & (decided_at < min(day + DAY_SECONDS, until)))
        if len(rows):
            levels = scored.calibration(day)
            tables = {
                head: HoursTable(hours.centre[rows], hours.spread[rows], hours.group[rows], levels[head])
                for head, hours in scored.hours.items()
            }
            parts.append(_frame(history, scored, rows, tables))
        day += DAY_SECONDS
    return pd.concat(parts, ignore_index=True) if parts else _frame(history, scored, np.arange(0), None)


def _frame(
    history: History, scored: Scored, rows: NDArray[np.intp], tables: dict[str, HoursTable] | None
) -> pd.DataFrame:
    attempts = history.attempts

    def quantile(head: str, level: float) -> FloatArray:
        return tables[head].quantile(level) if tables else np.zeros(0)

    def hours(end: FloatArray) -> FloatArray:
        return np.asarray((end[rows] - attempts.decided_at[rows]) / HOUR_SECONDS)

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
            **{
                f"{head}_p{level * 100:.0f}": quantile(head, level)
                for head in ("delivery_hours", "ready_hours")
                for level in LEVELS
            },
            "cost": scored.cost[rows],
            "pick_failure": 1.0 - supplied[rows],
            "observed_delivery_hours": hours(attempts.delivered_at),
            "observed_ready_hours": hours(attempts.ready_at),
            "observed_cost": attempts.cost[rows],
            "observed_pick_failure": failed[rows],
            "weight": attempts.weight[rows],
        }
    )
