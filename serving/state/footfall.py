"""How full the stores are now: visitors of the last full hour, and their ratio to the usual."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from features.facts import Columns
from serving.database.tables import footfall

#: (location_id, local hour of the week, 0 = Monday 00:00) → usual visitors, NaN where nothing is known.
Usual: TypeAlias = Callable[[str, int], float]
Readings: TypeAlias = Mapping[tuple[str, datetime], float]

#: Hours whose reading may still be used: the last full one, and the one before while that has not come in.
USABLE_HOURS: Final = 2
#: Weeks of fed readings that stand in for a usual value the bundle does not know, and how many must be there.
WEEKS: Final = 8
ENOUGH_WEEKS: Final = 2


def full_hour(now: datetime) -> datetime:
    """Start of the hour that ``now`` is in, UTC: what is known of footfall changes only there."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def footfall_columns(
    connection: Connection, locations: Columns, hour: datetime, usual: Usual
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Visitors and their ratio to the usual for every location in the hour that starts at ``hour``.

    NaN where the newest reading is of an hour that ended more than an hour before ``hour``, or nothing is known.
    """
    zones = [ZoneInfo(name) for name in locations["timezone"]]
    readings = _readings(connection, set(zones), hour)
    visitors = np.full(len(zones), np.nan)
    ratio = np.full(len(zones), np.nan)
    for row, (location_id, zone) in enumerate(zip(locations["location_id"], zones, strict=True)):
        for back in range(1, USABLE_HOURS + 1):
            then = hour - timedelta(hours=back)
            seen = readings.get((location_id, then))
            if seen is None:
                continue
            expected = usual(location_id, hour_of_week(then, zone))
            if np.isnan(expected):
                expected = _usual_of_past_weeks(readings, location_id, then, zone)
            visitors[row] = seen
            ratio[row] = seen / expected if expected > 0 else np.nan
            break
    return visitors, ratio


def hour_of_week(instant: datetime, zone: ZoneInfo) -> int:
    """Local hour of the week, 0 for Monday 00:00 to 167."""
    local = instant.astimezone(zone)
    return local.weekday() * 24 + local.hour


def same_hour_of_past_weeks(instant: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants (UTC) at which clocks in ``zone`` showed the same, one to `WEEKS` weeks earlier."""
    local = instant.astimezone(zone)
    return [(local - timedelta(weeks=weeks)).astimezone(UTC) for weeks in range(1, WEEKS + 1)]


def _usual_of_past_weeks(readings: Readings, location_id: str, then: datetime, zone: ZoneInfo) -> float:
    past = [readings.get((location_id, instant)) for instant in same_hour_of_past_weeks(then, zone)]
    known = [visitors for visitors in past if visitors is not None]
    return sum(known) / len(known) if len(known) >= ENOUGH_WEEKS else np.nan


def _readings(connection: Connection, zones: Iterable[ZoneInfo], hour: datetime) -> Readings:
    """What was fed for the hours that may be needed."""
    recent = [hour - timedelta(hours=back) for back in range(1, USABLE_HOURS + 1)]
    wanted = set(recent)
    for zone in zones:
        for then in recent:
            wanted.update(same_hour_of_past_weeks(then, zone))
    rows = connection.execute(select(footfall).where(footfall.c.hour_utc.in_(sorted(wanted))))
    return {(row.location_id, row.hour_utc): row.visitors for row in rows}
