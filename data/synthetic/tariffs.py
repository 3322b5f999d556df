"""What a shipment costs: the mean, and how far one bill lies from it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.carriers import COLLECT, HOURS_PER_YEAR, ISLANDS, of_carrier, of_service

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Carriers bill volume as weight: 200 kg for a cubic metre.
KG_PER_LITRE: Final = 0.2
HANDLING_LOG_SD: Final = 0.22
HANDLING_PRICE: Final = {"warehouse": 1.1, "store": 2.0, "supplier": 2.6}
#: Warehouses have the better contracts.
CONTRACT: Final = {"warehouse": 1.0, "store": 1.15, "supplier": 1.08}


def shipping_mean(
    service: IntArray,
    location_type: NDArray[np.object_],
    origin_area: IntArray,
    destination_area: IntArray,
    distance_km: FloatArray,
    weight_kg: FloatArray,
    volume_l: FloatArray,
    bulky: NDArray[np.bool_],
    hour: FloatArray,
) -> FloatArray:
    """Mean bill of the carrier (EUR) of parcels decided at ``hour`` since the first day; zero for `COLLECT`."""
    billed_kg = np.maximum(weight_kg, volume_l * KG_PER_LITRE)
    price = np.append(of_service("price") * of_carrier("price"), 0.0)[service]
    contract = np.array([CONTRACT[kind] for kind in location_type])
    over_sea = (origin_area == ISLANDS) != (destination_area == ISLANDS)
    fuel = 1 + 0.05 * hour / HOURS_PER_YEAR + 0.04 * np.sin(2 * np.pi * hour / (200 * 24))
    per_kg = 0.55 * billed_kg**0.85
    surcharges = np.where(over_sea, 1.2, 1.0) * np.where(bulky, 1.3, 1.0)
    bill = (price * (1 + 0.12 * np.log1p(distance_km / 100)) + per_kg) * contract * surcharges * fuel
    return np.where(service == COLLECT, 0.0, bill)


def shipping_log_sd(service: IntArray) -> FloatArray:
    """Log-sd of one bill around its mean: remeasured parcels, second attempts, surcharges."""
    return np.append(of_service("cost_log_sd"), 0.0)[service]


def handling_mean(
    location_type: NDArray[np.object_], labour: FloatArray, lines: FloatArray, units: FloatArray, weight_kg: FloatArray
) -> FloatArray:
    """Mean cost (EUR) of picking and packing."""
    price = np.array([HANDLING_PRICE[kind] for kind in location_type])
    return np.asarray(price * labour * (1 + 0.35 * (lines - 1) + 0.12 * (units - lines)) + 0.04 * weight_kg)
