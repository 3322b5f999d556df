"""What an order asks for, as fingerprints by which two orders are compared without being kept."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Final

import numpy as np
import orjson

from decision.network import Network
from decision.order import Order

_OF_PLACES: Final = ("timezone", "opening_hours", "cut_offs", "closed_on", "closed_on_public_holidays")
_WRITTEN: Final = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS
_OF_SERVICES: Final = ("cut_offs", "delivery_days", "closed_on", "closed_on_public_holidays")


def fingerprints(order: Order) -> dict[str, str]:
    """Return a short fingerprint of each part of what is asked for: its lines, where it goes, who asks."""
    parts = {
        "lines": sorted(orjson.dumps([x.sku, x.quantity, x.unit_price, x.group]) for x in order.lines),
        "destination": [orjson.dumps(asdict(order.destination))],
        "customer": [
            orjson.dumps(
                [
                    order.channel,
                    order.payment_method,
                    order.customer_id,
                    order.customer_tier,
                    order.tags,
                    order.attributes,
                    [shipment.shipment_id for shipment in order.open_shipments],
                ]
            )
        ],
    }
    return {name: _fingerprint(written) for name, written in parts.items()}


def calendar_fingerprint(network: Network, location_ids: tuple[str | None, ...], carrier_service_id: str | None) -> str:
    """Return a short fingerprint of when locations and a carrier service work; what the network lacks says nothing."""
    key = ("calendar", location_ids, carrier_service_id)
    made: str = network.once(key, lambda: _fingerprint(_calendars(network, location_ids, carrier_service_id)))
    return made


def _calendars(
    network: Network, location_ids: tuple[str | None, ...], carrier_service_id: str | None
) -> Iterator[bytes]:
    told = (
        *((network.locations, "location_id", location_id, _OF_PLACES) for location_id in location_ids),
        (network.services, "carrier_service_id", carrier_service_id, _OF_SERVICES),
    )
    for columns, key, value, names in told:
        for at in np.flatnonzero(columns[key] == value):
            yield orjson.dumps({name: columns[name][at] for name in names if name in columns}, option=_WRITTEN)


def _fingerprint(written: Iterable[bytes]) -> str:
    return hashlib.sha256(b"\n".join(written)).hexdigest()[:12]
