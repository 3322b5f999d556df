"""The cheapest way to fulfil what remains of an order, for every load that may remain, by dynamic programming."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from decision.loads import Ints
from decision.money import HOPELESS, IMPOSSIBLE

Radices = tuple[int, ...]


@dataclass(frozen=True)
class _Layer:
    """Loads whose lowest block is the same, with the same digit: each with its parts, one after the other.

    ``parts`` hold at least a unit of the lowest block, ``rests`` are what they leave; ``dropped`` is the lowest block's
    digit as a load of its own.
    """

    loads: Ints
    parts: Ints
    rests: Ints
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]
    dropped: int


@lru_cache(maxsize=8)
def _layers(radices: Radices) -> tuple[_Layer, ...]:
    """Return all loads but the empty one, so that whatever a part leaves of a load stands in an earlier layer.

    Parts that hold some of the lowest block: so every way to divide a load is met from one end only.
    """
    layers = []
    place = int(np.prod(radices))
    # Pairs of a load of the blocks looked at so far and a part of it, by load.
    load = part = np.zeros(1, np.int64)
    for radix in reversed(radices):
        place //= radix
        loads, parts = [load], [part]
        for digit in range(1, radix):
            taken = np.arange(digit + 1) * place
            held = np.repeat(load + digit * place, digit)
            layer_parts = (part[:, None] + taken[1:]).ravel()
            distinct, starts, sizes = np.unique(held, return_index=True, return_counts=True)
            layers.append(_Layer(distinct, layer_parts, held - layer_parts, starts, sizes, digit * place))
            loads.append(np.repeat(load + digit * place, digit + 1))
            parts.append((part[:, None] + taken).ravel())
        load, part = np.concatenate(loads), np.concatenate(parts)
        order = np.argsort(load, kind="stable")
        load, part = load[order], part[order]
    return tuple(layers)


class FirstParts(NamedTuple):
    """Of a load: its lowest block's place value, that block's units as a load of its own, and the parts that hold some.

    ``parts`` are all the parts of the load with at least one unit of its lowest block.
    """

    place: int
    dropped: int
    parts: tuple[int, ...]


@lru_cache(maxsize=1 << 12)
def first_parts(radices: Radices, load: int) -> FirstParts:
    """Return the parts with which dividing a load (not the empty one) begins."""
    (lowest, place), *others = _digits(radices, load)
    parts = [taken * place for taken in range(1, lowest + 1)]
    for digit, other in others:
        parts = [part + taken * other for taken in range(digit + 1) for part in parts]
    return FirstParts(place, lowest * place, tuple(parts))


def _digits(radices: Radices, load: int) -> Iterator[tuple[int, int]]:
    """Yield each digit that is not 0, and its place value."""
    place = 1
    for radix in radices:
        load, digit = divmod(load, radix)
        if digit:
            yield digit, place
        place *= radix


@dataclass(frozen=True)
class Completion:
    """For every load: the least money that fulfils it, and among the cheapest ways the least of the tie-break."""

    money: Ints
    tie: Ints


def complete(radices: Radices, money: Ints, tie: Ints, omit: Ints, after: Completion | None) -> Completion:
    """Return how cheaply each load can be fulfilled.

    ``money`` and ``tie`` (N,): the best single shipment of each load; ``omit`` (N,): the money of leaving out units of
    one block. ``after``: what completes the rest once a shipment is taken (with one parcel fewer to spend), or ``None``
    where the number of parcels is free. Minimises money, then tie. Recurrence: R. Bellman, *Dynamic Programming*,
    1957, over the parts of each load.
    """
    least = np.full(len(money), IMPOSSIBLE, np.int64)
    ties = np.zeros(len(money), np.int64)
    least[0] = 0
    droppable = bool((omit < IMPOSSIBLE).any())
    for layer in _layers(radices):
        rest = Completion(least, ties) if after is None else after
        values = money[layer.parts]
        values += rest.money[layer.rests]
        best = np.minimum.reduceat(values, layer.starts)
        even = tie[layer.parts]
        even += rest.tie[layer.rests]
        even[values != np.repeat(best, layer.sizes)] = IMPOSSIBLE
        best_tie = np.minimum.reduceat(even, layer.starts)
        if droppable:
            left = layer.loads - layer.dropped
            left_out, left_out_tie = omit[layer.dropped] + least[left], ties[left]
            better = (left_out < best) | ((left_out == best) & (left_out_tie < best_tie))
            best, best_tie = np.where(better, left_out, best), np.where(better, left_out_tie, best_tie)
        best[best >= HOPELESS] = IMPOSSIBLE  # sums of what is impossible are all alike, and stay addable
        least[layer.loads] = best
        ties[layer.loads] = best_tie
    return Completion(least, ties)
