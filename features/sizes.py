"""How big what is sent is to a carrier: billed weight, and whether it is handled with the usual parcels."""

from typing import Final

import numpy as np

from features.coded import Coded
from features.facts import Columns, FloatArray

#: Carriers bill volume as weight: a litre as a sixth of a kilogram.
KG_PER_LITRE: Final = 1 / 6
#: A unit billed with more is large; one with a longer side goes beside the conveyor belts, and carriers charge for it.
LARGE_KG, OVERSIZE_CM = 5.0, 70.0
_CLASSES: Final = np.array(["small", "large", "oversize", None], dtype=object)
#: What `billed_kg` follows from.
SIZE: Final = ("weight_kg", "volume_l", "units")


def billed_kg(columns: Columns) -> FloatArray:
    """Weight that carriers bill for one unit, the mean of all of them; missing where neither size is known."""
    whole = np.fmax(columns["weight_kg"], columns["volume_l"] * KG_PER_LITRE)
    return np.asarray(whole / np.maximum(columns["units"], 1.0), dtype=np.float64)


def size_class(columns: Columns) -> Coded:
    """Whether a shipment is small, large or oversize, by its units; missing where their size is not known.

    Follows from weight (kg), volume (litres), units and longest side (cm).
    """
    billed = billed_kg(columns)
    oversize = columns["longest_side_cm"] > OVERSIZE_CM
    return Coded(_CLASSES, np.where(oversize, 2, np.where(np.isnan(billed), 3, billed > LARGE_KG)).astype(np.intp))
