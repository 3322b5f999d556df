"""What locations were given on their day, as rules see it."""

from datetime import UTC, datetime

import numpy as np
import pytest

from serving.state.capacity import Given, capacity_columns, full_locations, quarter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def given_to(
    given: Given, *, fed: float = np.nan, fed_on: str | None = None, zone: str = "Europe/Rome", now: datetime = NOON
) -> tuple[float, str | None]:
    """(used, day) of one location, L1."""
    locations = {
        "location_id": np.array(["L1"], object),
        "timezone": np.array([zone], object),
        "capacity_used": np.array([fed]),
        "capacity_used_on": np.array([fed_on], object),
    }
    used, days = capacity_columns(locations, given, now)
    return float(used[0]), days[0]


def test_what_we_gave_a_location_today_is_what_it_has_used() -> None:
    assert given_to({"L1": ("2026-03-02", 3)}) == (3, "2026-03-02")


def test_all_given_back_is_zero_and_known() -> None:
    assert given_to({"L1": ("2026-03-02", 0)}) == (0, "2026-03-02")


def test_a_new_day_begins_with_zero() -> None:
    assert given_to({"L1": ("2026-03-01", 9)}) == (0, "2026-03-02")


def test_nothing_is_known_of_a_location_that_nobody_counts() -> None:
    used, day = given_to({"L2": ("2026-03-02", 3)})
    assert np.isnan(used)
    assert day is None


def test_what_was_fed_stays_where_we_gave_nothing() -> None:
    assert given_to({}, fed=7, fed_on="2026-02-28") == (7, "2026-02-28")


@pytest.mark.parametrize(("fed", "used"), [(12, 12), (2, 3)])
def test_of_what_was_fed_and_what_we_gave_today_the_larger_counts(fed: float, used: float) -> None:
    assert given_to({"L1": ("2026-03-02", 3)}, fed=fed, fed_on="2026-03-02") == (used, "2026-03-02")


def test_what_was_fed_of_another_day_says_nothing_of_this_one() -> None:
    assert given_to({"L1": ("2026-03-02", 3)}, fed=12, fed_on="2026-03-01") == (3, "2026-03-02")


@pytest.mark.parametrize(("minute", "used"), [(15, 5), (30, 0)])
def test_the_day_is_that_of_the_location(minute: int, used: float) -> None:
    """Midnight in India is at half past six in the evening, UTC."""
    now = quarter(datetime(2026, 3, 2, 18, minute, 7, tzinfo=UTC))
    assert given_to({"L1": ("2026-03-02", 5)}, zone="Asia/Kolkata", now=now)[0] == used


@pytest.mark.parametrize(
    ("limit", "used", "on", "is_full"),
    [
        (2, 2, "2026-03-02", True),
        (2, 1, "2026-03-02", False),
        (2, 2, "2026-03-01", False),  # that was yesterday
        (0, np.nan, None, True),
        (2, np.nan, None, False),
        (np.nan, 99, "2026-03-02", False),  # no limit
    ],
)
def test_a_location_is_full_once_its_day_can_bear_no_more(
    limit: float, used: float, on: str | None, is_full: bool
) -> None:
    locations = {
        "location_id": np.array(["L1"], object),
        "timezone": np.array(["Europe/Rome"], object),
        "capacity_per_day": np.array([limit]),
        "capacity_used": np.array([used]),
        "capacity_used_on": np.array([on], object),
    }
    assert full_locations(locations, NOON) == ({"L1"} if is_full else set())
