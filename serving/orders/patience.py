"""How long locations have to accept: minutes of their own opening hours. What is given to them at night, or on a public
holiday that they keep, waits."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from decision.calendars.opening import open_since
from serving.orders.records import ShipmentRecord
from serving.state.snapshot import Snapshot


def accept_until(snapshot: Snapshot, location_id: str, since: datetime, minutes: float) -> datetime:
    """When a location has been open for so many ``minutes``; by the clock where it is unknown, or has no hours."""
    at = snapshot.positions.get(location_id)
    if at is None:
        return since + timedelta(minutes=minutes)
    places = snapshot.network.locations
    hours = places["opening_hours"][at] if "opening_hours" in places else None
    works = snapshot.network.location_days[at].works
    return open_since(since, minutes, hours, ZoneInfo(places["timezone"][at]), works)


def offered_until(snapshot: Snapshot, offered: Iterable[ShipmentRecord]) -> datetime:
    """When an offer ends: once each store that has it was open for as long as it is offered."""
    return max(
        accept_until(snapshot, shipment.location_id, shipment.changed_at, shipment.offer_minutes or 0.0)
        for shipment in offered
    )
