"""Dates told to customers: whether they are kept as often as they say, and how early they are beside other ways."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import BenchmarkError
from benchmarks.kept_promises import Days, Delivered, at_share, delivered, on_time, worst_group
from benchmarks.olist import WINDOW
from benchmarks.promise_peers import EVERY_DAY, NOT_ON_SUNDAYS, promised_by_tables, published_on, trips_of
from benchmarks.report import Figure
from benchmarks.synthetic import WEEKS
from data.dataset import load_dataset
from data.errors import DataError
from data.olist import import_olist
from data.synthetic.generate import generate
from data.synthetic.presets import PRESETS
from features.history import History, read_history
from training.backtest import DAY_SECONDS, Retrain, Window, commonest_zone, predict_window
from training.trained import Progress

LEVELS: Final = (0.8, 0.9, 0.95)
#: The confidence of a ruleset that names none.
CONFIDENCE: Final = 0.95
#: Settings among which a way of promising is brought to a given share of dates kept.
SETTINGS: Final = tuple(np.round(np.arange(0.5, 0.996, 0.005), 3).tolist())
JUNE: Final = Window(date(2018, 6, 1), date(2018, 6, 30), WINDOW.zone)
#: Where the confidence is chosen that keeps as many dates as the published ones: nearly all had come by 1 June.
BEFORE: Final = Window(date(2018, 3, 1), date(2018, 4, 30), WINDOW.zone)
#: What is decided later may still be on its way when the history ends: what has arrived would be the fast ones.
LAST_DAYS: Final = 14
SMALLEST_GROUP: Final = 300
TABLES: Final = {"table of days": EVERY_DAY, "table of days without Sundays": NOT_ON_SUNDAYS}


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
        *calibration_figures("olist", past.take(june), 0.04),
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
        tables = Path(folder, "data")
        for _ in generate(size, seed, tables, Path(folder, "truth")):
            pass
        history = read_history(load_dataset(tables))
    window = Window(end - timedelta(weeks=WEEKS), end - timedelta(days=1), commonest_zone(history))
    past = delivered(history, predict_window(history, window, Retrain.NEVER, seed, progress), window.zone)
    past = past.take(past.decided_at < window.end() - LAST_DAYS * DAY_SECONDS)
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
        *_beside_tables(history, past.take(past.travels), window.start()),
    ]


def _beside_tables(history: History, past: Delivered, cut: float) -> list[Figure]:
    """Mean days promised, beside tables learnt before the cut whose percentile makes them keep as many dates."""
    arrived_on, decided_on = past.arrived_on(), past.decided_on()
    promised_on = past.promised_on(CONFIDENCE)
    share, ours = on_time(arrived_on, promised_on), float(np.mean(promised_on - decided_on))
    learnt = _learnt_from(history, cut)
    peers = {}
    for name, week in TABLES.items():
        trips = [trips_of(history.attempts, rows, past.zone, week) for rows in (learnt, past.row)]
        dates = promised_by_tables(trips[0], trips[1], decided_on, SETTINGS, week)
        peers[name] = _days_at_share(dates, arrived_on, decided_on, share)
    shorter = {name: 1 - ours / days for name, days in peers.items()}
    return [
        Figure("synthetic_date_share", share),
        Figure("synthetic_days_promised", ours, peers),
        Figure("synthetic_days_shorter_share", shorter["table of days"], target="≥ 0.15"),
        Figure("synthetic_days_shorter_share_without_sundays", shorter["table of days without Sundays"]),
    ]


def _learnt_from(history: History, cut: float) -> NDArray[np.intp]:
    """Parcels delivered before the cut, old enough that the slow ones are among them."""
    attempts = history.attempts
    travels = attempts.columns["service_level"] != "collect"
    whole = (attempts.delivered_at < cut) & ~np.isnan(attempts.ready_at)
    return np.flatnonzero(travels & whole & (attempts.decided_at < cut - LAST_DAYS * DAY_SECONDS))
