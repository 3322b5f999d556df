"""The network at one instant: every location, carrier service and stock record, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.facts import Columns


@dataclass(frozen=True, slots=True)
class SkuStock:
    """Where one sku is recorded. Arrays of equal length, one row per location that has a record.

    ``location`` holds positions in ``Network.locations``, ascending; the units are float64.
    """

    location: NDArray[np.intp]
    on_hand: NDArray[np.float64]
    reserved: NDArray[np.float64]
    safety_stock: NDArray[np.float64]
    counted_at: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Network:
    """What can be decided about.

    ``locations``: columns ``location_id, location_type, name, country, region, postal_code, latitude, longitude,
    timezone, capacity_per_day, backlog, footfall, footfall_ratio``; ``services``: columns ``carrier_service_id,
    carrier, level, location_type, max_weight_kg, carbon_kg_per_shipment``. Text columns are object arrays with
    ``None`` for missing, numbers float64 with NaN.
    """

    locations: Columns
    services: Columns
    stock: Mapping[str, SkuStock]
