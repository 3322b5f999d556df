"""Fit one head on what was known as of a cut."""

import os
from dataclasses import dataclass
from typing import Any, Final

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.facts import FloatArray
from prediction.calibration import DAY_SECONDS, WEEK_SECONDS
from training.errors import TooLittleHistoryError
from training.heads import Recipe

FEWEST_ROWS: Final = 200
#: Attempts whose durations tell how long it takes until nearly all outcomes are known, and which share is nearly all.
_MATURE_SHARE: Final = 0.95
_LONGEST_MATURITY_DAYS: Final = 45.0
#: A period of the detrending, and how many attempts weigh as much as the trend-free level.
_PERIOD_SECONDS: Final = WEEK_SECONDS
_PERIOD_STRENGTH: Final = 5.0
_RECENT_SECONDS: Final = 4 * _PERIOD_SECONDS
_FOLDS: Final = 5
_BLANK_SHARE: Final = 0.01
_ROWS_PER_THREAD: Final = 100_000
#: The smallest deviation of log-hours that the spread is asked to tell from none.
_SMALLEST_DEVIATION: Final = 0.05


@dataclass(frozen=True, eq=False)
class Rows:
    """What a head is fitted on: features (rows, names), target, weight and when it began (seconds)."""

    features: FloatArray
    target: FloatArray
    weight: FloatArray
    decided_at: FloatArray
    #: What the trees start from.
    start: FloatArray

    def __len__(self) -> int:
        """How many rows."""
        return len(self.target)

    def take(self, rows: NDArray[Any]) -> "Rows":
        """The rows at the given positions, or where a mask is true."""
        return Rows(self.features[rows], self.target[rows], self.weight[rows], self.decided_at[rows], self.start[rows])

    def with_target(self, target: FloatArray) -> "Rows":
        """The same rows with another target."""
        return Rows(self.features, target, self.weight, self.decided_at, self.start)


def maturity_seconds(durations: FloatArray) -> float:
    """How long after a decision nearly every outcome is known, judged by ``durations`` (seconds) that all ended.

    Younger decisions are not trained on: of those, only the fast outcomes are known, and a model fitted on them would
    be too early.
    """
    if not len(durations):
        return 0.0
    return float(min(np.quantile(durations, _MATURE_SHARE), _LONGEST_MATURITY_DAYS * DAY_SECONDS))


def fit_hours(recipe: Recipe, rows: Rows, seed: int) -> dict[str, lightgbm.Booster]:
    """Fit the centre (by the recipe's loss) and the spread (about one standard deviation) of log-hours.

    Durations drift. Each week's level is estimated together with the centre, and all weeks are brought to the level of
    the youngest ones: the trees learn what differs between attempts of one week and not the drift, which calibration
    then follows day by day.
    """
    _require(rows, "durations")
    level = np.zeros(len(rows))
    for _ in range(2):
        centre = _grow(recipe, rows.with_target(rows.target - level), recipe.centre, seed)
        residual = rows.target - _predicted(centre, rows)
        level = _weekly_level(rows, residual)
    recent = np.median(residual[rows.decided_at > rows.decided_at.max() - _RECENT_SECONDS])
    detrended = rows.with_target(rows.target - level + recent)
    centre = _grow(recipe, detrended, recipe.centre, seed)
    deviation = np.abs(_cross_fitted_residuals(recipe, detrended, seed))
    # The mean of log|x| of a standard normal x is -0.635: added back, the spread is a standard deviation.
    target = np.log(np.maximum(deviation, _SMALLEST_DEVIATION)) + 0.635
    return {"centre": centre, "spread": _grow(recipe, rows.with_target(target), "regression", seed)}


def fit_cost(recipe: Recipe, rows: Rows, seed: int) -> dict[str, lightgbm.Booster]:
    """Fit the centre of log(1 + cost).

    Tariffs multiply, and a few shipments cost many times the usual: on the log scale, with Huber's loss, they do not
    decide about all others. What that leaves out of the mean, `prediction.manifest.Manifest.cost_factor` puts back.
    """
    _require(rows, "costs")
    return {"log_mean": _grow(recipe, rows.with_target(np.log1p(rows.target)), "huber", seed)}


def fit_probability(recipe: Recipe, rows: Rows, seed: int) -> dict[str, lightgbm.Booster]:
    """Fit the log-odds of a probability; the target is 0 or 1."""
    _require(rows, "picks")
    return {"log_odds": _grow(recipe, rows, "binary", seed)}


def _require(rows: Rows, what: str) -> None:
    if len(rows) < FEWEST_ROWS:
        raise TooLittleHistoryError(
            f"only {len(rows)} {what} were known as of the cut, and training needs at least {FEWEST_ROWS}: "
            "take a later cut or a longer history."
        )


def _grow(recipe: Recipe, rows: Rows, objective: str, seed: int) -> lightgbm.Booster:
    parameters = {
        **recipe.parameters,
        "num_leaves": recipe.leaves(len(rows)),
        "objective": objective,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": _threads(rows),
        "verbose": -1,
    }
    # Weights are 1 on average, so that regularisation means the same for a sample as for the whole.
    data = lightgbm.Dataset(
        with_blanks(rows.features, seed),
        rows.target,
        weight=rows.weight / rows.weight.mean(),
        # Given any, LightGBM starts from it and not from the average.
        init_score=rows.start if recipe.offset else None,
        feature_name=list(recipe.features),
    )
    return lightgbm.train(parameters, data, recipe.rounds)


def with_blanks(features: FloatArray, seed: int) -> FloatArray:
    """The features with a few cells of every column blanked.

    Trees that never saw a missing value take it for 0: an unknown weight for no weight, an unknown carrier for the
    first of the alphabet. Having seen some in every column, they learn what to expect when it is not known.
    """
    blank = np.random.default_rng(seed).random(features.shape) < _BLANK_SHARE
    return np.where(blank, np.nan, features)


def _threads(rows: Rows) -> int:
    """One, and one more for every so many rows: on few rows threads cost more than they bring. The trees are equal."""
    return min(1 + len(rows) // _ROWS_PER_THREAD, os.cpu_count() or 1)


def _predicted(booster: lightgbm.Booster, rows: Rows) -> FloatArray:
    raw = booster.predict(rows.features, raw_score=True, num_threads=_threads(rows))
    return np.asarray(raw, dtype=np.float64) + rows.start


def _weekly_level(rows: Rows, residual: FloatArray) -> FloatArray:
    """Median residual of each row's week, drawn to 0 where a week has few rows."""
    # Weeks are counted back from the last row, so that the youngest one is whole.
    week = ((rows.decided_at.max() - rows.decided_at) // _PERIOD_SECONDS).astype(np.intp)
    levels = pd.Series(residual).groupby(week).agg(["median", "size"])
    drawn = levels["median"] * levels["size"] / (levels["size"] + _PERIOD_STRENGTH)
    return drawn.reindex(week).to_numpy(dtype=np.float64)


def _cross_fitted_residuals(recipe: Recipe, rows: Rows, seed: int) -> FloatArray:
    """Residuals of models that did not see the row: each block of time is predicted from the other blocks.

    With the drift taken out, what lies after a block tells as much about its spread as what lies before; the centre
    that is used later is not chosen by these models.
    """
    fold = np.argsort(np.argsort(rows.decided_at, kind="stable")) * _FOLDS // len(rows)
    residual = np.empty(len(rows))
    for number in range(_FOLDS):
        held_out = fold == number
        model = _grow(recipe, rows.take(~held_out), recipe.centre, seed)
        residual[held_out] = rows.target[held_out] - _predicted(model, rows.take(held_out))
    return residual - np.median(residual)
