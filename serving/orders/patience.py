"""How long locations have to accept: minutes of their own opening hours. What is given to them at night, or on a public
holiday that they keep, waits."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from serving.orders.records import ShipmentRecord
from serving.state.snapshot import Snapshot


def accept_until(snapshot: Snapshot, location_id: str, since: datetime, minutes: float) -> datetime:
    """When a location has been open for so many ``minutes``; by the clock where it is unknown, or has no hours."""
    at, duration = snapshot.positions.get(location_id), timedelta(minutes=minutes)
    return since + duration if at is None else snapshot.network.open_times(at).since(since, duration)


def offered_until(snapshot: Snapshot, offered: Iterable[ShipmentRecord]) -> datetime:
    """When an offer ends: once each store that has it was open for as long as it is offered."""
    return max(
        accept_until(snapshot, shipment.location_id, shipment.changed_at, shipment.offer_minutes or 0.0)
        for shipment in offered
    )
