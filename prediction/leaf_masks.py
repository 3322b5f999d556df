"""Trees summed by masks of leaves, compiled by Numba.

A tree's leaves are the bits of a word, the leftmost the lowest. Every split that a row passes on the right strikes out
the leaves on its left; when all splits were looked at, in any order, the lowest bit left is the row's leaf (Lucchese et
al., "QuickScorer", SIGIR 2015). Rows go through a split together, without a branch and side by side in the processor's
vectors (the same, "Exploiting CPU SIMD Extensions", SIGIR 2016).

Rows asked together are alike: of one order, often of one line. So first every split is compared with the range of its
column in the block of rows: a split that all of them pass on one side is decided for all, and what lies beyond the
other side concerns nobody. On decisions that leaves a quarter of the splits.

Values are added in the order of the trees, as LightGBM adds them: the sums have the same bits.
"""

from collections.abc import Callable
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray

#: As many leaves as a word has bits.
LEAVES: Final = 64
#: Rows that go through a tree together: their masks and one of their columns stay in the nearest cache.
_BLOCK: Final = 512
_ALL: Final = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_ONE: Final = np.uint64(1)
#: A de Bruijn sequence: multiplied by a power of two, its top six bits tell which (Leiserson, Prokop and Randall,
#: "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998).
_SEQUENCE: Final = 0x03F7_9D71_B4CB_0A89
_SEQUENCE_WORD: Final = np.uint64(_SEQUENCE)
_TOP_SIX: Final = np.uint64(58)


def slot_of(leaf: int) -> int:
    """Where the value of the ``leaf``-th leaf from the left stands, so that its bit finds it."""
    return ((_SEQUENCE << leaf) & int(_ALL)) >> int(_TOP_SIX)


def _sum_leaves(  # noqa: PLR0912, PLR0917 - one compiled nest of loops over flat arrays
    columns: FloatArray,
    column: NDArray[np.intp],
    threshold: FloatArray,
    default_left: NDArray[np.bool_],
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    first: NDArray[np.intp],
    values: FloatArray,
) -> FloatArray:
    """Sum of the trees' values for each row of ``columns`` (columns, rows); the trees as in `PackedTrees`."""
    count, rows = columns.shape
    sums = np.zeros(rows)
    mask = np.empty(_BLOCK, np.uint64)
    low, high, blank = np.empty(count), np.empty(count), np.empty(count, np.bool_)
    undecided = np.empty(LEAVES, np.intp)
    for start in range(0, rows, _BLOCK):
        size = min(_BLOCK, rows - start)
        for c in range(count):
            low[c], high[c], blank[c] = np.inf, -np.inf, False
            for i in range(start, start + size):
                number = columns[c, i]
                if np.isnan(number):
                    blank[c] = True
                else:
                    low[c], high[c] = min(low[c], number), max(high[c], number)
        for tree in range(len(values)):
            common = _ALL
            open_ = 0
            for split in range(first[tree], first[tree + 1]):
                c = column[split]
                if not common & (left[split] | right[split]):
                    continue
                if high[c] <= threshold[split] and (default_left[split] or not blank[c]):
                    common &= ~right[split]
                elif low[c] > threshold[split] and not (default_left[split] and blank[c]):
                    common &= ~left[split]
                else:
                    undecided[open_] = split
                    open_ += 1
            mask[:size] = common
            for at in range(open_):
                split = undecided[at]
                if not common & left[split]:
                    continue
                numbers = columns[column[split], start : start + size]
                kept, bound = ~left[split], threshold[split]
                # NaN compares false either way: it goes where missing values go.
                if default_left[split]:
                    for i in range(size):
                        mask[i] &= kept if numbers[i] > bound else _ALL
                else:
                    for i in range(size):
                        mask[i] &= _ALL if numbers[i] <= bound else kept
            for i in range(size):
                lowest = mask[i] & (~mask[i] + _ONE)
                sums[start + i] += values[tree, (lowest * _SEQUENCE_WORD) >> _TOP_SIX]
    return sums


_SIGNATURE: Final = "f8[:](f8[:,::1], i8[::1], f8[::1], b1[::1], u8[::1], u8[::1], i8[::1], f8[:,::1])"
#: Compiled for these types here and now, not when the first order comes, and kept beside this file or where
#: ``NUMBA_CACHE_DIR`` says.
sum_leaves: Final[Callable[..., Any]] = numba.njit(_SIGNATURE, cache=True, nogil=True)(_sum_leaves)
