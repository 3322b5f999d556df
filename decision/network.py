"""The network at one instant: every location, carrier service and stock record, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from expressions.text import Text, encode
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


@dataclass(frozen=True)
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

    @cached_property
    def location_texts(self) -> Mapping[str, Text]:
        """The text columns of ``locations`` as rules compare them, made when first asked for."""
        return _texts(self.locations)

    @cached_property
    def service_texts(self) -> Mapping[str, Text]:
        """The text columns of ``services``, followed by one row without any: no carrier service."""
        return _texts(
            {
                name: np.append(column, np.array([None]))
                for name, column in self.services.items()
                if column.dtype == object
            }
        )


def _texts(columns: Columns) -> Mapping[str, Text]:
    return {name: encode(column) for name, column in columns.items() if column.dtype == object}
