"""Stock on its way: when it comes, and the network as it will be then."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from decision.network import Inbound, Network, SkuStock
from decision.order import Order


def arrivals(network: Network, order: Order, now: datetime) -> Iterator[datetime]:
    """Yield the instants after ``now`` at which stock of the order's skus is expected, the soonest first."""
    coming = (item for line in order.lines for item in network.inbound.get(line.sku, ()))
    yield from sorted({item.expected_at for item in coming if item.expected_at > now})


def with_arrived(network: Network, order: Order, now: datetime, until: datetime) -> Network:
    """Return the network with what is expected of the order's skus after ``now`` and ``until`` then, counted in.

    Its stock is of the order's skus alone. What was expected before is not waited for: it has been counted since, or
    nobody knows whether it comes.
    """
    stock = {}
    for sku in {line.sku for line in order.lines}:
        arrived = [item for item in network.inbound.get(sku, ()) if now < item.expected_at <= until]
        if arrived:
            stock[sku] = _counted_in(network.stock.get(sku), arrived)
        elif sku in network.stock:
            stock[sku] = network.stock[sku]
    return network.with_stock(stock)


def _counted_in(known: SkuStock | None, arrived: list[Inbound]) -> SkuStock:
    places = np.array([item.location for item in arrived], np.intp)
    before = known or SkuStock(np.empty(0, np.intp), *np.empty((4, 0)))
    location = np.union1d(before.location, places)
    at, new = np.searchsorted(location, before.location), np.searchsorted(location, places)

    def spread(
        values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], nothing: float
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        column = np.full(len(location), nothing)
        column[at] = values
        return column

    on_hand = spread(before.on_hand, 0.0)
    np.add.at(on_hand, new, [item.quantity for item in arrived])
    told = {
        name: None if getattr(before, name) is None else spread(getattr(before, name), np.nan)
        for name in ("daily_demand", "markdown_risk")
    }
    return SkuStock(
        location,
        on_hand,
        spread(before.reserved, 0.0),
        spread(before.safety_stock, 0.0),
        spread(before.counted_at, np.nan),
        **told,
    )
