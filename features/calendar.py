"""When, by the clock on the wall of the location."""

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.coded import Coded, at_home, coded
from features.facts import Columns

DAY_HOURS = 24.0
HOURS_PER_WEEK = 168
HOUR_SECONDS = 3600.0
_QUARTER_SECONDS = 900.0
#: Local hours are counted from here on: the Monday before 1970-01-01, a Thursday.
FIRST_MONDAY = date(1969, 12, 29)
_EPOCH_HOURS = 72
#: What `clock_of` reads.
CLOCK: Final = ("decided_at", "location_timezone")


def local_hour_of_week(instants: NDArray[np.float64], zones: Coded) -> NDArray[np.float64]:
    """Hours since Monday midnight on the clock of each row's zone, minutes as fractions; shape (rows,).

    ``instants`` are seconds since 1970 UTC, ``zones`` IANA names. Raises ``ValueError`` for an unknown zone.
    """
    return local_hours(instants, zones) % HOURS_PER_WEEK


def local_hours(instants: NDArray[np.float64], zones: Coded) -> NDArray[np.float64]:
    """The same, but since the midnight before `FIRST_MONDAY`."""
    offset_hours = np.empty(len(instants))
    for code in np.unique(zones.codes).tolist():
        rows = np.flatnonzero(zones.codes == code)
        offset_hours[rows] = _offsets(instants[rows], str(zones.values[code]))
    return np.asarray(instants) / HOUR_SECONDS + offset_hours + _EPOCH_HOURS


def clock_of(columns: Columns) -> NDArray[np.float64]:
    """The `local_hours` at which each row is decided, by the clock of its location; shape (rows,)."""
    return at_home(columns, CLOCK, _clock_of)


def _clock_of(columns: Columns) -> NDArray[np.float64]:
    return local_hours(columns["decided_at"], coded(columns, "location_timezone"))


def _offsets(instants: NDArray[np.float64], zone: str) -> NDArray[np.float64]:
    """Hours ahead of UTC. Clocks change on a quarter of a UTC hour, so each distinct quarter is asked once."""
    try:
        info = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{zone!r} is not an IANA time zone") from error
    quarters, codes = np.unique(np.floor_divide(instants, _QUARTER_SECONDS), return_inverse=True)
    offsets = []
    for quarter in quarters.tolist():
        offset = datetime.fromtimestamp(quarter * _QUARTER_SECONDS, UTC).astimezone(info).utcoffset()
        offsets.append(0.0 if offset is None else offset.total_seconds() / HOUR_SECONDS)
    return np.array(offsets)[codes]
