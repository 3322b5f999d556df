"""What a shipment costs: the mean, and how far one bill lies from it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.carriers import COLLECT, HOURS_PER_YEAR, of_carrier, of_service, over_sea
from data.synthetic.parcels import Parcels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Carriers bill volume as weight: 200 kg for a cubic metre.
KG_PER_LITRE: Final = 0.2
FUEL_CYCLE_YEARS: Final = 0.55
HANDLING_LOG_SD: Final = 0.22
HANDLING_PRICE: Final = {"warehouse": 1.1, "store": 2.0, "supplier": 2.6}
#: Warehouses have the better contracts.
CONTRACT: Final = {"warehouse": 1.0, "store": 1.15, "supplier": 1.08}


def contract(location_type: NDArray[np.object_]) -> FloatArray:
    """Factor of each type of location on the carriers' bills."""
    return np.array([CONTRACT[kind] for kind in location_type])


def handling_price(location_type: NDArray[np.object_], labour: FloatArray) -> FloatArray:
    """What one unit costs (EUR) to pick and pack, but for its weight; ``labour`` is a factor."""
    return np.array([HANDLING_PRICE[kind] for kind in location_type]) * labour


def shipping_mean(parcels: Parcels) -> FloatArray:
    """Mean bill of the carrier (EUR), (parcels,); zero where the customer collects."""
    billed_kg = np.maximum(parcels.weight_kg, parcels.volume_l * KG_PER_LITRE)
    price = np.append(of_service("price") * of_carrier("price"), 0.0)[parcels.service]
    years = parcels.decided / HOURS_PER_YEAR
    fuel = 1 + 0.05 * years + 0.04 * np.sin(2 * np.pi * years / FUEL_CYCLE_YEARS)
    by_distance = 1 + 0.12 * np.log1p(parcels.distance_km / 100)
    surcharges = np.where(over_sea(parcels), 1.2, 1.0) * np.where(parcels.bulky, 1.3, 1.0)
    bill = (price * by_distance + 0.55 * billed_kg**0.85) * parcels.contract * surcharges * fuel
    return np.where(parcels.service == COLLECT, 0.0, bill)


def shipping_log_sd(service: IntArray) -> FloatArray:
    """Log-sd of one bill around its mean: remeasured parcels, second attempts, surcharges."""
    return np.append(of_service("cost_log_sd"), 0.0)[service]


def handling_mean(price: FloatArray, lines: FloatArray, units: FloatArray, weight_kg: FloatArray) -> FloatArray:
    """Mean cost (EUR) of picking and packing where one unit has this `handling_price`."""
    return np.asarray(price * (1 + 0.35 * (lines - 1) + 0.12 * (units - lines)) + 0.04 * weight_kg)
