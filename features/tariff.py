"""A plain tariff: how a bill grows with parcels, size and distance, whoever sends it and whatever their prices are.

Costs are compared by what they differ from it. A location's mean cost says little when one parcel is an envelope and
the next a wardrobe; its mean *excess* over a tariff says how dear its contract is. The constants need be right only
roughly (size as in the Olist history before July 2017; distance chosen on its windows from then to April 2018): the
level follows from the trailing means, and what remains is for the trees.
"""

from typing import Final

import numpy as np

from features.coded import at_home
from features.facts import Columns, FloatArray
from features.geography import haversine_km
from features.sizes import SIZE, billed_kg

ENDS: Final = ("location_latitude", "location_longitude", "destination_latitude", "destination_longitude")
READS: Final = (*ENDS, *SIZE)

#: Of the same product every unit is billed; by size, a unit of so many kg costs twice one that weighs nothing.
_DOUBLED_AT_KG, _BY_SIZE = 12.0, 1.66
_STEP_KM, _BY_DISTANCE = 100.0, 0.2
#: A parcel of unknown size is taken for a common one, an unknown distance for a common one.
_USUAL_KG, _USUAL_KM = 1.0, 300.0


def log_tariff(columns: Columns) -> FloatArray:
    """Log of what each shipment costs, relative to a weightless parcel for next door; never missing."""
    by_size, by_distance = at_home(columns, SIZE, _by_size), at_home(columns, ENDS, _by_distance)
    return np.asarray(by_size + by_distance, dtype=np.float64)


def _by_size(columns: Columns) -> FloatArray:
    each = billed_kg(columns)
    size = np.log1p((np.where(np.isnan(each), _USUAL_KG, each) / _DOUBLED_AT_KG) ** _BY_SIZE)
    return np.asarray(np.log(np.maximum(columns["units"], 1.0)) + size)


def _by_distance(columns: Columns) -> FloatArray:
    distance_km = haversine_km(*(columns[name] for name in ENDS))
    return np.asarray(_BY_DISTANCE * np.log1p(np.where(np.isnan(distance_km), _USUAL_KM, distance_km) / _STEP_KM))
