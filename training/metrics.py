"""How good predictions were: one definition of every figure, for reports, runs and benchmarks."""

import numpy as np
import pandas as pd

from features.facts import FloatArray

LEVELS = (0.1, 0.5, 0.9)
_SMALLEST_PROBABILITY = 1e-6


def mean_absolute_error(predicted: FloatArray, observed: FloatArray) -> float:
    """Mean of |predicted − observed|, in their unit."""
    return float(np.mean(np.abs(predicted - observed)))


def pinball(quantiles: FloatArray, observed: FloatArray, level: float) -> float:
    """Mean pinball loss of the quantile at ``level``, in the unit of the quantiles."""
    difference = observed - quantiles
    return float(np.mean(np.maximum(level * difference, (level - 1) * difference)))


def coverage(low: FloatArray, high: FloatArray, observed: FloatArray) -> float:
    """Share of the observed that lie between ``low`` and ``high``, both included."""
    return float(np.mean((observed >= low) & (observed <= high)))


def log_loss(probability: FloatArray, happened: FloatArray, weight: FloatArray) -> float:
    """Weighted mean of −log P(what happened)."""
    clipped = np.clip(probability, _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)
    losses = -(happened * np.log(clipped) + (1 - happened) * np.log(1 - clipped))
    return float(np.average(losses, weights=weight))


def hours_figures(predictions: pd.DataFrame, head: str) -> dict[str, float]:
    """MAE of the median, pinball sum over P10, P50 and P90, and P10–P90 coverage, where the duration was observed."""
    seen = predictions[predictions[f"observed_{head}"].notna()]
    if seen.empty:
        return {"rows": 0.0}
    observed = seen[f"observed_{head}"].to_numpy()
    quantiles = {level: seen[f"{head}_p{level * 100:.0f}"].to_numpy() for level in LEVELS}
    return {
        "rows": float(len(seen)),
        "mae_hours": mean_absolute_error(quantiles[0.5], observed),
        "pinball_hours": sum(pinball(quantiles[level], observed, level) for level in LEVELS),
        "coverage": coverage(quantiles[0.1], quantiles[0.9], observed),
    }


def figures(predictions: pd.DataFrame, zone: str) -> dict[str, float]:
    """Every figure of a backtest, by name; months are those of ``zone``."""
    month = predictions["decided_at"].dt.tz_convert(zone).dt.strftime("%Y-%m")
    result = {
        f"{head}_{name}": value
        for head in ("delivery_hours", "ready_hours")
        for name, value in hours_figures(predictions, head).items()
    }
    for label, rows in predictions.groupby(month):
        of_month = hours_figures(rows, "delivery_hours")
        result |= {f"delivery_hours_{name}_{label}": value for name, value in of_month.items()}
    costed = predictions[predictions["observed_cost"].notna()]
    if len(costed):
        result["cost_mae"] = mean_absolute_error(costed["cost"].to_numpy(), costed["observed_cost"].to_numpy())
    picked = predictions[predictions["observed_pick_failure"].notna()]
    if len(picked):
        loss = (picked[name].to_numpy() for name in ("pick_failure", "observed_pick_failure", "weight"))
        result["pick_failure_log_loss"] = log_loss(*loss)
    return result
