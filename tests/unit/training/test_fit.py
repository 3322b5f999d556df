"""What is fitted, and on which rows."""

import numpy as np
import pytest

from prediction.calibration import DAY_SECONDS
from training.errors import TooLittleHistoryError
from training.fit import Rows, fit_cost, fit_hours, fit_probability, maturity_seconds
from training.heads import Recipe

RECIPE = Recipe(features=("x",), rounds=60, parameters={"learning_rate": 0.1, "num_leaves": 7, "min_data_in_leaf": 20})


def rows(count: int, seed: int, *, drift: float = 0.0, noise: float = 0.1) -> Rows:
    """Log-hours that grow with x from 3 to 4 over twenty weeks, and with time by ``drift`` a week."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(0, 1, count)
    weeks = np.sort(generator.uniform(0, 20, count))
    target = 3 + x + drift * weeks + noise * generator.standard_normal(count)
    return Rows(x[:, None], target, np.ones(count), weeks * 7 * DAY_SECONDS, np.zeros(count))


def predict(recipe: Recipe, made: Rows, x: float) -> tuple[float, float]:
    """Centre and spread of log-hours at x."""
    models = fit_hours(recipe, made, 1)
    return float(models["centre"].predict([[x]])[0]), float(np.exp(models["spread"].predict([[x]])[0]))


def test_centre_and_spread_are_those_of_the_truth() -> None:
    """A standard deviation of 0.3 in log-hours."""
    centre, spread = predict(RECIPE, rows(4_000, 1, noise=0.3), 0.5)
    assert centre == pytest.approx(3.5, abs=0.07)
    assert spread == pytest.approx(0.3, rel=0.2)


def test_a_drift_is_taken_out_and_the_level_of_the_last_weeks_kept() -> None:
    """Hours shrink by a twentieth a week: the centre is that of the last four, and the spread has no drift in it."""
    made = rows(6_000, 2, drift=-0.05, noise=0.1)
    centre, spread = predict(RECIPE, made, 0.5)
    assert centre == pytest.approx(3.5 - 0.05 * 18, abs=0.06)
    assert spread < 0.15
    assert np.std(made.target - made.features[:, 0]) > 0.25


def test_a_drift_is_hardly_mistaken_for_what_came_with_it() -> None:
    """Far customers grew in number while carriers grew faster: far is still slower, by nearly as much as it was."""
    generator = np.random.default_rng(3)
    weeks = np.sort(generator.uniform(0, 20, 6_000))
    far = (generator.uniform(0, 1, 6_000) < np.where(weeks < 10, 0.3, 0.7)).astype(float)
    target = 3 + 0.5 * far - 0.06 * weeks + 0.1 * generator.standard_normal(6_000)
    made = Rows(far[:, None], target, np.ones(6_000), weeks * 7 * DAY_SECONDS, np.zeros(6_000))
    near_centre, far_centre = fit_hours(RECIPE, made, 1)["centre"].predict([[0.0], [1.0]])
    mistaken = 0.5 - (np.median(target[far == 1]) - np.median(target[far == 0]))
    assert mistaken > 0.2
    assert 0.5 - (far_centre - near_centre) < mistaken / 2


def test_a_probability_starts_from_what_is_given_and_learns_the_rest() -> None:
    """Failures twice as likely where x is high, around a start that is right on average."""
    generator = np.random.default_rng(4)
    x = generator.integers(0, 2, 8_000).astype(float)
    probability = np.where(x > 0, 0.4, 0.2)
    failed = (generator.random(8_000) < probability).astype(float)
    start = np.full(8_000, np.log(0.3 / 0.7))
    recipe = Recipe(RECIPE.features, RECIPE.rounds, RECIPE.parameters, offset=("start",))
    made = Rows(x[:, None], failed, np.ones(8_000), np.zeros(8_000), start)
    raw = fit_probability(recipe, made, 1)["log_odds"].predict([[0.0], [1.0]], raw_score=True) + start[0]
    assert 1 / (1 + np.exp(-raw)) == pytest.approx([0.2, 0.4], abs=0.03)


def test_the_same_seed_grows_the_same_trees() -> None:
    """To the letter of the model file; so do weights that only differ in scale."""
    made = rows(500, 6)
    first, second = (fit_hours(RECIPE, made, 7)["centre"].model_to_string() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("fit", [fit_hours, fit_cost, fit_probability])
def test_too_few_rows_are_refused_with_how_many_it_takes(fit: object) -> None:
    """And with what to do."""
    assert callable(fit)
    with pytest.raises(TooLittleHistoryError, match=r"only 150 .* at least 200: take a later cut or a longer history"):
        fit(RECIPE, rows(150, 1), 1)


def test_maturity_is_when_nearly_all_outcomes_are_known() -> None:
    """Nineteen in twenty; never longer than 45 days, and nothing without outcomes."""
    assert maturity_seconds(np.arange(101, dtype=np.float64) * 3600) == pytest.approx(95 * 3600)
    assert maturity_seconds(np.full(10, 100 * DAY_SECONDS)) == 45 * DAY_SECONDS
    assert maturity_seconds(np.zeros(0)) == 0.0
