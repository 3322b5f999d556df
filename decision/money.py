"""What a plan costs, term by term. Every term has the name under which it is explained.

::

    Σ over shipments s [ cost(s) + late_parcel·P(late s) + late_day·E[days late s] + pick_failure·P(fail s)
                         + carbon·kgCO2e(s) + adjustments(s) + extra_parcel ] − extra_parcel
    + missing_line·(lines left out)

A shipment that joins an open one pays no extra_parcel; a plan in which all join therefore has −extra_parcel in
all. Of a line that is split, units left out count as their share of the line.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: The terms of the objective, in the order in which they are told.
TERMS: Final = (
    "cost",
    "late",
    "late_days",
    "pick_failure",
    "carbon",
    "adjustments",
    "extra_parcels",
    "missing_lines",
)
#: Which price of the strategy makes which term; the others are money as predicted or as ruled.
PRICE_OF: Final = {
    "late": "late_parcel",
    "late_days": "late_day",
    "pick_failure": "pick_failure",
    "carbon": "carbon",
    "extra_parcels": "extra_parcel",
    "missing_lines": "missing_line",
}
#: Plans are compared in whole billionths of the currency, so that sums are exact and ties are ties.
PER_UNIT: Final = 1_000_000_000
#: What cannot be done costs more than any plan. Sums that contain it stay above `HOPELESS`, whatever is taken off.
IMPOSSIBLE: Final = 1 << 61
HOPELESS: Final = 1 << 60
#: No shipment counts more, either way, so that twelve of them are still not hopeless.
_MOST_COUNTED: Final = 90_000_000.0
#: No price, and no adjustment either way, is more: below what is counted, so that what is very dear keeps its order.
MOST_MONEY: Final = 10_000_000.0


@dataclass(frozen=True)
class Strategy:
    """Prices, in the order's currency, that turn predictions into one comparable number. None may be negative.

    ``late_parcel``: a shipment that misses the promise; ``late_day``: each day it is late; ``pick_failure``: a
    shipment that the location will not supply in full; ``extra_parcel``: each parcel after the first; ``carbon``:
    a kg of CO2e; ``missing_line``: a line left out, where the limits allow partial plans.
    """

    late_parcel: float = 0.0
    late_day: float = 0.0
    pick_failure: float = 0.0
    extra_parcel: float = 0.0
    carbon: float = 0.0
    missing_line: float = 100.0

    def __post_init__(self) -> None:
        """Negative prices would reward what they are meant to avoid, and break the bounds that plans rest on."""
        for field in fields(self):
            price = getattr(self, field.name)
            if not 0 <= price < np.inf:
                raise ValueError(f"{field.name} must be a price of at least 0, not {price}")

    @property
    def counted(self) -> "Strategy":
        """The prices as plans count them: an earlier version published higher ones than `MOST_MONEY`."""
        return Strategy(*(min(getattr(self, field.name), MOST_MONEY) for field in fields(self)))


def to_billionths(money: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return money as whole billionths, no more than is counted; what is not known becomes `IMPOSSIBLE`.

    What is very dear can be done: a price that is meant to forbid leaves an order its plan where there is no other.
    """
    counted = np.rint(np.clip(money, -_MOST_COUNTED, _MOST_COUNTED) * PER_UNIT)
    return np.where(np.isnan(money), IMPOSSIBLE, counted).astype(np.int64)
