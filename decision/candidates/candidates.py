"""Which location, with which carrier service, can send at least one line of the order."""

from dataclasses import dataclass, fields
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from decision.candidates.consolidation import NOTHING_OPEN, ROUNDING, joining
from decision.network import Network
from decision.order import Order
from features.coded import distinct_codes
from features.geography import haversine_km

#: Level of the services that travel nowhere: the customer comes.
COLLECT: Final = "collect"
#: Delivery methods in which the customer comes to where the goods already lie, unless the ruleset says otherwise.
FROM_THE_SHELF: Final = ("click_and_collect", "reserve_and_collect")
#: From where those goods may come: the store, or ship to it from anywhere.
CollectFrom: TypeAlias = Literal["store", "anywhere"]
#: Stands for "no carrier service" in `Candidates.service`.
NO_SERVICE: Final = -1


@dataclass(frozen=True)
class Candidates:
    """Candidates of one order, in the order of the network: by location, then by carrier service.

    With C candidates and L lines: ``location`` and ``service`` (C,) are positions in the network (`NO_SERVICE`:
    collected without one), ``joined`` (C,) that of the open shipment of the order which what is sent joins
    (`decision.candidates.consolidation`), ``distance_km`` (C,) is to the destination, ``collected`` (C,) tells where
    the customer comes. Of the lines' skus (L, C): recorded units ``on_hand``, ``free`` (on hand − reserved) and
    ``safety`` stock, and ``counted_at`` in seconds since 1970; without a record there are no units and no count (NaN).
    Of the sku there, where told (else NaN): ``daily_demand`` in units and ``markdown_risk``, a probability.
    """

    location: NDArray[np.intp]
    service: NDArray[np.intp]
    joined: NDArray[np.intp]
    collected: NDArray[np.bool_]
    distance_km: NDArray[np.float64]
    max_weight_kg: NDArray[np.float64]
    carbon_kg: NDArray[np.float64]
    on_hand: NDArray[np.float64]
    free: NDArray[np.float64]
    safety: NDArray[np.float64]
    counted_at: NDArray[np.float64]
    daily_demand: NDArray[np.float64]
    markdown_risk: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.location)

    def carry(self, weight_kg: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return (…, C) which candidates carry so much in one shipment; ``weight_kg`` (…, C) or (…, 1)."""
        return np.asarray(weight_kg <= self.max_weight_kg + ROUNDING)

    def position(self, last_service: int) -> NDArray[np.intp]:
        """Return (C,) numbers that grow as the candidates of a network do, of which ``last_service`` is the last.

        What joins an open shipment stands before what does not.
        """
        of_service = self.location * (last_service + 2) + self.service + 1
        return np.asarray(2 * of_service + (self.joined == NOTHING_OPEN))

    def take(self, rows: NDArray[np.intp]) -> "Candidates":
        """Return the candidates at ``rows``."""
        return Candidates(*(getattr(self, field.name).take(rows, axis=-1) for field in fields(self)))


#: What a stock record may tell besides units.
_TOLD: Final = ("daily_demand", "markdown_risk")


def find_candidates(order: Order, network: Network, collect_from: CollectFrom = "store") -> Candidates:
    """Return every candidate with a free unit of some line of ``order``, before any rule and any safety stock.

    A location and service stand twice where what is sent may join an open shipment, or not (`joining`).

    ``collect_from``: whether the goods of an order that is collected `FROM_THE_SHELF` have to lie in its store, or may
    be sent there from anywhere.
    """
    stock = _stock(order, network)
    places = np.flatnonzero((stock["free"] > 0).any(axis=0))
    stays = order.delivery_method in FROM_THE_SHELF and collect_from == "store"
    if stays:
        places = places[stock["location"][places] == _collect_location(order, network)]
    where, service = _services(order, network, stock["location"][places], stays=stays)
    services = network.services
    max_weight = _of_service(services["max_weight_kg"], service, np.inf)
    rows, joined = joining(
        order,
        (network.locations["location_id"][stock["location"][places[where]]], network.service_ids[service]),
        stock["free"].take(places[where], axis=1),
        max_weight,
    )
    at, service = places[where[rows]], service[rows]
    location = stock["location"][at]
    return Candidates(
        location,
        service,
        joined,
        np.append(services["level"] == COLLECT, True)[service],  # position −1 finds no carrier service
        _distance(order, network, location),
        max_weight[rows],
        _of_service(services["carbon_kg_per_shipment"], service, 0.0),
        *(stock[name].take(at, axis=1) for name in ("on_hand", "free", "safety", "counted_at", *_TOLD)),
    )


def _stock(order: Order, network: Network) -> dict[str, NDArray[Any]]:
    """Return the lines' records side by side: ``location`` (P,) and each quantity (L, P)."""
    records = [network.stock.get(line.sku) for line in order.lines]
    nowhere = np.empty(0, np.intp)
    recorded = [nowhere if record is None else record.location for record in records]
    location, columns = distinct_codes(np.concatenate(recorded))
    ends = np.cumsum([len(places) for places in recorded])[:-1]
    shape = (len(records), len(location))
    table: dict[str, NDArray[Any]] = {"location": location, "free": np.zeros(shape), "safety": np.zeros(shape)}
    table |= {name: np.full(shape, np.nan) for name in ("on_hand", "counted_at", *_TOLD)}
    for row, (record, at) in enumerate(zip(records, np.split(columns, ends), strict=True)):
        if record is None:
            continue
        table["on_hand"][row, at] = record.on_hand
        table["free"][row, at] = record.on_hand - record.reserved
        table["safety"][row, at] = record.safety_stock
        table["counted_at"][row, at] = record.counted_at
        for name in _TOLD:
            told = getattr(record, name)
            if told is not None:
                table[name][row, at] = told
    return table


def _collect_location(order: Order, network: Network) -> int:
    """Return the position of the location where the customer collects, or one that no location has."""
    return -1 if order.collect_location_id is None else network.positions.get(order.collect_location_id, -1)


def _services(
    order: Order, network: Network, locations: NDArray[np.intp], *, stays: bool
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of a position in ``locations`` and a service that may serve it for this order."""
    types = network.locations["location_type"][locations]
    here = locations == _collect_location(order, network)
    nowhere = np.zeros(len(locations), bool)
    travels = nowhere if stays else ~nowhere if order.delivery_method == "home" else ~here
    allowed = []
    levels, only_types = network.services["level"], network.services["location_type"]
    for level, only_type in zip(levels, only_types, strict=True):
        by_type = np.ones(len(locations), bool) if only_type is None else types == only_type
        collects = here if order.delivery_method != "home" else nowhere
        chosen = order.service_level in {None, level}
        allowed.append(by_type & (collects if level == COLLECT else travels & chosen))
    table = np.array(allowed, bool).reshape(len(levels), len(locations)).T
    # Collecting needs a carrier service only if the network bothers to list one.
    without = (here if order.delivery_method != "home" else nowhere) & ~table.any(axis=1)
    where, service = np.nonzero(np.column_stack([without, table]))
    return where, service - 1


def _of_service(column: NDArray[np.float64], service: NDArray[np.intp], default: float) -> NDArray[np.float64]:
    values = np.append(column, default)[service]  # position −1 finds the default
    return np.where(np.isnan(values), default, values)


def _distance(order: Order, network: Network, location: NDArray[np.intp]) -> NDArray[np.float64]:
    to = order.destination
    if to.latitude is None or to.longitude is None:
        return np.full(len(location), np.nan)
    here = (network.locations["latitude"][location], network.locations["longitude"][location])
    return np.asarray(haversine_km(*here, to.latitude, to.longitude), float)
