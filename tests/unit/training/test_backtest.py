"""The past, predicted as it would have been predicted then."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from data.dataset import build_dataset
from features.history import History, read_history
from tests.conftest import CUT
from tests.unit.data.small import small_tables
from training.backtest import Retrain, Window, backtest, commonest_zone, cut_short
from training.errors import TooLittleHistoryError
from training.fit import maturity_seconds
from training.trained import score, train_heads
from training.validation import VALIDATION_DAYS, midnight_after_last_decision, validate, validation_window

pytestmark = pytest.mark.usefixtures("few_trees")


def at(text: str) -> float:
    """An instant of UTC in seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_window_begins_and_ends_at_local_midnight_and_both_days_are_in_it() -> None:
    """Rome is an hour ahead of UTC in winter and two in summer."""
    window = Window(date(2026, 3, 28), date(2026, 3, 29), "Europe/Rome")
    assert window.start() == at("2026-03-27T23:00")
    assert window.end() == at("2026-03-29T22:00")
    one_day = Window(date(2026, 1, 5), date(2026, 1, 5), "UTC")
    assert one_day.end() - one_day.start() == 86_400


def test_who_never_arrived_is_not_taken_for_being_under_way_when_the_history_ends(history: History) -> None:
    """Of the last day it may still come; of long ago nobody will hear."""
    attempts = history.attempts
    everything = pd.DataFrame({"fulfilment_id": attempts.fulfilment_id})
    delivered_at, ended_at = attempts.delivered_at.copy(), attempts.ended_at.copy()

    def under_way() -> int:
        return cut_short(
            replace(history, attempts=replace(attempts, delivered_at=delivered_at, ended_at=ended_at)), everything
        )

    before = under_way()
    for row, counted in ((0, 0), (int(np.flatnonzero(~np.isnan(delivered_at))[-1]), 1)):
        delivered_at[row] = ended_at[row] = np.nan
        assert under_way() == before + counted


def test_a_midnight_that_the_clocks_skip_is_the_instant_at_which_they_do() -> None:
    """In 2017 summer began in São Paulo at midnight."""
    assert Window(date(2017, 10, 15), date(2017, 10, 15), "America/Sao_Paulo").start() == at("2017-10-15T03:00")


@pytest.mark.parametrize(
    ("retrain", "expected"),
    [
        (Retrain.NEVER, ["2026-01-30"]),
        (Retrain.MONTHLY, ["2026-01-30", "2026-02-01", "2026-03-01"]),
        (Retrain.WEEKLY, ["2026-01-30", "2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23", "2026-03-02"]),
    ],
)
def test_heads_are_fitted_on_the_first_day_and_then_on_firsts_of_months_or_on_mondays(
    retrain: Retrain, expected: list[str]
) -> None:
    """At midnight."""
    cuts = Window(date(2026, 1, 30), date(2026, 3, 3), "UTC").cuts(retrain)
    assert cuts == [at(day) for day in expected]


def test_a_window_that_begins_on_a_monday_is_not_fitted_twice_that_day() -> None:
    """Nor on a first of the month."""
    assert len(Window(date(2026, 6, 1), date(2026, 6, 2), "UTC").cuts(Retrain.WEEKLY)) == 1
    assert len(Window(date(2026, 6, 1), date(2026, 6, 2), "UTC").cuts(Retrain.MONTHLY)) == 1


@pytest.fixture(scope="module")
def window() -> Window:
    """Nine days from the cut on, a Monday among them."""
    return Window(date(2025, 12, 1), date(2025, 12, 9), "UTC")


@pytest.fixture(scope="module")
def predictions(history: History, window: Window) -> pd.DataFrame:
    """Of the window, with heads fitted again on its Monday."""
    return backtest(history, window, Retrain.WEEKLY, 1, lambda *_: None)


def test_every_attempt_of_the_window_is_predicted_once_beside_what_was_observed(
    history: History, window: Window, predictions: pd.DataFrame
) -> None:
    """In the order of decisions."""
    attempts = history.attempts
    inside = (attempts.decided_at >= window.start()) & (attempts.decided_at < window.end())
    assert predictions["fulfilment_id"].tolist() == attempts.fulfilment_id[inside].tolist()
    observed = (attempts.delivered_at - attempts.decided_at)[inside] / 3600
    assert np.array_equal(predictions["observed_delivery_hours"], observed, equal_nan=True)
    decided_at = predictions["decided_at"].map(pd.Timestamp.timestamp)
    assert decided_at.to_numpy() == pytest.approx(attempts.decided_at[inside], rel=0, abs=1e-5)


def test_predictions_are_complete_and_in_order(predictions: pd.DataFrame) -> None:
    """Quantiles rise, probabilities are probabilities, nothing is missing."""
    for head in ("delivery_hours", "ready_hours"):
        quantiles = predictions[[f"{head}_p10", f"{head}_p50", f"{head}_p90"]].to_numpy()
        assert (np.diff(quantiles, axis=1) > 0).all()
        assert (quantiles > 0).all()
    assert predictions["pick_failure"].between(0, 1).all()
    assert (predictions["cost"] >= 0).all()


def test_refitting_changes_what_comes_after_it_and_nothing_before(history: History, predictions: pd.DataFrame) -> None:
    """The first week is predicted by the heads of its first day, the second by others."""
    trained = train_heads(history, CUT, 1, lambda *_: None)
    cost = dict(zip(history.attempts.fulfilment_id, score(history, trained).cost, strict=True))
    same = predictions["fulfilment_id"].map(cost) == predictions["cost"]
    first_week = predictions["decided_at"] < pd.Timestamp("2025-12-08", tz="UTC")
    assert same[first_week].all()
    assert not same[~first_week].any()


def test_validation_blanks_what_was_not_known(history: History) -> None:
    """Of the last mature weeks before a cut, a few outcomes came after it."""
    changed, attempt = with_late_failure(history)
    predictions, window = validate(changed, CUT, 1, lambda *_: None)
    assert (window.last - window.first).days == VALIDATION_DAYS - 1
    assert window == validation_window(changed, CUT)
    attempts, lines = changed.attempts, changed.lines
    row_of = {fulfilment: row for row, fulfilment in enumerate(attempts.fulfilment_id)}
    rows = predictions["fulfilment_id"].map(row_of).to_numpy()
    for column, ends in (("delivery_hours", attempts.delivered_at), ("ready_hours", attempts.ready_at)):
        assert np.array_equal(predictions[f"observed_{column}"].notna(), ends[rows] < CUT), column
    picks_known_at = np.full(len(attempts), np.nan)
    np.fmax.at(picks_known_at, lines.attempt, lines.failure_known_at)
    assert np.array_equal(predictions["observed_pick_failure"].notna(), picks_known_at[rows] < CUT)
    late = predictions[rows == attempt].iloc[0]
    assert np.isnan(late["observed_pick_failure"])
    assert late["observed_ready_hours"] == 1.0


def with_late_failure(history: History) -> tuple[History, int]:
    """A history in which some lines of one attempt were handed over, and only after the cut the others given up."""
    window = validation_window(history, CUT)
    attempts, lines = history.attempts, history.lines
    decided_at = attempts.decided_at[lines.attempt]
    failed = (lines.failure == 1) & (decided_at >= window.start()) & (decided_at < window.end())
    attempt = int(lines.attempt[np.flatnonzero(failed)[0]])
    ready_at, ended_at = attempts.ready_at.copy(), attempts.ended_at.copy()
    ready_at[attempt], ended_at[attempt] = attempts.decided_at[attempt] + 3600, CUT + 60
    known_at = np.where(lines.attempt == attempt, CUT + 60, lines.failure_known_at)
    changed = replace(attempts, ready_at=ready_at, ended_at=ended_at)
    return replace(history, attempts=changed, lines=replace(lines, failure_known_at=known_at)), attempt


def test_the_validation_window_ends_when_nearly_all_deliveries_were_known(history: History) -> None:
    """Nineteen in twenty of its youngest attempts have arrived."""
    attempts = history.attempts
    known = attempts.delivered_at < CUT
    window = validation_window(history, CUT)
    assert window.end() <= CUT - maturity_seconds((attempts.delivered_at - attempts.decided_at)[known])
    assert window.end() > CUT - 46 * 86_400


def test_a_cut_long_after_the_last_decision_has_nothing_to_validate_on(history: History) -> None:
    """The message says which days are empty."""
    with pytest.raises(TooLittleHistoryError, match="nothing was decided from 2026-12-02 to 2026-12-29"):
        validate(history, CUT + 400 * 86_400, 1, lambda *_: None)


def test_an_empty_history_is_too_little() -> None:
    """Said in words, at the first question."""
    tables = small_tables()
    empty = {name: tables[name].iloc[:0] for name in ("fulfilments", "fulfilment_lines")}
    history = read_history(build_dataset({**tables, **empty})[0])
    with pytest.raises(TooLittleHistoryError, match="no attempts"):
        commonest_zone(history)
    with pytest.raises(TooLittleHistoryError, match="no attempts"):
        midnight_after_last_decision(history)


def test_the_default_cut_is_the_midnight_after_the_last_decision(history: History) -> None:
    """So that every decision is used."""
    cut = midnight_after_last_decision(history)
    assert cut % 86_400 == 0
    assert 0 < cut - history.attempts.decided_at.max() <= 86_400
