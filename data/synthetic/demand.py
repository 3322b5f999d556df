"""What customers order, when and where to."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.clock import Clock
from data.synthetic.places import PLACES
from data.synthetic.products import CATEGORIES, Range

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Assumptions: online orders by weekday (Monday first), by local hour, by month.
WEEKDAY_FACTOR: Final = (1.12, 1.06, 1.02, 1.00, 0.94, 0.86, 1.00)
HOUR_SHARE: Final = np.array(
    [14, 8, 4, 3, 3, 5, 10, 20, 32, 43, 50, 52, 50, 50, 49, 48, 49, 52, 56, 60, 66, 68, 56, 32], float
)
MONTH_FACTOR: Final = (1.02, 0.86, 0.90, 0.92, 0.96, 0.95, 1.02, 0.78, 0.95, 1.00, 1.30, 1.34)
#: Category → months in which it sells three times as well.
SEASONS: Final = {"garden": (4, 5, 6), "toys": (11, 12), "apparel": (1, 7), "books": (8, 12), "electronics": (11,)}
DAY_LOG_SD: Final = 0.10

METHODS: Final = ("home", "click_and_collect", "reserve_and_collect", "ship_to_store")
METHOD_SHARE: Final = (0.70, 0.15, 0.07, 0.08)
CHANNELS: Final = ("web", "app", "store")
CHANNEL_SHARE: Final = (0.58, 0.37, 0.05)
PAYMENTS: Final = ("card", "wallet", "transfer")
PAYMENT_SHARE: Final = (0.62, 0.33, 0.05)
EXPRESS_SHARE: Final = 0.28
LINES_SHARE: Final = (0.62, 0.24, 0.10, 0.04)
UNITS_SHARE: Final = (0.86, 0.10, 0.04)
ADDRESS_SD_DEGREES: Final = 0.04
ORDERS_PER_CUSTOMER_AND_YEAR: Final = 3.0


@dataclass(frozen=True)
class Orders:
    """The orders of one day, by time: arrays (orders,), and ``sku`` and ``quantity`` of their lines.

    The lines of order i are ``first_line[i]:first_line[i + 1]``. ``placed`` and ``decided``: hours since the first day.
    """

    placed: FloatArray
    decided: FloatArray
    customer: IntArray
    channel: IntArray
    payment: IntArray
    method: IntArray
    express: NDArray[np.bool_]
    place: IntArray
    latitude: FloatArray
    longitude: FloatArray
    first_line: IntArray
    sku: IntArray
    quantity: IntArray
    weight_kg: FloatArray
    volume_l: FloatArray
    bulky: NDArray[np.bool_]
    hazmat: NDArray[np.bool_]


class Demand:
    """Draws the orders of each day."""

    def __init__(self, products: Range, orders_per_day: float) -> None:
        """Mean ``orders_per_day`` over the year, of ``products``."""
        self._products = products
        self._orders_per_day = orders_per_day
        people = np.array([place.population for place in PLACES], float)
        self._place_share = people / people.sum()
        self._centre = np.array([[place.latitude, place.longitude] for place in PLACES])
        self._customers = int(orders_per_day * 365 / ORDERS_PER_CUSTOMER_AND_YEAR) + 1

    def popularity(self, month: int) -> FloatArray:
        """Share of each sku in the demand of a month, (skus,)."""
        in_season = np.array([month in SEASONS.get(category.name, ()) for category in CATEGORIES])
        index = {category.name: position for position, category in enumerate(CATEGORIES)}
        factor = np.where(in_season, 3.0, 1.0)[[index[name] for name in self._products.category]]
        share = self._products.popularity * factor
        return np.asarray(share / share.sum())

    def orders(self, clock: Clock, day: int, rng: np.random.Generator) -> Orders:
        """The orders placed on the ``day``-th day (UTC)."""
        month = clock.month(day)
        weekday = int(clock.local(day * 24 + 12.0) // 24) % 7
        mean = self._orders_per_day * WEEKDAY_FACTOR[weekday] * MONTH_FACTOR[month - 1]
        count = int(rng.poisson(mean * np.exp(rng.normal(0, DAY_LOG_SD))))
        hour_share = HOUR_SHARE[np.floor(clock.local(day * 24 + np.arange(24) + 0.5) % 24).astype(int)]
        hour = rng.choice(24, count, p=hour_share / hour_share.sum())
        placed = np.sort(day * 24 + hour + rng.random(count))
        place = rng.choice(len(PLACES), count, p=self._place_share)
        lines = rng.choice(len(LINES_SHARE), count, p=LINES_SHARE) + 1
        order_of_line = np.repeat(np.arange(count), lines)
        sku = np.searchsorted(np.cumsum(self.popularity(month)), rng.random(len(order_of_line)))
        sku = np.minimum(sku, len(self._products.skus) - 1)
        quantity = rng.choice(len(UNITS_SHARE), len(order_of_line), p=UNITS_SHARE) + 1
        keep = _first_of_each(order_of_line, sku)
        order_of_line, sku, quantity = order_of_line[keep], sku[keep], quantity[keep]
        address = self._centre[place] + rng.normal(0, ADDRESS_SD_DEGREES, (count, 2))

        def total(of_unit: FloatArray) -> FloatArray:
            return np.bincount(order_of_line, of_unit[sku] * quantity, minlength=count).astype(float)

        return Orders(
            placed=placed,
            decided=placed + np.exp(rng.normal(np.log(4 / 60), 0.6, count)),
            customer=rng.integers(0, self._customers, count),
            channel=rng.choice(len(CHANNELS), count, p=CHANNEL_SHARE),
            payment=rng.choice(len(PAYMENTS), count, p=PAYMENT_SHARE),
            method=rng.choice(len(METHODS), count, p=METHOD_SHARE),
            express=rng.random(count) < EXPRESS_SHARE,
            place=place,
            latitude=np.round(address[:, 0], 4),
            longitude=np.round(address[:, 1], 4),
            first_line=np.searchsorted(order_of_line, np.arange(count + 1)),
            sku=sku,
            quantity=quantity,
            weight_kg=total(self._products.weight_kg),
            volume_l=total(self._products.volume_l),
            bulky=total(self._products.bulky.astype(float)) > 0,
            hazmat=total(self._products.hazmat.astype(float)) > 0,
        )


def _first_of_each(order: IntArray, sku: IntArray) -> IntArray:
    """Positions of the lines that do not repeat a sku of their order."""
    _, first = np.unique(np.stack([order, sku]), axis=1, return_index=True)
    return np.sort(first)
