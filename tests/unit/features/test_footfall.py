"""How crowded a store is."""

import numpy as np
import pytest

from features.calendar import HOUR_SECONDS
from features.footfall import footfall_ratios, hour_of_week_key, observed_visitors

WEEK_HOURS = 168
#: 2026-01-05 00:00 UTC, a Monday.
MONDAY = 1_767_571_200.0


def test_each_count_is_compared_with_the_decayed_mean_of_the_same_hour_of_earlier_weeks() -> None:
    """Counted one by one: half-life 60 days, two stores in two zones, in any order of the feed."""
    generator = np.random.default_rng(4)
    hours = np.repeat(MONDAY + np.arange(4 * WEEK_HOURS) * HOUR_SECONDS, 2)
    stores = np.tile(np.array(["S1", "S2"], dtype=object), 4 * WEEK_HOURS)
    zones = np.tile(np.array(["Europe/Rome", "America/New_York"], dtype=object), 4 * WEEK_HOURS)
    visitors = generator.integers(1, 50, len(hours)).astype(float)
    shuffled = generator.permutation(len(hours))
    observed = observed_visitors(stores[shuffled], zones[shuffled], hours[shuffled], visitors[shuffled])
    ratios = footfall_ratios(observed, MONDAY)

    counts = {(store, hour): count for store, hour, count in zip(stores, hours, visitors, strict=True)}
    for row in range(len(observed)):
        store, hour = observed.columns["location_id"][row], observed.known_at[row] - HOUR_SECONDS
        weeks = [week for week in range(1, 4) if (store, hour - week * WEEK_HOURS * HOUR_SECONDS) in counts]
        weights = [2 ** (-week * 7 / 60) for week in weeks]
        earlier = [counts[store, hour - week * WEEK_HOURS * HOUR_SECONDS] for week in weeks]
        usual = np.average(earlier, weights=weights) if weeks else np.nan
        assert ratios[row] == pytest.approx(counts[store, hour] / usual, nan_ok=True)


def test_a_store_that_never_had_visitors_has_no_ratio() -> None:
    """Nothing can be divided by 0 visitors."""
    hours = np.array([MONDAY + week * WEEK_HOURS * HOUR_SECONDS for week in range(3)])
    observed = observed_visitors(
        np.full(3, "S1", dtype=object), np.full(3, "UTC", dtype=object), hours, np.array([0.0, 0.0, 5.0])
    )
    assert np.isnan(footfall_ratios(observed, MONDAY)).all()


def test_a_count_is_known_when_its_hour_is_over() -> None:
    """Not while the visitors still come in."""
    observed = observed_visitors(
        np.array(["S1"], dtype=object), np.array(["UTC"], dtype=object), np.array([MONDAY]), np.array([3.0])
    )
    assert observed.known_at.tolist() == [MONDAY + HOUR_SECONDS]


def test_hours_of_the_week_are_whole_numbers_in_every_zone() -> None:
    """In Kolkata an UTC hour begins at half past five."""
    keys = hour_of_week_key(np.array([MONDAY, MONDAY]), np.array(["UTC", "Asia/Kolkata"], dtype=object))
    assert keys.tolist() == ["0", "5"]
