"""Heads fitted as of a cut, and what they say about every attempt of the history they came from."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from scipy.special import expit

from features.calendar import clock_of
from features.facts import FloatArray
from features.history import History
from prediction.bundle import cost_of, delivered_after
from prediction.calibration import UnderWay, calibrate
from prediction.manifest import HEAD_PARTS
from prediction.working_hours import WorkingTime
from training.errors import TooLittleHistoryError
from training.fit import Rows, fit_cost, fit_hours, fit_probability
from training.heads import RECIPES, Recipe
from training.known import (
    Encoding,
    encoding_as_of,
    groups_of,
    head_inputs,
    rotas_of,
    rows_known,
    under_way,
    working_time_as_of,
)

#: Called with the head that is fitted next, its position and how many there are.
Progress = Callable[[str, int, int], None]

_FIT: dict[str, Callable[[Recipe, Rows, int], dict[str, lightgbm.Booster]]] = {
    "ready_hours": fit_hours,
    "transit_hours": fit_hours,
    "cost": fit_cost,
    "pick_failure": fit_probability,
}


@dataclass(frozen=True, eq=False)
class Trained:
    """Boosters by (head, part), how they encode text, and the instant of the cut.

    ``working``: when work is done, by time head.
    """

    as_of: float
    seed: int
    boosters: dict[tuple[str, str], lightgbm.Booster]
    encoding: Encoding
    working: dict[str, WorkingTime]
    cost_factor: float


def train_heads(history: History, as_of: float, seed: int, progress: Progress) -> Trained:
    """Fit all heads on what was known at ``as_of`` (seconds since 1970 UTC).

    Raises
    ------
    TooLittleHistoryError
        Too few outcomes were known.
    """
    encoding = encoding_as_of(history, as_of)
    working = working_time_as_of(history, encoding, as_of)
    rotas = rotas_of(history, encoding, working)
    boosters: dict[tuple[str, str], lightgbm.Booster] = {}
    rows: dict[str, Rows] = {}
    for position, (head, recipe) in enumerate(RECIPES.items()):
        progress(head, position, len(RECIPES))
        inputs = head_inputs(history, head, encoding)
        rows[head] = rows_known(history, head, *inputs, rotas=rotas, as_of=as_of)
        try:
            fitted = _FIT[head](recipe, rows[head], seed)
        except TooLittleHistoryError as error:
            raise TooLittleHistoryError(f"{head}: {error}") from None
        boosters |= {(head, part): booster for part, booster in fitted.items()}
    factor = cost_factor(boosters["cost", "log_mean"], rows["cost"])
    return Trained(as_of, seed, boosters, encoding, working, factor)


def cost_factor(booster: lightgbm.Booster, rows: Rows) -> float:
    """Mean observed ÷ mean predicted cost of the rows: what the centre of the log lacks to be a mean."""
    predicted = cost_of(raw_scores(booster, rows.features) + rows.start)
    return float(np.average(rows.target, weights=rows.weight) / np.average(predicted, weights=rows.weight))


def raw_scores(booster: lightgbm.Booster, features: FloatArray) -> FloatArray:
    """What the trees add up to, before any link function."""
    return np.asarray(booster.predict(features, raw_score=True, num_threads=1), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Scored:
    """What trained heads predict for every attempt of a history, as of its decision, before calibration.

    ``history``: the one that was scored, which now also has what was missed of its costs.
    """

    history: History
    hours: dict[str, UnderWay]
    cost: FloatArray
    #: Per line of the history.
    line_failure: FloatArray
    groups: int

    def calibration(self, now: float) -> dict[str, FloatArray]:
        """Calibrated levels per time head, from what was known at ``now`` (seconds)."""
        return {head: calibrate(hours, self.groups, now) for head, hours in self.hours.items()}


def score(history: History, trained: Trained) -> Scored:
    """Predict every attempt of ``history`` with the trained heads.

    Costs follow what the trees missed of earlier ones, and for that they are predicted twice.
    """
    history = history.missing_costs(_raw(history, trained, "cost")["cost", "log_mean"])
    raw = {model: said for head in HEAD_PARTS for model, said in _raw(history, trained, head).items()}
    ready, transit = ((raw[head, "centre"], np.exp(raw[head, "spread"])) for head in ("ready_hours", "transit_hours"))
    groups = groups_of(history, trained.encoding)
    rotas = rotas_of(history, trained.encoding, trained.working)
    delivery = delivered_after(ready, transit, clock_of(history.attempts.columns), rotas)
    hours = {"delivery_hours": delivery, "ready_hours": ready}
    return Scored(
        history=history,
        hours={time: under_way(history, time, of_time, groups, rotas[time]) for time, of_time in hours.items()},
        cost=cost_of(raw["cost", "log_mean"]) * trained.cost_factor,
        line_failure=np.asarray(expit(raw["pick_failure", "log_odds"])),
        groups=len(trained.encoding.groups),
    )


def _raw(history: History, trained: Trained, head: str) -> dict[tuple[str, str], FloatArray]:
    """What each part of a head says of every attempt, before any link function."""
    features, start = head_inputs(history, head, trained.encoding)
    return {(head, part): raw_scores(trained.boosters[head, part], features) + start for part in HEAD_PARTS[head]}
