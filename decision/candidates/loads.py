"""What one shipment may hold of an order, counted in mixed radix.

The order is planned in **blocks**: lines of one group, which ship together or not at all, or one line alone. A block
that is sent whole is there or not (radix 2); a line of *q* units that may be split is there with 0 … *q* units (radix
*q* + 1). A **load** is one number made of these digits, the first block's digit standing lowest. Where nothing is split
a load is a bit mask over the blocks. All tables about loads have one row per load, in this order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from decision.order import Order

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Pairs of a load and a part of it: as many as twelve blocks have that are not split. This is what planning exactly
#: costs in time and memory; it also means at most twelve blocks and 4096 loads.
MOST_PARTS: Final = 3**12


class Sent(NamedTuple):
    """A shipment: the units of each line of the order, and the position of the candidate that sends them."""

    units: tuple[int, ...]
    candidate: int


class Contents(NamedTuple):
    """What several shipments hold: shipment *i* holds ``units[which[i]]``, with (K, L) units of each line."""

    units: Ints
    which: NDArray[np.intp]


@dataclass(frozen=True)
class Loads:
    """All loads of an order. ``quantities``: units of each line; ``blocks``: the lines (rows) of each; ``split``: which
    lines may be split, each of them a block of its own.
    """

    quantities: tuple[int, ...]
    blocks: tuple[tuple[int, ...], ...]
    split: frozenset[int]

    @cached_property
    def radices(self) -> tuple[int, ...]:
        """Number of digits that each block may have."""
        return tuple(self.quantities[rows[0]] + 1 if rows[0] in self.split else 2 for rows in self.blocks)

    @property
    def plannable(self) -> bool:
        """Whether there are few enough to be listed."""
        return prod(radix * (radix + 1) // 2 for radix in self.radices) <= MOST_PARTS

    @cached_property
    def units(self) -> Ints:
        """(N, L) the units of each line in each load."""
        return _units(self)

    @cached_property
    def single(self) -> NDArray[np.bool_]:
        """(N,) which loads hold units of one line at most."""
        return np.asarray(np.count_nonzero(self.units, axis=1) <= 1)

    @cached_property
    def one_block(self) -> NDArray[np.bool_]:
        """(N,) which loads hold units of one block and of no other."""
        firsts = [rows[0] for rows in self.blocks]
        return np.asarray(np.count_nonzero(self.units[:, firsts], axis=1) == 1)

    def of_blocks(
        self, whole: NDArray[np.generic], split: Callable[[int], NDArray[np.generic]], combine: np.ufunc
    ) -> list[NDArray[np.generic]]:
        """Return for each block its values by digit, (radix − 1, …).

        ``whole`` (L, …): values of lines sent whole, combined where a block has several; ``split(row)``: the values of
        1 … q units of a line that may be split.
        """
        return [
            split(rows[0])
            if rows[0] in self.split
            else whole[rows[0] : rows[0] + 1]
            if len(rows) == 1
            else combine.reduce(whole[list(rows)], axis=0, keepdims=True)
            for rows in self.blocks
        ]


def loads_of(order: Order, split: frozenset[int] = frozenset()) -> Loads:
    """Return the loads of ``order``, in which the lines ``split`` (rows) may be split."""
    blocks: dict[tuple[str, object], list[int]] = {}
    for row, line in enumerate(order.lines):
        blocks.setdefault(("line", row) if line.group is None else ("group", line.group), []).append(row)
    return Loads(tuple(line.quantity for line in order.lines), tuple(map(tuple, blocks.values())), split)


def surely_exact(order: Order) -> bool:
    """Return whether the order is small enough to be planned exactly, whichever of its lines have to be split."""
    alone = (row for row, line in enumerate(order.lines) if line.group is None)
    return loads_of(order, frozenset(alone)).plannable


def over_loads(
    by_block: Sequence[NDArray[np.generic]], combine: Callable[..., object], empty: NDArray[np.generic]
) -> Floats:
    """Return (N, C): the values of what is in each load, combined, starting from what the empty load has.

    ``by_block``: as of `Loads.of_blocks`.
    """
    size = prod(len(values) + 1 for values in by_block)
    table = np.empty((size, len(empty)), empty.dtype)
    table[0] = empty
    filled = 1
    for values in by_block:
        for digit, value in enumerate(values, start=1):
            combine(table[:filled], value, out=table[digit * filled : (digit + 1) * filled])
        filled *= len(values) + 1
    return table


@lru_cache(maxsize=64)
def _units(loads: Loads) -> Ints:
    units = np.zeros((1, len(loads.quantities)), np.int64)
    for rows, radix in zip(loads.blocks, loads.radices, strict=True):
        one = np.zeros(len(loads.quantities), np.int64)
        one[list(rows)] = [1 if row in loads.split else loads.quantities[row] for row in rows]
        units = (np.arange(radix)[:, None, None] * one + units).reshape(-1, len(one))
    units.flags.writeable = False
    return units
