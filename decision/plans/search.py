"""One best-first search for the best plans, guided by what completes each at the least."""

import heapq
from bisect import insort
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from decision.candidates.loads import Ints
from decision.money import HOPELESS, IMPOSSIBLE
from decision.plans.completion import complete, first_parts
from decision.plans.problem import Plan, Shipped
from decision.plans.values import MONEY, PARCEL, Values

#: Candidates of one load put in order at first; more when more are asked for.
_RANKED_AT_FIRST: Final = 8
#: Steps after which a search is given up: where many candidates have to share a line, the bounds guide it badly.
MOST_STEPS: Final = 20_000


class SearchTooLongError(Exception):
    """The best plans cannot be proved within `MOST_STEPS` steps."""


class Partial(NamedTuple):
    """A plan in the making: what is shipped, what that costs, and what remains.

    ``parcels``: how many more there may be; ``after``: the candidate behind which the next must stand.
    """

    shipments: tuple[Shipped, ...]
    spent: int
    remaining: int
    parcels: int
    left_out: int
    after: int


class Search:
    """One best-first search over the values as they stand.

    Money and tie-break are one number here, money · `MONEY` + parcels · `PARCEL` + positions: one comparison orders
    two plans.
    """

    def __init__(self, values: Values, limit: int | None) -> None:
        self.problem, self.money, self.limit = values.problem, values.money, limit
        self.radices = self.problem.radices
        self.first = values.first.tolist()
        self.best = _as_one(values.best, PARCEL + values.first_position)
        self.omit = values.omit
        self.completions = self._completions()
        self.ranked: dict[int, tuple[list[int], list[int]]] = {}
        self.exhausted: set[int] = set()
        self.beyond = 0
        self.choices: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.heap: list[tuple[int, int, Partial, int, int]] = []
        self.pushed = 0

    @property
    def least(self) -> int:
        """Money of the best plan, if shipments did not have to share anything."""
        return self.completions[-1][-1] // MONEY

    def _completions(self) -> list[list[int]]:
        """Return how to complete any load, by the number of parcels that may still be used (any: one entry)."""
        if self.limit is None:
            return [complete(self.radices, self.best, self.omit, None, HOPELESS * MONEY)]
        levels = [complete(self.radices, [IMPOSSIBLE * MONEY] * len(self.best), self.omit, None, HOPELESS * MONEY)]
        for _ in range(self.limit):
            levels.append(complete(self.radices, self.best, self.omit, levels[-1], HOPELESS * MONEY))
        return levels

    @cached_property
    def through(self) -> Ints:
        """(N, C) what a plan with each shipment costs at least: the shipment, and the completion of the rest."""
        rests = np.array([cost // MONEY for cost in reversed(self.completions[-1])])
        rests[0] = HOPELESS  # nothing is no shipment
        return np.asarray(self.money + rests[:, None])

    def promising(self, most: int, count: int) -> Ints:
        """Return up to ``count`` shipments that are not scored, of the best plans that cost ``most`` at most.

        As positions in the flattened table, ascending.
        """
        near = np.flatnonzero((self.through <= min(most, HOPELESS - 1)) & ~self.problem.scored)
        if len(near) > count:
            near = near[np.argpartition(self.through.ravel()[near], count - 1)[:count]]
            near.sort()
        return near

    def run(self, count: int) -> list[Plan]:
        """Return the ``count`` best plans as the values stand."""
        found: list[tuple[int, tuple[Shipped, ...], int]] = []
        nothing = Partial((), 0, len(self.best) - 1, len(self.completions) - 1, 0, -1)
        self._rank_promising(self._choices(nothing), count)
        self._push(nothing, 0, 0)
        for _ in range(MOST_STEPS):
            if not self.heap:
                break
            total, _, partial, choice, rank = heapq.heappop(self.heap)
            if len(found) >= count and total > found[count - 1][0]:
                break
            part = self._choices(partial)[choice][1]
            if rank < 0:  # put off until somebody looks beyond
                self._rank_more(part, ~rank)
                self._push(partial, choice, ~rank)
                continue
            if rank == 0:
                self._push(partial, choice + 1, 0)
            if part > 0:
                self._push(partial, choice, rank + 1)
            extended = self._shipped(partial, part, rank) if part > 0 else self._dropped(partial, -part)
            if extended is None:
                continue
            if extended.remaining:
                self._push(extended, 0, 0)
            elif extended.shipments:
                insort(found, (total, extended.shipments, extended.left_out))
        else:
            raise SearchTooLongError
        limited = self.limit is not None
        return [Plan(total // MONEY, shipments, left_out, limited) for total, shipments, left_out in found[:count]]

    def _dropped(self, partial: Partial, part: int) -> Partial:
        """Return the plan that leaves out ``part``, all that remains of a block."""
        assert self.omit is not None
        return partial._replace(
            spent=partial.spent + self.omit[part],
            remaining=partial.remaining - part,
            left_out=partial.left_out + part,
            after=-1,
        )

    def _shipped(self, partial: Partial, part: int, rank: int) -> Partial | None:
        """Return the plan with one more shipment, or ``None`` if that does not go with those before."""
        cost, candidate = self._from(part, rank)
        if candidate <= partial.after or any(candidate == other for _, other in partial.shipments):
            return None
        shipments = (*partial.shipments, (part, candidate))
        if self.problem.fits is not None and not self.problem.fits(shipments):
            return None
        remaining = partial.remaining - part
        same_block = (
            remaining
            and first_parts(self.radices, remaining).place == first_parts(self.radices, partial.remaining).place
        )
        return Partial(
            shipments,
            partial.spent + cost,
            remaining,
            max(partial.parcels - 1, 0),
            partial.left_out,
            candidate if same_block else -1,
        )

    def _push(self, partial: Partial, choice: int, rank: int) -> None:
        """Queue the next way on: the ``choice``-th part of what remains, from its ``rank``-th candidate."""
        choices = self._choices(partial)
        if choice >= len(choices):
            return
        on, part = choices[choice]
        total = partial.spent + on
        if rank:
            known = self.ranked[part][0] if part in self.ranked else []
            if rank < len(known):
                total += known[rank] - self.best[part]
            elif part in self.exhausted:
                return
            else:
                total, rank = max(total, self.beyond), ~rank
        self.pushed += 1
        heapq.heappush(self.heap, (total, self.pushed, partial, choice, rank))

    def _choices(self, partial: Partial) -> list[tuple[int, int]]:
        """Return (cost, part) of the ways to take some of the lowest block and complete the rest, best first.

        A negative part stands for leaving out all that remains of that block.
        """
        remaining, parcels = key = (partial.remaining, partial.parcels)
        if key in self.choices:
            return self.choices[key]
        choices: list[tuple[int, int]] = []
        first = first_parts(self.radices, remaining)
        after = self.completions[parcels]
        if self.omit is not None:
            choices.append((self.omit[first.dropped] + after[remaining - first.dropped], -first.dropped))
        if self.limit is None or parcels:
            then, best = after if self.limit is None else self.completions[parcels - 1], self.best
            choices += [(best[part] + then[remaining - part], part) for part in first.parts]
        self.choices[key] = sorted(choice for choice in choices if choice[0] < HOPELESS * MONEY)
        return self.choices[key]

    def _from(self, part: int, rank: int) -> tuple[int, int]:
        """Return what the load costs from its ``rank``-th candidate, and that candidate."""
        if rank == 0:
            return self.best[part], self.first[part]
        costs, candidates = self.ranked[part]
        return costs[rank], candidates[rank]

    def _rank_promising(self, choices: list[tuple[int, int]], count: int) -> None:
        """Put in order, load by load, the candidates that may stand in the ``count`` best plans.

        What a plan with a shipment costs at least is compared with what the ``count``-th plan may cost, going by those
        that begin with the best of ``choices`` and by the best with each other choice. Should that be wrong, other
        candidates are `beyond`, and ranked when they are looked for.
        """
        if not choices:
            return
        worst = choices[min(count, len(choices)) - 1][0] // MONEY
        near = np.flatnonzero(self.through <= worst)
        loads, candidates = np.divmod(near, self.money.shape[1])
        money = self.money.ravel()[near]
        order = np.lexsort((money, loads))
        loads, candidates = loads[order], candidates[order]
        costs = _as_one(money[order], PARCEL + self.problem.position[candidates])
        found, first = np.unique(loads, return_index=True)
        bounds, chosen = [*first.tolist(), len(loads)], candidates.tolist()
        for load, (start, end) in zip(found.tolist(), pairwise(bounds), strict=True):
            self.ranked[load] = costs[start:end], chosen[start:end]
        self.beyond = (worst + 1) * MONEY

    def _rank_more(self, part: int, rank: int) -> None:
        """Put the candidates that can send this load in order, as far as ``rank`` and beyond, if there are so many."""
        if part in self.ranked and rank < len(self.ranked[part][0]):
            return
        row, most = self.money[part], max(_RANKED_AT_FIRST, 8 * rank)
        worst = min(np.partition(row, most)[most], HOPELESS) if most < len(row) else HOPELESS
        if worst == HOPELESS:
            self.exhausted.add(part)
        near = np.flatnonzero(row <= worst)
        near = near[np.argsort(row[near], kind="stable")]
        self.ranked[part] = _as_one(row[near], PARCEL + self.problem.position[near]), near.tolist()


def _as_one(money: Ints, tie: Ints) -> list[int]:
    return [one * MONEY + other for one, other in zip(money.tolist(), tie.tolist(), strict=True)]
