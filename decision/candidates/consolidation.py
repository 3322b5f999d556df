"""Consolidation: what goes to a customer with a parcel that is being prepared for the same address already."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import Candidates
from decision.network import Network
from decision.order import Order

#: Stands for "no open shipment".
NOTHING_OPEN: Final = -1


def open_shipments_at(order: Order, network: Network, candidates: Candidates) -> NDArray[np.intp]:
    """Return (C,) the position in ``order.open_shipments`` of the one that a candidate's shipment joins.

    It is one from the same location by the same carrier service, the first of several; without one, `NOTHING_OPEN`.
    """
    joined = np.full(len(candidates), NOTHING_OPEN, np.intp)
    if not order.open_shipments:
        return joined
    places = network.locations["location_id"][candidates.location]
    services = network.service_ids[candidates.service]
    for position in reversed(range(len(order.open_shipments))):
        shipment = order.open_shipments[position]
        joined[(places == shipment.location_id) & (services == shipment.carrier_service_id)] = position
    return joined


def open_weight_kg(order: Order, joined: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (C,) what the parcels that are joined weigh already; what nobody weighed counts as weightless."""
    weights = [shipment.weight_kg or 0.0 for shipment in order.open_shipments]
    return np.array([*weights, 0.0])[joined]  # position `NOTHING_OPEN`, −1, finds the 0
