"""What the carriers are given: one parcel per row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Parcels:
    """Arrays (parcels,). ``service``: position in `carriers.SERVICES`, or `carriers.COLLECT`; ``contract``: factor of
    the origin on the carriers' bills; areas are positions in `places.AREAS`, the region in `places.REGIONS`;
    ``decided`` in hours since the first day.
    """

    service: IntArray
    contract: FloatArray
    origin_area: IntArray
    destination_area: IntArray
    destination_region: IntArray
    distance_km: FloatArray
    weight_kg: FloatArray
    volume_l: FloatArray
    bulky: NDArray[np.bool_]
    decided: FloatArray
