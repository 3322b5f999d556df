"""What each time of the day brings is learnt from what arrived, and no more than that."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from prediction.calibrated import calibrated
from prediction.calibration import DAY_SECONDS, HOUR_SECONDS, CalibrationSettings, UnderWay
from prediction.daytimes import time_paces
from prediction.hourly import TIMES
from prediction.hours import BASE_LEVELS
from prediction.week import WEEKDAYS

NOW = 1_770_000_000.0
MONDAY = NOW - (NOW + 72 * HOUR_SECONDS) % (7 * DAY_SECONDS)
LEVELS = np.concatenate([[0.0], BASE_LEVELS, [1.0]])[None, :]
SETTINGS = CalibrationSettings()


def attempts(count: int, seed: int, *, days: float = 60.0, spread: float = 0.5, round_: bool = True) -> UnderWay:
    """Attempts of the last ``days``: what would come at any hour comes on a round from 9 to 18 h, if there is one."""
    generator = np.random.default_rng(seed)
    started_at = NOW - generator.uniform(0, days, count) * DAY_SECONDS
    arrived_at = started_at + np.exp(np.log(90) + spread * generator.standard_normal(count)) * HOUR_SECONDS
    midnight = MONDAY + (arrived_at - MONDAY) // DAY_SECONDS * DAY_SECONDS
    on_round = midnight + 9 * HOUR_SECONDS + generator.uniform(0, 9, count) * HOUR_SECONDS
    return UnderWay(
        group=np.zeros(count, np.intp),
        centre=np.full(count, np.log(90)),
        spread=np.full(count, spread),
        started_at=started_at,
        arrived_at=np.where(round_ & (on_round > started_at), on_round, arrived_at),
        ended_at=np.full(count, np.nan),
        weight=np.ones(count),
        clock=(started_at - MONDAY) / HOUR_SECONDS % 168,
        week=np.ones((count, WEEKDAYS)),
    )


def paces_of(made: UnderWay, groups: int = 1) -> NDArray[np.float64]:
    """As of now."""
    return time_paces(made, np.tile(LEVELS, (groups, 1)), NOW, SETTINGS)


def test_where_nothing_comes_at_night_its_paces_are_next_to_none() -> None:
    """Three of the eight times of the day have everything."""
    paces = paces_of(attempts(20_000, 1))[0]
    assert paces[[0, 1, 2, 6, 7]] == pytest.approx(0.0, abs=0.02)
    assert paces[3:6] == pytest.approx(8 / 3, abs=0.2)


def test_where_all_times_are_alike_paces_are_one() -> None:
    """Within the noise, and what mornings of far days have: there the smooth hours fall through the day, unseen."""
    assert paces_of(attempts(20_000, 2, round_=False)) == pytest.approx(1.0, abs=0.2)


def test_who_predicts_the_hour_already_needs_no_paces() -> None:
    """All are asked for at nine and ready at noon, as was predicted: that is no reason to move anything."""
    made = attempts(20_000, 3, round_=False)
    day = MONDAY + (made.started_at - MONDAY) // DAY_SECONDS * DAY_SECONDS
    hours = np.exp(np.log(3) + 0.3 * np.random.default_rng(3).standard_normal(len(day)))
    started_at = day + 9 * HOUR_SECONDS
    sharp = replace(
        made,
        centre=np.full(len(day), np.log(3.0)),
        spread=np.full(len(day), 0.3),
        started_at=started_at,
        arrived_at=started_at + hours * HOUR_SECONDS,
        clock=(started_at - MONDAY) / HOUR_SECONDS % 168,
    )
    paces = paces_of(sharp)[0]
    assert paces[3:5] / paces[3] == pytest.approx(1.0, abs=0.1)


def test_dates_are_kept_as_often_as_stated_at_every_hour() -> None:
    """At midnight, in the morning and in the evening: what was learnt of seven weeks, asked of the fortnight after."""
    made = attempts(60_000, 5, days=80.0)
    cut = NOW - 20 * DAY_SECONDS - (NOW - MONDAY) % DAY_SECONDS
    asked = made.take(np.flatnonzero((made.started_at >= cut) & (made.started_at < cut + 7 * DAY_SECONDS)))
    hours = calibrated(made, 1, cut).of(asked.centre, asked.spread, asked.group, asked.clock, asked.week)
    for hour in (0.0, 8.0, 12.0, 17.0, 22.0):
        until = 4 * 24 + hour - asked.clock % 24
        late = asked.arrived_at > asked.started_at + until * HOUR_SECONDS
        assert hours.probability_later_than(until).mean() == pytest.approx(late.mean(), abs=0.02), hour
    for level in (0.1, 0.5, 0.9):
        within = asked.arrived_at <= asked.started_at + hours.quantile(level) * HOUR_SECONDS
        assert within.mean() == pytest.approx(level, abs=0.025)


def test_what_is_late_at_midnight_is_as_often_as_stated() -> None:
    """When the day's round is over: levels that took the hour for a part of the day state more there."""
    made = attempts(120_000, 7, days=80.0)
    cut = NOW - 20 * DAY_SECONDS - (NOW - MONDAY) % DAY_SECONDS
    asked = made.take(np.flatnonzero((made.started_at >= cut) & (made.started_at < cut + 7 * DAY_SECONDS)))
    hours = calibrated(made, 1, cut).of(asked.centre, asked.spread, asked.group, asked.clock, asked.week)
    stated, seen = 0.0, 0.0
    for days in (6, 7, 8):
        until = 24 * days - asked.clock % 24
        stated += hours.probability_later_than(until).mean()
        seen += (asked.arrived_at > asked.started_at + until * HOUR_SECONDS).mean()
    assert stated == pytest.approx(seen, rel=0.04)


def test_with_nothing_to_learn_from_times_are_alike() -> None:
    """A new retailer's first day, and parcels that have only just left."""
    assert paces_of(attempts(0, 5), 3) == pytest.approx(1.0)
    assert paces_of(replace(attempts(50, 5), started_at=np.full(50, NOW), arrived_at=np.full(50, NOW + 9e5))) == (
        pytest.approx(1.0)
    )


def test_a_group_with_few_arrivals_has_the_paces_of_all() -> None:
    """Group 1 has five parcels, group 2 none."""
    made = attempts(10_000, 6)
    paces = paces_of(replace(made, group=np.where(np.arange(10_000) < 5, 1, 0).astype(np.intp)), 3)
    assert paces[1] == pytest.approx(paces[0], abs=0.6)
    assert paces[2] == pytest.approx(paces[0], abs=0.1)
    assert (paces > 0).all()
    assert paces.mean(axis=1) == pytest.approx(np.full(3, 1.0))
    assert paces.shape == (3, TIMES)


def test_what_comes_after_now_does_not_count() -> None:
    """Another future gives the same bits."""
    made = attempts(3_000, 7, days=40.0)
    later = made.arrived_at > NOW
    another = replace(
        made,
        arrived_at=np.where(later, made.arrived_at + 500 * HOUR_SECONDS, made.arrived_at),
        ended_at=np.where(later, NOW + 5.0, made.ended_at),
    )
    for here, there in zip(calibrated(made, 1, NOW), calibrated(another, 1, NOW), strict=True):
        assert np.array_equal(here, there)


def test_a_sampling_weight_counts_as_so_many_attempts() -> None:
    """Only the ratio of weights matters."""
    made = attempts(2_000, 8)
    assert paces_of(replace(made, weight=np.full(2_000, 30.0))) == pytest.approx(paces_of(made))
