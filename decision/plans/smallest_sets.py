"""The smallest sets that help, found by asking about few of them.

Where more always helps, a set that does not help can be grown to a largest one that does not, and whatever helps has to
contain something from outside of it. Smallest sets are sought among those that *hit* all that was learnt in this way,
the least ones first, until one helps (implicit hitting sets: E. Moreno-Centeno and R. Karp, *Operations Research* 61,
2013). They are of the least size, proved, as long as the questions (`MOST_QUESTIONS` at most) and `MOST_SETS` suffice;
1024 questions do for any ten ids, and in practice for far more. Beyond, one set is found from which nothing can be
taken, and it says so.

Where more need not help, sets are tried one after the other, the smaller first. They are of the least size, proved, as
long as `MOST_TRIED` suffice, which they do for any eight ids; beyond, sets are told that help, and that smaller ones
may do.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Final, TypeAlias

#: Sets that are tried before a smallest one is no longer sought.
MOST_QUESTIONS: Final = 1024
#: Sets that are tried where more need not help.
MOST_TRIED: Final = 256
#: Sets that are looked at between two questions before a smallest one is no longer sought.
MOST_SETS: Final = 20_000
Ids: TypeAlias = frozenset[str]


def smallest(
    ids: Sequence[str], helps: Callable[[Ids], bool], most: int, questions: int = MOST_QUESTIONS
) -> tuple[list[Ids], bool]:
    """Return up to ``most`` of the smallest sets of ``ids`` that help, and whether they are proved to be the smallest.

    ``helps`` must be monotone: with more it still helps. An empty list where not even all of them do. ``questions``:
    sets that are tried before a smallest one is no longer sought.
    """
    known: dict[Ids, bool] = {}
    conflicts: list[Ids] = []  # each has something in common with every set that helps
    found: list[Ids] = []

    def asked(chosen: Ids) -> bool:
        if chosen not in known:
            if len(known) >= questions:
                raise TooFarError
            known[chosen] = helps(chosen)
        return known[chosen]

    if not asked(frozenset(ids)):
        return [], True
    size = 0
    try:
        while len(found) < most:
            chosen = next((one for one in _hitting(conflicts, ids, size) if one not in found), None)
            if chosen is None and found:
                break
            if chosen is None:
                size += 1
            elif asked(chosen):
                found.append(chosen)
            else:
                conflicts.append(_outside(chosen, ids, asked))
    except TooFarError:
        if not found:
            return [_minimal(ids, helps)], False
    return found, True


def smallest_tried(
    ids: Sequence[str], helps: Callable[[Ids], bool], most: int, questions: int = 2 * MOST_TRIED
) -> tuple[list[Ids], bool]:
    """Return the same as `smallest` where more need not help: all sets are tried, the smaller first.

    Where `MOST_TRIED` do not suffice, or half of so many ``questions``, it returns what `smallest` does with the other
    half, unproved.
    """
    found: list[Ids] = []
    tried, most_tried = 0, min(questions // 2, MOST_TRIED)
    for size in range(len(ids) + 1):
        for chosen in map(frozenset, combinations(ids, size)):
            if len(found) == most or (found and tried >= most_tried):
                return found, True
            if tried >= most_tried:
                return smallest(ids, helps, most, questions - tried)[0], False
            tried += 1
            if helps(chosen):
                found.append(chosen)
        if found:
            break
    return found, True


class TooFarError(Exception):
    """The smallest set is not to be had with as much work as is worth it."""


def _outside(chosen: Ids, ids: Sequence[str], asked: Callable[[Ids], bool]) -> Ids:
    """Return what is outside of a largest set around ``chosen`` that does not help."""
    for one in ids:
        if one not in chosen and not asked(chosen | {one}):
            chosen |= {one}
    return frozenset(ids) - chosen


def _hitting(conflicts: Sequence[Ids], ids: Sequence[str], size: int) -> Iterator[Ids]:
    """Yield sets of at most ``size`` ids that have something in common with every conflict, each of them once."""
    seen: set[Ids] = set()

    def grown(chosen: Ids) -> Iterator[Ids]:
        if chosen in seen:
            return
        if len(seen) >= MOST_SETS:
            raise TooFarError
        seen.add(chosen)
        unhit = next((conflict for conflict in conflicts if not chosen & conflict), None)
        if unhit is None:
            yield chosen
        elif len(chosen) < size:
            for one in ids:
                if one in unhit:
                    yield from grown(chosen | {one})

    yield from grown(frozenset())


def _minimal(ids: Sequence[str], helps: Callable[[Ids], bool]) -> Ids:
    """Return a set that helps, and from which nothing can be taken."""
    chosen = frozenset(ids)
    for one in ids:
        if helps(chosen - {one}):
            chosen -= {one}
    return chosen
