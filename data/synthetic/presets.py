"""How large a history is."""

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class Preset:
    """Sizes of one synthetic retailer. ``orders_per_day`` is the mean over the year."""

    first_day: date
    days: int
    warehouses: int
    stores: int
    suppliers: int
    skus: int
    orders_per_day: float


#: One order makes about 1.1 attempts: short picks, rejections and split orders add to it.
PRESETS: Final = {
    "demo": Preset(date(2025, 6, 2), 364, warehouses=2, stores=32, suppliers=4, skus=300, orders_per_day=95),
    "medium": Preset(date(2025, 6, 2), 364, warehouses=3, stores=90, suppliers=10, skus=1_500, orders_per_day=750),
    "large": Preset(date(2024, 6, 3), 728, warehouses=5, stores=200, suppliers=30, skus=3_000, orders_per_day=13_100),
}
