"""Simple plans for large orders: one candidate after the other, each with all that it can take."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Floats, Ints, Sent
from decision.plans.large import Large

Bools = NDArray[np.bool_]


def greedy_plans(large: Large) -> Iterator[list[Sent]]:
    """Yield plans that take the most at a time, and the cheapest for what it takes; also those that leave lines out."""
    everyone = np.ones(large.count, bool)
    for most_first in (True, False):
        yield _plan(large, everyone, most_first=most_first)


def plan_from(large: Large, candidates: Sequence[int]) -> list[Sent]:
    """Return a simple plan of shipments from these candidates only."""
    return _plan(large, np.isin(np.arange(large.count), candidates), most_first=False)


def _plan(large: Large, among: Bools, *, most_first: bool) -> list[Sent]:
    left = np.array(large.loads.quantities)
    stock, carried, parcels = large.units.copy(), large.open_weight.copy(), large.parcels_left.copy()
    open_ = among.copy()
    sent: list[Sent] = []
    while left.any() and len(sent) < large.most_parcels:
        takes = _takes(large, left, stock, carried) * (open_ & ((parcels >= 1) | large.joins))
        share = (takes / large.quantities[:, None]).sum(axis=0)
        if not share.any():
            break
        money = large.fixed + np.where(takes > 0, large.alone, 0.0).max(axis=0)
        rank = (money, -share) if most_first else (-share, money / np.where(share > 0, share, np.nan))
        best = int(np.lexsort((*rank, share <= 0))[0])
        units = takes[:, best].astype(np.int64)
        sent.append(Sent(tuple(units.tolist()), best))
        left -= units
        here = large.location == large.location[best]
        for row in np.flatnonzero(units):
            stock[np.ix_(large.same_sku[row], here)] -= units[row]
        if not large.joins[best]:
            parcels[here] -= 1
        open_[best] = False
    return sent


def _takes(large: Large, left: Ints, stock: Floats, carried: Floats) -> Floats:
    """Return (L, C) what each candidate would send of what is left, block after block."""
    takes = np.zeros_like(stock)
    stock, carried = stock.copy(), carried.copy()
    for rows in large.loads.blocks:
        if not left[rows[0]]:
            continue
        trial, weight = stock.copy(), carried.copy()
        fits = np.ones(large.count, bool)
        for row in rows:
            units = np.minimum(left[row], np.minimum(large.reach[row], np.floor(np.maximum(trial[row], 0.0))))
            if large.weights[row]:
                room = np.floor((large.max_weight - weight) / large.weights[row] + 1e-9)
                units = np.minimum(units, np.maximum(room, 0.0))
            if row not in large.loads.split:
                fits &= units >= large.quantities[row]
            takes[row] = units
            trial[large.same_sku[row]] -= units
            weight += units * large.weights[row]
        takes[list(rows)] *= fits
        stock, carried = np.where(fits, trial, stock), np.where(fits, weight, carried)
    return takes
