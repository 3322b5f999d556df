"""Simple plans for large orders: one candidate after the other, each with all that it can take."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Floats, Ints, Sent
from decision.plans.large import Large


def greedy_plans(large: Large) -> Iterator[list[Sent]]:
    """Yield plans that take the most at a time, and the cheapest for what it takes; also those that leave lines out."""
    everyone = np.arange(large.count)
    for most_first in (True, False):
        yield _plan(_Senders(large, everyone), most_first=most_first)


def plan_from(large: Large, candidates: Sequence[int]) -> list[Sent]:
    """Return a simple plan of shipments from these candidates only."""
    return _plan(_Senders(large, np.unique(candidates)), most_first=False)


class _Senders:
    """What some candidates, at these positions, still have and can carry."""

    def __init__(self, large: Large, position: NDArray[np.intp]) -> None:
        self.large, self.position = large, position
        # Row by row in memory, as all of them are: sums of the same numbers are the same then.
        self.reach, self.stock = large.reach.take(position, axis=1), large.units.take(position, axis=1)
        self.fixed, self.alone = large.fixed[position], large.alone.take(position, axis=1)
        self.location, self.joins = large.location[position], large.joins[position]
        self.carried, self.max_weight = large.open_weight[position], large.max_weight[position]
        self.parcels = large.parcels_left[position]
        self.open = np.ones(len(position), bool)

    def send(self, units: Ints, at: int) -> Sent:
        """Return a shipment of the one that stands at ``at`` here, who sends no other, and take it off."""
        here = self.location == self.location[at]
        for row in np.flatnonzero(units):
            self.stock[np.ix_(self.large.same_sku[row], here)] -= units[row]
        if not self.joins[at]:
            self.parcels[here] -= 1
        self.open[at] = False
        return Sent(tuple(units.tolist()), int(self.position[at]))


def _plan(senders: _Senders, *, most_first: bool) -> list[Sent]:
    large = senders.large
    left = np.array(large.loads.quantities)
    sent: list[Sent] = []
    while left.any() and len(sent) < large.most_parcels:
        takes = _takes(senders, left) * (senders.open & ((senders.parcels >= 1) | senders.joins))
        share = (takes / large.quantities[:, None]).sum(axis=0)
        if not share.any():
            break
        money = senders.fixed + np.where(takes > 0, senders.alone, 0.0).max(axis=0)
        rank = (money, -share) if most_first else (-share, money / np.where(share > 0, share, np.nan))
        best = int(np.lexsort((*rank, share <= 0))[0])
        units = takes[:, best].astype(np.int64)
        sent.append(senders.send(units, best))
        left -= units
    return sent


def _takes(senders: _Senders, left: Ints) -> Floats:
    """Return (L, K) what each would send of what is left, block after block."""
    large = senders.large
    takes = np.zeros_like(senders.stock)
    stock, carried = senders.stock.copy(), senders.carried.copy()
    for rows in large.loads.blocks:
        if not left[rows[0]]:
            continue
        trial, weight = stock.copy(), carried.copy()
        fits = np.ones(len(senders.position), bool)
        for row in rows:
            units = np.minimum(left[row], np.minimum(senders.reach[row], np.floor(np.maximum(trial[row], 0.0))))
            if large.weights[row]:
                room = np.floor((senders.max_weight - weight) / large.weights[row] + 1e-9)
                units = np.minimum(units, np.maximum(room, 0.0))
            if row not in large.loads.split:
                fits &= units >= large.quantities[row]
            takes[row] = units
            trial[large.same_sku[row]] -= units
            weight += units * large.weights[row]
        takes[list(rows)] *= fits
        stock, carried = np.where(fits, trial, stock), np.where(fits, weight, carried)
    return takes
