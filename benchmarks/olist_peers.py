"""What else could be said of an Olist delivery: promises, medians and plain LightGBM, as of the same instants."""

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.definitions import FEATURES, matrix
from features.history import Attempts, History
from features.statistics import STATISTICS
from training.known import encoding_as_of

FloatArray = NDArray[np.float64]

DAY_SECONDS, HOUR_SECONDS = 86_400.0, 3600.0
TRAILING_DAYS: Final = 45.0
ROUNDS: Final = 300
#: Known only to who follows the outcomes: not raw facts.
_FOLLOWED: Final = {"backlog", "load"}
_TRAILING: Final = {statistic.column(days) for statistic in STATISTICS for days in statistic.half_lives_days}
RAW_FEATURES: Final = tuple(name for name in FEATURES if name not in _TRAILING | _FOLLOWED)


def promised_hours(orders: pd.DataFrame, order_ids: NDArray[np.object_], decided_at: FloatArray) -> FloatArray:
    """Hours from each decision to the midnight that begins the promised day, which is how the date is published."""
    promised = orders.set_index("order_id")["promised_at"].reindex(order_ids)
    midnight = (promised.dt.tz_convert(ZoneInfo("America/Sao_Paulo")) - pd.Timedelta("1s")).dt.normalize()
    return np.asarray((midnight - pd.to_datetime(decided_at, unit="s", utc=True)).dt.total_seconds()) / HOUR_SECONDS


def trailing_median(attempts: Attempts, decided_at: FloatArray) -> FloatArray:
    """Median hours of what was bought in the `TRAILING_DAYS` before each decision and delivered by then."""
    hours = (attempts.delivered_at - attempts.decided_at) / HOUR_SECONDS
    # Attempts stand in the order of their decisions.
    first = np.searchsorted(attempts.decided_at, decided_at - TRAILING_DAYS * DAY_SECONDS)
    last = np.searchsorted(attempts.decided_at, decided_at)
    return np.array(
        [
            np.median(hours[start:end][attempts.delivered_at[start:end] < now])
            for start, end, now in zip(first, last, decided_at, strict=True)
        ]
    )


def raw_matrix(history: History, cut: float) -> FloatArray:
    """Raw facts of every attempt, text as codes of what was seen before the cut."""
    return matrix(RAW_FEATURES, history.attempts.columns, encoding_as_of(history, cut).vocabularies)


def with_month(features: FloatArray, decided_at: FloatArray) -> FloatArray:
    """The features and the month of the year: the form of the date with which plain trees predict hours best here."""
    return np.column_stack([features, pd.to_datetime(decided_at, unit="s").month])


def with_instant(features: FloatArray, decided_at: FloatArray) -> FloatArray:
    """The features and the instant itself: the form of the date with which plain trees predict freight best here."""
    return np.column_stack([features, decided_at])


def plain_lightgbm(
    features: FloatArray, target: FloatArray, seed: int, **objective: object
) -> Callable[[FloatArray], FloatArray]:
    """LightGBM as it comes, with more leaves, fitted on ``target``; nothing is calibrated."""
    parameters = {"learning_rate": 0.05, "num_leaves": 31, "seed": seed, "num_threads": 1, "verbose": -1, **objective}
    booster = lightgbm.train(parameters, lightgbm.Dataset(features, target), ROUNDS)
    return lambda rows: np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)
