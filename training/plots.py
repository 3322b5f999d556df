"""Pictures of a validation: calibration, interval width, where the error lies, what the trees look at."""

from collections.abc import Callable, Mapping
from functools import partial

import lightgbm
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from features.history import History
from features.places import SEPARATOR
from training.heads import RECIPES
from training.metrics import LEVELS

mpl.use("Agg")

_BARS = 15


def draw(
    history: History, predictions: pd.DataFrame, boosters: Mapping[tuple[str, str], lightgbm.Booster]
) -> dict[str, Figure]:
    """All figures by file name."""
    seen = predictions[predictions["observed_delivery_hours"].notna()].copy()
    seen["error_hours"] = (seen["delivery_hours_p50"] - seen["observed_delivery_hours"]).abs()
    lanes = [" ".join(lane.split(SEPARATOR)) for lane in history.attempts.columns["lane"]]
    seen["lane"] = seen["fulfilment_id"].map(dict(zip(history.attempts.fulfilment_id, lanes, strict=True)))
    seen["week"] = seen["decided_at"].dt.tz_localize(None).dt.to_period("W").astype(str)
    return {
        "calibration.png": _figure(partial(_calibration, seen=seen)),
        "interval_width.png": _figure(partial(_interval_width, seen=seen)),
        **{
            f"error_by_{column}.png": _figure(partial(_error_by, seen=seen, column=column))
            for column in ("lane", "location_type", "week")
        },
        **{
            f"importance_{head}_{part}.png": _figure(
                partial(_importance, booster=booster, names=RECIPES[head].features)
            )
            for (head, part), booster in boosters.items()
        },
    }


def _figure(paint: Callable[[Axes], None]) -> Figure:
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    paint(figure.subplots())
    return figure


def _calibration(axes: Axes, seen: pd.DataFrame) -> None:
    shares = [
        (seen["observed_delivery_hours"] <= seen[f"delivery_hours_p{level * 100:.0f}"]).mean() for level in LEVELS
    ]
    axes.plot([0, 1], [0, 1], color="0.7", label="perfect")
    axes.plot(LEVELS, shares, "o-", label="observed")
    axes.set(xlabel="predicted level", ylabel="share delivered by then", title="Calibration of delivery hours")
    axes.legend()


def _interval_width(axes: Axes, seen: pd.DataFrame) -> None:
    width = seen["delivery_hours_p90"] - seen["delivery_hours_p10"]
    axes.hist(width, bins=40)
    axes.set(xlabel="P10 to P90, hours", ylabel="attempts", title=f"Interval width, median {width.median():.1f} hours")


def _error_by(axes: Axes, seen: pd.DataFrame, column: str) -> None:
    errors = seen.groupby(column)["error_hours"].agg(["mean", "size"])
    shown = errors.nlargest(_BARS, "size").sort_index(ascending=False)
    axes.barh([f"{name} ({size})" for name, size in shown["size"].items()], shown["mean"])
    axes.set(xlabel="mean absolute error, hours", title=f"Error of delivery hours by {column.replace('_', ' ')}")


def _importance(axes: Axes, booster: lightgbm.Booster, names: tuple[str, ...]) -> None:
    gain = pd.Series(np.asarray(booster.feature_importance("gain")), index=names).nlargest(_BARS).iloc[::-1]
    axes.barh(list(gain.index), gain / max(gain.sum(), 1e-12))
    axes.set(xlabel="share of the gain", title="What the trees look at")
