"""Sets of lines as bit masks, and the cheapest way to complete each by dynamic programming over its subsets."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from decision.money import HOPELESS, IMPOSSIBLE

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Layer:
    """All sets of one size: each with its subsets that hold its lowest line, one after the other."""

    masks: Ints
    subsets: Ints
    rests: Ints
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]


@lru_cache(maxsize=16)
def _layers(lines: int) -> tuple[_Layer, ...]:
    """Return the sets over ``lines`` by size. Holding the lowest line makes every partition appear once."""
    layers = []
    every = np.arange(1 << lines, dtype=np.int64)
    sizes = np.bitwise_count(every)
    for size in range(1, lines + 1):
        masks = every[sizes == size]
        subsets = [subsets_with_lowest(int(mask)) for mask in masks]
        counts = np.array([len(chosen) for chosen in subsets])
        joined = np.concatenate(subsets)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
        layers.append(_Layer(masks, joined, np.repeat(masks, counts) ^ joined, starts, counts))
    return tuple(layers)


@lru_cache(maxsize=1 << 13)
def subsets_with_lowest(mask: int) -> Ints:
    """Return the subsets of ``mask`` that hold its lowest line."""
    lowest = mask & -mask
    subsets = np.array([lowest], np.int64)
    rest = mask ^ lowest
    while rest:
        line = rest & -rest
        subsets = np.concatenate([subsets, subsets | line])
        rest ^= line
    return subsets


@dataclass(frozen=True)
class Completion:
    """For every set: the least money that fulfils it, and among the cheapest ways the least of the tie-break."""

    money: Ints
    tie: Ints


def complete(lines: int, money: Ints, tie: Ints, omit: Ints, after: Completion | None) -> Completion:
    """Return how cheaply each set of lines can be fulfilled.

    ``money`` and ``tie`` (2^lines,): the best single shipment of each set; ``omit``: the money of leaving each single
    line out. ``after``: what completes the rest once a shipment is taken (with one parcel fewer to spend), or ``None``
    where the number of parcels is free. Minimises money, then tie. Recurrence: R. Bellman, *Dynamic Programming*,
    1957, over the subsets of the lines.
    """
    least = np.full(1 << lines, IMPOSSIBLE, np.int64)
    ties = np.zeros(1 << lines, np.int64)
    least[0] = 0
    for layer in _layers(lines):
        rest = Completion(least, ties) if after is None else after
        values = possible(money[layer.subsets] + rest.money[layer.rests])
        best = np.minimum.reduceat(values, layer.starts)
        even = np.where(values == np.repeat(best, layer.sizes), tie[layer.subsets] + rest.tie[layer.rests], IMPOSSIBLE)
        best_tie = np.minimum.reduceat(even, layer.starts)
        lowest = layer.masks & -layer.masks
        left_out = possible(omit[lowest] + least[layer.masks ^ lowest])
        left_out_tie = ties[layer.masks ^ lowest]
        better = (left_out < best) | ((left_out == best) & (left_out_tie < best_tie))
        least[layer.masks] = np.where(better, left_out, best)
        ties[layer.masks] = np.where(better, left_out_tie, best_tie)
    return Completion(least, ties)


def possible(money: Ints) -> Ints:
    """Return sums of money with every hopeless one set to `IMPOSSIBLE`, so that all of these are alike."""
    return np.where(money >= HOPELESS, IMPOSSIBLE, money)
