"""Figures against values computed by hand."""

import numpy as np
import pandas as pd
import pytest

from training.metrics import coverage, figures, hours_figures, log_loss, mean_absolute_error, pinball


def test_errors_and_coverage_by_hand() -> None:
    """Three predictions: too early by 2, right, too late by 4."""
    predicted, observed = np.array([8.0, 10.0, 14.0]), np.array([10.0, 10.0, 10.0])
    assert mean_absolute_error(predicted, observed) == pytest.approx(2.0)
    assert coverage(np.array([9.0, 10.0, 11.0]), np.array([11.0, 10.0, 12.0]), observed) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("level", "expected"), [(0.1, (0.1 * 2 + 0.9 * 4) / 3), (0.5, 1.0), (0.9, (0.9 * 2 + 0.1 * 4) / 3)]
)
def test_pinball_loss_by_hand(level: float, expected: float) -> None:
    """Late by 2 costs the level, early by 4 costs what is left of one."""
    assert pinball(np.array([8.0, 10.0, 14.0]), np.full(3, 10.0), level) == pytest.approx(expected)


def test_log_loss_by_hand() -> None:
    """The second row counts three times; a certainty that was wrong costs much but not infinitely much."""
    loss = log_loss(np.array([0.8, 0.5]), np.array([1.0, 0.0]), np.array([1.0, 3.0]))
    assert loss == pytest.approx((-np.log(0.8) - 3 * np.log(0.5)) / 4)
    assert log_loss(np.array([0.0]), np.array([1.0]), np.ones(1)) == pytest.approx(-np.log(1e-6))


def predicted(**changed: object) -> pd.DataFrame:
    """Two attempts, one either side of midnight in Rome."""
    columns: dict[str, object] = {
        "decided_at": pd.to_datetime(["2026-03-31T21:30Z", "2026-03-31T22:30Z"], utc=True),
        "cost": [4.0, 6.0],
        "pick_failure": [0.2, 0.2],
        "observed_cost": [5.0, 6.0],
        "observed_pick_failure": [0.0, 0.0],
        "weight": [1.0, 1.0],
    }
    for head in ("delivery_hours", "ready_hours"):
        columns |= {f"{head}_p10": [10.0] * 2, f"{head}_p50": [20.0] * 2, f"{head}_p90": [30.0] * 2}
        columns[f"observed_{head}"] = [20.0, 40.0]
    return pd.DataFrame(columns | changed)


def test_months_are_those_of_the_zone() -> None:
    """Half past ten in the evening by UTC is April in Rome."""
    found = figures(predicted(), "Europe/Rome")
    assert found["delivery_hours_mae_hours_2026-03"] == 0.0
    assert found["delivery_hours_mae_hours_2026-04"] == 20.0
    assert found["delivery_hours_mae_hours"] == 10.0
    assert found["delivery_hours_coverage"] == 0.5
    assert found["cost_mae"] == 0.5
    assert found["pick_failure_log_loss"] == pytest.approx(-np.log(0.8))


def test_what_was_not_observed_is_not_counted() -> None:
    """And no figure is made up of nothing: not a number is no JSON."""
    blank = {f"observed_{name}": [np.nan, np.nan] for name in ("delivery_hours", "ready_hours", "cost", "pick_failure")}
    found = figures(predicted(**blank), "UTC")
    assert found == {"delivery_hours_rows": 0.0, "ready_hours_rows": 0.0, "delivery_hours_rows_2026-03": 0.0}
    assert hours_figures(predicted(observed_delivery_hours=[np.nan, 25.0]), "delivery_hours")["rows"] == 1.0
