"""How much each location was given on its day: what its feed told, and what the service counted itself."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from features.facts import Columns
from serving.database.order_tables import capacity_used

#: location_id → the newest local day (YYYY-MM-DD) with a shipment of ours, and how many it was given on that day.
Given: TypeAlias = Mapping[str, tuple[str, int]]
#: Every zone is a whole number of these from UTC: days begin nowhere else.
_MINUTES: Final = 15


def quarter(now: datetime) -> datetime:
    """Start of the quarter of an hour that ``now`` is in, UTC: local days change only there."""
    return now.astimezone(UTC).replace(minute=now.minute - now.minute % _MINUTES, second=0, microsecond=0)


def given_since(connection: Connection, known: Given, since: int) -> Given:
    """``known`` with every count written after version ``since``."""
    table = capacity_used.c
    changed = connection.execute(
        select(table.location_id, table.day, table.used).where(table.changed_in > since).order_by(table.day)
    ).all()
    if not changed:
        return known
    newest = dict(known)
    for location_id, day, used in changed:
        if location_id not in newest or day >= newest[location_id][0]:
            newest[location_id] = (day, used)
    return newest


def full_locations(locations: Columns, now: datetime) -> frozenset[str]:
    """The locations that were given as many shipments as their local day of ``now`` can bear (`capacity_columns`)."""
    today = _today(locations, now)
    names = ("location_id", "timezone", "capacity_per_day", "capacity_used", "capacity_used_on")
    return frozenset(
        location_id
        for location_id, zone, limit, used, day in zip(*(locations[name] for name in names), strict=True)
        if (np.nan_to_num(used) if day == today[zone] else 0.0) + 1 > limit  # NaN: no limit
    )


def capacity_columns(
    locations: Columns, given: Given, now: datetime
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """``capacity_used`` of each location, and ``capacity_used_on``, the local day that it counts.

    Where the feed told of this day too, the larger counts: a feed may or may not know of our shipments. A location
    that was given shipments before has 0 on a day without any. What is fed stays for locations that never were.
    """
    used, days = locations["capacity_used"].copy(), locations["capacity_used_on"].copy()
    today = _today(locations, now)
    for row, (location_id, zone) in enumerate(zip(locations["location_id"], locations["timezone"], strict=True)):
        if location_id not in given:
            continue
        day, shipments = given[location_id]
        counted = shipments if day == today[zone] else 0
        used[row] = np.fmax(used[row], counted) if days[row] == today[zone] else counted
        days[row] = today[zone]
    return used, days


def _today(locations: Columns, now: datetime) -> dict[str, str]:
    """The local day (YYYY-MM-DD) of ``now`` in each zone."""
    return {zone: now.astimezone(ZoneInfo(zone)).date().isoformat() for zone in set(locations["timezone"])}
