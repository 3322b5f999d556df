"""Against the truth: the truth itself scores perfectly, and what is known to be wrong is seen."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.synthetic.durations import delivered_instant, ready_instant
from data.synthetic.generate import generate
from data.synthetic.presets import Preset
from simulation.errors import TruthMissingError
from simulation.truth import (
    Truth,
    best_achievable,
    compare_with_truth,
    expected_calibration_error,
    read_truth,
    true_cost_median,
    true_delivery_probability,
    true_delivery_quantiles,
    true_ready_quantiles,
)

SMALL = Preset(date(2026, 1, 5), 80, warehouses=1, stores=12, suppliers=2, skus=80, orders_per_day=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth folder of a small history."""
    base = tmp_path_factory.mktemp("truth")
    for _ in generate(SMALL, 11, base / "history", base / "truth"):
        pass
    return base / "truth"


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return read_truth(folder)


@pytest.fixture(scope="module")
def perfect(truth: Truth) -> pd.DataFrame:
    """Predictions of somebody who knows the truth, of attempts old enough to have arrived."""
    attempts = truth.fulfilments
    attempts = attempts[attempts["decided_at"] < attempts["decided_at"].max() - pd.Timedelta(days=21)]
    delivery = true_delivery_quantiles(attempts, truth.clock, [0.1, 0.5, 0.9])
    keys: pd.DataFrame = attempts[["order_id", "location_id", "decided_at"]]
    return keys.assign(
        delivery_hours_p10=delivery[:, 0],
        delivery_hours_p50=delivery[:, 1],
        delivery_hours_p90=delivery[:, 2],
        ready_hours_p50=true_ready_quantiles(attempts, truth.clock, [0.5])[:, 0],
        cost=true_cost_median(attempts),
        pick_failure=attempts["failure_probability"],
    )


def test_who_knows_the_truth_covers_what_is_promised_and_errs_as_little_as_possible(
    perfect: pd.DataFrame, folder: Path
) -> None:
    figures = compare_with_truth(perfect, folder)
    assert figures["rows"] == len(perfect)
    assert figures["coverage"] == pytest.approx(0.8, abs=0.03)
    assert len(figures["coverage_by_group"]) >= 2
    for group in figures["coverage_by_group"].values():
        assert group["rows"] >= 500
        assert group["coverage"] == pytest.approx(0.8, abs=0.08)
    assert figures["pick_failure_ece"] == 0
    assert figures["pick_failure_distance"] == 0
    for head in ("delivery_hours", "ready_hours", "cost"):
        assert figures[f"{head}_mae_ratio"] == pytest.approx(1.0)


def test_worse_predictions_score_worse(perfect: pd.DataFrame, folder: Path) -> None:
    worse = perfect.assign(
        delivery_hours_p10=perfect["delivery_hours_p50"],
        delivery_hours_p50=perfect["delivery_hours_p50"] * 1.5,
        ready_hours_p50=perfect["ready_hours_p50"] * 0.5,
        cost=perfect["cost"] + 3,
        pick_failure=perfect["pick_failure"] + 0.1,
    )
    figures = compare_with_truth(worse, folder)
    assert figures["coverage"] == pytest.approx(0.4, abs=0.03)
    assert figures["pick_failure_ece"] == pytest.approx(0.1)
    for head in ("delivery_hours", "ready_hours", "cost"):
        assert figures[f"{head}_mae_ratio"] > 1.1


def test_attempts_are_found_by_their_id_as_well(perfect: pd.DataFrame, folder: Path, truth: Truth) -> None:
    by_id = perfect.assign(fulfilment_id=truth.fulfilments["fulfilment_id"]).drop(columns=["order_id", "location_id"])
    assert compare_with_truth(by_id, folder) == compare_with_truth(perfect, folder)


def test_predictions_of_another_history_are_refused(perfect: pd.DataFrame, folder: Path) -> None:
    with pytest.raises(TruthMissingError, match="knows nothing of 1 predicted attempt"):
        compare_with_truth(perfect.assign(order_id=["nobody", *perfect["order_id"].iloc[1:]]), folder)


def test_a_folder_without_truth_is_named(tmp_path: Path) -> None:
    with pytest.raises(TruthMissingError, match=r"holds no retailer\.json"):
        read_truth(tmp_path)


def test_a_truth_of_before_that_lacks_a_table_is_named(folder: Path, tmp_path: Path) -> None:
    older = shutil.copytree(folder, tmp_path / "truth")
    (older / "alternatives.parquet").unlink()
    with pytest.raises(TruthMissingError, match=r"has no alternatives\.parquet: generate it again"):
        read_truth(older)


def test_true_quantiles_are_those_of_many_draws(truth: Truth) -> None:
    """Monte Carlo of the same process, attempt by attempt: shares below the quantiles are the levels."""
    rng = np.random.default_rng(2)
    attempts = truth.fulfilments.sample(60, random_state=1)
    levels, draws = [0.1, 0.5, 0.9], 4_000
    column = {name: attempts[name].to_numpy()[:, None] for name in attempts}
    decided = truth.clock.hours(attempts["decided_at"].dt.tz_convert(None).to_numpy())[:, None]

    def log_normal(name: str) -> np.ndarray:
        return np.asarray(
            np.exp(column[f"{name}_mu"] + column[f"{name}_sigma"] * rng.standard_normal((len(attempts), draws)))
        )

    ready = ready_instant(truth.clock, decided, column["location_type"], log_normal("ready"))
    is_late = rng.random((len(attempts), draws)) < column["late_probability"]
    delivered = delivered_instant(
        truth.clock,
        ready,
        column["service_level"] == "collect",
        shortest=column["shortest_travel_hours"],
        hours=log_normal("travel"),
        late_hours=np.where(is_late, log_normal("late"), 0.0),
        monday=column["monday"],
    )
    ready_quantiles = true_ready_quantiles(attempts, truth.clock, levels)
    delivery_quantiles = true_delivery_quantiles(attempts, truth.clock, levels)
    for index, level in enumerate(levels):
        assert np.abs((ready - decided < ready_quantiles[:, [index]]).mean(axis=1) - level).max() < 0.03
        assert np.abs((delivered - decided < delivery_quantiles[:, [index]]).mean(axis=1) - level).max() < 0.04


def test_quantiles_never_cross(truth: Truth) -> None:
    levels = [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]
    attempts = truth.fulfilments.iloc[:500]
    for quantiles in (
        true_ready_quantiles(attempts, truth.clock, levels),
        true_delivery_quantiles(attempts, truth.clock, levels),
    ):
        assert quantiles.shape == (500, 7)
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert (quantiles > 0).all()


def test_a_quantile_is_reached_with_its_probability_and_no_sooner(truth: Truth) -> None:
    attempts = truth.fulfilments.iloc[:500]
    for level in (0.1, 0.5, 0.9):
        hours = true_delivery_quantiles(attempts, truth.clock, [level])[:, 0]
        assert (true_delivery_probability(attempts, truth.clock, hours) >= level - 1e-9).all()
        assert (true_delivery_probability(attempts, truth.clock, hours - 1e-6) < level).all()


def test_no_constant_beats_the_best_achievable(truth: Truth) -> None:
    attempts = truth.fulfilments
    best = best_achievable(attempts, truth.clock)
    for head, error in best.items():
        groups = attempts.groupby(["location_type", "service_level"])[head].transform("median")
        assert error < 0.9 * (attempts[head] - groups).abs().mean()


@pytest.mark.parametrize(("shift", "expected"), [(0.0, 0.0), (0.05, 0.05), (-0.1, 0.1)])
def test_calibration_error_is_the_distance_from_the_truth(shift: float, expected: float) -> None:
    probability = np.linspace(0.15, 0.6, 900)
    assert expected_calibration_error(probability + shift, probability) == pytest.approx(expected)


def test_calibration_error_leaves_out_what_was_not_predicted() -> None:
    assert expected_calibration_error(np.array([np.nan, 0.2]), np.array([0.9, 0.2])) == 0
    assert np.isnan(expected_calibration_error(np.array([np.nan]), np.array([0.5])))


def test_a_history_without_attempts_has_no_quantiles(truth: Truth) -> None:
    none = replace(truth, fulfilments=truth.fulfilments.iloc[:0])
    assert true_delivery_quantiles(none.fulfilments, none.clock, [0.5]).shape == (0, 1)
    assert true_cost_median(none.fulfilments).shape == (0,)
