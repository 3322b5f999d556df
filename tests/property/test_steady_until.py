"""Until when rules stay as they are equals looking at the clocks of all places, minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision.rules.calendar import Calendar, steady_until

ZONES = [ZoneInfo(name) for name in ("Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")]
MINUTE = timedelta(minutes=1)
#: Days between which clocks change in Rome and New York, and an ordinary one.
DAYS = [date(2026, 3, 8), date(2026, 3, 29), date(2026, 6, 3), date(2026, 10, 25), date(2026, 11, 1)]

calendars = st.builds(
    Calendar,
    weekdays=st.none() | st.frozensets(st.integers(0, 6), min_size=1),
    hours=st.none() | st.tuples(st.integers(0, 23), st.integers(1, 12)).map(lambda h: (h[0] * 60, (h[0] + h[1]) * 60)),
    first=st.none() | st.sampled_from(DAYS),
    last=st.none() | st.sampled_from(DAYS),
)


def minute_by_minute(told: list[Calendar], zones: list[ZoneInfo], since: datetime, until: datetime) -> datetime:
    def active(instant: datetime) -> list[bool]:
        return [calendar.is_active(instant.astimezone(zone)) for calendar in told for zone in zones]

    minute = since.replace(second=0) + MINUTE
    while minute <= until:
        if active(minute) != active(since):
            return minute - timedelta(seconds=1)
        minute += MINUTE
    return until


@given(
    st.lists(calendars, max_size=3),
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True),
    st.sampled_from(DAYS),
    st.integers(-86_400, 86_400),
    st.integers(0, 240),
)
def test_equals_looking_at_every_minute(
    told: list[Calendar], zones: list[ZoneInfo], day: date, seconds: int, minutes: int
) -> None:
    since = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)
    until = since + minutes * MINUTE
    assert steady_until(told, zones, since, until) == minute_by_minute(told, zones, since, until)


@pytest.mark.parametrize(
    ("calendar", "last"),
    [
        (Calendar(weekdays=frozenset({5})), "2026-03-28T22:59:59"),  # Saturday is over
        (Calendar(first=date(2026, 3, 29)), "2026-03-28T22:59:59"),
        (Calendar(hours=(150, 170)), "2026-03-30T00:29:59"),  # its hour is left out on Sunday
        (Calendar(hours=(120, 200)), "2026-03-29T00:59:59"),  # it begins late, as the clock jumps to three
    ],
)
def test_days_end_at_midnight_and_clocks_jump(calendar: Calendar, last: str) -> None:
    since = datetime(2026, 3, 28, 20, tzinfo=UTC)
    found = steady_until([calendar], ZONES[:1], since, since + timedelta(days=2))
    assert found == datetime.fromisoformat(last).replace(tzinfo=UTC)
