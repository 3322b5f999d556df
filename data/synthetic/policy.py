"""How the retailer has chosen so far: what is cheap, with chance in it, so that other policies can be judged."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.carriers import of_service, services_of
from data.synthetic.demand import Orders
from data.synthetic.network import Network
from data.synthetic.parcels import Parcels
from data.synthetic.places import AREA_OF_PLACE, REGION_OF_PLACE, distance_km
from data.synthetic.tariffs import contract, handling_mean, handling_price, shipping_mean

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: What the policy believes of the hours to prepare, by type, and what it thinks an hour is worth (EUR).
BELIEVED_HOURS: Final = {"warehouse": 9.0, "store": 6.0, "supplier": 40.0}
HOUR_PRICE: Final = 0.05
BUSY_PRICE: Final = 1.2
LAST_UNIT_PRICE: Final = 1.0
#: EUR in the softmax, and the share of choices made at random.
TEMPERATURE: Final = 1.2
EXPLORATION: Final = 0.03


@dataclass(frozen=True)
class Destinations:
    """Where each order of a day goes: arrays (orders,). ``place`` is a position in `PLACES`.

    ``collect`` is the location where the customer will collect, -1 of a home delivery.
    """

    place: IntArray
    latitude: FloatArray
    longitude: FloatArray
    collect: IntArray


@dataclass(frozen=True)
class Candidates:
    """Ways to send the orders of a day; those of order i are ``first[i]:first[i + 1]``.

    ``score``: what the policy thinks of each, in EUR.
    """

    first: IntArray
    location: IntArray
    service: IntArray
    score: FloatArray


class Policy:
    """Softmax over cost, with a little exploration."""

    def __init__(self, network: Network) -> None:
        """Every place is served by all warehouses and by the nearest suppliers and stores."""
        self._network = network
        near = np.concatenate([np.sort(network.nearest("supplier"), axis=1), network.nearest("store")], axis=1)
        warehouses = network.of_type("warehouse")
        self._pairs = {
            level: [self._pairs_of(np.concatenate([warehouses, locations]), level) for locations in near]
            for level in ("standard", "express")
        }
        self._is_store = network.types == "store"
        self._busy = BUSY_PRICE / network.capacity_per_day
        self._last_unit = np.where(self._is_store, LAST_UNIT_PRICE, 0.0)
        self._contract = contract(network.types)
        self._handling = handling_price(network.types, network.labour)
        self._hours = np.array([BELIEVED_HOURS[kind] for kind in network.types])

    def _pairs_of(self, locations: IntArray, level: str) -> IntArray:
        pairs = [
            (location, service)
            for location in locations.tolist()
            for service in services_of(str(self._network.types[location]), level)
        ]
        return np.array(pairs)

    def candidates(self, orders: Orders, to: Destinations) -> Candidates:
        """Every way to send each of ``orders`` whole that is not barred, with what the policy thinks of it."""
        network = self._network
        levels = np.where(orders.express, "express", "standard")
        pairs = [self._pairs[level][place] for level, place in zip(levels, to.place, strict=True)]
        order = np.repeat(np.arange(len(pairs)), [len(pair) for pair in pairs])
        location, service = np.concatenate([np.zeros((0, 2), np.int64), *pairs]).T
        barred = orders.weight_kg[order] > of_service("max_weight_kg")[service]
        barred |= self._is_store[location] & orders.hazmat[order]
        barred |= location == to.collect[order]
        order, location, service = order[~barred], location[~barred], service[~barred]
        first = np.searchsorted(order, np.arange(len(pairs) + 1))
        weight_kg = orders.weight_kg[order]
        latitude, longitude = network.latitude[location], network.longitude[location]
        parcels = Parcels(
            service=service,
            contract=self._contract[location],
            origin_area=network.area[location],
            destination_area=AREA_OF_PLACE[to.place][order],
            destination_region=REGION_OF_PLACE[to.place][order],
            distance_km=distance_km(latitude, longitude, to.latitude[order], to.longitude[order]),
            weight_kg=weight_kg,
            volume_l=orders.volume_l[order],
            bulky=orders.bulky[order],
            decided=orders.decided[order],
        )
        lines = np.diff(orders.first_line)[order].astype(float)
        units = np.add.reduceat(orders.quantity, orders.first_line[:-1])[order].astype(float)
        cost = shipping_mean(parcels) + handling_mean(self._handling[location], lines, units, weight_kg)
        hours = self._hours[location] + of_service("median_hours")[service]
        return Candidates(first, location, service, cost + HOUR_PRICE * hours)

    def choose(
        self,
        location: IntArray,
        score: FloatArray,
        *,
        last: NDArray[np.bool_],
        backlog: IntArray,
        rng: np.random.Generator,
    ) -> tuple[int, float]:
        """Position of the chosen candidate, and the probability it had.

        ``last``: whether a candidate would have nothing left of a line it covers.
        """
        worth = score + self._busy[location] * backlog[location]
        worth += self._last_unit[location] * last
        share = np.exp((worth[worth.argmin()] - worth) / TEMPERATURE)
        share = (1 - EXPLORATION) * share / np.add.reduce(share) + EXPLORATION / len(share)
        chosen = min(int(share.cumsum().searchsorted(rng.random())), len(share) - 1)
        return chosen, share.item(chosen)
