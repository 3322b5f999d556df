"""The Olist history, May and June 2018, predicted as of 1 May: ours beside what anyone could have done then."""

from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.errors import BenchmarkError
from benchmarks.olist_peers import (
    plain_lightgbm,
    promised_hours,
    raw_matrix,
    trailing_median,
    with_instant,
    with_month,
)
from benchmarks.report import Figure, Report
from data.dataset import Dataset
from data.errors import DataError
from data.olist import import_olist
from data.olist_files import ZONE
from features.history import History, read_history
from training.backtest import Retrain, Window, backtest
from training.metrics import coverage, figures, log_loss, mean_absolute_error, pinball
from training.trained import Progress

FloatArray = NDArray[np.float64]

WINDOW: Final = Window(date(2018, 5, 1), date(2018, 6, 30), ZONE)
LEVELS: Final = (0.1, 0.5, 0.9)
TARGETS: Final = {
    "delivery_hours_mae_hours": "≤ 94",
    "delivery_hours_pinball_hours": "≤ 95",
    "delivery_hours_coverage": "0.76–0.84",
    "delivery_hours_coverage_2018-05": "0.72–0.88",
    "delivery_hours_coverage_2018-06": "0.72–0.88",
    "cost_mae": "≤ 5.1",
    "pick_failure_log_loss": "< constant",
    "weekly_delivery_hours_mae_hours": "≤ 92",
}


def measure_olist(raw: Path, seed: int, progress: Progress) -> Report:
    """Backtest the window with models that stay and with weekly ones, and measure the peers on the same rows.

    Raises `BenchmarkError` when the published files are not in ``raw``.
    """
    try:
        dataset = import_olist(raw).dataset
    except DataError as error:
        raise BenchmarkError(f"{error} Give the folder of the published Olist files with --raw DIR.") from error
    history = read_history(dataset)
    stays = backtest(history, WINDOW, Retrain.NEVER, seed, progress)
    weekly = backtest(history, WINDOW, Retrain.WEEKLY, seed, progress)
    ours = figures(stays, WINDOW.zone)
    ours |= {f"weekly_{name}": value for name, value in figures(weekly, WINDOW.zone).items() if name in _OF_WEEKLY}
    peers = measure_peers(dataset, history, stays, seed)
    listed = [
        Figure(name, value, peers.get(name.removeprefix("weekly_"), {}), TARGETS.get(name, ""))
        for name, value in ours.items()
        if not name.startswith("ready_hours")
    ]
    return Report("Olist, May and June 2018, as of 1 May", listed, seed)


_OF_WEEKLY: Final = ("delivery_hours_mae_hours", "delivery_hours_pinball_hours", "delivery_hours_coverage")


def measure_peers(
    dataset: Dataset, history: History, predictions: pd.DataFrame, seed: int
) -> dict[str, dict[str, float]]:
    """The same figures reached by each peer, on the rows of ``predictions``; by figure and peer."""
    attempts, cut = history.attempts, WINDOW.start()
    rows = pd.Index(attempts.fulfilment_id).get_indexer(pd.Index(predictions["fulfilment_id"]))
    raw = raw_matrix(history, cut)
    features, of_freight = with_month(raw, attempts.decided_at), with_instant(raw, attempts.decided_at)
    measured: dict[str, dict[str, float]] = {}

    seen = rows[~np.isnan(attempts.delivered_at[rows])]
    observed = (attempts.delivered_at[seen] - attempts.decided_at[seen]) / 3600
    known = attempts.delivered_at < cut
    hours = (attempts.delivered_at[known] - attempts.decided_at[known]) / 3600
    l1 = plain_lightgbm(features[known], hours, seed, objective="regression_l1")
    said = {
        "published promise": promised_hours(dataset.orders, attempts.order_id[seen], attempts.decided_at[seen]),
        "global median": np.full(len(seen), np.median(hours)),
        "trailing 45-day median": trailing_median(attempts, attempts.decided_at[seen]),
        "LightGBM l1": l1(features[seen]),
    }
    measured["delivery_hours_mae_hours"] = {name: mean_absolute_error(value, observed) for name, value in said.items()}

    quantiles = [
        plain_lightgbm(features[known], hours, seed, objective="quantile", alpha=level)(features[seen])
        for level in LEVELS
    ]
    name = "LightGBM quantiles"
    losses = [pinball(predicted, observed, level) for predicted, level in zip(quantiles, LEVELS, strict=True)]
    measured["delivery_hours_pinball_hours"] = {name: sum(losses)}
    months = predictions["decided_at"].dt.tz_convert(WINDOW.zone).dt.strftime("%Y-%m").to_numpy()
    month = months[~np.isnan(attempts.delivered_at[rows])]
    measured["delivery_hours_coverage"] = {name: coverage(quantiles[0], quantiles[2], observed)}
    for label in np.unique(month.astype(str)):
        of_month = month == label
        covered = coverage(quantiles[0][of_month], quantiles[2][of_month], observed[of_month])
        measured[f"delivery_hours_coverage_{label}"] = {name: covered}

    costed = rows[~np.isnan(attempts.cost[rows])]
    paid = (attempts.decided_at < cut) & ~np.isnan(attempts.cost)
    freight = plain_lightgbm(of_freight[paid], attempts.cost[paid], seed, objective="regression_l1")
    measured["cost_mae"] = {"LightGBM l1": mean_absolute_error(freight(of_freight[costed]), attempts.cost[costed])}

    picked = predictions[predictions["observed_pick_failure"].notna()]
    constant = np.full(len(picked), _failure_rate(history, cut))
    loss = log_loss(constant, picked["observed_pick_failure"].to_numpy(), picked["weight"].to_numpy())
    measured["pick_failure_log_loss"] = {"constant": loss}
    return measured


def _failure_rate(history: History, cut: float) -> float:
    """Weighted share of lines not supplied, of those whose outcome was known at the cut."""
    known = history.lines.failure_known_at < cut
    return float(np.average(history.lines.failure[known], weights=history.lines.weight[known]))
