"""A history as the models see it, of datasets small enough to follow by eye."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.dataset import build_dataset
from features.history import History, read_history
from features.outcomes import OF_COSTS, SHORTEST_HOURS, log_hours
from features.tariff import log_tariff
from tests.unit.data.small import small_tables, with_cell

NOON = pd.Timestamp("2026-03-02T12:00:00Z")
HOUR = pd.Timedelta(hours=1)


def history_of(tables: dict[str, pd.DataFrame]) -> History:
    """The history of tables of which no row may be rejected."""
    dataset, rejected = build_dataset(tables)
    assert rejected.empty, rejected
    return read_history(dataset)


def of_attempt(outcome: str, picked: list[float | None], **changed: Any) -> History:
    """The small history whose first attempt, of one and of two units, ended in this way."""
    tables = small_tables()
    changed = {"outcome": outcome, "ready_at": None, "delivered_at": None, "outcome_at": NOON + 5 * HOUR} | changed
    for column, value in changed.items():
        tables = with_cell(tables, "fulfilments", 0, column, value)
    for line, value in enumerate(picked):
        tables = with_cell(tables, "fulfilment_lines", line, "picked_quantity", value)
    return history_of(tables)


def seconds(instant: pd.Timestamp) -> float:
    """Since 1970."""
    return instant.timestamp()


@pytest.mark.parametrize(
    ("outcome", "picked", "changed", "failure", "known_after_hours"),
    [
        ("delivered", [1, 2], {"ready_at": NOON + 2 * HOUR, "delivered_at": NOON + 4 * HOUR}, [0, 0], 2),
        ("delivered", [1, 1], {"ready_at": NOON + 2 * HOUR, "delivered_at": NOON + 4 * HOUR}, [0, 1], 2),
        ("delivered", [None, None], {"delivered_at": NOON + 4 * HOUR}, [0, 0], 4),
        ("collected", [None, None], {"ready_at": NOON + HOUR, "delivered_at": NOON + 4 * HOUR}, [0, 0], 1),
        ("short_pick", [1, 0], {}, [0, 1], 5),
        ("short_pick", [None, None], {}, [1, 1], 5),
        ("short_pick", [1, 1], {"ready_at": NOON + 2 * HOUR}, [0, 1], 5),
        ("rejected", [None, None], {}, [1, 1], 5),
        ("rejected", [0, 0], {}, [1, 1], 5),
        ("cancelled", [None, None], {}, [None, None], None),
        ("cancelled", [None, None], {"ready_at": NOON + 2 * HOUR}, [0, 0], 2),
        ("lost", [None, None], {"ready_at": NOON + 2 * HOUR}, [0, 0], 2),
        ("open", [None, None], {"outcome_at": None}, [None, None], None),
        ("open", [1, 2], {"outcome_at": None, "ready_at": NOON + 3 * HOUR}, [0, 0], 3),
    ],
)
def test_a_line_failed_when_the_location_did_not_supply_it_and_that_is_known_when_it_was_seen(
    outcome: str,
    picked: list[float | None],
    changed: dict[str, Any],
    failure: list[float | None],
    known_after_hours: float | None,
) -> None:
    """Per line where the picked quantity was recorded; a cancelled or open attempt says nothing of the location."""
    lines = of_attempt(outcome, picked, **changed).lines
    first = lines.attempt == 0
    expected = [np.nan if value is None else value for value in failure]
    assert lines.failure[first] == pytest.approx(expected, nan_ok=True)
    known = np.nan if known_after_hours is None else seconds(NOON) + known_after_hours * 3600
    assert lines.failure_known_at[first] == pytest.approx([known, known], rel=0, abs=1e-3, nan_ok=True)


@pytest.mark.parametrize(
    ("outcome", "changed", "ended_after_hours"),
    [
        ("delivered", {"delivered_at": NOON + 4 * HOUR}, None),
        ("short_pick", {}, 5),
        ("cancelled", {}, 5),
        ("lost", {"ready_at": NOON + 2 * HOUR}, 5),
        ("open", {"outcome_at": None}, None),
        # It arrived, but nobody wrote when: from then on it is no longer under way.
        ("delivered", {"ready_at": NOON + 2 * HOUR}, 5),
    ],
)
def test_an_attempt_that_does_not_arrive_ends_when_its_outcome_is_known(
    outcome: str, changed: dict[str, Any], ended_after_hours: float | None
) -> None:
    """One that arrived, or is open, did not end otherwise."""
    ended = of_attempt(outcome, [None, None], **changed).attempts.ended_at[0]
    expected = np.nan if ended_after_hours is None else seconds(NOON) + ended_after_hours * 3600
    assert ended == pytest.approx(expected, rel=0, abs=1e-3, nan_ok=True)


def test_an_attempt_has_the_totals_of_its_lines_and_the_sku_of_its_heaviest() -> None:
    """One of 0.5 kg at 9.90 and two of unknown weight at 5.00: the total weight is unknown, the value is not."""
    attempts = history_of(small_tables()).attempts
    assert np.isnan(attempts.columns["weight_kg"][0])
    assert attempts.columns["value"][0] == pytest.approx(19.9)
    assert attempts.columns["units"].tolist() == [3, 1]
    assert attempts.columns["lines"].tolist() == [2, 1]
    assert attempts.columns["sku"].tolist() == ["A", "A"]


def test_an_attempt_is_as_long_as_its_longest_unit() -> None:
    """As far as they were measured; each line has its own."""
    tables = small_tables()
    tables["products"]["longest_side_cm"] = [30.0, 80.0]
    both = history_of(tables)
    assert both.attempts.columns["longest_side_cm"].tolist() == [80.0, 30.0]
    assert both.lines.columns["longest_side_cm"].tolist() == [30.0, 80.0, 30.0]
    assert both.attempts.columns["size_class"].tolist() == ["oversize", "small"]
    tables["products"]["longest_side_cm"] = [None, 80.0]
    assert history_of(tables).attempts.columns["longest_side_cm"] == pytest.approx([80.0, np.nan], nan_ok=True)
    assert history_of(tables).attempts.columns["size_class"].tolist() == ["oversize", "small"]


def test_a_line_has_its_own_totals() -> None:
    """And counts as one line."""
    columns = history_of(small_tables()).lines.columns
    assert columns["units"].tolist() == [1, 2, 1]
    assert columns["lines"].tolist() == [1, 1, 1]
    assert columns["sku"].tolist() == ["A", "B", "A"]
    assert columns["weight_kg"] == pytest.approx([0.5, np.nan, 0.5], nan_ok=True)


def test_the_stock_record_is_the_last_one_at_or_before_the_decision() -> None:
    """A later count is not seen, another location's neither."""
    stock = pd.DataFrame(
        {
            "location_id": ["S1", "S1", "S1", "S2"],
            "sku": ["A", "A", "A", "B"],
            "counted_at": [NOON - 48 * HOUR, NOON - 12 * HOUR, NOON + HOUR, NOON],
            "on_hand": [9, 4, 7, 2],
            "reserved": [0] * 4,
            "safety_stock": [0] * 4,
        }
    )
    columns = history_of({**small_tables(), "stock": stock}).lines.columns
    assert columns["on_hand"] == pytest.approx([4, np.nan, np.nan], nan_ok=True)
    assert columns["days_since_count"] == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)


def test_footfall_is_that_of_the_last_full_hour_against_the_weeks_before() -> None:
    """Ten visitors a week ago, fifteen now; the hour that has just begun is not counted yet."""
    footfall = pd.DataFrame(
        {
            "location_id": ["S1"] * 3,
            "hour_utc": [NOON - HOUR - pd.Timedelta(days=7), NOON - HOUR, NOON],
            "visitors": [10.0, 15.0, 99.0],
        }
    )
    tables = with_cell({**small_tables(), "footfall": footfall}, "fulfilments", 0, "decided_at", NOON + HOUR / 2)
    columns = history_of(tables).attempts.columns
    by_location = dict(zip(columns["location_id"], columns["footfall_ratio"], strict=True))
    assert by_location["S1"] == pytest.approx(1.5)
    assert np.isnan(by_location["S2"])


def test_observations_are_in_the_order_in_which_they_became_known() -> None:
    """Not in the order of decisions; what never happened is not observed."""
    tables = small_tables()
    for column, value in {
        "decided_at": NOON + HOUR,
        "ready_at": NOON + 1.5 * HOUR,
        "delivered_at": NOON + 2 * HOUR,
        "outcome": "delivered",
        "outcome_at": NOON + 2 * HOUR,
        "shipping_cost": None,
    }.items():
        tables = with_cell(tables, "fulfilments", 1, column, value)
    observations = history_of(tables).observations
    ready = observations["ready_log_hours"]
    assert ready.columns["location_id"].tolist() == ["S2", "S1"]
    assert np.exp(ready.value) == pytest.approx([0.5, 2.0])
    assert np.exp(observations["transit_log_hours"].value) == pytest.approx([0.5, 46.0])
    assert np.exp(observations["delivery_log_hours"].value) == pytest.approx([1.0, 48.0])
    excess = observations["cost_excess"]
    assert np.expm1(excess.value + log_tariff(excess.columns)) == pytest.approx([4.5])
    assert excess.known_at.tolist() == [seconds(NOON)]


def test_what_was_sent_for_nothing_tells_no_tariff() -> None:
    """Not how dear its location or lane is: only that it was cheaper than expected, by no more than a factor of e."""
    history = history_of(with_cell(small_tables(), "fulfilments", 0, "shipping_cost", 0.0))
    assert history.attempts.cost[0] == 0
    paid, waived = (history.observations[measure] for measure in OF_COSTS)
    assert np.expm1(paid.value + log_tariff(paid.columns)) == pytest.approx([4.5])
    assert np.expm1(waived.value + log_tariff(waived.columns)) == pytest.approx([0.0])
    was_missed = history.missing_costs(np.full(2, np.log1p(4.5))).observations["cost_missed"]
    assert was_missed.value == pytest.approx([-1.0, 0.0])


def test_no_duration_is_shorter_than_the_shortest() -> None:
    """A logarithm of zero would be minus infinity."""
    logs = log_hours(np.zeros(2), np.array([0.0, np.nan]))
    assert logs == pytest.approx([np.log(SHORTEST_HOURS), np.nan], nan_ok=True)


def test_the_landmark_is_the_midnight_before_the_first_decision() -> None:
    """The forward decay starts there."""
    assert history_of(small_tables()).landmark == seconds(pd.Timestamp("2026-03-02T00:00Z"))


def test_a_dataset_without_attempts_has_an_empty_history() -> None:
    """A retailer may ask for features before it has sent anything."""
    tables = small_tables()
    empty = {name: tables[name].iloc[:0] for name in ("fulfilments", "fulfilment_lines")}
    history = history_of({**tables, **empty})
    assert len(history.attempts) == 0
    assert all(not len(observed) for observed in history.observations.values())
