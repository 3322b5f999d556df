"""On which days parcels reach a destination, and the days that holidays take from their travel, by its own clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from decision.calendars.dispatch import Dispatch
from decision.calendars.working_days import days_worked, days_worked_usually
from decision.network import Network
from decision.order import Order
from decision.predictor import Rests


@dataclass(frozen=True)
class DeliveryDays:
    """Of K parcels and T dates from today on, (K, T): whether the carrier ``delivers`` on that date, and how many
    delivery days that the models count on are ``lost`` between handover and its end: each holds a parcel up for a day.
    """

    delivers: NDArray[np.bool_]
    lost: NDArray[np.int64]


def delivery_days(
    order: Order,
    network: Network,
    service: NDArray[np.intp],
    leaves: Dispatch,
    *,
    rests: Rests,
    now: datetime,
    count: int,
) -> DeliveryDays:
    """Return the delivery days, of ``count`` dates, of parcels by ``service`` (K,), a position in the network.

    ``leaves`` says on which date of its own each is handed over: what a carrier loses before that holds no parcel up,
    nor do the dates on which it ``rests`` as the models know. What is left of today does not count either.
    """
    shape = (len(service), count)
    if not network.has_calendars:
        return DeliveryDays(np.ones(shape, bool), np.zeros(shape, np.int64))
    to = order.destination
    local = now.astimezone(zone_of(order, network))
    distinct, which = np.unique(service, return_inverse=True)
    services = [network.delivers_on(at, to.country, to.region) for at in distinct.tolist()]
    delivers = days_worked(services, local.date(), count)
    missed = days_worked_usually(services, local.date(), count) & ~delivers
    so_far = np.cumsum(missed[which] & ~rests(local.date(), count), axis=1)
    handed_over = leaves.today + leaves.days_ahead - local.toordinal()
    before = so_far[np.arange(len(service)), np.clip(handed_over - 1, 0, count - 1)]
    return DeliveryDays(delivers[which], np.maximum(so_far - before[:, None], 0))


def with_days_lost(
    hours: NDArray[np.float64], lost: NDArray[np.int64], now: datetime, zone: ZoneInfo
) -> NDArray[np.float64]:
    """Return the ``hours`` (K,) of parcels from ``now`` on, put off by the days that they have ``lost`` (K, T) by then.

    On a day that it loses a parcel does not come.
    """
    today, put_off = now.astimezone(zone).date(), hours + 24.0 * lost[:, -1]
    for row in np.flatnonzero(lost.any(axis=1)).tolist():
        for ahead, days in enumerate(lost[row].tolist()):
            day = today + timedelta(days=ahead)
            if (now + timedelta(hours=hours[row] + 24 * days)).astimezone(zone).date() <= day:
                begins = (datetime.combine(day, datetime.min.time(), zone).astimezone(UTC) - now) / timedelta(hours=1)
                put_off[row] = max(hours[row] + 24 * days, begins)
                break
    return put_off


def zone_of(order: Order, network: Network) -> ZoneInfo:
    """Return the zone of the location where it is collected, else of the nearest one, else of the first in the country.

    UTC where there is none: an address has no zone.
    """
    to = order.destination
    if order.collect_location_id is not None:
        at = network.positions.get(order.collect_location_id)
        near = np.array([] if at is None else [at], np.intp)
    elif to.latitude is not None and to.longitude is not None:
        near = network.locations_near(to.latitude, to.longitude, 1)
    else:
        near = np.flatnonzero(network.locations["country"] == to.country)
    return ZoneInfo(str(network.locations["timezone"][near[0]]) if len(near) else "UTC")
