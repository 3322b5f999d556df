"""How many shipments each location has been given for each of its days."""

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from sqlalchemy import Connection, select, update

from serving.database.inserting import insert_into
from serving.database.order_tables import capacity_used
from serving.database.tables import locations
from serving.errors import CapacityGoneError

#: (location_id, local date as YYYY-MM-DD)
LocationDay: TypeAlias = tuple[str, str]


def take_capacity(connection: Connection, days: Iterable[LocationDay], version: int) -> None:
    """Count one shipment for each of ``days``. To be called once ``version`` was taken: its lock serialises this.

    Raises `CapacityGoneError` where a location would get more than its ``capacity_per_day``, beside what was counted
    here for that day or what its feed told of it, whichever is more.
    """
    insert = insert_into(connection, capacity_used)
    for (location_id, day), shipments in sorted(Counter(days).items()):
        used = connection.execute(
            insert.values(location_id=location_id, day=day, used=shipments, changed_in=version)
            .on_conflict_do_update(
                index_elements=["location_id", "day"],
                set_={"used": capacity_used.c.used + shipments, "changed_in": version},
            )
            .returning(capacity_used.c.used)
        ).scalar_one()
        place = connection.execute(
            select(locations.c.capacity_per_day, locations.c.capacity_used, locations.c.capacity_used_on).where(
                locations.c.location_id == location_id
            )
        ).first()
        if place is None or place.capacity_per_day is None:
            continue
        fed = place.capacity_used if place.capacity_used_on == day else None
        if max(used, (fed or 0) + shipments) > place.capacity_per_day:
            raise CapacityGoneError(location_id)


def give_back_capacity(connection: Connection, days: Iterable[LocationDay], version: int) -> None:
    """Count one shipment less for each of ``days``."""
    for (location_id, day), shipments in sorted(Counter(days).items()):
        connection.execute(
            update(capacity_used)
            .where(capacity_used.c.location_id == location_id, capacity_used.c.day == day)
            .values(used=capacity_used.c.used - shipments, changed_in=version)
        )
