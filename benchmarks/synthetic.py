"""A synthetic retailer whose truth is known: how close the models come to it, and how close anything could come."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.report import Figure, Report
from data.dataset import load_dataset
from data.synthetic.generate import generate
from data.synthetic.presets import PRESETS
from features.history import History, read_history
from prediction.clock_hours import ClockHours
from prediction.hours import AS_PREDICTED, HoursTable
from simulation.truth import compare_with_truth
from training.backtest import Retrain, Window, backtest, commonest_zone
from training.metrics import LEVELS
from training.trained import Progress, score, train_heads

FloatArray = NDArray[np.float64]

WEEKS: Final = 8
TARGETS: Final = {
    "coverage": "0.78–0.82",
    "coverage_worst_group": "0.76–0.84",
    "pick_failure_ece": "≤ 0.02",
    "delivery_hours_mae_ratio": "≤ 1.10",
    "ready_hours_mae_ratio": "≤ 1.10",
    "cost_mae_ratio": "≤ 1.10",
}
NOMINAL: Final = LEVELS[-1] - LEVELS[0]


def measure_synthetic(preset: str, seed: int, progress: Progress) -> Report:
    """Train as of eight weeks before the history's end, predict those weeks, and compare with the truth.

    Raises ``KeyError`` for an unknown preset.
    """
    size = PRESETS[preset]
    end = size.first_day + timedelta(days=size.days)
    with TemporaryDirectory() as folder:
        tables, truth = Path(folder, "data"), Path(folder, "truth")
        for _ in generate(size, seed, tables, truth):
            pass
        history = read_history(load_dataset(tables))
        window = Window(end - timedelta(weeks=WEEKS), end - timedelta(days=1), commonest_zone(history))
        ours = backtest(history, window, Retrain.NEVER, seed, progress)
        peers = {
            "service medians": service_quantiles(history, ours, window.start()),
            "uncalibrated": uncalibrated(history, ours, window.start(), seed),
        }
        measured = _compared(ours, truth)
        others = {name: _compared(predictions, truth) for name, predictions in peers.items()}
    figures = [
        Figure(name, value, _other(name, value, others), TARGETS.get(name, "")) for name, value in measured.items()
    ]
    return Report(f"Synthetic retailer ({preset}), the last {WEEKS} weeks against the truth", figures, seed)


def _other(name: str, value: float, others: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """What the peers reach, without those that share the figure because they share the predictions or the rows."""
    return {peer: figures[name] for peer, figures in others.items() if figures[name] != value}


def service_quantiles(history: History, predictions: pd.DataFrame, cut: float) -> pd.DataFrame:
    """Of each carrier service, what was known at the cut: quantiles of hours, median cost, share of failures."""
    attempts = history.attempts
    service = pd.Series(attempts.columns["carrier_service_id"]).fillna("")
    wanted = predictions["carrier_service_id"].fillna("").to_numpy()
    columns: dict[str, FloatArray] = {}

    def look_up(known: NDArray[np.bool_], values: FloatArray, level: float) -> FloatArray:
        by_service = pd.Series(values[known]).groupby(service[known].to_numpy()).quantile(level)
        return np.asarray(by_service.reindex(wanted).fillna(np.quantile(values[known], level)), dtype=np.float64)

    for head, end in (("delivery_hours", attempts.delivered_at), ("ready_hours", attempts.ready_at)):
        hours = (end - attempts.decided_at) / 3600
        columns |= {f"{head}_p{level * 100:.0f}": look_up(end < cut, hours, level) for level in LEVELS}
    columns["cost"] = look_up((attempts.decided_at < cut) & ~np.isnan(attempts.cost), attempts.cost, 0.5)
    failed = np.full(len(attempts), np.nan)
    np.fmax.at(failed, history.lines.attempt, history.lines.failure)
    known = (attempts.decided_at < cut) & ~np.isnan(failed)
    rate = pd.Series(failed[known]).groupby(service[known].to_numpy()).mean()
    columns["pick_failure"] = rate.reindex(wanted).fillna(failed[known].mean()).to_numpy()
    return predictions.assign(**columns)


def uncalibrated(history: History, predictions: pd.DataFrame, cut: float, seed: int) -> pd.DataFrame:
    """The same models, whose distributions are left as the trees say them."""
    trained = train_heads(history, cut, seed, lambda *_: None)
    rows = pd.Index(history.attempts.fulfilment_id).get_indexer(pd.Index(predictions["fulfilment_id"]))
    columns: dict[str, FloatArray] = {}
    for head, hours in score(history, trained).hours.items():
        of = hours.take(rows)
        levels = np.tile(AS_PREDICTED, (of.group.max() + 1, 1))
        table = ClockHours(HoursTable(of.centre, of.spread, of.group, levels), of.clock, of.rota)
        columns |= {f"{head}_p{level * 100:.0f}": table.quantile(level) for level in LEVELS}
    return predictions.assign(**columns)


def _compared(predictions: pd.DataFrame, truth: Path) -> dict[str, float]:
    """The figures of `compare_with_truth`, the group farthest from the nominal coverage in place of all groups."""
    figures: Mapping[str, Any] = compare_with_truth(predictions, truth)
    groups: Sequence[float] = [group["coverage"] for group in figures["coverage_by_group"].values()]
    worst = max(groups, key=lambda covered: abs(covered - NOMINAL), default=float("nan"))
    plain = {name: float(value) for name, value in figures.items() if name != "coverage_by_group"}
    return {**plain, "coverage_worst_group": worst, "groups": float(len(groups))}
