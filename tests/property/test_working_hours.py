"""Working hours: a clock that hardly gets on while nobody works, learnt from when things arrive."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.outcomes import SHORTEST_HOURS
from prediction.week import (
    DAY_HOURS,
    SLOT_HOURS,
    SLOTS,
    TIMES,
    WEEKDAYS,
    hours_at_work,
    learn_week,
    log_work,
    working_hours,
)

FRIDAY, SATURDAY, SUNDAY = 4, 5, 6
FIRST = np.zeros(1, np.intp)
#: A Sunday counts for hardly anything; nights are as days.
NO_SUNDAYS = np.repeat([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.01], TIMES)[None]
weeks = st.lists(st.floats(0.01, 1.0), min_size=SLOTS, max_size=SLOTS).map(lambda rates: np.array([rates]))


def one(value: float) -> NDArray[np.float64]:
    """A column of one row."""
    return np.array([value])


@given(weeks, st.floats(0, 167.9), st.floats(0, 1_000))
def test_every_hour_counts_as_its_slot_of_the_week_says(week: NDArray[np.float64], clock: float, hours: float) -> None:
    """Added up minute by minute."""
    minutes = (np.arange(round(hours * 60)) + 0.5) / 60
    slot = ((clock + minutes) // SLOT_HOURS).astype(int) % SLOTS
    worked = working_hours(week, FIRST, one(clock), one(len(minutes) / 60))[0]
    assert worked == pytest.approx(week[0][slot].sum() / 60, abs=0.02)


@given(weeks, st.floats(0, 167.9), st.floats(0, 3_000))
def test_the_way_back_leads_to_the_same_instant(week: NDArray[np.float64], clock: float, hours: float) -> None:
    """The clock never stands still."""
    worked = working_hours(week, FIRST, one(clock), one(hours))
    assert hours_at_work(week, FIRST, one(clock), worked) == pytest.approx(hours, rel=1e-9, abs=1e-6)


def test_what_is_ready_on_saturday_evening_takes_a_day_of_work_until_monday_evening() -> None:
    """As long as from Wednesday to Thursday, but for the little that a Sunday counts."""
    saturday = one(SATURDAY * DAY_HOURS + 18)
    assert working_hours(NO_SUNDAYS, FIRST, saturday, one(48.0)) == pytest.approx(24.0 + 0.01 * DAY_HOURS)
    assert working_hours(NO_SUNDAYS, FIRST, one(2 * DAY_HOURS + 18), one(24.0)) == pytest.approx(24.0)


def test_each_row_goes_by_the_week_of_its_group() -> None:
    week = np.concatenate([NO_SUNDAYS, np.ones((1, SLOTS))])
    sunday = np.full(2, SUNDAY * DAY_HOURS)
    assert working_hours(week, np.array([0, 1]), sunday, np.full(2, 24.0)) == pytest.approx([0.24, 24.0])


def test_no_duration_is_shorter_than_the_shortest() -> None:
    """A quarter of an hour on a Sunday, too."""
    assert log_work(NO_SUNDAYS, FIRST, one(SUNDAY * DAY_HOURS), one(0.25)) == pytest.approx(np.log(SHORTEST_HOURS))


def arrivals(
    per_day: list[int], hours: tuple[float, ...] = (1.0, 4.0, 7.0, 10.0, 13.0, 16.0, 19.0, 22.0)
) -> NDArray[np.float64]:
    """So many on each weekday, at each of the hours in turn."""
    days = np.repeat(np.arange(WEEKDAYS) * DAY_HOURS, per_day)
    return np.asarray(days + np.resize(hours, len(days)))


def of_days(week: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the busiest time of each weekday counts; (groups, 7)."""
    return np.asarray(week.reshape(-1, WEEKDAYS, TIMES).max(axis=2))


def test_a_day_on_which_hardly_anything_arrives_counts_as_much_as_arrives_on_it() -> None:
    """Nothing on Sundays, a quarter on Saturdays; a weaker Friday may be one of fewer orders."""
    arrived = arrivals([160, 192, 160, 160, 96, 40, 0])
    week = of_days(learn_week(np.zeros(len(arrived), np.intp), arrived, 1))[0]
    assert week[:SATURDAY] == pytest.approx(1.0)
    assert week[SATURDAY] == pytest.approx(0.25)
    assert 0 < week[SUNDAY] < 0.05


def test_hours_in_which_a_shop_is_closed_hardly_count() -> None:
    """From nine to nine, but for the evening, in which half as much is done."""
    arrived = arrivals([140] * 6 + [0], (10.0, 13.0, 16.0, 10.5, 13.5, 16.5, 19.0))
    monday = learn_week(np.zeros(len(arrived), np.intp), arrived, 1)[0, :TIMES]
    assert monday[3:6] == pytest.approx(1.0)
    assert monday[6] == pytest.approx(0.5, abs=0.1)
    assert (monday[[0, 1, 2, 7]] < 0.05).all()
    assert (monday > 0).all()


def test_where_a_truck_comes_once_a_day_only_its_hour_counts() -> None:
    """Three in a hundred leave at other times."""
    arrived = arrivals([200] * 5 + [0, 0], (16.5,) * 32 + (10.5,))
    week = learn_week(np.zeros(len(arrived), np.intp), arrived, 1).reshape(WEEKDAYS, TIMES)
    assert week[:SATURDAY, 5] == pytest.approx(1.0)
    assert np.delete(week, 5, axis=1).max() < 0.1
    assert week[SATURDAY:].max() < 0.05


def test_a_group_of_few_arrivals_has_the_week_of_all() -> None:
    """And a group that nobody has seen; stores that are open on Sundays keep theirs."""
    closed, open_ = arrivals([104] * 6 + [0]), arrivals([104] * 7)
    few = arrivals([1] * 7)
    arrived = np.concatenate([closed, closed, closed, open_, few])
    group = np.repeat([0, 1, 2], [3 * len(closed), len(open_), len(few)])
    week = of_days(learn_week(group, arrived, 4))
    assert week[0, SUNDAY] < 0.05
    assert week[1] == pytest.approx(1.0)
    assert week[2].tolist() == week[3].tolist()
    assert week[3, SUNDAY] == pytest.approx(105 / 417, abs=0.01)


def test_with_nothing_to_learn_from_all_hours_are_alike() -> None:
    """A new retailer's first day."""
    assert learn_week(np.zeros(0, np.intp), np.zeros(0), 2).tolist() == [[1.0] * SLOTS] * 2
