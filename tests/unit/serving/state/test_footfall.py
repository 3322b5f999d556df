"""What is usual at a store's local hour of the week."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from serving.state.footfall import WEEKS, full_hour, hour_of_week, same_hour_of_past_weeks

ROME = ZoneInfo("Europe/Rome")


def test_the_hour_of_the_week_is_the_store_s_own() -> None:
    monday_half_past_midnight_in_rome = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert hour_of_week(monday_half_past_midnight_in_rome, ROME) == 0
    assert hour_of_week(datetime(2026, 3, 8, 22, 59, tzinfo=UTC), ROME) == 167


def test_the_same_hour_of_past_weeks_is_the_same_on_the_clock_across_a_clock_change() -> None:
    after_the_change = datetime(2026, 3, 31, 8, tzinfo=UTC)  # 10:00 in Rome, summer time
    past = same_hour_of_past_weeks(after_the_change, ROME)
    assert len(past) == WEEKS
    assert past[0] == datetime(2026, 3, 24, 9, tzinfo=UTC)  # 10:00 in Rome, winter time
    assert {instant.astimezone(ROME).hour for instant in past} == {10}


def test_an_hour_is_full_only_when_it_is_over() -> None:
    assert full_hour(datetime(2026, 3, 2, 9, 59, 59, tzinfo=UTC)) == datetime(2026, 3, 2, 9, tzinfo=UTC)
