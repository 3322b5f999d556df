"""Time on the wall, and work by the calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from data.synthetic.clock import CALENDARS, Calendar, Clock
from data.synthetic.durations import delivered_instant, ready_instant

FIRST = date(2025, 3, 3)
CLOCK = Clock(FIRST, 364)
ROME = ZoneInfo("Europe/Rome")

instants = st.floats(0, 364 * 24, allow_nan=False)
calendars = st.sampled_from(sorted(CALENDARS))
work = st.floats(0, 200, allow_nan=False)


def _wall(instant: float) -> datetime:
    return (datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(hours=instant)).astimezone(ROME)


@given(instants)
def test_the_wall_clock_is_that_of_rome(instant: float) -> None:
    wall = _wall(instant)
    hour_of_week = wall.weekday() * 24 + wall.hour + wall.minute / 60 + (wall.second + wall.microsecond / 1e6) / 3600
    difference = abs(float(CLOCK.local(instant)) % 168 - hour_of_week)
    assert min(difference, 168 - difference) < 1e-6


@given(instants)
def test_wall_clock_and_instant_are_inverse_outside_the_hours_that_clocks_change(instant: float) -> None:
    if 4 <= _wall(instant).hour < 23:
        assert abs(float(CLOCK.instant(CLOCK.local(instant))) - instant) < 1e-9


def _worked(calendar: Calendar, local: float) -> float:
    """Hours of work from the first Monday on, hour by hour."""
    return float(np.sum(calendar.works[np.arange(int(local)) % 168]) + local % 1 * calendar.works[int(local) % 168])


@given(calendars, instants, work, work)
@example("warehouse", 0.0, 154.99999999999997, 116.99999999999997)
def test_work_done_in_two_parts_is_the_work_done_at_once(name: str, start: float, first: float, second: float) -> None:
    calendar = CALENDARS[name]
    in_parts = calendar.finish(calendar.finish(start, first), second)
    # Instants would not do: what is done at closing by the last bit is done at the next opening by another.
    at_once = calendar.finish(start, first + second)
    assert abs(_worked(calendar, float(in_parts)) - _worked(calendar, float(at_once))) < 1e-6


@given(calendars, instants, st.floats(0.01, 200, allow_nan=False))
def test_work_ends_in_working_hours_and_never_sooner_than_its_length(name: str, start: float, hours: float) -> None:
    calendar = CALENDARS[name]
    end = float(calendar.finish(start, hours))
    assert end - start > hours - 1e-6
    # An end on the hour belongs to the hour that just ended.
    assert calendar.works[int((end - 1e-6) % 168)] == 1 or calendar.works[int((end + 1e-6) % 168)] == 1


@given(calendars, instants, work)
def test_one_float_ends_at_the_same_bit_as_an_array(name: str, start: float, hours: float) -> None:
    calendar = CALENDARS[name]
    in_arrays = CLOCK.instant(calendar.finish(CLOCK.local(np.array([start])), np.array([hours])))
    assert CLOCK.done(start, calendar, hours) == in_arrays[0]


def test_an_order_after_closing_is_prepared_the_next_day() -> None:
    saturday_evening = np.array([5 * 24 + 22.0])
    types = np.array(["warehouse"], dtype=object)
    ready = ready_instant(CLOCK, np.asarray(CLOCK.instant(saturday_evening)), types, np.array([2.0]))
    assert CLOCK.local(ready)[0] % 168 == 8.0  # Monday: the warehouse opens at 6


@given(st.lists(st.tuples(instants, work, st.booleans()), min_size=1, max_size=30))
def test_parcels_come_by_day_never_on_a_sunday_and_after_they_left(cases: list[tuple[float, float, bool]]) -> None:
    starts, hours, late = (np.array(column) for column in zip(*cases, strict=True))
    ready = ready_instant(CLOCK, starts, np.full(len(starts), "store", dtype=object), np.full(len(starts), 0.5))
    delivered = delivered_instant(
        CLOCK,
        ready,
        np.zeros(len(starts), bool),
        shortest=np.full(len(starts), 12.0),
        hours=hours,
        late_hours=np.where(late, 30.0, 0.0),
        monday=np.full(len(starts), 0.3),
    )
    local = CLOCK.local(delivered)
    assert (delivered > ready).all()
    assert (local % 168 < 6 * 24).all()
    assert ((local % 24 >= 9 - 1e-6) & (local % 24 <= 19 + 1e-6)).all()
