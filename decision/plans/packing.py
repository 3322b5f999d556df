"""Which of a few candidates sends which block: a search that takes the block with the fewest places left first.

Where a plan has to come from a few candidates, weight and stock that lines share decide; sending as much as possible
from one after the other (`decision.plans.greedy`) overlooks plans then.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Floats, Sent
from decision.plans.effort import Effort
from decision.plans.large import Large

#: Places at which blocks are tried, of one set of candidates.
MOST_STEPS: Final = 100


def pack(large: Large, candidates: NDArray[np.intp], effort: Effort) -> list[Sent] | None:
    """Return shipments of all blocks from these candidates, or ``None`` where none is found within ``effort``.

    Lines that are split are left to others: there is none where ``large`` has some.
    """
    if large.loads.split:
        return None
    packing = _Packing(large, candidates, min(MOST_STEPS, effort.places))
    found = packing.place(frozenset(range(len(large.blocks))))
    effort.places -= packing.steps
    if not found:
        return None
    units = np.zeros((len(candidates), len(large.quantities)), np.int64)
    for block, at in packing.placed.items():
        rows = list(large.blocks[block])
        units[at, rows] = large.quantities[rows]
    return [Sent(tuple(held), at) for held, at in zip(units.tolist(), candidates.tolist(), strict=True) if any(held)]


@dataclass
class _Room:
    """What is left at K candidates: weight (K,), and units of each line's sku (L, K)."""

    weight: Floats
    units: Floats


class _Packing:
    def __init__(self, large: Large, candidates: NDArray[np.intp], most: int) -> None:
        self.large, self.steps, self.most = large, 0, most
        self.location = large.location[candidates]
        self.reach = large.reach[:, candidates]
        self.room = _Room(
            large.max_weight[candidates] - large.open_weight[candidates] + 1e-9, large.units[:, candidates]
        )
        self.placed: dict[int, int] = {}
        self.weight = [float((large.weights * large.quantities)[list(rows)].sum()) for rows in large.blocks]

    def place(self, blocks: frozenset[int]) -> bool:
        """Return whether all of ``blocks`` found a place; where they did, it is in ``placed``."""
        if not blocks:
            return True
        places = {block: self._places(block) for block in sorted(blocks)}
        block = min(places, key=lambda one: (len(places[one]), -self.weight[one]))
        for at in places[block]:
            if self.steps >= self.most:
                return False
            self.steps += 1
            before = _Room(self.room.weight.copy(), self.room.units.copy())
            self._take(block, at)
            self.placed[block] = at
            if self.place(blocks - {block}):
                return True
            self.room = before
        return False

    def _places(self, block: int) -> list[int]:
        """Return where there is room for a block, the most room for weight first."""
        rows = list(self.large.blocks[block])
        wanted = self.large.quantities[rows][:, None]
        fits = (self.reach[rows] >= wanted).all(axis=0) & (self.room.weight >= self.weight[block])
        for row in rows:
            same = [other for other in rows if other in self.large.same_sku[row]]
            fits &= self.room.units[same].min(axis=0) >= self.large.quantities[same].sum()
        found = np.flatnonzero(fits)
        return found[np.argsort(-self.room.weight[found], kind="stable")].tolist()  # type: ignore[no-any-return]  # NumPy's tolist is untyped

    def _take(self, block: int, at: int) -> None:
        self.room.weight[at] -= self.weight[block]
        here = np.flatnonzero(self.location == self.location[at])
        for row in self.large.blocks[block]:
            self.room.units[np.ix_(self.large.same_sku[row], here)] -= self.large.quantities[row]
