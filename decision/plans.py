"""The k best plans, exactly.

Every way to fulfil the order is a partition of its lines into sets, each sent from its own candidate. The dynamic
program of `decision.subsets` knows the least money that completes any set of lines; a best-first search guided by it
(A*, Hart, Nilsson and Raphael 1968) then meets plans in the order of their total and never looks at the rest.

**Ties.** Money is counted in whole billionths. Plans of equal total are ordered by fewer parcels, then by the lower
sum of their candidates' positions (candidates stand in the order in which the network lists locations, then
services), then by their shipments, each as its set of lines and candidate, from the lowest line on.

**Few shipments are scored.** The cost of a shipment is known only once the predictor has been asked, and asking is what
takes time. But a set never costs less than the dearest of its lines sent alone (`Pricing.ask` sees to that), so this is
a lower bound of the set's cost, and all other terms are known exactly. Search on these bounds; score the shipments of
the k plans found; repeat until all k are scored. *The result is that of scoring everything*: at the end the k plans
carry true totals. Let P be any other plan. On the values of the last round, P stood behind all k in the order of
(total, ties), and its value is at most its true total, because each of its shipments carries its true value or a lower
bound. Ties do not depend on values. So P's true place, too, is behind all k. It ends, since each round scores at least
one shipment and there are finitely many.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from decision.money import HOPELESS, IMPOSSIBLE
from decision.subsets import Completion, Ints, complete, subsets_with_lowest

#: A set of lines and the position of the candidate that sends it.
Shipped: TypeAlias = tuple[int, int]
#: Above the sum of candidate positions in the tie-break stands the number of parcels.
_PARCEL: Final = 1 << 32
#: Orders of more lines have too many subsets.
MOST_LINES: Final = 12
#: Shipments scored together with each that has to be: the next best of the same lines are likely to be asked for.
#: Each time as many as were scored before, so that a weak bound costs few rounds, and rows at most twice.
_SCORED_AHEAD: Final = 64


@dataclass(frozen=True)
class Plan:
    """Shipments, each a set of lines and a candidate, and the set of lines left out. ``total`` in billionths.

    ``bound``: proved lower bound of the best total, where the plan itself is not proved to be the best.
    """

    total: int
    shipments: tuple[Shipped, ...]
    left_out: int = 0
    bound: int | None = None


@dataclass(frozen=True)
class Problem:
    """What to plan, for C candidates and L ≤ 12 lines.

    ``feasible`` (2^L, C): which sets of lines each candidate may and can send; ``money`` (2^L, C) in billionths: what
    that costs; ``scored`` (2^L, C): where the money is exact and not a lower bound. ``score(sets, candidates)`` returns
    the exact money of shipments; ``money`` and ``scored`` are updated with what it says, and may be shared.
    ``left_out``: billionths for each line left out, or `IMPOSSIBLE`. ``fits(shipments)`` refuses combinations for what
    they share.
    """

    lines: int
    feasible: NDArray[np.bool_]
    money: Ints
    scored: NDArray[np.bool_]
    score: Callable[[Ints, NDArray[np.intp]], Ints]
    max_parcels: int | None = None
    left_out: int = IMPOSSIBLE
    fits: Callable[[tuple[Shipped, ...]], bool] = field(default=lambda _: True)


def best_plans(problem: Problem, count: int) -> list[Plan]:
    """Return the ``count`` best plans (fewer if there are fewer), best first, all of them scored."""
    while True:
        plans = _within_limit(problem, count)
        asked = sorted({s for plan in plans for s in plan.shipments if not problem.scored[s]})
        if not asked:
            return plans
        sets, candidates = _ahead(problem, sorted({mask for mask, _ in asked}), asked)
        problem.money[sets, candidates] = problem.score(sets, candidates)
        problem.scored[sets, candidates] = True


def _within_limit(problem: Problem, count: int) -> list[Plan]:
    """Return the best plans as the values stand. A limit that the best plans keep by themselves costs no time."""
    limit = problem.max_parcels
    plans = _Search(problem, None).run(count)
    if limit is None or all(len(plan.shipments) <= limit for plan in plans):
        return plans
    return _Search(problem, limit).run(count)


def _ahead(problem: Problem, masks: list[int], asked: list[Shipped]) -> tuple[Ints, NDArray[np.intp]]:
    """Return the shipments asked for and, of each set among them, the most promising that are not scored either."""
    chosen = set(asked)
    for mask in masks:
        open_ = problem.feasible[mask] & ~problem.scored[mask]
        row = np.where(open_, problem.money[mask], IMPOSSIBLE)
        count = min(max(_SCORED_AHEAD, int(np.count_nonzero(problem.scored[mask]))), len(row))
        nearest = np.argpartition(row, count - 1)[:count]
        chosen.update((mask, int(candidate)) for candidate in nearest if row[candidate] < IMPOSSIBLE)
    sets, candidates = zip(*sorted(chosen), strict=True)
    return np.array(sets, np.int64), np.array(candidates, np.intp)


class _Partial(NamedTuple):
    """A plan in the making: what is shipped, its money and tie-break, the lines and parcels that remain."""

    shipments: tuple[Shipped, ...]
    money: int
    tie: int
    remaining: int
    parcels: int
    left_out: int


class _Search:
    """One best-first search over the values as they stand."""

    def __init__(self, problem: Problem, limit: int | None) -> None:
        self.problem = problem
        self.limit = limit
        money = self.money = np.where(problem.feasible, problem.money, IMPOSSIBLE)
        size, count = money.shape
        best = money.argmin(axis=1) if count else np.zeros(size, np.intp)
        self.best = money[np.arange(size), best] if count else np.full(size, IMPOSSIBLE, np.int64)
        self.tie = _PARCEL + best.astype(np.int64)
        self.omit = np.full(size, IMPOSSIBLE, np.int64)
        self.omit[1 << np.arange(problem.lines)] = problem.left_out
        self.completions = self._completions()
        self.ranked: dict[int, list[int]] = {}
        self.choices: dict[tuple[int, int], list[tuple[int, int, int]]] = {}

    def _completions(self) -> list[Completion]:
        """Return how to complete any set, by the number of parcels that may still be used (any: one entry)."""
        lines = self.problem.lines
        if self.limit is None:
            return [complete(lines, self.best, self.tie, self.omit, None)]
        never = np.full_like(self.best, IMPOSSIBLE)
        levels = [complete(lines, never, self.tie, self.omit, None)]
        for _ in range(self.limit):
            levels.append(complete(lines, self.best, self.tie, self.omit, levels[-1]))
        return levels

    def run(self, count: int) -> list[Plan]:
        """Return the ``count`` best plans as the values stand."""
        found: list[tuple[int, int, tuple[Shipped, ...], int]] = []
        self.heap: list[tuple[int, int, _Partial, int, int]] = []
        self._push(_Partial((), 0, 0, (1 << self.problem.lines) - 1, len(self.completions) - 1, 0), 0, 0)
        while self.heap:
            total, tie, partial, choice, rank = heapq.heappop(self.heap)
            if len(found) >= count and (total, tie) > sorted(found)[count - 1][:2]:
                break
            if rank == 0:
                self._push(partial, choice + 1, 0)
            mask = self._choices(partial)[choice][2]
            if mask > 0:
                self._push(partial, choice, rank + 1)
            extended = self._extended(partial, mask, rank)
            if extended is None:
                continue
            if extended.remaining:
                self._push(extended, 0, 0)
            elif extended.shipments:
                found.append((total, tie, extended.shipments, extended.left_out))
        found.sort()
        return [Plan(total, shipments, left_out) for total, _, shipments, left_out in found[:count]]

    def _extended(self, partial: "_Partial", mask: int, rank: int) -> "_Partial | None":
        """Return the partial plan with one more step, or ``None`` if that step does not go with those before."""
        if mask < 0:  # a negative set: its line is left out
            return partial._replace(
                money=partial.money + self.problem.left_out,
                remaining=partial.remaining ^ -mask,
                left_out=partial.left_out | -mask,
            )
        candidate = self._ranked(mask)[rank] if rank else int(self.tie[mask]) - _PARCEL
        shipments = (*partial.shipments, (mask, candidate))
        if any(candidate == other for _, other in partial.shipments) or not self.problem.fits(shipments):
            return None
        return _Partial(
            shipments,
            partial.money + int(self.money[mask, candidate]),
            partial.tie + _PARCEL + candidate,
            partial.remaining ^ mask,
            max(partial.parcels - 1, 0),
            partial.left_out,
        )

    def _push(self, partial: "_Partial", choice: int, rank: int) -> None:
        """Queue the next way on: the ``choice``-th set for the lowest line left, from its ``rank``-th candidate."""
        choices = self._choices(partial)
        if choice >= len(choices):
            return
        on, on_tie, mask = choices[choice]
        if rank:
            candidates = self._ranked(mask)
            if rank >= len(candidates):
                return
            on += int(self.money[mask, candidates[rank]]) - int(self.best[mask])
            on_tie += candidates[rank] - candidates[0]
        heapq.heappush(self.heap, (partial.money + on, partial.tie + on_tie, partial, choice, rank))

    def _choices(self, partial: "_Partial") -> list[tuple[int, int, int]]:
        """Return (money, tie, set) of the ways to take the lowest remaining line and complete the rest, best first.

        A negative set stands for leaving that line out.
        """
        remaining, parcels = key = (partial.remaining, partial.parcels)
        if key in self.choices:
            return self.choices[key]
        choices: list[tuple[int, int, int]] = []
        after = self.completions[parcels]
        lowest = remaining & -remaining
        if self.problem.left_out < IMPOSSIBLE:
            rest = remaining ^ lowest
            choices.append((self.problem.left_out + int(after.money[rest]), int(after.tie[rest]), -lowest))
        if self.limit is None or parcels:
            then = after if self.limit is None else self.completions[parcels - 1]
            subsets = subsets_with_lowest(remaining)
            money = self.best[subsets] + then.money[remaining ^ subsets]
            tie = self.tie[subsets] + then.tie[remaining ^ subsets]
            choices += zip(money.tolist(), tie.tolist(), subsets.tolist(), strict=True)
        self.choices[key] = sorted(choice for choice in choices if choice[0] < HOPELESS)
        return self.choices[key]

    def _ranked(self, mask: int) -> list[int]:
        """Return the candidates that can send this set, best first."""
        if mask not in self.ranked:
            row = self.money[mask]
            order = np.argsort(row, kind="stable")
            self.ranked[mask] = order[: int(np.count_nonzero(row < IMPOSSIBLE))].tolist()
        return self.ranked[mask]
