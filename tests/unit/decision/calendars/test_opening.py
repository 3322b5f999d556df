"""How long a place has been open since an instant."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from decision.calendars.opening import open_since
from decision.calendars.working_days import WorkingDays

EVERY_DAY = WorkingDays().works
ROME = ZoneInfo("Europe/Rome")
SHOP = {"mon": ["10:00-13:30", "15:00-19:30"], "sat": ["10:00-20:00"]}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "minutes", "until"),
    [
        ("2026-03-02 09:20", 30, "2026-03-02 09:50"),  # Monday 10:20 in Rome
        ("2026-03-02 12:10", 30, "2026-03-02 14:10"),  # twenty minutes before the break, ten after it
        ("2026-03-01 23:00", 30, "2026-03-02 09:30"),  # Sunday night
        ("2026-03-02 18:20", 30, "2026-03-07 09:20"),  # ten minutes before it closes until Saturday
        ("2026-03-02 09:00", 210, "2026-03-02 12:30"),  # until it closes, to the minute
        ("2026-03-28 18:50", 30, "2026-03-30 08:20"),  # summer time begins on Sunday
    ],
)
def test_minutes_pass_while_it_is_open(since: str, minutes: float, until: str) -> None:
    assert open_since(utc(since), minutes, SHOP, ROME, EVERY_DAY) == utc(until)


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    hours = {"mon": ["22:00-02:00"]}
    assert open_since(utc("2026-03-03 00:30"), 60, hours, UTC_ZONE, EVERY_DAY) == utc("2026-03-03 01:30")
    assert open_since(utc("2026-03-03 01:30"), 60, hours, UTC_ZONE, EVERY_DAY) == utc("2026-03-09 22:30")


def test_hours_that_overlap_count_once() -> None:
    hours = {"mon": ["09:00-12:00", "10:00-11:00"], "tue": ["09:00-12:00"]}
    assert open_since(utc("2026-03-02 09:00"), 200, hours, UTC_ZONE, EVERY_DAY) == utc("2026-03-03 09:20")


@pytest.mark.parametrize("hours", [None, {}, {"mon": []}])
def test_by_the_clock_where_nobody_told_the_hours_or_it_never_opens(hours: dict[str, list[str]] | None) -> None:
    assert open_since(utc("2026-03-01 23:00"), 30, hours, ROME, EVERY_DAY) == utc("2026-03-01 23:30")


def test_no_minutes_pass_on_days_on_which_it_does_not_work() -> None:
    def works(day: date) -> bool:
        return day != date(2026, 3, 7)

    assert open_since(utc("2026-03-02 18:20"), 30, SHOP, ROME, works) == utc("2026-03-09 09:20")
    assert open_since(utc("2026-03-06 22:50"), 30, None, ROME, works) == utc("2026-03-07 23:20")  # Friday, 23:50


UTC_ZONE = ZoneInfo("UTC")
