"""Few candidates that together can send every block of an order: what a limit of parcels asks for, by search.

A plan of at most k parcels comes from at most k candidates, each block being within reach of one of them (a set cover).
The search takes the block that the fewest useful candidates can send, and of these first who has the most of what is
left. A candidate is useful where as many parcels as are left, by those who have the most, can bring all the rest. What
was seen to lead nowhere with as many parcels left is not looked at again.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Places of the search that are looked at. A step takes tens of microseconds.
MOST_STEPS: Final = 8_000


class TooManyStepsError(Exception):
    """The search was given up: there may be more."""


def covers(able: NDArray[np.bool_], most: int) -> Iterator[tuple[int, ...]]:
    """Yield sets of at most ``most`` candidates that together can send every block; ``able`` (B, C), B at most 64.

    It ends where there are no more. Raises `TooManyStepsError` after `MOST_STEPS` steps.
    """
    search = _Search(able)
    return search.below((1 << len(able)) - 1, most)


class _Search:
    def __init__(self, able: NDArray[np.bool_]) -> None:
        self.bits = np.uint64(1) << np.arange(len(able), dtype=np.uint64)
        self.masks = (able * self.bits[:, None]).sum(axis=0, dtype=np.uint64)
        self.nowhere: set[tuple[int, int]] = set()
        self.steps = 0

    def below(self, rest: int, parcels: int) -> Iterator[tuple[int, ...]]:
        """Yield sets of at most so many candidates that can send the blocks of ``rest``, a bit mask."""
        if not rest:
            yield ()
            return
        if (rest, parcels) in self.nowhere:
            return
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooManyStepsError
        nothing = True
        for candidate in self._next(rest, parcels):
            for others in self.below(rest & ~int(self.masks[candidate]), parcels - 1):
                nothing = False
                yield candidate, *others
        if nothing:
            self.nowhere.add((rest, parcels))

    def _next(self, rest: int, parcels: int) -> list[int]:
        """Return the useful candidates for the block that the fewest of them can send, best first."""
        sends = self.masks & np.uint64(rest)
        many = np.bitwise_count(sends).astype(np.intp)
        others = np.sort(many)[::-1][: parcels - 1].sum()
        useful = np.flatnonzero(many >= max(1, rest.bit_count() - int(others))) if parcels else many[:0]
        who = (sends[useful][:, None] & self.bits) != 0
        able = np.where(self.bits & np.uint64(rest), who.sum(axis=0), len(self.masks) + 1)
        chosen = useful[who[:, able.argmin()]]
        return chosen[np.argsort(-many[chosen], kind="stable")].tolist()  # type: ignore[no-any-return]  # NumPy's tolist is untyped
