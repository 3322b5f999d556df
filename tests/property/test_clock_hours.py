"""Hours by the clock of what takes working hours: all answers are of one distribution, and nothing comes at night."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.calendar import DAY_HOURS, FIRST_MONDAY
from prediction.clock_hours import ClockHours, stacked_hours
from prediction.hours import AS_PREDICTED, KNOTS, HoursTable
from prediction.week import SLOTS, TIMES
from prediction.working_hours import WorkingTime
from tests.property.random_hours import hours_tables
from tests.unit.prediction.rotas import ALWAYS, ordinary, rota

LEVEL = st.floats(0.001, 0.999)
WEEK_HOURS = 7 * DAY_HOURS
#: Christmas 2026 is in the third week from here.
BEGINS = (date(2026, 12, 7) - FIRST_MONDAY).days * DAY_HOURS


@st.composite
def tables(draw: st.DrawFn) -> ClockHours:
    """Any table of a few rows and groups, begun at any time of any week, with closed days and nights too."""
    work = draw(hours_tables(longest=6, narrowest=0.1))
    rows, groups = len(work.centre), len(work.levels)
    clock = BEGINS + np.array(draw(st.lists(st.floats(0, 167.99), min_size=rows, max_size=rows)))
    rate = st.one_of(st.just(1.0), st.just(0.01), st.floats(0.01, 1.0))
    week = draw(st.lists(rate, min_size=groups * SLOTS, max_size=groups * SLOTS))
    shares = {kind: np.array(draw(st.lists(rate, min_size=groups, max_size=groups))) for kind in ("public", "optional")}
    working = WorkingTime(np.reshape(week, (groups, SLOTS)), shares)
    calendars = draw(st.lists(st.sampled_from([0, 1]), min_size=rows, max_size=rows))
    weeks = working.weeks(["IT", ""], np.array([BEGINS]))
    return ClockHours(work, clock, weeks.rota(work.group, np.array(calendars)))


@given(tables(), LEVEL)
def test_a_quantile_is_passed_with_its_probability(table: ClockHours, level: float) -> None:
    """P(later than the 90 % quantile) is 10 %."""
    assert table.probability_later_than(table.quantile(level)) == pytest.approx(1 - level, abs=1e-6)


@given(tables(), LEVEL)
def test_in_working_hours_it_is_the_distribution_of_work(table: ClockHours, level: float) -> None:
    worked = table.rota.worked(table.clock, table.quantile(level))
    assert worked == pytest.approx(table.work.quantile(level), rel=1e-6, abs=1e-9)


@given(tables(), st.lists(LEVEL, min_size=2, max_size=6, unique=True))
def test_quantiles_never_cross(table: ClockHours, levels: list[float]) -> None:
    """More certainty takes at least as long."""
    quantiles = np.array([table.quantile(level) for level in sorted(levels)])
    assert (np.diff(quantiles, axis=0) >= -1e-9 * quantiles[1:]).all()
    assert (quantiles > 0).all()


@given(tables(), st.lists(st.floats(0, 1e5), min_size=2, max_size=6))
def test_later_is_never_likelier_and_its_excess_never_larger(table: ClockHours, hours: list[float]) -> None:
    """Both fall from where everything is late to where nothing is."""
    each = [np.full(len(table.clock), h) for h in sorted(hours)]
    late = np.array([table.probability_later_than(h) for h in each])
    excess = np.array([table.expected_excess(h) for h in each])
    assert ((late >= 0) & (late <= 1)).all()
    assert (np.diff(late, axis=0) <= 1e-9).all()
    assert (excess >= 0).all()
    assert (np.diff(excess, axis=0) <= 1e-9 * excess[:-1]).all()


@settings(max_examples=12)
@given(tables(), LEVEL, st.booleans())
def test_the_expected_excess_is_the_integral_of_the_probability_of_being_later(
    table: ClockHours, level: float, within_a_week: bool
) -> None:
    """Of the same probabilities, so that the price of lateness and its risk agree; far away by the week's average."""
    after = table.quantile(level)
    worked = np.exp(table.work.centre + table.work.spread * KNOTS[-1])
    last = table.rota.hours(table.clock, worked)
    near = last - after < WEEK_HOURS
    rows = np.flatnonzero(near == within_a_week)
    table, after, last = table.take(rows), after[rows], last[rows]
    edges = np.linspace(after, np.maximum(last, after + 1e-6), 20_001)
    middles = (edges[:-1] + edges[1:]) / 2
    each = table.take(np.tile(np.arange(len(rows)), len(middles)))
    late = each.probability_later_than(middles.ravel()).reshape(middles.shape)
    integral = (late * np.diff(edges, axis=0)).sum(axis=0)
    relative, absolute = (5e-3, 1e-3) if within_a_week else (0.5, WEEK_HOURS)
    assert table.expected_excess(after) == pytest.approx(integral, rel=relative, abs=absolute)


@given(tables(), st.integers(0, 60))
def test_at_night_hardly_anything_comes(table: ClockHours, ahead: int) -> None:
    """Where a slot counts for a hundredth, what comes in it is what comes in a hundredth of its hours of work."""
    slot = (table.clock // 3).astype(int) + 1 + ahead
    begins = 3.0 * slot - table.clock
    week = np.full((len(table.clock), SLOTS), 0.5)
    week[np.arange(len(week)), slot % SLOTS] = 0.01
    table = replace(table, rota=rota(ordinary(week), np.arange(len(week)), table.clock))
    morning, evening = (table.probability_later_than(begins + hours) for hours in (0.0, 3.0))
    later = table.work.probability_later_than(table.rota.worked(table.clock, begins) + 0.03)
    assert evening == pytest.approx(later, abs=1e-6)
    assert (morning >= evening - 1e-12).all()


def test_what_a_closed_shop_does_not_finish_in_the_evening_it_finishes_in_the_morning() -> None:
    """Ordered at five, four hours of work, open from nine to six: not tonight, but tomorrow before noon."""
    week = np.full((1, SLOTS), 0.01).reshape(1, 7, TIMES)
    week[:, :, 3:6] = 1.0
    smooth = HoursTable(np.log([4.0]), np.array([0.2]), np.zeros(1, np.intp), AS_PREDICTED[None])
    at_five = np.array([17.0])
    table = ClockHours(smooth, at_five, rota(ordinary(week.reshape(1, SLOTS)), smooth.group, at_five))
    assert table.probability_later_than(np.array([16.0]))[0] > 0.99
    tomorrow = table.quantile(0.5)[0] + 17.0 - DAY_HOURS
    assert 11.0 < tomorrow < 12.0


@given(tables())
def test_half_an_hour_more_never_makes_the_excess_larger(table: ClockHours) -> None:
    """Also at the beginning of a shop's day, and of what takes weeks."""
    work = replace(table.work, centre=table.work.centre + 3.0)
    table = ClockHours(work, np.round(table.clock), table.rota)
    excess = np.array([table.expected_excess(np.full(len(table.clock), half / 2)) for half in range(25)])
    assert (np.diff(excess, axis=0) <= 1e-9 * excess[:-1]).all()


@given(tables(), tables(), LEVEL)
def test_tables_one_after_the_other_answer_as_each_does(one: ClockHours, other: ClockHours, level: float) -> None:
    """And so do rows that are taken."""

    def answers(table: ClockHours) -> NDArray[np.float64]:
        hours = np.full(len(table.clock), 30.0)
        return np.array([table.quantile(level), table.probability_later_than(hours), table.expected_excess(hours)])

    both = stacked_hours([one, other])
    assert answers(both) == pytest.approx(np.column_stack([answers(one), answers(other)]), rel=1e-9, abs=1e-9)
    last = len(one.clock)
    assert both.take(np.array([last, last])).quantile(level) == pytest.approx(other.quantile(level)[[0, 0]])


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    """There is no certain date."""
    table = HoursTable(np.zeros(1), np.ones(1), np.zeros(1, np.intp), AS_PREDICTED[None])
    with pytest.raises(ValueError, match="between 0 and 1"):
        ClockHours(table, np.zeros(1), rota(ALWAYS, table.group, np.zeros(1))).quantile(level)


def test_no_rows_have_no_hours() -> None:
    """An order without candidates is no error."""
    table = HoursTable(np.zeros(0), np.zeros(0), np.zeros(0, np.intp), AS_PREDICTED[None])
    none = ClockHours(table, np.zeros(0), rota(ALWAYS, table.group, np.zeros(0)))
    assert none.quantile(0.5).shape == none.probability_later_than(np.zeros(0)).shape == (0,)
    assert none.expected_excess(np.zeros(0)).shape == (0,)
