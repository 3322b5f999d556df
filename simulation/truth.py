"""How close predictions come to the truth behind a synthetic history, and how close anything could come.

The truth folder (`data.synthetic`) holds the parameters of the distributions each attempt was drawn from. What is
computed from them here is conditional on the attempt being supplied and delivered, as are the hours a history shows.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from data.errors import UnfinishedDatasetError
from data.synthetic.clock import Clock
from data.synthetic.durations import delivered_instant, ready_instant
from data.synthetic.generate import RETAILER_FILE
from data.whole import unfinished_in
from features.facts import FloatArray
from simulation.errors import TruthMissingError

#: Points that stand for the joint distribution of preparation and travel, and of both and lateness.
ON_TIME_POINTS: Final = 377
LATE_POINTS: Final = 89
#: What fills the square and the cube most evenly: the inverses of the golden ratio and of the plastic number.
GOLDEN: Final = 0.6180339887498949
PLASTIC: Final = 0.7548776662466927
COST_POINTS: Final = 25
ROWS_AT_ONCE: Final = 4_000
SMALLEST_GROUP: Final = 500
CALIBRATION_BINS: Final = 15


@dataclass(frozen=True, eq=False)
class Truth:
    """Attempts with the parameters of their distributions, lines with P(not supplied), the clock they share.

    ``alternatives``: of some orders, every attempt that could have been made instead of the first, and that one too.
    """

    fulfilments: pd.DataFrame
    fulfilment_lines: pd.DataFrame
    alternatives: pd.DataFrame
    clock: Clock


def read_truth(folder: Path) -> Truth:
    """Read a truth folder; `TruthMissingError` if it is none, `UnfinishedDatasetError` if it is not whole."""
    if not (folder / RETAILER_FILE).is_file():
        raise TruthMissingError(
            f"{folder} holds no {RETAILER_FILE}: give the folder `smista data generate --truth` wrote"
        )
    if unfinished := unfinished_in(folder):
        raise UnfinishedDatasetError(folder, unfinished)
    retailer = json.loads((folder / RETAILER_FILE).read_text(encoding="utf-8"))
    return Truth(
        _table(folder, "fulfilments"),
        _table(folder, "fulfilment_lines"),
        _table(folder, "alternatives"),
        Clock(date.fromisoformat(retailer["first_day"]), retailer["days"]),
    )


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise TruthMissingError(f"{folder} has no {path.name}: generate it again with `smista data generate --truth`")
    return pd.read_parquet(path)


def true_ready_quantiles(attempts: pd.DataFrame, clock: Clock, levels: Sequence[float]) -> FloatArray:
    """Hours from the decision that preparation stays under with probability ``levels``: (attempts, levels), exact."""
    work = _log_normal(attempts, "ready", ndtri(np.asarray(levels, float)))
    decided = _decided(attempts, clock)
    return ready_instant(clock, decided, _column(attempts, "location_type"), work) - decided


def true_delivery_quantiles(attempts: pd.DataFrame, clock: Clock, levels: Sequence[float]) -> FloatArray:
    """Hours from the decision that delivery stays under with probability ``levels``: (attempts, levels).

    Preparation, travel and lateness are independent given the attempt; 466 points of a lattice stand for their joint
    distribution (Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods, 1992, chapter 5).
    """
    parts = [
        _weighted_quantiles(*_delivery_hours(attempts.iloc[rows], clock), levels) for rows in _slices(len(attempts))
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(levels)))


def true_delivery_probability(attempts: pd.DataFrame, clock: Clock, hours: FloatArray) -> FloatArray:
    """P(delivered within ``hours`` of the decision), (attempts,), by the points of `true_delivery_quantiles`."""
    probability = np.zeros(len(attempts))
    for rows in _slices(len(attempts)):
        values, weights = _delivery_hours(attempts.iloc[rows], clock)
        probability[rows] = np.where(values <= hours[rows, None], weights, 0.0).sum(axis=1)
    return probability


def true_cost_median(attempts: pd.DataFrame) -> FloatArray:
    """Median of shipping + handling, (attempts,): the number with the least expected absolute error."""
    points = _points(COST_POINTS)
    medians = []
    for rows in _slices(len(attempts)):
        part = attempts.iloc[rows]
        shipping, handling = (_mean_log_normal(part, name, points) for name in ("shipping", "handling"))
        medians.append(np.median((shipping[:, :, None] + handling[:, None, :]).reshape(len(part), -1), axis=1))
    return np.concatenate(medians) if medians else np.zeros(0)


def best_achievable(attempts: pd.DataFrame, clock: Clock) -> dict[str, float]:
    """Mean absolute errors of the true medians on ``attempts``: who knows only the past does better by luck alone."""
    medians = {
        "delivery_hours": true_delivery_quantiles(attempts, clock, [0.5])[:, 0],
        "ready_hours": true_ready_quantiles(attempts, clock, [0.5])[:, 0],
        "cost": true_cost_median(attempts),
    }
    return {name: _mean_absolute_error(median, attempts[name].to_numpy()) for name, median in medians.items()}


def compare_with_truth(predictions: pd.DataFrame, truth_folder: Path) -> dict[str, Any]:
    """Figures of ``predictions`` (as `smista backtest` writes them) against the truth in ``truth_folder``.

    Attempts are found by ``fulfilment_id`` where that column is there, else by order, location and ``decided_at``.
    ``pick_failure`` is compared with the probability that the attempt is not supplied whole. Errors are compared on
    the attempts whose outcome the history knows. `TruthMissingError` if an attempt is unknown to the truth.
    """
    truth = read_truth(truth_folder)
    attempts = _attempts_of(predictions, truth)
    predicted = predictions.reset_index(drop=True)
    best = best_achievable(attempts, truth.clock)
    figures: dict[str, Any] = {"rows": len(attempts)}
    for name, column in (
        ("delivery_hours", "delivery_hours_p50"),
        ("ready_hours", "ready_hours_p50"),
        ("cost", "cost"),
    ):
        reached = _mean_absolute_error(predicted[column].to_numpy(float), attempts[name].to_numpy())
        figures |= {f"{name}_mae": reached, f"{name}_best_mae": best[name], f"{name}_mae_ratio": reached / best[name]}
    figures |= _coverage(predicted, attempts)
    failing, probability = predicted["pick_failure"].to_numpy(float), attempts["failure_probability"].to_numpy()
    figures["pick_failure_ece"] = expected_calibration_error(failing, probability)
    # A constant is well calibrated too: how far each prediction is from its truth, beside how far the constant is.
    figures["pick_failure_distance"] = _mean_absolute_error(failing, probability)
    figures["pick_failure_constant_distance"] = float(np.abs(probability - probability.mean()).mean())
    return figures


def expected_calibration_error(predicted: FloatArray, probability: FloatArray) -> float:
    """Mean distance of predicted and true probability over bins of equally many rows, in the order of the predictions.

    Rows without a prediction are left out. NaN where none is left. (The binned estimate of Naeini et al., AAAI 2015,
    with the true probabilities in place of outcomes.)
    """
    known = np.isfinite(predicted)
    if not known.any():
        return float("nan")
    order = np.argsort(predicted[known], kind="stable")
    bins = np.array_split(order, min(CALIBRATION_BINS, len(order)))
    gaps = [len(rows) * abs(float((predicted[known][rows] - probability[known][rows]).mean())) for rows in bins]
    return sum(gaps) / len(order)


def _coverage(predicted: pd.DataFrame, attempts: pd.DataFrame) -> dict[str, Any]:
    """Share of deliveries between P10 and P90: of all, and of each location type and service level with enough rows."""
    hours = attempts["delivery_hours"]
    inside = hours.between(predicted["delivery_hours_p10"], predicted["delivery_hours_p90"]).astype(float)
    inside = inside[hours.notna() & predicted["delivery_hours_p10"].notna()]
    groups = inside.groupby([attempts["location_type"], attempts["service_level"]])
    large = {
        f"{kind} {level}": {"rows": int(group.size), "coverage": float(group.mean())}
        for (kind, level), group in groups
        if group.size >= SMALLEST_GROUP
    }
    return {"coverage": float(inside.mean()), "coverage_by_group": large}


def _attempts_of(predictions: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """The attempts that were predicted, in the order of the predictions."""
    keys = ["fulfilment_id"] if "fulfilment_id" in predictions else ["order_id", "location_id", "decided_at"]
    wanted = predictions[keys].reset_index(drop=True)
    found = wanted.merge(truth.fulfilments, on=keys, how="left", validate="many_to_one")
    unknown = found["ready_mu"].isna()
    if unknown.any():
        first = wanted[unknown].iloc[0].to_dict()
        raise TruthMissingError(
            f"the truth knows nothing of {int(unknown.sum())} predicted attempt(s), the first {first}"
        )
    return found


def _delivery_hours(attempts: pd.DataFrame, clock: Clock) -> tuple[FloatArray, FloatArray]:
    """Points that stand for the hours from each decision to its delivery, and their weights: (attempts, points)."""
    decided = _decided(attempts, clock)
    on_time, late = _lattice(ON_TIME_POINTS, 2), _lattice(LATE_POINTS, 3)
    preparing, travelling = np.concatenate([on_time, late[:, :2]]).T
    late_hours = _log_normal(attempts, "late", late[:, 2])
    delivered = delivered_instant(
        clock,
        ready_instant(clock, decided, _column(attempts, "location_type"), _log_normal(attempts, "ready", preparing)),
        _column(attempts, "service_level") == "collect",
        shortest=_column(attempts, "shortest_travel_hours"),
        hours=_log_normal(attempts, "travel", travelling),
        late_hours=np.concatenate([np.zeros((len(attempts), ON_TIME_POINTS)), late_hours], axis=1),
        monday=_column(attempts, "monday"),
    )
    share = _column(attempts, "late_probability")
    weights = np.repeat(
        np.concatenate([(1 - share) / ON_TIME_POINTS, share / LATE_POINTS], axis=1),
        [ON_TIME_POINTS, LATE_POINTS],
        axis=1,
    )
    return delivered - decided, weights


def _weighted_quantiles(values: FloatArray, weights: FloatArray, levels: Sequence[float]) -> FloatArray:
    order = np.argsort(values, axis=1)
    below = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    positions = np.stack([(below < level).sum(axis=1) for level in levels], axis=1)
    positions = np.minimum(positions, values.shape[1] - 1)
    return np.take_along_axis(values, np.take_along_axis(order, positions, axis=1), axis=1)


def _points(count: int) -> FloatArray:
    """Standard normal values in the middle of ``count`` equally probable parts."""
    return np.asarray(ndtri((np.arange(count) + 0.5) / count))


def _lattice(count: int, dimensions: int) -> FloatArray:
    """Standard normal points spread evenly, (count, dimensions): a rank-one lattice."""
    steps = {2: [GOLDEN], 3: [PLASTIC, PLASTIC**2]}[dimensions]
    position = np.arange(count) + 0.5
    columns = [position / count, *((position * step) % 1.0 for step in steps)]
    return np.asarray(ndtri(np.stack(columns, axis=1)))


def _log_normal(attempts: pd.DataFrame, name: str, normal: FloatArray) -> FloatArray:
    return np.asarray(np.exp(_column(attempts, f"{name}_mu") + _column(attempts, f"{name}_sigma") * normal))


def _mean_log_normal(attempts: pd.DataFrame, name: str, normal: FloatArray) -> FloatArray:
    sigma = _column(attempts, f"{name}_sigma")
    return np.asarray(_column(attempts, f"{name}_mean") * np.exp(sigma * normal - sigma**2 / 2))


def _column(attempts: pd.DataFrame, name: str) -> NDArray[Any]:
    return attempts[name].to_numpy()[:, None]


def _decided(attempts: pd.DataFrame, clock: Clock) -> FloatArray:
    return clock.hours(attempts["decided_at"].dt.tz_convert(None).to_numpy())[:, None]


def _mean_absolute_error(predicted: FloatArray, observed: FloatArray) -> float:
    return float(np.nanmean(np.abs(predicted - observed)))


def _slices(rows: int) -> Iterator[slice]:
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, rows, ROWS_AT_ONCE))
