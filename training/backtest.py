"""Predict the past as it would have been predicted: train as of a day, then follow the outcomes as they came."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history import History
from prediction.calibration import UnderWay
from prediction.clock_hours import ClockHours, stacked_hours
from prediction.hours import HoursTable
from prediction.manifest import TIME_HEADS
from training.errors import TooLittleHistoryError
from training.fit import maturity_seconds
from training.metrics import LEVELS
from training.trained import Progress, Scored, score, train_heads

DAY_SECONDS, HOUR_SECONDS = 86_400.0, 3600.0


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


def require_attempts(history: History) -> None:
    """Raise `TooLittleHistoryError` when there are none."""
    if not len(history.attempts):
        raise TooLittleHistoryError("the history has no attempts: there is nothing to train on.")


def commonest_zone(history: History) -> str:
    """The time zone in which most attempts were made: a day of the window begins at its midnight.

    Raises `TooLittleHistoryError` when there are none.
    """
    require_attempts(history)
    zones, counts = np.unique(history.attempts.columns["location_timezone"].astype(str), return_counts=True)
    return str(zones[np.argmax(counts)])


def span_of_decisions(history: History) -> str:
    """From which day to which (UTC) decisions were made, in words; there must be some."""
    first, last = (
        datetime.fromtimestamp(float(end), UTC).date()
        for end in (history.attempts.decided_at.min(), history.attempts.decided_at.max())
    )
    return f"from {first} to {last}"


@dataclass(frozen=True, eq=False)
class Predicted:
    """What is said of attempts, each as of its decision; one row each, in the order of decisions.

    ``rows``: rows of the history's attempts. ``hours``: by time head, with the calibration of the day of the decision.
    """

    rows: NDArray[np.intp]
    hours: dict[str, ClockHours]
    cost: NDArray[np.float64]
    pick_failure: NDArray[np.float64]


def backtest(history: History, window: Window, retrain: Retrain, seed: int, progress: Progress) -> pd.DataFrame:
    """Predictions for every attempt decided in the window, each as of its decision, beside what was observed.

    Columns: see `_beside_observed`. Rows in the order of decisions.

    Raises
    ------
    TooLittleHistoryError
        Nothing was decided in the window, or too little was known before it.
    """
    return _beside_observed(history, predict_window(history, window, retrain, seed, progress))


def cut_short(history: History, predictions: pd.DataFrame) -> int:
    """How many of the attempts that `backtest` predicted were under way when the history ends: figures leave them out.

    They are the slow ones of the youngest, so what is measured of the others flatters. Who is without an end for longer
    than nearly all deliveries take is none of them: of that nothing will be heard.
    """
    attempts = history.attempts
    instants = (attempts.decided_at, attempts.ready_at, attempts.delivered_at, attempts.ended_at)
    ends = max(float(np.nanmax(of, initial=0.0)) for of in instants)
    took = attempts.delivered_at - attempts.decided_at
    young = attempts.decided_at >= ends - maturity_seconds(took[~np.isnan(took)])
    going = young & np.isnan(attempts.delivered_at) & np.isnan(attempts.ended_at)
    return int(predictions["fulfilment_id"].isin(attempts.fulfilment_id[going]).sum())


def predict_window(history: History, window: Window, retrain: Retrain, seed: int, progress: Progress) -> Predicted:
    """Whole distributions for every attempt decided in the window; `backtest` tells some of their quantiles.

    Raises
    ------
    TooLittleHistoryError
        Nothing was decided in the window, or too little was known before it.
    """
    decided_at = history.attempts.decided_at
    if not np.any((decided_at >= window.start()) & (decided_at < window.end())):
        raise TooLittleHistoryError(
            f"nothing was decided from {window.first} to {window.last} ({window.zone}): there is nothing to predict. "
            f"Decisions of this history lie {span_of_decisions(history)}."
        )
    cuts = window.cuts(retrain)
    days: list[Predicted] = []
    for position, (cut, until) in enumerate(zip(cuts, [*cuts[1:], window.end()], strict=True)):
        trained = train_heads(history, cut, seed, _of_cut(progress, position, len(cuts)))
        days += _predict_days(history, score(history, trained), cut, until)
    return Predicted(
        np.concatenate([day.rows for day in days]),
        {head: stacked_hours([day.hours[head] for day in days]) for head in TIME_HEADS},
        np.concatenate([day.cost for day in days]),
        np.concatenate([day.pick_failure for day in days]),
    )


def _of_cut(progress: Progress, cut: int, cuts: int) -> Progress:
    """Progress over all cuts, told by the progress within one."""
    return lambda head, done, heads: progress(head, cut * heads + done, heads * cuts)


def _predict_days(history: History, scored: Scored, cut: float, until: float) -> Iterator[Predicted]:
    """Day by day, each with the calibration of its first instant."""
    attempts = history.attempts
    supplied = np.ones(len(attempts))
    np.multiply.at(supplied, history.lines.attempt, 1.0 - scored.line_failure)
    for start in np.arange(cut, until, DAY_SECONDS):
        end = min(start + DAY_SECONDS, until)
        rows = np.flatnonzero((attempts.decided_at >= start) & (attempts.decided_at < end))
        if len(rows):
            calibration = scored.calibration(float(start))
            hours = {head: _hours(of.take(rows), calibration[head]) for head, of in scored.hours.items()}
            yield Predicted(rows, hours, scored.cost[rows], 1.0 - supplied[rows])


def _hours(of: UnderWay, levels: NDArray[np.float64]) -> ClockHours:
    return ClockHours(HoursTable(of.centre, of.spread, of.group, levels), of.clock, of.rota)


def _beside_observed(history: History, predicted: Predicted) -> pd.DataFrame:
    attempts, rows = history.attempts, predicted.rows
    failed = np.full(len(attempts), np.nan)
    np.fmax.at(failed, history.lines.attempt, history.lines.failure)
    quantiles = {
        f"{head}_p{level * 100:.0f}": predicted.hours[head].quantile(level) for head in TIME_HEADS for level in LEVELS
    }
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
            "cost": predicted.cost,
            "pick_failure": predicted.pick_failure,
            "observed_delivery_hours": (attempts.delivered_at - attempts.decided_at)[rows] / HOUR_SECONDS,
            "observed_ready_hours": (attempts.ready_at - attempts.decided_at)[rows] / HOUR_SECONDS,
            "observed_cost": attempts.cost[rows],
            "observed_pick_failure": failed[rows],
            "weight": attempts.weight[rows],
        }
    )
