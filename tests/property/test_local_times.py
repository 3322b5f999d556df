"""Calendars, opening hours and cut-offs, as columns, say what a clock at each single place says."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.calendars.opening import WEEKDAYS
from decision.rules.attributes import ReadColumns
from expressions.kinds import Kind
from tests.unit.decision.world import left_out, order, places, situation

# Half an hour of summer time on Lord Howe; none in Kolkata, whose offset is five hours and a half.
ZONES = ["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Auckland"]
#: Around the changes to summer time and back in Europe, America and Australia, and times far from any.
DAYS = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-07-01", "2026-10-04", "2026-10-25", "2026-11-01", "2026-12-31"]

instants = st.builds(
    lambda day, minutes: datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=minutes),
    st.sampled_from(DAYS),
    st.integers(-3 * 24 * 60, 3 * 24 * 60),
)
quarters = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
spans = st.tuples(quarters, st.one_of(quarters, st.just("24:00"))).filter(lambda span: span[0] != span[1]).map("-".join)
zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=5)


def minutes(clock: str) -> int:
    """Return minutes since midnight."""
    return int(clock[:2]) * 60 + int(clock[3:5])


def active(
    local: datetime, weekdays: list[str] | None, hours: str | None, first: date | None, last: date | None
) -> bool:
    """Return whether some day's turn of the rule covers ``local``: the day itself or, past midnight, the one before."""
    for day in (local.date(), local.date() - timedelta(days=1)):
        start, end = (hours or "00:00-24:00").split("-")
        length = (minutes(end) - minutes(start)) % (24 * 60) or 24 * 60
        since = (local.date() - day) // timedelta(minutes=1) + local.hour * 60 + local.minute - minutes(start)
        right_day = weekdays is None or WEEKDAYS[day.weekday()] in weekdays
        if right_day and (first or day) <= day <= (last or day) and 0 <= since < length:
            return True
    return False


dates = st.none() | st.sampled_from(DAYS).map(date.fromisoformat)
weekdays_ = st.none() | st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True)


def check_calendar(
    now: datetime, where: list[str], weekdays: list[str] | None, hours: str | None, between: tuple[Any, Any]
) -> None:
    """Compare a rule's calendar with each place's own clock."""
    first, last = between
    if first and last and first > last:
        first, last = last, first
    told = {"weekdays": weekdays, "hours": hours and f'"{hours}"', "from": first, "to": last}
    written = ", ".join(f"{name}: {value}".replace("'", "") for name, value in told.items() if value is not None)
    net = places(*({"location_id": str(i), "timezone": zone} for i, zone in enumerate(where)))
    out = left_out(net, order("LAMP"), f"rules: [{{id: r, active: {{{written}}}, exclude: 'true'}}]", now)
    clocks = [now.astimezone(ZoneInfo(zone)) for zone in where]
    assert out == [str(i) for i, local in enumerate(clocks) if active(local, weekdays, hours, first, last)]


calendars = given(
    now=instants, where=zones, weekdays=weekdays_, hours=st.none() | spans, between=st.tuples(dates, dates)
)
test_a_rule_is_active_by_each_place_s_clock = settings(max_examples=150)(calendars(check_calendar))
test_a_rule_is_active_by_each_place_s_clock_thousands = pytest.mark.reliability(
    settings(max_examples=2_000)(calendars(check_calendar))
)

openings = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(spans, max_size=3), max_size=7)
cut_offs_ = st.dictionaries(st.sampled_from(WEEKDAYS), quarters, max_size=7)


def open_at(local: datetime, week: dict[str, list[str]]) -> bool:
    """Return whether hours of today, or of yesterday past midnight, cover ``local``."""
    for ago in (0, 1):
        for span in week.get(WEEKDAYS[(local.weekday() - ago) % 7], []):
            start, end = map(minutes, span.split("-"))
            since = local.hour * 60 + local.minute + ago * 24 * 60 - start
            if 0 <= since < ((end - start) % (24 * 60) or 24 * 60):
                return True
    return False


def opens_at(local: datetime, week: dict[str, list[str]]) -> datetime | None:
    """Return the next time on the clock at which it opens, as an instant."""
    starts = [
        datetime.combine(local.date() + timedelta(days=ahead), datetime.min.time()) + timedelta(minutes=minutes(span))
        for ahead in range(8)
        for span in week.get(WEEKDAYS[(local.weekday() + ahead) % 7], [])
    ]
    later = [start for start in starts if start > local.replace(tzinfo=None)]
    return min(later).replace(tzinfo=local.tzinfo, fold=local.fold).astimezone(UTC) if later else None


def check_hours(now: datetime, told: list[tuple[str, Any, Any]]) -> None:
    """Compare opening hours and cut-offs with each place's own clock."""
    net = places(
        *(
            {"location_id": str(i), "timezone": zone, "opening_hours": week, "cut_offs": cut_offs}
            for i, (zone, week, cut_offs) in enumerate(told)
        )
    )
    names = ["location.open_now", "location.opens_in_hours", "location.minutes_to_cut_off"]
    columns = ReadColumns(dict.fromkeys(names, Kind.NUMBER), situation(net, order("LAMP"), now))
    found = np.array([columns[name] for name in names])
    expected = []
    for zone, week, cut_offs in told:
        local = now.astimezone(ZoneInfo(zone))
        is_open = np.nan if week is None else float(open_at(local, week))
        opens = None if week is None else opens_at(local, week)
        waiting = 0.0 if is_open == 1 else np.nan if opens is None else (opens - now) / timedelta(hours=1)
        cut = (cut_offs or {}).get(WEEKDAYS[local.weekday()])
        left = np.nan
        if cut is not None:
            today = datetime.combine(local.date(), datetime.min.time()) + timedelta(minutes=minutes(cut))
            left = (today.replace(tzinfo=local.tzinfo, fold=local.fold).astimezone(UTC) - now) / timedelta(minutes=1)
        expected.append((is_open, waiting, left))
    np.testing.assert_allclose(found, np.array(expected).T, atol=1e-9)


hours_ = given(
    now=instants,
    told=st.lists(
        st.tuples(st.sampled_from(ZONES), st.none() | openings, st.none() | cut_offs_), min_size=1, max_size=5
    ),
)
test_opening_hours_are_those_of_each_place_s_clock = settings(max_examples=150)(hours_(check_hours))
test_opening_hours_are_those_of_each_place_s_clock_thousands = pytest.mark.reliability(
    settings(max_examples=2_000)(hours_(check_hours))
)
