"""Units that sources use, and by what to multiply to come to the unit of the tables."""

from fractions import Fraction
from typing import Final

import pandas as pd

#: Unit of the tables → unit of the source → factor. Fractions, so that 1999 cents are 19.99 and nothing beside it.
FACTORS: Final = {
    unit: {name: Fraction(factor) for name, factor in factors.items()}
    for unit, factors in {
        "kg": {"kg": "1", "g": "1/1000", "mg": "1/1000000", "t": "1000", "lb": "0.45359237", "oz": "0.028349523125"},
        "l": {
            "l": "1",
            "ml": "1/1000",
            "cm3": "1/1000",
            "dm3": "1",
            "m3": "1000",
            "in3": "0.016387064",
            "ft3": "28.316846592",
        },
        "cm": {"cm": "1", "mm": "1/10", "m": "100", "in": "2.54", "ft": "30.48"},
        "money": {"units": "1", "cents": "1/100", "thousandths": "1/1000"},
        "seconds": {"milliseconds": "1/1000", "seconds": "1", "minutes": "60", "hours": "3600", "days": "86400"},
    }.items()
}

#: Column of the tables → its unit. Columns that are not here are counts, shares or degrees.
UNITS: Final = {
    "weight_kg": "kg",
    "max_weight_kg": "kg",
    "carbon_kg_per_shipment": "kg",
    "volume_l": "l",
    "longest_side_cm": "cm",
    "unit_price": "money",
    "shipping_cost": "money",
    "handling_cost": "money",
}


def convert(values: "pd.Series[float]", unit: str, target: str) -> "pd.Series[float]":
    """``values`` in ``unit`` as values in ``target``, one of the units of the tables."""
    factor = FACTORS[target][unit]
    return values.astype("float64") * factor.numerator / factor.denominator
