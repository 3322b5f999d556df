"""How sure an order on its way still is of its promise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision.promises.outlook import OnItsWay, all_there, on_time, slack

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PARCEL = OnItsWay(NOW, NOW + 6 * HOUR, NOW + 30 * HOUR, NOW + 50 * HOUR)


def test_at_once_it_is_as_sure_as_was_decided() -> None:
    assert on_time([PARCEL], PARCEL.p50_at, NOW) == pytest.approx(0.5)
    assert on_time([PARCEL], PARCEL.p90_at, NOW) == pytest.approx(0.9)
    assert on_time([PARCEL, PARCEL], PARCEL.p90_at, NOW) == pytest.approx(0.81)


def test_a_store_that_has_not_handed_over_in_time_makes_it_less_sure_hour_by_hour() -> None:
    sure = [on_time([PARCEL], PARCEL.p90_at, PARCEL.ready_at + late * HOUR) for late in range(0, 40, 4)]
    assert sure == sorted(sure, reverse=True)
    assert sure[-1] < 0.3


def test_handed_over_early_makes_it_surer() -> None:
    early = replace(PARCEL, handed_over_at=NOW + HOUR)
    later = NOW + 2 * HOUR
    assert on_time([early], PARCEL.p90_at, later) > on_time([PARCEL], PARCEL.p90_at, later)


def test_what_is_there_is_certain_and_what_is_too_late_is_too() -> None:
    there = replace(PARCEL, there_at=NOW + 20 * HOUR)
    assert on_time([there], NOW + 21 * HOUR, NOW + 60 * HOUR) == 1
    assert on_time([there], NOW + 19 * HOUR, NOW + 60 * HOUR) == 0
    assert on_time([PARCEL], NOW + 40 * HOUR, NOW + 41 * HOUR) == 0


def test_the_handover_may_wait_just_as_long_as_the_promise_is_kept() -> None:
    promised = NOW + 80 * HOUR
    for confidence in (0.8, 0.95):
        late = PARCEL.ready_at + slack(PARCEL, promised, confidence)
        handed_over = replace(PARCEL, handed_over_at=late)
        assert on_time([handed_over], promised, late) == pytest.approx(confidence, abs=0.02)


@given(st.floats(0.5, 0.99), st.integers(0, 100))
def test_the_new_date_is_one_that_is_kept(confidence: float, hours: int) -> None:
    now = NOW + hours * HOUR
    by = all_there([PARCEL, PARCEL], confidence, now)
    assert by > now
    assert on_time([PARCEL, PARCEL], by, now) >= confidence or by == now + timedelta(days=60)
