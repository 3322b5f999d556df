"""The clock on the wall of a location."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from features.calendar import local_hour_of_week
from features.coded import factorised


def hour_of_week(instant: datetime, zone: str) -> float:
    """What `local_hour_of_week` says of one instant."""
    return float(local_hour_of_week(np.array([instant.timestamp()]), factorised(np.array([zone], dtype=object)))[0])


def by_hand(instant: datetime, zone: str) -> float:
    """Weekday, hour and minute as the standard library tells them."""
    local = instant.astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour + local.minute / 60 + local.second / 3600


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        ("2026-03-02T00:00", "UTC", 0.0),
        ("2026-03-01T23:30", "UTC", 167.5),
        ("2026-03-01T23:00", "Europe/Rome", 0.0),
        # The clocks go forward on 29 March 2026 at 01:00 UTC, from 02:00 to 03:00 in Rome.
        ("2026-03-29T00:59", "Europe/Rome", 6 * 24 + 1 + 59 / 60),
        ("2026-03-29T01:00", "Europe/Rome", 6 * 24 + 3.0),
        # They go back on 25 October 2026 at 01:00 UTC: the hour from 02:00 comes twice.
        ("2026-10-25T00:30", "Europe/Rome", 6 * 24 + 2.5),
        ("2026-10-25T01:30", "Europe/Rome", 6 * 24 + 2.5),
        ("2026-03-02T00:00", "Asia/Kolkata", 5.5),
    ],
)
def test_hours_are_those_of_the_local_clock_when_it_is_set_forward_or_back(
    instant: str, zone: str, expected: float
) -> None:
    """Hours since Monday midnight, by the clock on the wall."""
    assert hour_of_week(datetime.fromisoformat(instant).replace(tzinfo=UTC), zone) == pytest.approx(expected)


@pytest.mark.parametrize("zone", ["Europe/Rome", "America/Sao_Paulo", "Australia/Adelaide", "Australia/Lord_Howe"])
def test_every_half_hour_of_a_year_is_told_as_the_standard_library_tells_it(zone: str) -> None:
    """Adelaide's clocks change in the middle of a UTC hour."""
    instants = [datetime(2026, 1, 1, 0, 15, tzinfo=UTC) + timedelta(minutes=30) * step for step in range(2 * 24 * 365)]
    seconds: NDArray[np.float64] = np.array([instant.timestamp() for instant in instants])
    found = local_hour_of_week(seconds, factorised(np.full(len(seconds), zone, dtype=object)))
    assert found == pytest.approx([by_hand(instant, zone) for instant in instants])


def test_each_row_has_its_own_zone() -> None:
    """Rows of several zones do not mix."""
    instants = np.full(3, datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())
    zones = np.array(["UTC", "Europe/Rome", "America/New_York"], dtype=object)
    assert local_hour_of_week(instants, factorised(zones)).tolist() == [12.0, 13.0, 7.0]


def test_no_rows_have_no_hours() -> None:
    """A request without candidates is no error."""
    assert local_hour_of_week(np.zeros(0), factorised(np.array([], dtype=object))).shape == (0,)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd"])
def test_an_unknown_zone_is_named(zone: str) -> None:
    """Whoever wrote it learns which one it was."""
    with pytest.raises(ValueError, match="is not an IANA time zone"):
        hour_of_week(datetime(2026, 3, 2, tzinfo=UTC), zone)
