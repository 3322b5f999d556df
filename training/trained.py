"""Heads fitted as of a cut, and what they say about every attempt of the history they came from."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from features.history import History
from prediction.bundle import calibration_groups, group_codes
from prediction.calibration import CalibrationSettings, UnderWay, calibrate
from prediction.manifest import HEAD_PARTS, TIME_HEADS
from training.fit import Rows, fit_hours, fit_mean, fit_probability
from training.heads import RECIPES, Recipe
from training.known import Encoding, encoding_as_of, head_matrix, rows_known, under_way

FloatArray = NDArray[np.float64]

CALIBRATION = CalibrationSettings()
#: Called with the head that is fitted next, its position and how many there are.
Progress = Callable[[str, int, int], None]

_FIT: dict[str, Callable[[Recipe, Rows, int], dict[str, lightgbm.Booster]]] = {
    "delivery_hours": fit_hours,
    "ready_hours": fit_hours,
    "cost": fit_mean,
    "pick_failure": fit_probability,
}


@dataclass(frozen=True, eq=False)
class Trained:
    """Boosters by (head, part), how they encode text, the rows each head was fitted on, and the instant of the cut."""

    as_of: float
    seed: int
    boosters: dict[tuple[str, str], lightgbm.Booster]
    encoding: Encoding
    rows: dict[str, Rows]


def train_heads(history: History, as_of: float, seed: int, progress: Progress) -> Trained:
    """Fit all heads on what was known at ``as_of`` (seconds since 1970 UTC).

    Raises
    ------
    TooLittleHistoryError
        Too few outcomes were known.
    """
    encoding = encoding_as_of(history, as_of)
    boosters: dict[tuple[str, str], lightgbm.Booster] = {}
    rows: dict[str, Rows] = {}
    for position, (head, recipe) in enumerate(RECIPES.items()):
        progress(head, position, len(RECIPES))
        rows[head] = rows_known(history, head, head_matrix(history, head, encoding), as_of)
        for part, booster in _FIT[head](recipe, rows[head], seed).items():
            boosters[head, part] = booster
    return Trained(as_of, seed, boosters, encoding, rows)


@dataclass(frozen=True, eq=False)
class Scored:
    """What trained heads predict for every attempt of a history, as of its decision, before calibration."""

    hours: dict[str, UnderWay]
    cost: FloatArray
    #: Per line of the history.
    line_failure: FloatArray
    groups: int

    def calibration(self, now: float) -> dict[str, FloatArray]:
        """Calibrated levels per time head, from what was known at ``now`` (seconds)."""
        return {head: calibrate(hours, self.groups, now, CALIBRATION) for head, hours in self.hours.items()}


def score(history: History, trained: Trained) -> Scored:
    """Predict every attempt of ``history`` with the trained heads."""
    matrices = {head: head_matrix(history, head, trained.encoding) for head in HEAD_PARTS}
    raw = {
        (head, part): np.asarray(booster.predict(matrices[head]), dtype=np.float64)
        for (head, part), booster in trained.boosters.items()
    }
    groups = group_codes(calibration_groups(history.attempts.columns), trained.encoding.groups)
    return Scored(
        hours={
            head: under_way(history, head, raw[head, "centre"], np.exp(raw[head, "spread"]), groups)
            for head in TIME_HEADS
        },
        cost=np.maximum(raw["cost", "mean"], 0.0),
        line_failure=raw["pick_failure", "probability"],
        groups=len(trained.encoding.groups),
    )
