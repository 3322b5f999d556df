"""How long a place has been open since an instant, and until when it was open for so long."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from decision.calendars.open_times import OpenTimes
from decision.calendars.working_days import WorkingDays
from tests.unit.decision.world import places

EVERY_DAY = WorkingDays().works
ROME = ZoneInfo("Europe/Rome")
SHOP = {"mon": ["10:00-13:30", "15:00-19:30"], "sat": ["10:00-20:00"]}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def open_since(start: str, minutes: float, times: OpenTimes) -> datetime:
    return times.since(utc(start), timedelta(minutes=minutes))


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
    assert open_since(since, minutes, OpenTimes(SHOP, ROME, EVERY_DAY)) == utc(until)


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    hours = {"mon": ["22:00-02:00"]}
    assert open_since("2026-03-03 00:30", 60, OpenTimes(hours, UTC_ZONE, EVERY_DAY)) == utc("2026-03-03 01:30")
    assert open_since("2026-03-03 01:30", 60, OpenTimes(hours, UTC_ZONE, EVERY_DAY)) == utc("2026-03-09 22:30")


def test_hours_that_overlap_count_once() -> None:
    hours = {"mon": ["09:00-12:00", "10:00-11:00"], "tue": ["09:00-12:00"]}
    assert open_since("2026-03-02 09:00", 200, OpenTimes(hours, UTC_ZONE, EVERY_DAY)) == utc("2026-03-03 09:20")


@pytest.mark.parametrize("hours", [None, {}, {"mon": []}])
def test_by_the_clock_where_nobody_told_the_hours_or_it_never_opens(hours: dict[str, list[str]] | None) -> None:
    assert open_since("2026-03-01 23:00", 30, OpenTimes(hours, ROME, EVERY_DAY)) == utc("2026-03-01 23:30")


@pytest.mark.parametrize("hours", [{}, {"mon": []}])
def test_by_the_clock_at_a_location_that_is_told_to_open_on_no_day(hours: dict[str, list[str]]) -> None:
    times = places({"location_id": "S", "opening_hours": hours}).open_times(0)
    assert open_since("2026-03-01 23:00", 30, times) == utc("2026-03-01 23:30")


@pytest.mark.parametrize(
    ("until", "minutes", "from_"),
    [
        ("2026-03-02 10:20", 30, "2026-03-02 09:50"),
        ("2026-03-02 14:10", 30, "2026-03-02 12:10"),  # twenty minutes before the break, ten after it
        ("2026-03-07 03:00", 0, "2026-03-02 18:30"),  # nobody is there since Monday evening
        ("2026-03-02 08:00", 30, "2026-02-28 18:30"),  # the Saturday before
        ("2026-03-02 12:30", 210, "2026-03-02 09:00"),  # since it opened, to the minute
        ("2026-03-30 08:20", 30, "2026-03-28 18:50"),  # summer time began on Sunday
    ],
)
def test_work_that_takes_so_long_is_begun_while_it_is_open(until: str, minutes: float, from_: str) -> None:
    times = OpenTimes(SHOP, ROME, EVERY_DAY)
    assert times.before(utc(until), timedelta(minutes=minutes)) == utc(from_)
    assert times.between(utc(from_), utc(until)) == timedelta(minutes=minutes)


def test_until_past_midnight_it_is_open_while_any_of_its_hours_last() -> None:
    times = OpenTimes({"mon": ["22:00-04:00"], "tue": ["00:30-01:00"]}, UTC_ZONE, EVERY_DAY)
    assert times.before(utc("2026-03-03 03:00")) == utc("2026-03-03 03:00")
    assert times.before(utc("2026-03-03 09:00"), timedelta(hours=5)) == utc("2026-03-02 23:00")


def test_no_minutes_pass_on_days_on_which_it_does_not_work() -> None:
    def works(day: date) -> bool:
        return day != date(2026, 3, 7)

    assert open_since("2026-03-02 18:20", 30, OpenTimes(SHOP, ROME, works)) == utc("2026-03-09 09:20")
    assert open_since("2026-03-06 22:50", 30, OpenTimes(None, ROME, works)) == utc("2026-03-07 23:20")  # Friday, 23:50


UTC_ZONE = ZoneInfo("UTC")
