"""Dates told where who promises also chooses the location: each way sends from where it can promise the earliest day.

Past attempts show one location of each order. The truth of a synthetic retailer tells of some orders what every other
location with all lines in stock would have taken, so that a way of promising is judged by the location it chooses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.kept_promises import HOUR_SECONDS, SETTINGS, Days, at_share, end_of_day, local_day
from benchmarks.promise_peers import TABLES
from benchmarks.report import Figure
from data.dataset import Dataset
from data.synthetic.clock import Clock
from decision.candidates.arrival import Arrival
from features.geography import haversine_km
from features.history import Attempts, History
from simulation.truth import true_delivery_probability, true_delivery_quantiles
from training.backtest import Predicted

FloatArray = NDArray[np.float64]
Rows = NDArray[np.intp]

#: Begins the id of what could have been chosen; attempts that were made have other ids.
ASKED: Final = "alternative-"


def with_alternatives(dataset: Dataset, alternatives: pd.DataFrame) -> Dataset:
    """The dataset with each of the ``alternatives`` as an attempt that was cancelled at the instant of its decision.

    So nobody was kept busy by it and nothing came of it: what is known of other attempts stays what it was.
    """
    asked = pd.DataFrame(
        {
            "fulfilment_id": [f"{ASKED}{row}" for row in range(len(alternatives))],
            **{name: alternatives[name].array for name in _KEYS},
            "outcome": "cancelled",
            "outcome_at": alternatives["decided_at"].array,
            "weight": 1.0,
        }
    )
    lines = asked[["fulfilment_id", "order_id"]].merge(dataset.order_lines, on="order_id")
    return replace(
        dataset,
        fulfilments=_stacked(dataset.fulfilments, asked),
        fulfilment_lines=_stacked(dataset.fulfilment_lines, lines),
    )


_KEYS: Final = ("order_id", "location_id", "carrier_service_id", "decided_at")


def _stacked(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with ``rows`` below it; what they do not have is missing."""
    below = pd.DataFrame({name: rows.get(name) for name in table}).astype(table.dtypes.to_dict())
    return pd.concat([table, below], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Asked:
    """What could have been chosen, with what was predicted of it; one row each.

    ``row``: in the history's attempts. ``truth``: its row of the truth's alternatives. ``order``: one number for all
    rows of an order.
    """

    row: Rows
    arrival: Arrival
    truth: pd.DataFrame
    order: Rows
    decided_at: FloatArray
    km: FloatArray


def first_of_each(order: Rows, *keys: FloatArray | Days) -> Rows:
    """Of the rows of each ``order`` the one with the least first key; of equals the least next key, then the first."""
    sorted_rows = np.lexsort((np.arange(len(order)), *reversed(keys), order))
    _, first = np.unique(order[sorted_rows], return_index=True)
    return np.asarray(sorted_rows[first], dtype=np.intp)


def asked(history: History, predicted: Predicted, alternatives: pd.DataFrame, until: float) -> Asked:
    """Those of the ``alternatives`` that travel and were decided before ``until``.

    ``history``: of the dataset `with_alternatives`, in which they were ``predicted``.
    """
    attempts, columns = history.attempts, history.attempts.columns
    ids = attempts.fulfilment_id[predicted.rows].astype(str)
    of_rows = np.flatnonzero(np.char.startswith(ids, ASKED) & (attempts.decided_at[predicted.rows] < until))
    rows = predicted.rows[of_rows]
    hours = {head: of.take(of_rows) for head, of in predicted.hours.items()}
    ends = ("location_latitude", "location_longitude", "destination_latitude", "destination_longitude")
    position = np.char.replace(ids[of_rows], ASKED, "").astype(np.intp)
    return Asked(
        rows,
        Arrival(hours["ready_hours"], hours["delivery_hours"], np.ones(len(rows), dtype=np.bool_)),
        alternatives.iloc[position].reset_index(drop=True),
        np.unique(attempts.order_id[rows].astype(str), return_inverse=True)[1],
        attempts.decided_at[rows],
        haversine_km(*(columns[name][rows] for name in ends)),
    )


@dataclass(frozen=True)
class _Way:
    """Mean days that a way of promising tells, and the share that it keeps, as the truth has it."""

    days: float
    share: float


def kept_when_chosen(of: Asked, clock: Clock, levels: Sequence[float]) -> list[Figure]:
    """Share there by the instant of each level, where the location is the one that promises the earliest.

    Of many predictions the earliest is too early more often than not: what is kept of all is kept of fewer chosen so.
    In service calibration learns from what was chosen.
    """
    figures = []
    for level in levels:
        hours = of.arrival.quantile(level)
        chosen = first_of_each(of.order, hours, of.km)
        kept = true_delivery_probability(of.truth.iloc[chosen], clock, hours[chosen])
        every = true_delivery_probability(of.truth, clock, hours)
        figures.append(
            Figure(f"synthetic_chosen_on_time_{level:.2f}", float(kept.mean()), {"any location": float(every.mean())})
        )
    return figures


def beside_tables(attempts: Attempts, of: Asked, learnt: Rows, clock: Clock, zone: str) -> list[Figure]:
    """Mean days promised beside tables of days learnt from the attempts ``learnt``, at the share that each keeps.

    The true distributions say how much shorter dates read at one confidence could be.
    """
    decided_on = local_day(of.decided_at, zone)

    def way(chosen: Rows, told: Days) -> _Way:
        within = (end_of_day(told, zone) - of.decided_at[chosen]) / HOUR_SECONDS
        kept = true_delivery_probability(of.truth.iloc[chosen], clock, within)
        return _Way(float(np.mean(told - decided_on[chosen])), float(kept.mean()))

    def read_at(quantile: Callable[[float], FloatArray]) -> list[_Way]:
        ways = []
        for setting in SETTINGS:
            hours = quantile(setting)
            chosen = first_of_each(of.order, hours, of.km)
            ways.append(way(chosen, local_day(of.decided_at[chosen] + hours[chosen] * HOUR_SECONDS, zone)))
        return ways

    true = dict(zip(SETTINGS, true_delivery_quantiles(of.truth, clock, SETTINGS).T, strict=True))
    ours, best = read_at(of.arrival.quantile), read_at(true.__getitem__)
    figures = []
    for table in TABLES:
        told = table.promised_on(attempts, learnt, of.row, zone)
        chosen = first_of_each(of.order, told, of.km)
        theirs = way(chosen, told[chosen])
        days = {whose: _at_share(ways, theirs.share) for whose, ways in {"ours": ours, "true": best}.items()}
        figures += [
            Figure(f"synthetic_chosen_table_on_time{table.suffix}", theirs.share),
            Figure(
                f"synthetic_chosen_days_promised{table.suffix}",
                days["ours"],
                {table.title: theirs.days, "true distributions": days["true"]},
            ),
            Figure(
                f"synthetic_chosen_days_shorter_share{table.suffix}",
                1 - days["ours"] / theirs.days,
                {"true distributions": 1 - days["true"] / theirs.days},
                target="≥ 0.15",
            ),
        ]
    return figures


def _at_share(ways: list[_Way], share: float) -> float:
    kept = np.maximum.accumulate([way.share for way in ways])
    return at_share(kept.tolist(), [way.days for way in ways], share)
