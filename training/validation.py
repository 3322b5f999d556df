"""Time-ordered validation: what the same procedure would have predicted for the weeks before the cut."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from features.history import History
from training.backtest import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Retrain,
    Window,
    backtest,
    commonest_zone,
    require_attempts,
    span_of_decisions,
)
from training.errors import TooLittleHistoryError
from training.fit import maturity_seconds
from training.trained import Progress

VALIDATION_DAYS = 28
_LATE_COLUMNS = ("observed_delivery_hours", "observed_ready_hours")


def validation_window(history: History, as_of: float) -> Window:
    """The last four weeks before ``as_of`` (seconds) whose outcomes were nearly all known then."""
    attempts = history.attempts
    known = attempts.delivered_at < as_of
    mature = as_of - maturity_seconds((attempts.delivered_at - attempts.decided_at)[known])
    zone = commonest_zone(history)
    last = _day(mature, zone) - timedelta(days=1)
    return Window(last - timedelta(days=VALIDATION_DAYS - 1), last, zone)


def validate(history: History, as_of: float, seed: int, progress: Progress) -> tuple[pd.DataFrame, Window]:
    """Backtest the validation window; outcomes that were not known at ``as_of`` are blank.

    Raises `TooLittleHistoryError` when nothing was decided in it, or too little before it.
    """
    require_attempts(history)
    if not np.any(history.attempts.decided_at < as_of):
        raise TooLittleHistoryError(
            f"nothing was decided before that instant. Decisions of this history lie {span_of_decisions(history)}."
        )
    window = validation_window(history, as_of)
    try:
        predictions = backtest(history, window, Retrain.NEVER, seed, progress)
    except TooLittleHistoryError as error:
        raise TooLittleHistoryError(
            f"the cut is too early: training is measured on the {VALIDATION_DAYS} days before it whose outcomes are "
            f"known, {window.first} to {window.last}, by what was known before them. There, {error}"
        ) from None
    decided_at = predictions["decided_at"].map(pd.Timestamp.timestamp)
    for column in _LATE_COLUMNS:
        known_at = decided_at + predictions[column] * HOUR_SECONDS
        predictions[column] = predictions[column].where(known_at < as_of)
    lines = history.lines
    picks_known = history.attempts.fulfilment_id[lines.attempt[lines.failure_known_at < as_of]]
    seen = predictions["fulfilment_id"].isin(picks_known)
    predictions["observed_pick_failure"] = predictions["observed_pick_failure"].where(seen)
    return predictions, window


def _day(instant: float, zone: str) -> date:
    return datetime.fromtimestamp(instant, UTC).astimezone(ZoneInfo(zone)).date()


def midnight_after_last_decision(history: History) -> float:
    """The cut that uses every decision of the history: the midnight (UTC) after the last one.

    Raises `TooLittleHistoryError` when there is none.
    """
    require_attempts(history)
    return float((history.attempts.decided_at.max() // DAY_SECONDS + 1) * DAY_SECONDS)
