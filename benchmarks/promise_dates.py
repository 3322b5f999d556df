"""Dates told to customers: whether they are kept as often as they say, and how early they are beside other ways."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.chosen_dates import asked, beside_tables, kept_when_chosen, with_alternatives
from benchmarks.errors import BenchmarkError
from benchmarks.kept_promises import (
    CONFIDENCE,
    HOUR_SECONDS,
    SETTINGS,
    Days,
    Delivered,
    at_share,
    delivered,
    local_day,
    on_time,
    worst_group,
)
from benchmarks.olist import WINDOW
from benchmarks.promise_peers import TABLES, published_on
from benchmarks.report import Figure
from benchmarks.synthetic import WEEKS
from data.dataset import Dataset, load_dataset
from data.errors import DataError
from data.olist import import_olist
from data.synthetic.generate import generate
from data.synthetic.presets import PRESETS
from features.history import History, read_history
from simulation.truth import Truth, read_truth, true_delivery_quantiles
from training.backtest import DAY_SECONDS, Retrain, Window, commonest_zone, predict_window
from training.trained import Progress

LEVELS: Final = (0.8, 0.9, 0.95)
JUNE: Final = Window(date(2018, 6, 1), date(2018, 6, 30), WINDOW.zone)
#: Money that a date not kept costs, where a day of waiting costs 1: from dates that are often broken to hardly any.
PRICES: Final = tuple(np.geomspace(2.0, 500.0, 60).tolist())
#: Where the confidence is chosen that keeps as many dates as the published ones: nearly all had come by 1 June.
BEFORE: Final = Window(date(2018, 3, 1), date(2018, 4, 30), WINDOW.zone)
#: What is decided later may still be on its way when the history ends: what has arrived would be the fast ones.
LAST_DAYS: Final = 14
SMALLEST_GROUP: Final = 300


def measure_promise_dates(raw: Path, preset: str, seed: int, progress: Progress) -> list[Figure]:
    """Promise every attempt of the backtests of `benchmarks.olist` and `benchmarks.synthetic` a date.

    Raises `BenchmarkError` when the published files are not in ``raw``, ``KeyError`` for an unknown preset.
    """
    return [*_olist(raw, seed, progress), *_synthetic(preset, seed, progress)]


def _olist(raw: Path, seed: int, progress: Progress) -> list[Figure]:
    try:
        orders_of = import_olist(raw).dataset
    except DataError as error:
        raise BenchmarkError(f"{error} Give the folder of the published Olist files with --raw DIR.") from error
    history = read_history(orders_of)

    def promised(window: Window) -> tuple[Delivered, Days]:
        past = delivered(history, predict_window(history, window, Retrain.NEVER, seed, progress), WINDOW.zone)
        return past, published_on(orders_of.orders, history.attempts.order_id[past.row], WINDOW.zone)

    past, told = promised(WINDOW)
    june = past.decided_at >= JUNE.start()
    before, told_before = promised(BEFORE)
    known = before.arrived_at < JUNE.start()
    chosen = confidence_of_share(before.take(known), on_time(before.arrived_on()[known], told_before[known]))
    return [
        *calibration_figures("olist", past, 0.04),
        *calibration_figures("olist_june", past.take(june), 0.04),
        *_beside_published("olist", past, told, CONFIDENCE),
        *_beside_published("olist_june", past.take(june), told[june], CONFIDENCE),
        Figure("olist_june_confidence_chosen_before", chosen),
        *_beside_published("olist_june_chosen_before", past.take(june), told[june], chosen),
    ]


def confidence_of_share(past: Delivered, share: float) -> float:
    """The lowest confidence whose dates are kept by at least ``share``; the highest setting if none is."""
    arrived_on = past.arrived_on()
    enough = (level for level in SETTINGS if on_time(arrived_on, past.promised_on(level)) >= share)
    return float(next(enough, SETTINGS[-1]))


def calibration_figures(name: str, past: Delivered, tolerance: float) -> list[Figure]:
    """Share there by the instant of each level, and by the end of the promised date beside what was stated."""
    figures = []
    travelled = past.take(past.travels)
    arrived_on = travelled.arrived_on()
    for level in LEVELS:
        promised_on = travelled.promised_on(level)
        target = f"{level - tolerance:.3g}–{min(level + tolerance, 1.0):.3g}"
        figures += [
            Figure(f"{name}_on_time_{level:.2f}", float(past.within(level).mean()), target=target),
            Figure(f"{name}_date_stated_{level:.2f}", float(travelled.stated(promised_on).mean())),
            Figure(f"{name}_date_met_{level:.2f}", on_time(arrived_on, promised_on), target="as stated"),
        ]
    return figures


def _beside_published(name: str, past: Delivered, told: Days, confidence: float) -> list[Figure]:
    """Mean days from purchase to the promised date and share kept, beside the dates that the company told."""
    arrived_on, decided_on, promised_on = past.arrived_on(), past.decided_on(), past.promised_on(confidence)
    ours, theirs = (float(np.mean(dates - decided_on)) for dates in (promised_on, told))
    share = on_time(arrived_on, told)
    same = _days_at_share([past.promised_on(level) for level in SETTINGS], arrived_on, decided_on, share)
    return [
        Figure(f"{name}_on_time_ours", on_time(arrived_on, promised_on), {"published": share}),
        Figure(f"{name}_days_promised", ours, {"published": theirs}),
        Figure(f"{name}_days_earlier", theirs - ours, target="> 0"),
        Figure(f"{name}_days_earlier_at_their_share", theirs - same, target="> 0"),
    ]


def _days_at_share(dates: Sequence[Days], arrived_on: Days, decided_on: Days, share: float) -> float:
    """Mean days promised by a way whose settings promise ``dates``, brought to keep ``share`` of them."""
    kept = np.maximum.accumulate([on_time(arrived_on, promised_on) for promised_on in dates])
    return at_share(kept.tolist(), [float(np.mean(promised_on - decided_on)) for promised_on in dates], share)


def _synthetic(preset: str, seed: int, progress: Progress) -> list[Figure]:
    size = PRESETS[preset]
    end = size.first_day + timedelta(days=size.days)
    with TemporaryDirectory() as folder:
        tables, truth = Path(folder, "data"), Path(folder, "truth")
        for _ in generate(size, seed, tables, truth):
            pass
        return _of_retailer(load_dataset(tables), read_truth(truth), end, seed, progress)


def _of_retailer(dataset: Dataset, truth: Truth, end: date, seed: int, progress: Progress) -> list[Figure]:
    first = end - timedelta(weeks=WEEKS)
    alternatives = truth.alternatives[truth.alternatives["decided_at"] >= pd.Timestamp(first, tz="UTC")]
    history = read_history(with_alternatives(dataset, alternatives))
    window = Window(first, end - timedelta(days=1), commonest_zone(history))
    predicted = predict_window(history, window, Retrain.NEVER, seed, progress)
    until = window.end() - LAST_DAYS * DAY_SECONDS
    past = delivered(history, predicted, window.zone)
    past = past.take(past.decided_at < until)
    learnt = _learnt_from(history, window.start())
    choices = asked(history, predicted, alternatives, until)
    worst = [
        Figure(
            f"synthetic_worst_group_{level:.2f}",
            worst_group(past.within(level), past.group, level, SMALLEST_GROUP),
            target=f"{level - 0.05:.3g}–{min(level + 0.05, 1.0):.3g}",
        )
        for level in LEVELS
    ]
    return [
        *calibration_figures("synthetic", past, 0.025),
        *worst,
        *_beside_tables(history, past.take(past.travels), learnt, truth),
        *kept_when_chosen(choices, truth.clock, LEVELS),
        *beside_tables(history.attempts, choices, learnt, truth.clock, window.zone),
    ]


def _beside_tables(history: History, past: Delivered, learnt: NDArray[np.intp], truth: Truth) -> list[Figure]:
    """Mean days promised, beside tables as they would be kept at the cut, at the share that each keeps.

    The true distributions say how much shorter any dates could be: read at one confidence as ours are, and by the price
    of a date that is not kept, which keeps a given share of dates with the fewest days.
    """
    arrived_on, decided_on = past.arrived_on(), past.decided_on()
    ours = [past.promised_on(level) for level in SETTINGS]
    true = _true_dates(history, past, truth)
    ways = {"ours": ours, "true distributions": true, "true distributions, by price": dates_by_price(true)}
    figures = []
    for table in TABLES:
        told = table.promised_on(history.attempts, learnt, past.row, past.zone)
        share, theirs = on_time(arrived_on, told), float(np.mean(told - decided_on))
        days = {way: _days_at_share(dates, arrived_on, decided_on, share) for way, dates in ways.items()}
        shorter = {way: 1 - promised / theirs for way, promised in days.items()}
        figures += [
            Figure(f"synthetic_table_on_time{table.suffix}", share),
            Figure(f"synthetic_days_promised{table.suffix}", days.pop("ours"), {table.title: theirs, **days}),
            Figure(f"synthetic_days_shorter_share{table.suffix}", shorter.pop("ours"), shorter, target="≥ 0.15"),
        ]
    return figures


def dates_by_price(dates: Sequence[Days]) -> list[Days]:
    """For each of `PRICES`, the dates beyond which a day more costs more than the broken promises that it avoids.

    ``dates``: those of each of `SETTINGS`. Of all dates that keep as many on average, these are the earliest ones.
    """
    days, stated = np.array(dates), np.array(SETTINGS)[:, None]
    chosen = [np.argmin(days - price * stated, axis=0) for price in PRICES]
    return [days[setting, np.arange(days.shape[1])] for setting in chosen]


def _true_dates(history: History, past: Delivered, truth: Truth) -> list[Days]:
    """The dates of each setting by the distributions that the parcels were drawn from."""
    ids = history.attempts.fulfilment_id[past.row]
    attempts = truth.fulfilments.set_index("fulfilment_id").loc[list(ids)].reset_index()
    hours = true_delivery_quantiles(attempts, truth.clock, SETTINGS)
    return [local_day(past.decided_at + of_level * HOUR_SECONDS, past.zone) for of_level in hours.T]


def _learnt_from(history: History, cut: float) -> NDArray[np.intp]:
    """Parcels delivered before the cut, old enough that the slow ones are among them."""
    attempts = history.attempts
    travels = attempts.columns["service_level"] != "collect"
    whole = (attempts.delivered_at < cut) & ~np.isnan(attempts.ready_at)
    return np.flatnonzero(travels & whole & (attempts.decided_at < cut - LAST_DAYS * DAY_SECONDS))
