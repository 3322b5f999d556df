"""The distribution of hours: one table answers every question, and no two answers contradict each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prediction.hours import KNOTS, HoursTable
from tests.property.random_hours import hours_tables

LEVEL = st.floats(0.001, 0.999)


def tables() -> st.SearchStrategy[HoursTable]:
    """From minutes to weeks, from sharp to wide."""
    return hours_tables(longest=7, narrowest=0.02)


@given(tables(), LEVEL)
def test_a_quantile_is_passed_with_its_probability(table: HoursTable, level: float) -> None:
    """P(later than the 90 % quantile) is 10 %."""
    assert table.probability_later_than(table.quantile(level)) == pytest.approx(1 - level, abs=1e-9)


@given(tables(), st.lists(LEVEL, min_size=2, max_size=6, unique=True))
def test_quantiles_never_cross(table: HoursTable, levels: list[float]) -> None:
    """More certainty takes at least as long."""
    quantiles = np.array([table.quantile(level) for level in sorted(levels)])
    assert (np.diff(quantiles, axis=0) >= 0).all()
    assert (quantiles > 0).all()


@given(tables(), st.lists(st.floats(0, 1e5), min_size=2, max_size=6))
def test_later_is_never_likelier_and_its_excess_never_larger(table: HoursTable, hours: list[float]) -> None:
    """Both fall from where everything is late to where nothing is."""
    late = np.array([table.probability_later_than(np.array(h)) for h in sorted(hours)])
    excess = np.array([table.expected_excess(np.array(h)) for h in sorted(hours)])
    assert ((late >= 0) & (late <= 1)).all()
    assert (np.diff(late, axis=0) <= 0).all()
    assert (excess >= 0).all()
    assert (np.diff(excess, axis=0) <= 1e-9 * excess[:1]).all()


@settings(max_examples=30)
@given(tables(), LEVEL)
def test_the_expected_excess_is_the_integral_of_the_probability_of_being_later(table: HoursTable, level: float) -> None:
    """Of the same probabilities, so that the price of lateness and its risk agree."""
    after = table.quantile(level)
    edges = np.linspace(np.log(np.maximum(after, 1e-9)), table.centre + table.spread * KNOTS[-1], 2_001)
    late = np.array([table.probability_later_than(hours) for hours in np.exp((edges[:-1] + edges[1:]) / 2)])
    integral = (late * np.diff(np.exp(edges), axis=0)).sum(axis=0)
    assert table.expected_excess(after) == pytest.approx(integral, rel=2e-3)


def test_the_expected_excess_is_the_mean_of_many_draws() -> None:
    """Drawn by quantiles of uniform levels."""
    levels = np.concatenate([[0.0], np.linspace(0.02, 0.98, len(KNOTS) - 2), [1.0]])[None, :]
    table = HoursTable(np.array([3.0]), np.array([0.6]), np.array([0]), levels)
    uniform = (np.arange(20_000) + 0.5) / 20_000
    draws: NDArray[np.float64] = np.array([table.quantile(float(level))[0] for level in uniform])
    for hours in (0.0, 10.0, 25.0, 60.0):
        expected = np.maximum(draws - hours, 0).mean()
        assert table.expected_excess(np.array([hours]))[0] == pytest.approx(expected, rel=2e-3)


def test_before_the_beginning_everything_is_late_and_beyond_the_end_nothing() -> None:
    """At 0 hours, before them, and after for ever."""
    levels = np.linspace(0, 1, len(KNOTS))[None, :]
    table = HoursTable(np.array([3.0]), np.array([0.5]), np.array([0]), levels)
    assert table.probability_later_than(np.array([0.0])).tolist() == [1.0]
    assert table.probability_later_than(np.array([-5.0])).tolist() == [1.0]
    assert table.probability_later_than(np.array([1e9])).tolist() == [0.0]
    assert table.expected_excess(np.array([1e9])).tolist() == [0.0]
    mean = table.expected_excess(np.array([0.0]))[0]
    assert table.expected_excess(np.array([-5.0]))[0] == pytest.approx(mean + 5)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    """There is no certain date."""
    table = HoursTable(np.zeros(1), np.ones(1), np.zeros(1, dtype=np.intp), np.linspace(0, 1, len(KNOTS))[None, :])
    with pytest.raises(ValueError, match="between 0 and 1"):
        table.quantile(level)


def test_no_rows_have_no_hours() -> None:
    """An order without candidates is no error."""
    table = HoursTable(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.intp), np.linspace(0, 1, len(KNOTS))[None, :])
    assert table.quantile(0.5).shape == table.probability_later_than(np.zeros(0)).shape == (0,)
    assert table.expected_excess(np.zeros(0)).shape == (0,)
