"""Hours whose weekdays differ: every answer still comes from one distribution, and a closed day has no part in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prediction.daily import DAYS, WEEKDAYS, DailyHours, stacked_days
from prediction.hours import BASE_LEVELS, KNOTS, HoursTable

LEVEL = st.floats(0.001, 0.999)
SUNDAY = 6


@st.composite
def tables(draw: st.DrawFn) -> DailyHours:
    """Any smooth table of a few rows and groups, begun at any time of the week, with any paces, closed days too."""
    groups, rows = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    steps = draw(st.lists(st.floats(1e-4, 1.0), min_size=groups * (len(KNOTS) - 1), max_size=groups * (len(KNOTS) - 1)))
    levels = np.concatenate([np.zeros((groups, 1)), np.cumsum(np.reshape(steps, (groups, -1)), axis=1)], axis=1)
    numbers = st.floats(-2, 6), st.floats(0.1, 1.5), st.integers(0, groups - 1), st.floats(0, 167.99)
    centre, spread, group, clock = zip(*draw(st.lists(st.tuples(*numbers), min_size=rows, max_size=rows)), strict=True)
    pace = st.one_of(st.just(0.0), st.floats(0.1, 3.0))
    paces = draw(st.lists(pace, min_size=groups * WEEKDAYS, max_size=groups * WEEKDAYS))
    smooth = HoursTable(np.array(centre), np.array(spread), np.array(group, np.intp), levels / levels[:, -1:])
    return DailyHours(smooth, np.array(clock), np.reshape(paces, (groups, WEEKDAYS)))


def even(table: DailyHours) -> DailyHours:
    """The same with weekdays that are all alike."""
    return DailyHours(table.smooth, table.clock, np.ones_like(table.paces))


@given(tables(), LEVEL, st.floats(0, 2_000))
def test_where_weekdays_are_alike_it_is_the_smooth_distribution(table: DailyHours, level: float, hours: float) -> None:
    """Quantiles, probabilities and expected lateness."""
    at = np.array(hours)
    assert even(table).quantile(level) == pytest.approx(table.smooth.quantile(level), rel=1e-6)
    assert even(table).probability_later_than(at) == pytest.approx(table.smooth.probability_later_than(at), abs=1e-9)
    expected = table.smooth.expected_excess(at)
    assert even(table).expected_excess(at) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(tables(), LEVEL)
def test_a_quantile_is_passed_with_its_probability(table: DailyHours, level: float) -> None:
    """P(later than the 90 % quantile) is 10 %; where nothing comes for a day, that holds for all of the day."""
    assert table.probability_later_than(table.quantile(level)) == pytest.approx(1 - level, abs=1e-6)


@given(tables(), st.lists(LEVEL, min_size=2, max_size=6, unique=True))
def test_quantiles_never_cross(table: DailyHours, levels: list[float]) -> None:
    """More certainty takes at least as long."""
    quantiles = np.array([table.quantile(level) for level in sorted(levels)])
    assert (np.diff(quantiles, axis=0) >= -1e-9 * quantiles[1:]).all()
    assert (quantiles > 0).all()


@given(tables(), st.lists(st.floats(0, 1e5), min_size=2, max_size=6))
def test_later_is_never_likelier_and_its_excess_never_larger(table: DailyHours, hours: list[float]) -> None:
    """Both fall from where everything is late to where nothing is."""
    late = np.array([table.probability_later_than(np.array(h)) for h in sorted(hours)])
    excess = np.array([table.expected_excess(np.array(h)) for h in sorted(hours)])
    assert ((late >= 0) & (late <= 1)).all()
    assert (np.diff(late, axis=0) <= 1e-9).all()
    assert (excess >= 0).all()
    assert (np.diff(excess, axis=0) <= 1e-9 * (1 + excess[:1])).all()


@settings(max_examples=30)
@given(tables(), LEVEL)
def test_the_expected_excess_is_the_integral_of_the_probability_of_being_later(table: DailyHours, level: float) -> None:
    """Of the same probabilities, so that the price of lateness and its risk agree."""
    after = table.quantile(level)
    last = np.exp(table.smooth.centre + table.smooth.spread * KNOTS[-1])
    edges = np.linspace(np.log(after), np.log(np.maximum(last, after)), 4_001)
    late = np.array([table.probability_later_than(hours) for hours in np.exp((edges[:-1] + edges[1:]) / 2)])
    integral = (late * np.diff(np.exp(edges), axis=0)).sum(axis=0)
    assert table.expected_excess(after) == pytest.approx(integral, rel=5e-3, abs=1e-6 * last.max())


@given(tables(), st.integers(0, DAYS - 1))
def test_on_a_closed_day_nothing_comes(table: DailyHours, ahead: int) -> None:
    """The probability of being later is the same in its morning and in its evening."""
    closed = np.floor(table.clock / 24).astype(int) + ahead
    paces = table.paces.copy()
    paces[table.smooth.group, closed % WEEKDAYS] = 0.0
    sundays = DailyHours(table.smooth, table.clock, paces)
    begins = np.maximum(24.0 * ahead - table.clock % 24, 0.0)
    ends = 24.0 * (ahead + 1) - table.clock % 24
    came = table.smooth.probability_later_than(ends) > 1e-9  # what has come is not late, whatever the day
    morning, evening = (sundays.probability_later_than(hours) for hours in (begins, ends - 1e-6))
    assert evening[came] == pytest.approx(morning[came], abs=1e-6)


def test_what_a_sunday_does_not_bring_monday_does() -> None:
    """Ordered on a Saturday at noon: nothing on Sunday, and no more has come by Sunday's end than by Saturday's."""
    smooth = HoursTable(np.array([3.4]), np.array([0.4]), np.array([0]), np.append(np.append(0, BASE_LEVELS), 1)[None])
    paces = np.ones((1, WEEKDAYS))
    paces[0, SUNDAY] = 0.0
    table = DailyHours(smooth, np.array([5 * 24 + 12.0]), paces)
    saturday, sunday, monday = (table.probability_later_than(np.array([h]))[0] for h in (12.0, 36.0, 60.0))
    assert saturday == sunday > monday
    assert not 12.0 < table.quantile(0.5)[0] < 36.0


@given(tables(), tables(), LEVEL)
def test_tables_one_after_the_other_answer_as_each_does(one: DailyHours, other: DailyHours, level: float) -> None:
    """And so do rows that are taken."""
    both = stacked_days([one, other])
    assert both.quantile(level).tolist() == [*one.quantile(level), *other.quantile(level)]
    last = len(one.clock)
    assert both.take(np.array([last, last])).quantile(level).tolist() == [other.quantile(level)[0]] * 2


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    """There is no certain date."""
    smooth = HoursTable(np.zeros(1), np.ones(1), np.zeros(1, np.intp), np.linspace(0, 1, len(KNOTS))[None, :])
    with pytest.raises(ValueError, match="between 0 and 1"):
        DailyHours(smooth, np.zeros(1), np.ones((1, WEEKDAYS))).quantile(level)


def test_no_rows_have_no_hours() -> None:
    """An order without candidates is no error."""
    smooth = HoursTable(np.zeros(0), np.zeros(0), np.zeros(0, np.intp), np.linspace(0, 1, len(KNOTS))[None, :])
    table = DailyHours(smooth, np.zeros(0), np.ones((1, WEEKDAYS)))
    assert table.quantile(0.5).shape == table.probability_later_than(np.zeros(0)).shape == (0,)
    assert table.expected_excess(np.zeros(0)).shape == (0,)
