"""The k best plans, exactly.

Every way to fulfil the order divides it into loads (`decision.candidates.loads`), each sent from its own candidate. A
dynamic program (`decision.plans.completion`) knows the least money that completes any load; a best-first search guided
by it (A*, Hart, Nilsson and Raphael 1968) then meets plans in the order of their total and never looks at the rest.

**Each plan is met once.** The next shipment always holds some of the lowest block that remains. Several may, where a
line is split: those come in the order of their candidates, and leaving out what is left of the block comes last.

**Ties.** Money is counted in whole billionths. Plans of equal total are ordered by fewer shipments, then by the lower
sum of their candidates' positions in the network, then by their shipments, each as its load and candidate, in the order
told above.

**Few shipments are scored.** The cost of a shipment is known only once the predictor has been asked, and asking is what
takes time. But a load never costs less than the dearest of its portions, each the units of one line, sent alone
(`Pricing.ask` sees to that). The cost of every portion is asked beforehand, so this is a lower bound of the load's
cost, and all other terms are known exactly. Search on these bounds; score the shipments of the k plans found; repeat
until all k are scored. *The result is that of scoring everything*: at the end the k plans carry true totals. Let P be
any other plan. On the values of the last round, P stood behind all k in the order of (total, ties), and its value is at
most its true total, because each of its shipments carries its true value or a lower bound. Ties do not depend on
values. So P's true place, too, is behind all k. It ends, since each round scores at least one shipment and there are
finitely many.
"""

import heapq
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Ints
from decision.money import HOPELESS, IMPOSSIBLE
from decision.plans.completion import Radices, complete, first_parts

#: A load and the position of the candidate that sends it.
Shipped: TypeAlias = tuple[int, int]
#: Above the sum of candidate positions in the tie-break stands the number of parcels; above both stands the money.
_PARCEL: Final = 1 << 32
_MONEY: Final = 1 << 48
#: Shipments scored together at first, and how many more each time: as many as were scored before, so that a weak bound
#: costs few rounds.
_SCORED_AT_ONCE: Final = 128
#: Candidates of one load put in order at first; more when more are asked for.
_RANKED_AT_FIRST: Final = 8
#: Steps after which a search is given up: where many candidates have to share a line, the bounds guide it badly.
MOST_STEPS: Final = 20_000


class SearchTooLongError(Exception):
    """The best plans cannot be proved within `MOST_STEPS` steps."""


@dataclass(frozen=True)
class Plan:
    """Shipments, each a load and a candidate, and the load that is left out. ``total`` in billionths."""

    total: int
    shipments: tuple[Shipped, ...]
    left_out: int = 0


@dataclass(frozen=True)
class Problem:
    """What to plan, for C candidates and the N loads of blocks with these ``radices`` (`decision.candidates.loads`).

    ``position`` (C,): where candidates stand in the network, ascending; ``feasible`` (N, C): which loads each may and
    can send; ``money`` (N, C) in billionths: what that costs; ``scored`` (N, C): where the money is exact and not a
    lower bound. ``score(loads, candidates)`` returns the exact money of shipments; ``money`` and ``scored`` are updated
    with what it says, and may be shared. ``left_out`` (N,): billionths for leaving out units of one block, `IMPOSSIBLE`
    for all other loads; ``None`` where nothing may be left out. ``fits(shipments)`` refuses combinations for what they
    share; one that it refuses, it refuses with more shipments too. ``None`` where nothing is shared.
    """

    radices: Radices
    position: Ints
    feasible: NDArray[np.bool_]
    money: Ints
    scored: NDArray[np.bool_]
    score: Callable[[Ints, NDArray[np.intp]], Ints]
    max_parcels: int | None = None
    left_out: Ints | None = None
    fits: Callable[[tuple[Shipped, ...]], bool] | None = None


def best_plans(problem: Problem, count: int, below: int = HOPELESS) -> list[Plan]:
    """Return the ``count`` best plans (fewer if there are fewer), best first, all of them scored.

    None where the best costs ``below`` or more: that is often seen before anything is scored.

    Raises `SearchTooLongError` where the search takes too many steps.
    """
    values = _Values(problem)
    search, most = _Search(values, None), below - 1  # what the last of the plans may cost
    if search.least >= below:
        return []
    at_once = values.score([], search.promising(most, _SCORED_AT_ONCE))
    while True:
        search, plans = _within_limit(values, count, below)
        if plans and plans[0].total >= below:  # on these values; the true totals are no lower
            return []
        asked = sorted({s for plan in plans for s in plan.shipments if not problem.scored[s]})
        if not asked:
            return plans
        left_out = [plan.total - values.sent(plan) for plan in plans]
        at_once += values.score(asked, search.promising(most, at_once))
        if len(plans) == count:
            most = min(most, max(left + values.sent(plan) for left, plan in zip(left_out, plans, strict=True)))


def _within_limit(values: "_Values", count: int, below: int) -> tuple["_Search", list[Plan]]:
    """Return the best plans as the values stand, none if there is none of less money than ``below``, and their search.

    A limit that the best plans keep by themselves costs no time.
    """
    limit = values.problem.max_parcels
    search = _Search(values, None)
    if search.least >= below:
        return search, []
    plans = search.run(count)
    if limit is None or all(len(plan.shipments) <= limit for plan in plans):
        return search, plans
    search = _Search(values, limit)
    return search, search.run(count)


class _Values:
    """The money of every shipment as it stands, and the cheapest of each load."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.money = np.where(problem.feasible, problem.money, IMPOSSIBLE)
        size, count = self.money.shape
        self.best = np.full(size, IMPOSSIBLE, np.int64)
        self.first = np.zeros(size, np.int64)
        self.omit = None if problem.left_out is None else [one * _MONEY for one in problem.left_out.tolist()]
        if count:
            self._look(slice(None))

    @property
    def first_position(self) -> Ints:
        """(N,) the position of the cheapest candidate of each load, for ties."""
        position = self.problem.position
        return position[self.first] if len(position) else self.first

    def score(self, asked: list[Shipped], promising: Ints) -> int:
        """Learn what shipments cost, all of them feasible, and return how many they are.

        They are those ``asked`` for and the ``promising`` ones, positions in the flattened table.
        """
        problem, size = self.problem, self.money.shape[1]
        chosen = promising
        if asked:
            chosen = np.union1d(promising, [load * size + candidate for load, candidate in asked])
        if len(chosen):
            loads, candidates = np.divmod(chosen, size)
            problem.money[loads, candidates] = self.money[loads, candidates] = problem.score(loads, candidates)
            problem.scored[loads, candidates] = True
            self._look(np.flatnonzero(np.bincount(loads)))
        return len(chosen)

    def sent(self, plan: Plan) -> int:
        """Return what the shipments of a plan cost as the values stand."""
        return sum(int(self.money[shipped]) for shipped in plan.shipments)

    def _look(self, loads: Ints | slice) -> None:
        rows = self.money[loads]
        first = self.first[loads] = rows.argmin(axis=1)
        self.best[loads] = rows[np.arange(len(rows)), first]


class _Partial(NamedTuple):
    """A plan in the making: what is shipped, what that costs, and what remains.

    ``parcels``: how many more there may be; ``after``: the candidate behind which the next must stand.
    """

    shipments: tuple[Shipped, ...]
    spent: int
    remaining: int
    parcels: int
    left_out: int
    after: int


class _Search:
    """One best-first search over the values as they stand.

    Money and tie-break are one number here, money · `_MONEY` + parcels · `_PARCEL` + positions: one comparison orders
    two plans.
    """

    def __init__(self, values: _Values, limit: int | None) -> None:
        self.problem, self.money, self.limit = values.problem, values.money, limit
        self.radices = self.problem.radices
        self.first = values.first.tolist()
        self.best = _as_one(values.best, _PARCEL + values.first_position)
        self.omit = values.omit
        self.completions = self._completions()
        self.ranked: dict[int, tuple[list[int], list[int]]] = {}
        self.exhausted: set[int] = set()
        self.beyond = 0
        self.choices: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.heap: list[tuple[int, int, _Partial, int, int]] = []
        self.pushed = 0

    @property
    def least(self) -> int:
        """Money of the best plan, if shipments did not have to share anything."""
        return self.completions[-1][-1] // _MONEY

    def _completions(self) -> list[list[int]]:
        """Return how to complete any load, by the number of parcels that may still be used (any: one entry)."""
        if self.limit is None:
            return [complete(self.radices, self.best, self.omit, None, HOPELESS * _MONEY)]
        levels = [complete(self.radices, [IMPOSSIBLE * _MONEY] * len(self.best), self.omit, None, HOPELESS * _MONEY)]
        for _ in range(self.limit):
            levels.append(complete(self.radices, self.best, self.omit, levels[-1], HOPELESS * _MONEY))
        return levels

    @cached_property
    def through(self) -> Ints:
        """(N, C) what a plan with each shipment costs at least: the shipment, and the completion of the rest."""
        rests = np.array([cost // _MONEY for cost in reversed(self.completions[-1])])
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
        nothing = _Partial((), 0, len(self.best) - 1, len(self.completions) - 1, 0, -1)
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
        return [Plan(total // _MONEY, shipments, left_out) for total, shipments, left_out in found[:count]]

    def _dropped(self, partial: _Partial, part: int) -> _Partial:
        """Return the plan that leaves out ``part``, all that remains of a block."""
        assert self.omit is not None
        return partial._replace(
            spent=partial.spent + self.omit[part],
            remaining=partial.remaining - part,
            left_out=partial.left_out + part,
            after=-1,
        )

    def _shipped(self, partial: _Partial, part: int, rank: int) -> _Partial | None:
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
        return _Partial(
            shipments,
            partial.spent + cost,
            remaining,
            max(partial.parcels - 1, 0),
            partial.left_out,
            candidate if same_block else -1,
        )

    def _push(self, partial: _Partial, choice: int, rank: int) -> None:
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

    def _choices(self, partial: _Partial) -> list[tuple[int, int]]:
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
        self.choices[key] = sorted(choice for choice in choices if choice[0] < HOPELESS * _MONEY)
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
        worst = choices[min(count, len(choices)) - 1][0] // _MONEY
        near = np.flatnonzero(self.through <= worst)
        loads, candidates = np.divmod(near, self.money.shape[1])
        money = self.money.ravel()[near]
        order = np.lexsort((money, loads))
        loads, candidates = loads[order], candidates[order]
        costs = _as_one(money[order], _PARCEL + self.problem.position[candidates])
        found, first = np.unique(loads, return_index=True)
        bounds, chosen = [*first.tolist(), len(loads)], candidates.tolist()
        for load, (start, end) in zip(found.tolist(), pairwise(bounds), strict=True):
            self.ranked[load] = costs[start:end], chosen[start:end]
        self.beyond = (worst + 1) * _MONEY

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
        self.ranked[part] = _as_one(row[near], _PARCEL + self.problem.position[near]), near.tolist()


def _as_one(money: Ints, tie: Ints) -> list[int]:
    return [one * _MONEY + other for one, other in zip(money.tolist(), tie.tolist(), strict=True)]
