"""Few candidates that together can send every block of an order: what a limit of parcels asks for, by search.

A plan of at most k parcels comes from at most k candidates, each block being within reach of one of them (a set cover).
The search takes the block that the fewest useful candidates can send, and of these first who has the most of what is
left. A candidate is useful where as many parcels as are left, by those who have the most, can bring all the rest. What
was seen to lead nowhere with as many parcels left is not looked at again.

That search also shows that there is none. One that only finds goes on from any k candidates: it takes away who is
missed the least and puts in who has the most of what is lacking; what is lacking for long weighs more and more, so that
it does not turn in circles (row weighting: C. Gao, X. Yao, T. Weise and J. Li, *European Journal of Operational
Research* 246, 2015). What it meets one after the other differs more.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from decision.plans.effort import COVERS, Effort


class TooManyStepsError(Exception):
    """The search was given up: there may be more."""


def covers(able: NDArray[np.bool_], most: int, effort: Effort) -> Iterator[tuple[int, ...]]:
    """Yield sets of at most ``most`` candidates that together can send every block; ``able`` (B, C), B at most 64.

    It ends where there are no more. Raises `TooManyStepsError` after `COVERS` steps, and where ``effort`` is used up.
    """
    search = _Search(able, effort)
    return search.below((1 << len(able)) - 1, most)


def covers_by_exchange(able: NDArray[np.bool_], most: int, effort: Effort) -> Iterator[tuple[int, ...]]:
    """Yield sets of ``most`` candidates that together can send every block, as they are met; ``able`` (B, C).

    It ends where the exchanges of ``effort`` are used up, whether there are more or not. Nothing in it is left to
    chance.
    """
    has, weight = able.astype(float), np.ones(len(able))
    since = np.zeros(able.shape[1], np.int64)  # when each candidate was last put in or taken away
    chosen: list[int] = []
    for step in range(1, effort.exchanges + 1):
        effort.exchanges -= 1
        if len(chosen) == most:
            times = has[:, chosen].sum(axis=1)
            if times.all():
                yield tuple(sorted(chosen))
            missed = (weight * (times == 1)) @ has[:, chosen]
            leaves = chosen.pop(min(range(most), key=lambda at: (missed[at], since[chosen[at]])))
            since[leaves] = step
        lacking = has[:, chosen].sum(axis=1) == 0
        open_blocks = np.flatnonzero(lacking)
        block = open_blocks[step % len(open_blocks)] if len(open_blocks) else step % len(able)
        who = np.flatnonzero(able[block] & (since < step))
        who = who[~np.isin(who, chosen)]
        if not len(who):
            return
        gained = (weight * lacking) @ has[:, who]
        enters = int(who[np.lexsort((since[who], -gained))[0]])
        chosen.append(enters)
        since[enters] = step
        weight += lacking & ~able[:, enters]


class _Search:
    def __init__(self, able: NDArray[np.bool_], effort: Effort) -> None:
        self.effort, self.steps = effort, min(COVERS, effort.covers)
        self.bits = np.uint64(1) << np.arange(len(able), dtype=np.uint64)
        self.masks = (able * self.bits[:, None]).sum(axis=0, dtype=np.uint64)
        self.nowhere: set[tuple[int, int]] = set()

    def below(self, rest: int, parcels: int) -> Iterator[tuple[int, ...]]:
        """Yield sets of at most so many candidates that can send the blocks of ``rest``, a bit mask."""
        if not rest:
            yield ()
            return
        if (rest, parcels) in self.nowhere:
            return
        if not self.steps:
            raise TooManyStepsError
        self.steps -= 1
        self.effort.covers -= 1
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
