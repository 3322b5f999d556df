"""Working hours: a clock that hardly gets on while nobody works, learnt from when things arrive."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.calendar import DAY_HOURS, FIRST_MONDAY
from features.holidays import holidays_within
from features.outcomes import SHORTEST_HOURS
from prediction.week import (
    SLOT_HOURS,
    SLOTS,
    TIMES,
    WEEKDAYS,
    learn_holidays,
    learn_week,
)
from prediction.working_hours import Rota, WorkingTime
from tests.unit.prediction.rotas import ordinary

FRIDAY, SATURDAY, SUNDAY = 4, 5, 6
FIRST = np.zeros(1, np.intp)
#: A Sunday counts for hardly anything; nights are as days.
NO_SUNDAYS = np.repeat([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.01], TIMES)[None]
weeks = st.lists(st.floats(0.01, 1.0), min_size=SLOTS, max_size=SLOTS).map(lambda rates: np.array([rates]))


#: The Monday from which on hours are counted here.
MONDAY = date(2026, 11, 30)
BEGINS = (MONDAY - FIRST_MONDAY).days * DAY_HOURS


def one(value: float) -> NDArray[np.float64]:
    """A column of one row."""
    return np.array([value])


def of(week: NDArray[np.float64], clock: NDArray[np.float64], group: NDArray[np.intp] = FIRST) -> Rota:
    """That of rows in a country without holidays."""
    return ordinary(week).weeks([""], clock).rota(group, np.zeros(len(group), np.intp))


@given(weeks, st.floats(0, 167.9), st.floats(0, 1_000))
def test_every_hour_counts_as_its_slot_of_the_week_says(week: NDArray[np.float64], clock: float, hours: float) -> None:
    """Added up minute by minute."""
    minutes = (np.arange(round(hours * 60)) + 0.5) / 60
    slot = ((clock + minutes) // SLOT_HOURS).astype(int) % SLOTS
    worked = of(week, one(clock)).worked(one(clock), one(len(minutes) / 60))[0]
    assert worked == pytest.approx(week[0][slot].sum() / 60, abs=0.02)


@given(weeks, st.floats(0, 167.9), st.floats(0, 3_000))
def test_the_way_back_leads_to_the_same_instant(week: NDArray[np.float64], clock: float, hours: float) -> None:
    """The clock never stands still."""
    rota = of(week, one(clock))
    worked = rota.worked(one(clock), one(hours))
    assert rota.hours(one(clock), worked) == pytest.approx(hours, rel=1e-9, abs=1e-6)


def test_what_is_ready_on_saturday_evening_takes_a_day_of_work_until_monday_evening() -> None:
    """As long as from Wednesday to Thursday, but for the little that a Sunday counts."""
    saturday = one(SATURDAY * DAY_HOURS + 18)
    rota = of(NO_SUNDAYS, saturday)
    assert rota.worked(saturday, one(48.0)) == pytest.approx(24.0 + 0.01 * DAY_HOURS)
    assert rota.worked(one(2 * DAY_HOURS + 18), one(24.0)) == pytest.approx(24.0)


def test_each_row_goes_by_the_week_of_its_group() -> None:
    week = np.concatenate([NO_SUNDAYS, np.ones((1, SLOTS))])
    sunday = np.full(2, SUNDAY * DAY_HOURS)
    assert of(week, sunday, np.array([0, 1])).worked(sunday, np.full(2, 24.0)) == pytest.approx([0.24, 24.0])


def test_no_duration_is_shorter_than_the_shortest() -> None:
    """A quarter of an hour on a Sunday, too."""
    sunday = one(SUNDAY * DAY_HOURS)
    assert of(NO_SUNDAYS, sunday).log_worked(sunday, one(0.25)) == pytest.approx(np.log(SHORTEST_HOURS))


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


def at(day: date, hour: float) -> NDArray[np.float64]:
    """The local hours of one row."""
    return one((day - FIRST_MONDAY).days * DAY_HOURS + hour)


CHRISTMAS = date(2026, 12, 25)
#: Nothing is done on holidays; nights and Sundays are as other days.
KEEPS_THEM = WorkingTime(np.ones((1, SLOTS)), {"public": np.array([0.01]), "optional": np.ones(1)})


def test_what_is_ready_on_christmas_eve_takes_a_day_of_work_until_the_day_after_boxing_day() -> None:
    """In Italy; where nobody keeps Christmas it is there on the day itself."""
    eve = at(CHRISTMAS - timedelta(days=1), 18.0)
    italy, nowhere = (KEEPS_THEM.weeks([calendar], eve).rota(FIRST, FIRST) for calendar in ("IT", ""))
    assert italy.worked(eve, one(72.0)) == pytest.approx(24.0 + 2 * 0.01 * DAY_HOURS, rel=1e-3)
    assert italy.hours(eve, one(24.0))[0] == pytest.approx(24.0 + 48.0 - 2 * 0.01 * DAY_HOURS, rel=1e-3)
    assert nowhere.hours(eve, one(24.0))[0] == pytest.approx(24.0)


def test_each_row_keeps_the_holidays_of_its_place() -> None:
    """All Saints' in Bavaria, not in Berlin."""
    all_saints = np.repeat(at(date(2027, 11, 1), 0.0), 2)
    rota = KEEPS_THEM.weeks(["DE BY", "DE BE"], all_saints).rota(np.zeros(2, np.intp), np.array([0, 1]))
    assert rota.worked(all_saints, np.full(2, 24.0)) == pytest.approx([0.24, 24.0], rel=1e-3)


@given(st.floats(0, 400 * DAY_HOURS), st.floats(0, 3_000), st.integers(-300, 300))
def test_hours_are_the_same_wherever_the_weeks_begin(clock: float, hours: float, other: int) -> None:
    """To the last bit, so that a service counts as its training did; the way back, too."""
    begins = one(BEGINS + clock)
    near = KEEPS_THEM.weeks(["IT"], begins).rota(FIRST, FIRST)
    wide = KEEPS_THEM.weeks(["FR", "IT"], np.append(begins, begins + other * DAY_HOURS)).rota(
        FIRST, np.ones(1, np.intp)
    )
    worked = near.worked(begins, one(hours))
    assert worked.tobytes() == wide.worked(begins, one(hours)).tobytes()
    back = near.hours(begins, worked)
    assert back.tobytes() == wide.hours(begins, worked).tobytes()
    assert back[0] == pytest.approx(hours, rel=1e-6, abs=1e-4)


def came(holiday: float, usual: int = 40, weeks: int = 20) -> NDArray[np.float64]:
    """So many on each day from the first of September 2026 on, and on public holidays in Italy so much of that."""
    first = date(2026, 9, 1)
    counts = {first + timedelta(days=ahead): usual for ahead in range(7 * weeks)}
    for ahead in holidays_within("IT", first, len(counts)):
        counts[first + timedelta(days=ahead)] = round(usual * holiday)
    days = np.repeat([(day - FIRST_MONDAY).days for day in counts], list(counts.values()))
    return np.asarray(days * DAY_HOURS + np.resize(np.arange(0.5, 24), len(days)))


def learnt(arrived: NDArray[np.float64], calendar: str = "IT", groups: int = 1) -> dict[str, NDArray[np.float64]]:
    nobody = np.zeros(len(arrived), np.intp)
    return learn_holidays(nobody, arrived, nobody, [calendar], groups)


def test_holidays_on_which_nothing_arrives_count_for_nothing_also_those_never_seen() -> None:
    """Easter, since Christmas was kept; but a day that need not be kept is as any other until it is seen."""
    shares = learnt(came(0.0))
    assert shares["Natale"][0] < 0.05
    assert shares["public"][0] < 0.1
    assert shares["optional"][0] == 1.0
    assert "Pasqua" not in shares


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_retailer_that_works_on_holidays_is_known_to(share: float) -> None:
    """Half as much may follow from fewer orders."""
    assert {float(of_group) for shares in learnt(came(share)).values() for of_group in shares} == {1.0}


def test_a_group_that_works_on_holidays_is_told_from_the_others() -> None:
    """And one of which nobody knows does as all."""
    resting, working = came(0.0), came(1.0)
    arrived = np.concatenate([resting, resting, resting, resting, working])
    group = np.repeat([0, 1], [4 * len(resting), len(working)])
    christmas = learn_holidays(group, arrived, np.zeros(len(arrived), np.intp), ["IT"], 3)["Natale"]
    assert christmas[0] < 0.1
    assert christmas[1] == 1.0
    assert christmas[2] < 0.35


def test_where_no_holidays_are_listed_none_are_learnt() -> None:
    assert set(learnt(came(0.0), "")) == {"public", "optional"}
    assert learnt(np.zeros(0))["public"].tolist() == [1.0]


def test_a_day_that_is_not_over_tells_nothing() -> None:
    """Learnt at three in the night of a Christmas on which they work."""
    night = at(CHRISTMAS, 3.0)[0]
    arrived = came(1.0)
    assert learnt(arrived[arrived < night]).get("Natale", np.ones(1))[0] == 1.0
    assert learnt(arrived[arrived < night])["public"][0] == 1.0


@pytest.mark.parametrize("first", [date(2026, 10, 31), date(2026, 11, 1)])
def test_a_holiday_with_which_the_history_begins_tells_nothing(first: date) -> None:
    """All Saints', on which they work: hardly anything was on its way yet."""
    arrived = came(1.0)
    arrived = arrived[arrived >= at(first, 0.0)[0]]
    day = arrived // DAY_HOURS
    few = arrived[(day != (date(2026, 11, 1) - FIRST_MONDAY).days) | (np.arange(len(arrived)) % 20 == 0)]
    assert {float(of_group) for shares in learnt(few).values() for of_group in shares} == {1.0}


def test_a_day_that_is_public_in_one_region_and_optional_in_another_is_one() -> None:
    """Carnival is public in Rio de Janeiro; a few in São Paulo who work on it do not speak for all."""
    first = date(2027, 1, 4)
    days = np.repeat((first - FIRST_MONDAY).days + np.arange(70), 40)
    carnival = [day for day in range(70) if holidays_within("BR RJ", first + timedelta(days=day), 1)]
    rest = np.isin(days - days[0], carnival)
    arrived = np.concatenate([days[~rest], days[::10]]) * DAY_HOURS + 12.0
    calendar = np.repeat([0, 1], [len(days[~rest]), len(days[::10])])
    shares = learn_holidays(np.zeros(len(arrived), np.intp), arrived, calendar, ["BR RJ", "BR SP"], 1)
    assert shares["Carnaval"][0] < 0.3


def test_hours_beyond_all_time_have_an_answer() -> None:
    """A spread that is out of all bounds holds nobody up."""
    begins = one(BEGINS)
    assert KEEPS_THEM.weeks(["IT"], begins).rota(FIRST, FIRST).hours(begins, one(1e22))[0] > 1e8
