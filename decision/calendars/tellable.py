"""The next instant that a customer can be told: the end of a day of deliveries, or one at which the store is open."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from decision.calendars.delivery_days import zone_of
from decision.calendars.dispatch import DAYS_AHEAD, next_opening
from decision.network import Network
from decision.order import Order


def next_tellable(order: Order, network: Network, services: Iterable[str | None], instant: datetime) -> datetime:
    """Return the first instant from ``instant`` on that can be told: to collect, when the store is open; at home, the
    end of a date on which all of the carrier ``services`` deliver, by the clock of the destination.
    """
    if order.collect_location_id is not None:
        place = network.positions.get(order.collect_location_id)
        return instant if place is None else next_opening(network, place, instant)
    zone, to = zone_of(order, network), order.destination
    known = network.services["carrier_service_id"].tolist()
    calendars = [network.delivers_on(known.index(one), to.country, to.region) for one in services if one in known]
    first = (instant - timedelta(microseconds=1)).astimezone(zone).date()
    days = (first + timedelta(days=ahead) for ahead in range(DAYS_AHEAD))
    day = next((day for day in days if all(one.works(day) for one in calendars)), first)
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), zone).astimezone(UTC)
