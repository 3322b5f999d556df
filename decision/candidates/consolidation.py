"""Consolidation: what goes to a customer with a parcel that is being prepared for the same address already."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.order import Order

#: Stands for "no open shipment".
NOTHING_OPEN: Final = -1
#: Sums of weights are a little off: three times 1.1 kg go where 3.3 kg go.
ROUNDING: Final = 1e-9


def joining(
    order: Order,
    sent: tuple[NDArray[np.object_], NDArray[np.object_]],
    free: NDArray[np.float64],
    max_weight_kg: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows of what may be ``sent``, by ids of locations and carrier services, and the open shipments they join.

    Positions in ``order.open_shipments``: one from the same location by the same carrier service, the first of several;
    without one, or where it has no room for a single unit, `NOTHING_OPEN`. Where it has no room for all of the order
    that is ``free`` there (L, rows), the row stands twice: what is sent joins it, or is a parcel of its own.
    """
    places, services = sent
    joined = np.full(len(places), NOTHING_OPEN, np.intp)
    if not order.open_shipments:
        return np.arange(len(places)), joined
    for position in reversed(range(len(order.open_shipments))):
        shipment = order.open_shipments[position]
        joined[(places == shipment.location_id) & (services == shipment.carrier_service_id)] = position
    weight = np.array([[line.weight_kg or 0.0] for line in order.lines])
    room = max_weight_kg - open_weight_kg(order, joined) + ROUNDING
    joined[np.where(free >= 1, weight, np.inf).min(axis=0) > room] = NOTHING_OPEN
    all_of_it = (np.clip(free, 0, [[line.quantity] for line in order.lines]) * weight).sum(axis=0)
    rows = np.repeat(np.arange(len(places)), 1 + ((joined != NOTHING_OPEN) & (all_of_it > room)))
    second = np.diff(rows, prepend=-1) == 0
    return rows, np.where(second, NOTHING_OPEN, joined[rows])


def open_weight_kg(order: Order, joined: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (C,) what the parcels that are joined weigh already; what nobody weighed counts as weightless."""
    weights = [shipment.weight_kg or 0.0 for shipment in order.open_shipments]
    return np.array([*weights, 0.0])[joined]  # position `NOTHING_OPEN`, −1, finds the 0
