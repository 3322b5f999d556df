"""Hours whose weekdays and times of day differ: every answer still comes from one distribution, and a closed day has no
part in it.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prediction.daily import DailyHours, stacked_days
from prediction.hourly import DAYS, NEAR_DAYS, TIME_HOURS, TIMES, HourlyHours
from prediction.hours import BASE_LEVELS, KNOTS, HoursTable
from prediction.week import WEEKDAYS, hours_at_work, working_hours

LEVEL = st.floats(0.001, 0.999)
SUNDAY = 6


@st.composite
def tables(draw: st.DrawFn) -> DailyHours:
    """Any smooth table of a few rows and groups, begun at any time, with any paces, of closed days and nights too."""
    groups, rows = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    steps = draw(st.lists(st.floats(1e-4, 1.0), min_size=groups * (len(KNOTS) - 1), max_size=groups * (len(KNOTS) - 1)))
    levels = np.concatenate([np.zeros((groups, 1)), np.cumsum(np.reshape(steps, (groups, -1)), axis=1)], axis=1)
    numbers = st.floats(-2, 6), st.floats(0.1, 1.5), st.integers(0, groups - 1), st.floats(0, 167.99)
    centre, spread, group, clock = zip(*draw(st.lists(st.tuples(*numbers), min_size=rows, max_size=rows)), strict=True)
    pace = st.one_of(st.just(0.0), st.floats(0.1, 3.0))
    paces = draw(st.lists(pace, min_size=groups * WEEKDAYS, max_size=groups * WEEKDAYS))
    smooth = HoursTable(np.array(centre), np.array(spread), np.array(group, np.intp), levels / levels[:, -1:])
    time_pace = st.one_of(st.just(1e-4), st.floats(0.1, 3.0))
    times = draw(st.lists(time_pace, min_size=groups * TIMES, max_size=groups * TIMES))
    rate = st.one_of(st.just(1.0), st.floats(0.03, 1.0))
    week = draw(st.lists(rate, min_size=rows * WEEKDAYS, max_size=rows * WEEKDAYS))
    hourly = HourlyHours(
        smooth, np.array(clock), np.reshape(times, (groups, TIMES)), np.reshape(week, (rows, WEEKDAYS))
    )
    return DailyHours(hourly, np.reshape(paces, (groups, WEEKDAYS)))


def even(table: DailyHours) -> DailyHours:
    """The same with weekdays, and times of the day, that are all alike."""
    hourly = replace(table.hourly, times=np.ones_like(table.hourly.times))
    return DailyHours(hourly, np.ones_like(table.paces))


@dataclass(frozen=True)
class Smooth:
    """What a table is without any paces, in hours of the clock."""

    hourly: HourlyHours

    @property
    def group(self) -> NDArray[np.intp]:
        return self.hourly.smooth.group

    def probability_later_than(self, hours: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """As long as days differ."""
        clock = self.hourly.clock
        worked = working_hours(self.hourly.week, clock, np.broadcast_to(np.maximum(hours, 0.0), clock.shape))
        return self.hourly.smooth.probability_later_than(worked)

    def quantile(self, level: float) -> NDArray[np.float64]:
        """As long as days differ."""
        return hours_at_work(self.hourly.week, self.hourly.clock, self.hourly.smooth.quantile(level))


def smooth_of(table: DailyHours) -> Smooth:
    """What it is without any paces."""
    return Smooth(table.hourly)


@given(tables(), LEVEL, st.floats(0, 24 * (NEAR_DAYS - 1)))
def test_where_all_are_alike_it_is_the_smooth_distribution(table: DailyHours, level: float, hours: float) -> None:
    """Quantiles and probabilities, near."""
    at, smooth = np.array(hours), smooth_of(table)
    quantile = smooth.quantile(level)
    near = quantile < 24 * (NEAR_DAYS - 1)
    assert even(table).quantile(level)[near] == pytest.approx(quantile[near], rel=1e-6)
    assert even(table).probability_later_than(at) == pytest.approx(smooth.probability_later_than(at), abs=1e-9)


@given(tables(), st.floats(0, 24 * (NEAR_DAYS - 1)))
def test_where_all_are_alike_lateness_is_that_of_the_smooth_distribution(table: DailyHours, hours: float) -> None:
    """But for what of it lies far; weekdays have as many working hours, too."""
    hourly = replace(even(table).hourly, week=np.ones_like(table.hourly.week))
    at, smooth = np.array(hours), hourly.smooth
    far = smooth.probability_later_than(24.0 * NEAR_DAYS - hourly.clock % 24) * 24
    excess = smooth.expected_excess(at)
    found = DailyHours(hourly, np.ones_like(table.paces)).expected_excess(at)
    assert (np.abs(found - excess) <= 1e-6 * (1 + excess) + far).all()


@given(tables(), st.integers(0, DAYS))
def test_times_of_the_day_leave_each_day_its_share(table: DailyHours, day: int) -> None:
    """At midnight as much has come as without them."""
    midnight = np.maximum(24.0 * day - table.hourly.clock % 24, 0.0)
    without = DailyHours(even(table).hourly, table.paces)
    assert table.probability_later_than(midnight) == pytest.approx(without.probability_later_than(midnight), abs=1e-9)
    days = DailyHours(table.hourly, np.ones_like(table.paces))
    smooth = smooth_of(table).probability_later_than(midnight)
    assert days.probability_later_than(midnight) == pytest.approx(smooth, abs=1e-9)


@given(tables(), st.integers(0, NEAR_DAYS - 1))
def test_within_a_near_day_each_time_counts_as_its_pace_says(table: DailyHours, day: int) -> None:
    """Of what the smooth distribution expects in each: added up time by time, as it is said."""
    hourly, smooth = table.hourly, smooth_of(table)
    midnight = 24.0 * day - hourly.clock % 24
    marks = [np.maximum(midnight + TIME_HOURS * time, 0.0) for time in range(TIMES + 1)]
    late = np.array([smooth.probability_later_than(mark) for mark in marks])
    weighed = (late[:-1] - late[1:]) * hourly.times[smooth.group].T
    whole = weighed.sum(axis=0)
    some = whole > 1e-9
    for time in range(TIMES + 1):
        share = weighed[:time].sum(axis=0)[some] / whole[some]
        expected = late[0, some] - share * (late[0, some] - late[-1, some])
        assert hourly.probability_later_than(marks[time])[some] == pytest.approx(expected, abs=1e-9)


@given(tables(), st.integers(NEAR_DAYS, DAYS - 1), st.floats(0, 24))
def test_within_a_far_day_the_paces_alone_say_when(table: DailyHours, day: int, of_day: float) -> None:
    """Each time has its share of the day, evenly over its three hours."""
    hourly, smooth = table.hourly, smooth_of(table)
    midnight = 24.0 * day - hourly.clock % 24
    begins, ends = (smooth.probability_later_than(midnight + hours) for hours in (0.0, 24.0))
    times = hourly.times[smooth.group]
    came = np.array([np.interp(of_day, np.arange(TIMES + 1) * TIME_HOURS, [0, *np.cumsum(row)]) for row in times])
    expected = begins - (begins - ends) * came / times.sum(axis=1)
    assert hourly.probability_later_than(midnight + of_day) == pytest.approx(expected, abs=1e-6)


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


@settings(max_examples=12)
@given(tables(), LEVEL)
def test_the_expected_excess_is_the_integral_of_the_probability_of_being_later(table: DailyHours, level: float) -> None:
    """Of the same probabilities, so that the price of lateness and its risk agree."""
    after = table.quantile(level)
    hourly = table.hourly
    worked = np.exp(hourly.smooth.centre + hourly.smooth.spread * KNOTS[-1])
    last = hours_at_work(hourly.week, hourly.clock, worked) * 1.5  # far days are all like an average one
    last = np.where(last < 24 * DAYS, 24.0 * (np.floor((last + 24) / 24) + 1), last)  # a far day is filled to its end
    edges = np.linspace(np.log(after), np.log(np.maximum(last, after)), 4_001)
    late = np.array([table.probability_later_than(hours) for hours in np.exp((edges[:-1] + edges[1:]) / 2)])
    integral = (late * np.diff(np.exp(edges), axis=0)).sum(axis=0)
    assert table.expected_excess(after) == pytest.approx(integral, rel=5e-3, abs=1e-6 * last.max())


@given(tables(), st.integers(0, DAYS - 1))
def test_on_a_closed_day_nothing_comes(table: DailyHours, ahead: int) -> None:
    """The probability of being later is the same in its morning and in its evening."""
    clock = table.hourly.clock
    closed = np.floor(clock / 24).astype(int) + ahead
    paces = table.paces.copy()
    paces[smooth_of(table).group, closed % WEEKDAYS] = 0.0
    sundays = DailyHours(table.hourly, paces)
    begins = np.maximum(24.0 * ahead - clock % 24, 0.0)
    ends = 24.0 * (ahead + 1) - clock % 24
    came = smooth_of(table).probability_later_than(ends) > 1e-9  # what has come is not late, whatever the day
    morning, evening = (sundays.probability_later_than(hours) for hours in (begins, ends - 1e-6))
    assert evening[came] == pytest.approx(morning[came], abs=1e-6)


def test_what_a_sunday_does_not_bring_monday_does() -> None:
    """Ordered on a Saturday at noon: nothing on Sunday, and no more has come by Sunday's end than by Saturday's."""
    smooth = HoursTable(np.array([3.4]), np.array([0.4]), np.array([0]), np.append(np.append(0, BASE_LEVELS), 1)[None])
    paces = np.ones((1, WEEKDAYS))
    paces[0, SUNDAY] = 0.0
    table = DailyHours(
        HourlyHours(smooth, np.array([5 * 24 + 12.0]), np.ones((1, TIMES)), np.ones((1, WEEKDAYS))), paces
    )
    saturday, sunday, monday = (table.probability_later_than(np.array([h]))[0] for h in (12.0, 36.0, 60.0))
    assert saturday == sunday > monday
    assert not 12.0 < table.quantile(0.5)[0] < 36.0


@given(tables(), tables(), LEVEL)
def test_tables_one_after_the_other_answer_as_each_does(one: DailyHours, other: DailyHours, level: float) -> None:
    """And so do rows that are taken."""
    both = stacked_days([one, other])
    late = np.concatenate([one.expected_excess(np.array(30.0)), other.expected_excess(np.array(30.0))])
    assert both.expected_excess(np.array(30.0)).tolist() == late.tolist()
    assert both.quantile(level).tolist() == [*one.quantile(level), *other.quantile(level)]
    last = len(one.hourly.clock)
    assert both.take(np.array([last, last])).quantile(level).tolist() == [other.quantile(level)[0]] * 2


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    """There is no certain date."""
    smooth = HoursTable(np.zeros(1), np.ones(1), np.zeros(1, np.intp), np.linspace(0, 1, len(KNOTS))[None, :])
    alike = np.ones((1, WEEKDAYS))
    table = DailyHours(HourlyHours(smooth, np.zeros(1), np.ones((1, TIMES)), alike), alike)
    with pytest.raises(ValueError, match="between 0 and 1"):
        table.quantile(level)


def test_no_rows_have_no_hours() -> None:
    """An order without candidates is no error."""
    smooth = HoursTable(np.zeros(0), np.zeros(0), np.zeros(0, np.intp), np.linspace(0, 1, len(KNOTS))[None, :])
    table = DailyHours(
        HourlyHours(smooth, np.zeros(0), np.ones((1, TIMES)), np.ones((0, WEEKDAYS))), np.ones((1, WEEKDAYS))
    )
    assert table.quantile(0.5).shape == table.probability_later_than(np.zeros(0)).shape == (0,)
    assert table.expected_excess(np.zeros(0)).shape == (0,)
