"""Recorded stock, and the true stock behind it.

A record is restated when a picker has stood before the shelf, and every few nights, more often where more is sold. What
lies on the shelf then differs from what is written down, and drifts further from it until the record is restated:

    true = max(0, recorded + found − lost),  found ~ Poisson(f),  lost ~ Poisson(a + b · days since the restatement)

with rates that depend on the location, the category and how fast the sku sells there. Everything that removes units
unseen (theft, sales that are posted late, units carried to another shelf) is in ``lost``. Poisson processes have
independent increments, so P(true < asked | record) is a Skellam tail, exactly. Nobody looks between two restatements,
and what the next record gets wrong is drawn anew. (About 65 % of the records of real stores are wrong: DeHoratius &
Raman, "Inventory record inaccuracy", Management Science 54(4), 2008.)
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skellam

from data.synthetic.network import Network
from data.synthetic.products import CATEGORIES, Range

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Units missing and found beside one record at its restatement; unseen losses a day of a sku that sells as the mean.
LOST: Final = {"warehouse": 0.002, "store": 0.75, "supplier": 0.04}
FOUND: Final = {"warehouse": 0.001, "store": 0.50, "supplier": 0.02}
LOST_PER_DAY: Final = {"warehouse": 0.0002, "store": 0.06, "supplier": 0.01}
#: Nights between two restatements: 0.35 unseen losses, within these bounds.
CYCLE_LOSSES: Final = 0.35
CYCLE_NIGHTS: Final = (3.0, 40.0)
#: Chance that a record at half its target or less is filled up at its restatement.
REFILL_PROBABILITY: Final = {"warehouse": 0.6, "store": 0.75, "supplier": 0.9}
DROP_SHIPPED_SHARE: Final = 0.10
STORE_ASSORTMENT: Final = 0.6
WAREHOUSE_ASSORTMENT: Final = 0.95


@dataclass(frozen=True)
class Restatements:
    """Rows of the table ``stock`` and the truth beside them; arrays of equal length, positions for the keys."""

    location: IntArray
    sku: IntArray
    at: FloatArray
    on_hand: IntArray
    reserved: IntArray
    true_on_hand: IntArray


class Records:
    """The records of all locations; arrays (locations, skus). Hours count from the first day."""

    def __init__(self, network: Network, products: Range, orders_per_day: float, rng: np.random.Generator) -> None:
        """Draw assortments and targets, and write the first record of everything stocked at hour zero."""
        shape = (len(network.ids), len(products.skus))
        category = {item.name: position for position, item in enumerate(CATEGORIES)}
        sells = products.popularity * len(products.skus)
        chance = np.clip(STORE_ASSORTMENT * sells**0.3, 0.15, 0.97)
        carried = network.carries[:, [category[name] for name in products.category]]
        is_type = {kind: network.types == kind for kind in LOST}

        def by_type(values: dict[str, float]) -> FloatArray:
            return np.array([values[kind] for kind in network.types])[:, None]

        share = by_type({"warehouse": WAREHOUSE_ASSORTMENT, "store": 1.0, "supplier": 0.9})
        self.stocked = carried & (rng.random(shape) < np.where(is_type["store"][:, None], chance, share))
        error = network.record_error[:, None] * products.record_error
        self._lost = by_type(LOST) * error
        self._found = by_type(FOUND) * error
        self._lost_per_day = by_type(LOST_PER_DAY) * error * np.clip(sells, 0.2, 6.0) ** 0.7
        self._nights = np.clip(CYCLE_LOSSES / self._lost_per_day, *CYCLE_NIGHTS)
        # What only suppliers have: nobody else stocks it.
        drop_shipped = (rng.random(shape[1]) < DROP_SHIPPED_SHARE) & (self.stocked & is_type["supplier"][:, None]).any(
            0
        )
        self.stocked &= is_type["supplier"][:, None] | ~drop_shipped
        self._refill = by_type(REFILL_PROBABILITY)
        central = np.ceil(12 + 25 * orders_per_day * products.popularity)
        in_store = np.maximum(1, rng.poisson(1.0 + 4.5 * np.clip(sells, 0.1, 5.0) ** 0.6, shape))
        self._target = np.where(is_type["store"][:, None], in_store, central).astype(np.int64)
        self._central = ~is_type["store"]
        self.on_hand = np.where(self.stocked, self._target, 0)
        self.pending = np.zeros(shape, np.int64)
        self._error = np.zeros(shape, np.int64)
        self._error_at = np.zeros(shape)
        self.restated_at = np.zeros(shape)

    def first(self, rng: np.random.Generator) -> Restatements:
        """The first record of everything that is stocked."""
        location, sku = np.nonzero(self.stocked)
        return self._restate(location, sku, self.on_hand[location, sku], 0.0, rng)

    def nightly(self, at: float, rng: np.random.Generator) -> Restatements:
        """Restate the records whose turn it is tonight, and fill up what has run low."""
        due = self.stocked & (rng.random(self.stocked.shape) < 1 / self._nights)
        due[self._central] |= (self.stocked & (self.on_hand <= self._target // 2))[self._central]
        location, sku = np.nonzero(due)
        self._age(location, sku, at, rng)
        counted = self._true(location, sku)
        target = self._target[location, sku]
        refilled = (counted <= target // 2) & (rng.random(len(location)) < self._refill[location, 0])
        return self._restate(location, sku, np.where(refilled, target, counted), at, rng)

    def ask(self, location: int, sku: IntArray, quantity: IntArray, at: float, rng: np.random.Generator) -> IntArray:
        """Units truly there for each line (skus,), beside what is promised already; they are promised from now on."""
        self._age(np.full(len(sku), location), sku, at, rng)
        there = np.maximum(0, self._true(location, sku) - self.pending[location, sku])
        self.pending[location, sku] += quantity
        return np.asarray(np.minimum(there, quantity))

    def release(self, location: int, sku: IntArray, quantity: IntArray) -> None:
        """Take back what `ask` promised: nobody went to the shelf."""
        self.pending[location, sku] -= quantity

    def picked(
        self, location: int, sku: IntArray, quantity: IntArray, *, taken: IntArray, at: float, rng: np.random.Generator
    ) -> Restatements:
        """A picker was at the shelf for ``quantity`` and took ``taken``: the records are restated."""
        self.release(location, sku, quantity)
        where = np.full(len(sku), location)
        self._age(where, sku, at, rng)
        return self._restate(where, sku, np.maximum(0, self._true(location, sku) - taken), at, rng)

    def short_probability(self, location: IntArray, sku: IntArray, spare: IntArray, days: FloatArray) -> FloatArray:
        """P(true stock < asked) where the record shows ``spare`` units more than asked and is ``days`` old."""
        lost = self._lost[location, sku] + self._lost_per_day[location, sku] * days
        return np.asarray(skellam.sf(spare, lost, self._found[location, sku]))

    def _true(self, location: IntArray | int, sku: IntArray) -> IntArray:
        return np.asarray(np.maximum(0, self.on_hand[location, sku] + self._error[location, sku]))

    def _age(self, location: IntArray, sku: IntArray, at: float, rng: np.random.Generator) -> None:
        days = (at - self._error_at[location, sku]) / 24
        self._error[location, sku] -= rng.poisson(self._lost_per_day[location, sku] * days)
        self._error_at[location, sku] = at

    def _restate(
        self, location: IntArray, sku: IntArray, on_hand: IntArray, at: float, rng: np.random.Generator
    ) -> Restatements:
        self.on_hand[location, sku] = on_hand
        found, lost = rng.poisson(self._found[location, sku]), rng.poisson(self._lost[location, sku])
        self._error[location, sku] = found - lost
        self._error_at[location, sku] = at
        self.restated_at[location, sku] = at
        reserved = self.pending[location, sku].copy()
        return Restatements(location, sku, np.full(len(sku), at), on_hand, reserved, self._true(location, sku))
