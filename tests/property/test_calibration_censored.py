"""Calibration learns from parcels still on their way: it finds the truth where the delivered ones alone mislead."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtr

from prediction.calibration import (
    DAY_SECONDS,
    HOUR_SECONDS,
    CalibrationSettings,
    UnderWay,
    _unsteadiness,
    calibrate,
)
from prediction.hours import BASE_LEVELS, KNOTS, HoursTable
from tests.unit.prediction.rotas import ALWAYS, rota

NOW = 1_770_000_000.0
UNCALIBRATED = np.concatenate([[0.0], BASE_LEVELS, [1.0]])
NEVER = float("nan")


def attempts(count: int, seed: int, *, slower: float = 0.0, wider: float = 1.0, days: float = 60.0) -> UnderWay:
    """Attempts of the last ``days``, predicted with a median of 150 hours and a spread of 0.5.

    Their true median is ``exp(slower)`` times as long, their true spread ``wider`` times as wide.
    """
    generator = np.random.default_rng(seed)
    started_at = NOW - generator.uniform(0, days, count) * DAY_SECONDS
    log_hours = np.log(150) + slower + 0.5 * wider * generator.standard_normal(count)
    return UnderWay(
        group=np.zeros(count, dtype=np.intp),
        centre=np.full(count, np.log(150)),
        spread=np.full(count, 0.5),
        started_at=started_at,
        arrived_at=started_at + np.exp(log_hours) * HOUR_SECONDS,
        ended_at=np.full(count, NEVER),
        weight=np.ones(count),
        clock=started_at / HOUR_SECONDS + 72,
        rota=rota(ALWAYS, np.zeros(count, np.intp), started_at / HOUR_SECONDS + 72),
    )


def quantiles(levels: NDArray[np.float64], group: int = 0) -> NDArray[np.float64]:
    """P10, P50 and P90 in hours of an attempt predicted as above."""
    table = HoursTable(np.array([np.log(150)]), np.array([0.5]), np.array([group]), levels)
    return np.array([table.quantile(level)[0] for level in (0.1, 0.5, 0.9)])


@pytest.mark.parametrize(("slower", "wider"), [(0.0, 1.0), (0.4, 1.0), (-0.3, 1.0), (0.0, 1.5), (0.3, 0.6)])
def test_the_truth_is_found_although_many_parcels_are_still_on_their_way(slower: float, wider: float) -> None:
    """P10, P50 and P90 within 5 % of those of the distribution that the parcels were drawn from."""
    made = attempts(20_000, 1, slower=slower, wider=wider)
    found = quantiles(calibrate(made, 1, NOW, CalibrationSettings()))
    truth = 150 * np.exp(slower + 0.5 * wider * np.array([-1.28155, 0.0, 1.28155]))
    assert found == pytest.approx(truth, rel=0.05)


def test_the_delivered_ones_alone_would_promise_far_too_early() -> None:
    """The reason for all this: of last week's parcels only the fast ones have arrived."""
    made = attempts(20_000, 2, days=10.0)
    delivered = made.arrived_at <= NOW
    naive = np.quantile((made.arrived_at - made.started_at)[delivered] / HOUR_SECONDS, [0.1, 0.5, 0.9])
    truth = 150 * np.exp(0.5 * np.array([-1.28155, 0.0, 1.28155]))
    assert naive[1] < 0.8 * truth[1]
    assert naive[2] < 0.8 * truth[2]
    found = quantiles(calibrate(made, 1, NOW, CalibrationSettings(weeks=1)))
    assert found == pytest.approx(truth, rel=0.06)


def test_it_follows_a_slowdown_of_the_last_days_that_hardly_anything_delivered_shows() -> None:
    """A strike ten days ago: parcels sent since then take twice as long, and few of them have arrived."""
    before, strike = attempts(10_000, 3, days=60.0), attempts(4_000, 4, slower=np.log(2), days=10.0)
    rows = np.flatnonzero(before.started_at < NOW - 10 * DAY_SECONDS)
    both = before.take(rows).and_then(strike)
    settings_ = CalibrationSettings(weeks=1)
    found = quantiles(calibrate(both, 1, NOW, settings_))
    arrived = both.arrived_at <= NOW
    recent = both.arrived_at > NOW - 10 * DAY_SECONDS
    naive = np.median((both.arrived_at - both.started_at)[arrived & recent]) / HOUR_SECONDS
    assert found[1] > 1.15 * 150
    assert found[1] > 1.1 * naive


def test_a_disruption_that_has_ended_is_soon_forgotten() -> None:
    """Two weeks of a strike, in which nothing arrives: when its parcels are through, the typical week rules again."""
    made = attempts(30_000, 8, days=80.0)
    began, over = NOW - 35 * DAY_SECONDS, NOW - 21 * DAY_SECONDS
    held_up = (made.arrived_at > began) & (made.started_at < over)
    arrived_at = np.where(held_up, made.arrived_at + (over - np.maximum(made.started_at, began)), made.arrived_at)
    struck = replace(made, arrived_at=arrived_at)
    robust = quantiles(calibrate(struck, 1, NOW, CalibrationSettings()))
    only_the_strike = quantiles(calibrate(struck, 1, over, CalibrationSettings(weeks=2)))
    assert robust[1] == pytest.approx(150, rel=0.1)
    assert only_the_strike[1] > 2 * 150


def test_a_disruption_that_lasts_is_not_taken_to_last_for_ever() -> None:
    """A week in which nothing arrives: dates become later, by a little only."""
    made = attempts(30_000, 13, days=80.0)
    began = NOW - 7 * DAY_SECONDS
    struck = replace(made, arrived_at=np.where(made.arrived_at > began, NOW + made.arrived_at - began, made.arrived_at))
    before, found = (quantiles(calibrate(each, 1, NOW, CalibrationSettings())) for each in (made, struck))
    assert (before < found).all()
    assert (found < 1.1 * before).all()


def test_parcels_that_have_become_faster_are_promised_sooner_within_a_fortnight() -> None:
    """For two weeks everything under way has moved half again as fast: more than half of that is known already."""
    made = attempts(30_000, 14, days=80.0)
    began = NOW - 14 * DAY_SECONDS
    faster = np.where(
        made.arrived_at > began,
        np.maximum(made.started_at, began) + (made.arrived_at - np.maximum(made.started_at, began)) / 1.5,
        made.arrived_at,
    )
    found = quantiles(calibrate(replace(made, arrived_at=faster), 1, NOW, CalibrationSettings()))
    assert 150 / 1.5 < found[1] < 150 / 1.25


def test_where_weeks_have_differed_the_coming_one_is_less_sure() -> None:
    """Weeks between half the pace and twice it: wider than where all are alike, beyond what their mixture is."""
    made = attempts(40_000, 15, days=90.0)
    week = 7 * DAY_SECONDS
    edges = NOW - week * np.arange(16, -8, -1)
    paces = np.resize([0.5, 0.7, 1.0, 1.4, 2.0], len(edges) - 1)
    moved = np.concatenate([[0.0], np.cumsum(paces * week)])
    arrived = np.interp(made.started_at, edges, moved) + made.arrived_at - made.started_at
    unsteady = replace(made, arrived_at=np.interp(arrived, moved, edges))
    alike, differing = (quantiles(calibrate(each, 1, NOW, CalibrationSettings())) for each in (made, unsteady))
    assert np.log(differing[2] / differing[0]) > 1.3 * np.log(alike[2] / alike[0])


def test_a_pace_that_few_weeks_tell_is_less_sure() -> None:
    """Of the same weeks, the deviation of a coming one from the mean of n of them: √(1 + 1/n) of how they differ."""
    pace = np.array([0.5, 2.0, 0.7, 1.4, 1.0, 0.8, 1.25])
    by_seven, by_one = (CalibrationSettings(pace_decay=decay) for decay in (1.0, 1e-9))
    assert _unsteadiness(pace, by_seven) ** 2 * 2 == pytest.approx(_unsteadiness(pace, by_one) ** 2 * (1 + 1 / 7))


def test_a_heavy_tail_is_found_up_to_its_end() -> None:
    """One that arrives beyond the last level has not arrived before it."""
    made = attempts(60_000, 5, wider=2.0, days=90.0)
    levels = calibrate(made, 1, NOW, CalibrationSettings())[0]
    assert levels[-2] == pytest.approx(ndtr(KNOTS[-2] / 2), abs=0.015)
    assert levels[-4] == pytest.approx(ndtr(KNOTS[-4] / 2), abs=0.015)


def test_with_nothing_to_learn_from_the_levels_are_the_predicted_ones() -> None:
    """A new retailer's first day."""
    levels = calibrate(attempts(0, 1), 3, NOW, CalibrationSettings())
    assert levels == pytest.approx(np.tile(UNCALIBRATED, (3, 1)), abs=1e-12)


def test_parcels_that_have_only_just_left_change_nothing() -> None:
    """They have not yet lived through anything."""
    made = replace(attempts(50, 1), started_at=np.full(50, NOW))
    assert calibrate(made, 1, NOW, CalibrationSettings())[0] == pytest.approx(UNCALIBRATED, abs=1e-12)


def test_what_comes_after_now_does_not_count() -> None:
    """Neither arrivals nor failures nor decisions: another future gives the same bits."""
    made = attempts(3_000, 6, slower=0.2, days=40.0)
    later = made.arrived_at > NOW
    another = replace(
        made,
        arrived_at=np.where(later, made.arrived_at + 500 * HOUR_SECONDS, made.arrived_at),
        ended_at=np.where(later & (made.centre > 0), NOW + 5.0, made.ended_at),
    )
    few = another.take(np.arange(500))
    more = another.and_then(replace(few, started_at=few.started_at + NOW))
    found = calibrate(made, 1, NOW, CalibrationSettings())
    assert np.array_equal(found, calibrate(another, 1, NOW, CalibrationSettings()))
    assert np.array_equal(found, calibrate(more, 1, NOW, CalibrationSettings()))


def test_failed_attempts_count_until_they_failed() -> None:
    """Half of the attempts are cancelled after two days: the others tell of the truth, unbiased."""
    made = attempts(30_000, 7, slower=0.3)
    cancelled_at = made.started_at + 48 * HOUR_SECONDS
    cancelled = (np.arange(30_000) % 2 == 0) & (made.arrived_at > cancelled_at)
    ended = replace(
        made,
        arrived_at=np.where(cancelled, NEVER, made.arrived_at),
        ended_at=np.where(cancelled & (cancelled_at <= NOW), cancelled_at, NEVER),
    )
    found = quantiles(calibrate(ended, 1, NOW, CalibrationSettings()))
    truth = 150 * np.exp(0.3 + 0.5 * np.array([-1.28155, 0.0, 1.28155]))
    assert found == pytest.approx(truth, rel=0.05)


def test_a_group_of_its_own_is_told_apart_and_a_group_without_parcels_is_like_all() -> None:
    """Group 1 is on time, group 2 takes twice as long, group 3 is new, group 0 stands for what nobody knows."""
    on_time, slow = attempts(8_000, 8), attempts(8_000, 9, slower=np.log(2))
    made = replace(on_time.and_then(slow), group=np.repeat(np.array([1, 2], dtype=np.intp), 8_000))
    levels = calibrate(made, 4, NOW, CalibrationSettings())
    assert quantiles(levels, 1)[1] == pytest.approx(150, rel=0.05)
    assert quantiles(levels, 2)[1] == pytest.approx(300, rel=0.05)
    assert levels[3] == pytest.approx(levels[0], abs=1e-12)
    assert 160 < quantiles(levels, 3)[1] < 290


def test_a_few_parcels_of_a_group_do_not_outweigh_all_others() -> None:
    """Five slow ones among thousands on time move the group's median a little, not to theirs."""
    many, few = attempts(8_000, 10), attempts(5, 11, slower=np.log(3))
    made = replace(many.and_then(few), group=np.repeat(np.array([1, 2], dtype=np.intp), [8_000, 5]))
    assert quantiles(calibrate(made, 3, NOW, CalibrationSettings()), 2)[1] < 1.25 * 150


def test_a_sampling_weight_counts_as_so_many_attempts() -> None:
    """Twice the row is twice the weight; only the ratio of weights matters."""
    made = attempts(2_000, 12, slower=0.2)
    rows = np.concatenate([np.arange(2_000), np.arange(0, 2_000, 2)])
    doubled = replace(made, weight=np.where(np.arange(2_000) % 2 == 0, 2.0, 1.0))
    strong = CalibrationSettings(week_strength=1e-6, prior_strength=1e-6, group_strength=1e-6)
    assert calibrate(doubled, 1, NOW, strong) == pytest.approx(calibrate(made.take(rows), 1, NOW, strong), abs=1e-6)
    heavy = replace(made, weight=np.full(2_000, 30.0))
    assert calibrate(heavy, 1, NOW, CalibrationSettings()) == pytest.approx(
        calibrate(made, 1, NOW, CalibrationSettings())
    )


@settings(max_examples=60)
@given(
    count=st.integers(0, 400),
    seed=st.integers(0, 1_000),
    slower=st.floats(-3, 3),
    wider=st.floats(0.05, 5),
    failing=st.floats(0, 1),
    days=st.floats(1, 200),
)
def test_whatever_happened_the_levels_rise_from_0_to_1(
    *, count: int, seed: int, slower: float, wider: float, failing: float, days: float
) -> None:
    """So that quantiles exist and never cross."""
    made = attempts(count, seed, slower=slower, wider=wider, days=days)
    failed = np.random.default_rng(seed).random(count) < failing
    ended = replace(
        made,
        arrived_at=np.where(failed, NEVER, made.arrived_at),
        ended_at=np.where(failed, made.arrived_at, NEVER),
        group=np.arange(count, dtype=np.intp) % 3,
    )
    levels = calibrate(ended, 3, NOW, CalibrationSettings())
    assert levels.shape == (3, len(KNOTS))
    assert np.isfinite(levels).all()
    assert (levels[:, 0] == 0).all()
    assert (levels[:, -1] == 1).all()
    assert ((np.diff(levels, axis=1) > 0) | (levels[:, 1:] > 1 - 1e-12)).all()
    assert (np.diff(levels, axis=1) >= 0).all()
