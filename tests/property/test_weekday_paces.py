"""What each weekday brings is learnt from what was under way, and no more than that."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from prediction.calibration import DAY_SECONDS, HOUR_SECONDS, CalibrationSettings, UnderWay
from prediction.daily import DailyHours
from prediction.hourly import TIMES, HourlyHours
from prediction.hours import BASE_LEVELS, HoursTable
from prediction.week import WEEKDAYS
from prediction.weekdays import weekday_paces

NOW = 1_770_000_000.0
MONDAY = NOW - (NOW + 72 * HOUR_SECONDS) % (7 * DAY_SECONDS)
SUNDAY = 6
LEVELS = np.concatenate([[0.0], BASE_LEVELS, [1.0]])[None, :]
ALIKE = np.ones((1, TIMES))


def attempts(count: int, seed: int, *, rests_on_sundays: bool, days: float = 60.0) -> UnderWay:
    """Attempts of the last ``days``, predicted as they come but for Sundays: those come a day later, where it rests."""
    generator = np.random.default_rng(seed)
    started_at = NOW - generator.uniform(0, days, count) * DAY_SECONDS
    arrived_at = started_at + np.exp(np.log(60) + 0.5 * generator.standard_normal(count)) * HOUR_SECONDS
    on_sunday = weekday(arrived_at) == SUNDAY
    return UnderWay(
        group=np.zeros(count, np.intp),
        centre=np.full(count, np.log(60)),
        spread=np.full(count, 0.5),
        started_at=started_at,
        arrived_at=arrived_at + (on_sunday & rests_on_sundays) * DAY_SECONDS,
        ended_at=np.full(count, np.nan),
        weight=np.ones(count),
        clock=(started_at - MONDAY) / HOUR_SECONDS % 168,
        week=np.ones((count, WEEKDAYS)),
    )


def weekday(instants: NDArray[np.float64]) -> NDArray[np.intp]:
    """0 = Monday, by a clock that shows UTC."""
    return ((instants - MONDAY) // DAY_SECONDS).astype(np.intp) % 7


def test_where_nothing_comes_on_sundays_their_pace_is_next_to_none_and_mondays_is_high() -> None:
    """What Sunday does not bring, Monday does."""
    paces = weekday_paces(attempts(20_000, 1, rests_on_sundays=True), LEVELS, ALIKE, NOW, CalibrationSettings())[0]
    assert paces[SUNDAY] < 0.01
    assert paces[0] > 1.3
    assert paces[1:SUNDAY] == pytest.approx(np.ones(5), abs=0.25)


def test_where_days_are_alike_paces_are_one() -> None:
    """Within the noise of so many arrivals."""
    paces = weekday_paces(attempts(20_000, 2, rests_on_sundays=False), LEVELS, ALIKE, NOW, CalibrationSettings())[0]
    assert paces == pytest.approx(np.ones(7), abs=0.1)


def test_dates_with_paces_are_kept_as_often_as_they_say_on_every_weekday() -> None:
    """What was promised for a Sunday's end came by it as often as stated; without paces it comes far less often."""
    made = attempts(20_000, 3, rests_on_sundays=True)
    known = made.arrived_at < NOW
    made = made.take(np.flatnonzero(known & (made.started_at < NOW - 20 * DAY_SECONDS)))
    paces = weekday_paces(made, LEVELS, ALIKE, NOW, CalibrationSettings(weeks=9))
    smooth = HoursTable(made.centre, made.spread, made.group, LEVELS)
    sunday_ends = (7 * DAY_SECONDS - (made.started_at - MONDAY) % (7 * DAY_SECONDS)) / HOUR_SECONDS
    met = np.mean(made.arrived_at <= made.started_at + sunday_ends * HOUR_SECONDS)
    daily = DailyHours(HourlyHours(smooth, made.clock, ALIKE, made.week), paces)
    assert np.mean(1 - daily.probability_later_than(sunday_ends)) == pytest.approx(met, abs=0.02)
    assert np.mean(1 - smooth.probability_later_than(sunday_ends)) > met + 0.04


def test_with_nothing_to_learn_from_days_are_alike() -> None:
    """A new retailer's first day, and parcels that have only just left."""
    nothing = attempts(0, 1, rests_on_sundays=True)
    assert weekday_paces(
        nothing, np.tile(LEVELS, (3, 1)), np.tile(ALIKE, (3, 1)), NOW, CalibrationSettings()
    ) == pytest.approx(1.0)
    left = replace(attempts(50, 1, rests_on_sundays=True), started_at=np.full(50, NOW))
    assert weekday_paces(left, LEVELS, ALIKE, NOW, CalibrationSettings()) == pytest.approx(1.0)


def test_a_group_with_few_arrivals_has_the_paces_of_all() -> None:
    """Group 1 has five parcels, group 2 none."""
    made = attempts(10_000, 4, rests_on_sundays=True)
    made = replace(made, group=np.where(np.arange(10_000) < 5, 1, 0).astype(np.intp))
    paces = weekday_paces(made, np.tile(LEVELS, (3, 1)), np.tile(ALIKE, (3, 1)), NOW, CalibrationSettings())
    assert paces[1] == pytest.approx(paces[0], abs=0.35)
    assert paces[2] == pytest.approx(paces[0], abs=0.1)


def test_how_fast_all_days_are_is_not_theirs_to_say() -> None:
    """Everything is twice as slow as predicted: the levels say so, and days stay alike."""
    made = attempts(20_000, 5, rests_on_sundays=False)
    slow = replace(made, arrived_at=made.started_at + 2 * (made.arrived_at - made.started_at))
    assert weekday_paces(slow, LEVELS, ALIKE, NOW, CalibrationSettings())[0] == pytest.approx(np.ones(7), abs=0.15)


def test_what_comes_after_now_does_not_count() -> None:
    """Another future gives the same bits."""
    made = attempts(3_000, 6, rests_on_sundays=True, days=40.0)
    later = made.arrived_at > NOW
    another = replace(
        made,
        arrived_at=np.where(later, made.arrived_at + 500 * HOUR_SECONDS, made.arrived_at),
        ended_at=np.where(later, NOW + 5.0, made.ended_at),
    )
    settings = CalibrationSettings()
    found = weekday_paces(made, LEVELS, ALIKE, NOW, settings)
    assert np.array_equal(found, weekday_paces(another, LEVELS, ALIKE, NOW, settings))


def test_a_sampling_weight_counts_as_so_many_attempts() -> None:
    """Only the ratio of weights matters."""
    made = attempts(2_000, 7, rests_on_sundays=True)
    heavy = replace(made, weight=np.full(2_000, 30.0))
    settings = CalibrationSettings()
    assert weekday_paces(heavy, LEVELS, ALIKE, NOW, settings) == pytest.approx(
        weekday_paces(made, LEVELS, ALIKE, NOW, settings)
    )
