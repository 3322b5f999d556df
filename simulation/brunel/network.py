"""The day as decisions see it: plants, freight services, orders."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from decision.network import Network, SkuStock
from decision.order import Destination, Line, Order
from simulation.brunel.freight import Freight
from simulation.brunel.tables import CUSTOMER_ARRANGED, LANE, Day

#: The orders name a day and no hour.
DAY: Final = datetime(2013, 5, 26, tzinfo=UTC)
#: The network is anonymous.
NOWHERE: Final = "XX"


def network_of(day: Day) -> Network:
    """Return the plants, each tagged with its ports and the customers it is dedicated to, and every freight lane.

    No table counts stock: every plant is given as many units of every product as all orders ask for together, and the
    ruleset says which it may hold.
    """
    plants = sorted(day.capacity)
    count = len(plants)
    lanes = Freight(day).lanes
    parts = [_parts(lane) for lane in lanes]
    everything, nothing = np.full(count, float(day.orders["units"].sum())), np.zeros(count)
    plenty = SkuStock(np.arange(count), everything, nothing, nothing, np.full(count, DAY.timestamp()))
    return Network(
        {
            "location_id": _objects(plants),
            **{name: _objects([value] * count) for name, value in _SAME_EVERYWHERE.items()},
            **{
                name: np.full(count, np.nan)
                for name in ("latitude", "longitude", "footfall", "footfall_ratio", "backlog")
            },
            "capacity_per_day": np.array([float(day.capacity[plant]) for plant in plants]),
            "capacity_used": np.zeros(count),
            "tags": _objects([tuple(sorted(day.ports[p] | day.customers.get(p, frozenset()))) for p in plants]),
            "attributes": _objects([{"listed_customers_only": plant in day.customers} for plant in plants]),
        },
        {
            "carrier_service_id": _objects(list(lanes)),
            "carrier": _objects([part["carrier"] for part in parts]),
            "level": _objects([part["level"] for part in parts]),
            "location_type": _objects([None] * len(lanes)),
            "max_weight_kg": np.full(len(lanes), np.nan),
            "carbon_kg_per_shipment": np.full(len(lanes), np.nan),
            "attributes": _objects([{"port": part["port"]} if "port" in part else {} for part in parts]),
        },
        dict.fromkeys(day.orders["product"].unique().tolist(), plenty),
    )


def orders_of(day: Day) -> Iterator[Order]:
    """Yield the orders in file order; each line is tagged with the plants that may hold its product."""
    columns = ("order_id", "customer", "product", "level", "units", "weight_kg")
    for order_id, customer, product, level, units, weight_kg in zip(
        *(day.orders[column].tolist() for column in columns), strict=True
    ):
        plants = tuple(sorted(day.plants.get(product, ())))
        line = Line("1", product, units, weight_kg=weight_kg / units, tags=plants)
        yield Order(
            order_id=order_id,
            placed_at=DAY,
            currency="USD",
            delivery_method="home",
            destination=Destination(NOWHERE),
            lines=(line,),
            customer_id=customer,
            attributes={"customer": customer, "service_level": level},
        )


_SAME_EVERYWHERE: Final = {
    "location_type": "warehouse",
    "name": None,
    "country": NOWHERE,
    "region": None,
    "postal_code": None,
    "timezone": "UTC",
}


def _parts(lane: str) -> dict[str, str]:
    if lane == CUSTOMER_ARRANGED:
        return {"carrier": "of the customer", "level": CUSTOMER_ARRANGED}
    return dict(zip(LANE, lane.split("/"), strict=True))


def _objects(values: list[Any]) -> NDArray[Any]:
    """Return the values as they are, one per row."""
    column = np.empty(len(values), object)
    column[:] = values
    return column
