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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

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

    @classmethod
    def joined(cls, many: "Restatements", single: "list[Restatement]") -> "Restatements":
        """``many`` and then each of ``single``."""
        rows = np.array(single, [(name, column.dtype) for name, column in vars(many).items()])
        return cls(**{name: np.concatenate([column, rows[name]]) for name, column in vars(many).items()})


#: One row of `Restatements`, in the order of its columns.
Restatement: TypeAlias = tuple[int, int, float, int, int, int]


class Records:
    """The records of all locations; arrays (locations, skus). Hours count from the first day.

    Nights restate whole arrays. Orders ask for single cells (location × skus + sku), and of those the numbers are read
    from and written to the memory of the same arrays, as plain numbers: that is many times as fast.
    """

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
        self._skus = shape[1]
        self._on_hand_of = _whole_cells(self.on_hand)
        self._pending_of = _whole_cells(self.pending)
        self._error_of = _whole_cells(self._error)
        self._error_at_of = _real_cells(self._error_at)
        self._restated_at_of = _real_cells(self.restated_at)
        self._lost_of = _real_cells(self._lost)
        self._found_of = _real_cells(self._found)
        self._lost_per_day_of = _real_cells(self._lost_per_day)

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

    def unpromised(self, sku: int, locations: IntArray) -> IntArray:
        """Recorded units of ``sku`` at each of ``locations`` that are not promised yet."""
        units: IntArray = self.on_hand[:, sku][locations] - self.pending[:, sku][locations]
        return units

    def spare(self, location: int, sku: Sequence[int], quantity: Sequence[int]) -> list[int]:
        """Recorded and unpromised units of each line beyond those asked."""
        first, on_hand, pending = location * self._skus, self._on_hand_of, self._pending_of
        return [
            on_hand[first + item] - pending[first + item] - asked for item, asked in zip(sku, quantity, strict=True)
        ]

    def days(self, location: int, sku: Sequence[int], at: float) -> list[float]:
        """Days since the record of each line was restated."""
        first = location * self._skus
        return [(at - self._restated_at_of[first + item]) / 24 for item in sku]

    def ask(
        self, location: int, sku: Sequence[int], quantity: Sequence[int], at: float, rng: np.random.Generator
    ) -> list[int]:
        """Units truly there for each line, beside what is promised already; they are promised from now on."""
        first, taken = location * self._skus, []
        for item, asked in zip(sku, quantity, strict=True):
            cell = first + item
            promised = self._pending_of[cell]
            self._pending_of[cell] = promised + asked
            taken.append(min(max(0, self._true_at(cell, at, rng) - promised), asked))
        return taken

    def release(self, location: int, sku: Sequence[int], quantity: Sequence[int]) -> None:
        """Take back what `ask` promised: nobody went to the shelf."""
        first = location * self._skus
        for item, asked in zip(sku, quantity, strict=True):
            self._pending_of[first + item] -= asked

    def picked(
        self,
        location: int,
        sku: Sequence[int],
        quantity: Sequence[int],
        *,
        taken: Sequence[int],
        at: float,
        rng: np.random.Generator,
    ) -> list[Restatement]:
        """A picker was at the shelf for ``quantity`` and took ``taken``: the records are restated."""
        self.release(location, sku, quantity)
        first, rows = location * self._skus, []
        left = [max(0, self._true_at(first + item, at, rng) - gone) for item, gone in zip(sku, taken, strict=True)]
        found = [rng.poisson(self._found_of[first + item]) for item in sku]
        lost = [rng.poisson(self._lost_of[first + item]) for item in sku]
        for item, on_hand, more, less in zip(sku, left, found, lost, strict=True):
            cell = first + item
            self._on_hand_of[cell], self._error_of[cell] = on_hand, more - less
            self._error_at_of[cell] = self._restated_at_of[cell] = at
            rows.append((location, item, at, on_hand, self._pending_of[cell], max(0, on_hand + more - less)))
        return rows

    def short_probability(self, location: IntArray, sku: IntArray, spare: IntArray, days: FloatArray) -> FloatArray:
        """P(true stock < asked) where the record shows ``spare`` units more than asked and is ``days`` old."""
        lost = self._lost[location, sku] + self._lost_per_day[location, sku] * days
        return np.asarray(skellam.sf(spare, lost, self._found[location, sku]))

    def _true_at(self, cell: int, at: float, rng: np.random.Generator) -> int:
        """`_true` of one cell after `_age`."""
        days = (at - self._error_at_of[cell]) / 24
        self._error_at_of[cell] = at
        self._error_of[cell] = error = self._error_of[cell] - rng.poisson(self._lost_per_day_of[cell] * days)
        return max(0, self._on_hand_of[cell] + error)

    def _true(self, location: IntArray, sku: IntArray) -> IntArray:
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


def _whole_cells(array: IntArray) -> "memoryview[int]":
    """The cells of ``array``, row after row, in its own memory."""
    return array.data.cast("B").cast("q")


def _real_cells(array: FloatArray) -> "memoryview[float]":
    return array.data.cast("B").cast("d")
