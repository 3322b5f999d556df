"""Orders that are too large to be planned exactly: one plan and a proved lower bound, by HiGHS.

The mixed-integer model (`decision.plans.assignment`) says for each block and candidate whether it is sent from there
(and how many units of it, where a line is split), opens candidates, and pays for each open candidate what is the same
for whatever it sends, plus its predicted cost and its risk of a failed pick. For every load S that was scored, with its
exact cost v(S),

    cost(c) ≥ v(S) · (1 − |S| + Σ_{p ∈ S} [c sends at least the portion p] − Σ_{q ∉ S} [c sends the portion q])

holds for every plan: the right-hand side is v(S) if c sends just S, and otherwise at most 0. The risk of a failed pick
never falls when more lines are sent, so for it the last sum is over more units of the lines in S only. The model starts
with the cheapest and the surest portion of each line; each round
scores the loads of the plan found and adds their cuts (logic-based Benders decomposition, Hooker and Ottosson,
Mathematical Programming 96, 2003). The model's dual bound is a lower bound of the true optimum in every round; the best
plan seen, exactly scored, is the answer.

Where the simple plans of `decision.plans.greedy` find no plan, few candidates that have every line are sought
(`decision.plans.covers`), which also shows that there are none. Where weight or stock that lines share is in the way,
who of them sends what is searched (`decision.plans.packing`). What is left, the same model without its money decides.

HiGHS stops by the clock, so on a slower machine the same large order may get another plan.
What is planned exactly involves no clock.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import Candidates
from decision.candidates.loads import Contents, Floats, Loads, Sent
from decision.money import to_billionths
from decision.order import Order
from decision.plans.assignment import Assignment
from decision.plans.covers import TooManyStepsError, covers, covers_by_exchange
from decision.plans.effort import Effort
from decision.plans.greedy import greedy_plans, plan_from
from decision.plans.large import Cut, Large
from decision.plans.packing import pack
from decision.plans.ranked import RankedPlan
from decision.plans.shipments import Pricing
from decision.rules.parts import Limits

#: Sets, of one candidate for each location, of which it is searched who sends what.
MOST_PACKED: Final = 300
#: A plan this close to its bound (relative) is good enough to stop.
GAP: Final = 1e-4


class UnprovedError(Exception):
    """No plan was found, nor was it proved that there is none."""


def plan_many_lines(
    order: Order,
    candidates: Candidates,
    loads: Loads,
    reach: Floats,
    *,
    units: Floats,
    parcels_left: Floats,
    priced: Pricing,
    limits: Limits,
    effort: Effort,
) -> list[RankedPlan]:
    """Return the best plan found, with its bound, or none where there is none. Arguments as in `shipments`.

    It is the first one found where ``effort``, which is used up, has no rounds. Raises `UnprovedError` where neither a
    plan was found within it, nor a proof that there is none.
    """
    large = Large(order, candidates, loads, reach, units, parcels_left, priced, limits)
    if not len(candidates):
        return []
    search = _Search(large)
    for shipments in greedy_plans(large):
        search.look_at(shipments)
    if search.best is None and (not search.cover(effort) or (search.best is None and not search.solve(effort))):
        return []
    if effort.rounds:
        search.lighten()
    for rounds in range(effort.rounds, 0, -1):
        if effort.seconds <= 0 or not search.improve(effort.seconds / rounds):
            break
        effort.seconds -= search.spent
    return [search.ranked()]


class _Search:
    """The best plan seen, exactly scored, and the best bound proved."""

    def __init__(self, large: Large) -> None:
        self.large, self.model = large, Assignment(large)
        self.best: tuple[float, list[Sent]] | None = None
        self.bound = large.simple_bound
        self.spent = 0.0

    def left_out(self, shipments: list[Sent]) -> list[int]:
        """Return the units of each line that no shipment holds."""
        sent = np.array([shipment.units for shipment in shipments]).sum(axis=0)
        return [int(units) for units in self.large.quantities - sent]

    def look_at(self, shipments: list[Sent]) -> None:
        """Keep a plan if it is better than the best, and fulfils what has to be fulfilled."""
        large = self.large
        if not shipments or (any(self.left_out(shipments)) and not large.limits.allow_partial):
            return
        total = self.total(shipments)
        if np.isfinite(total) and (self.best is None or total < self.best[0]):
            self.best = total, shipments

    def cover(self, effort: Effort) -> bool:
        """Look at a plan from few candidates that have every line; return whether there may be any plan at all."""
        large, (blocks, candidates) = self.large, self.model.pairs
        able = np.zeros((len(large.blocks), large.count), bool)
        able[blocks, candidates] = True
        able &= (large.parcels_left >= 1) | large.joins
        most = min(large.most_parcels, len(able))
        none = effort.plans > 0
        try:
            for chosen in islice(covers(able, most, effort), effort.plans):
                none = False
                effort.plans -= 1
                self.look_at(plan_from(large, chosen))
                if self.best is not None:
                    return True
        except TooManyStepsError:
            none = False
        if none:
            return large.limits.allow_partial
        sets = _from_locations(able[:, large.roomiest], most, effort)
        while self.best is None and effort.places and (chosen := next(sets, ())):
            self.look_at(pack(large, large.roomiest[list(chosen)], effort) or [])
        return True

    def solve(self, effort: Effort) -> bool:
        """Look at any plan that HiGHS finds; return whether there is one, or raise `UnprovedError`."""
        if effort.seconds <= 0:
            raise UnprovedError
        found = self.model.solve(effort.seconds, priced=False)
        effort.seconds -= found.seconds
        self.look_at(found.shipments or [])
        if self.best is None and not np.isposinf(found.bound):
            raise UnprovedError
        return self.best is not None

    def lighten(self) -> None:
        """Leave out block after block of the best plan, where that is allowed, as long as it saves money.

        The model takes what is in a shipment to cost no more than the dearest of it, so it leaves out too little.
        """
        while self.best is not None and self.large.limits.allow_partial:
            before, shipments = self.best
            lighter = [_without(shipments, rows) for rows in self.large.blocks]
            self.ask([sent for plan in lighter for sent in plan])
            for plan in lighter:
                self.look_at(plan)
            if self.best[0] >= before:
                break

    def ask(self, shipments: list[Sent]) -> None:
        """Ask for what is not known yet of what shipments cost."""
        priced = self.large.priced
        unknown = [s for s in shipments if sum(units > 0 for units in s.units) > 1 and not priced.is_asked(s)]
        if unknown:
            several = sorted(set(unknown))
            held = Contents(np.array([s.units for s in several]), np.arange(len(several)))
            candidates = np.array([s.candidate for s in several])
            priced.ask(held, candidates, priced.dearest(held, candidates))

    def total(self, shipments: list[Sent]) -> float:
        """Return the exact money of a plan, asking for what is not known yet."""
        self.ask(shipments)
        return self.large.priced.total(shipments, self.left_out(shipments))

    def improve(self, seconds: float) -> bool:
        """Solve the model and learn from its plan; return whether another round may tell more."""
        assert self.best is not None
        solved = self.model.solve(seconds, self.best[1])
        self.spent = solved.seconds
        self.bound = max(self.bound, solved.bound)
        if not solved.shipments:
            return False
        self.look_at(solved.shipments)
        self.lighten()
        if self.best[0] - self.bound <= GAP * abs(self.best[0]):
            return False
        known = {cut.sent for cut in self.model.cuts}
        new = [sent for sent in solved.shipments if sent not in known]
        for sent in new:
            terms = self.large.priced.terms(sent)
            self.model.cuts.append(Cut(sent, terms["cost"], terms["pick_failure"]))
        return bool(new)

    def ranked(self) -> RankedPlan:
        """Return the best plan with its bound."""
        assert self.best is not None
        total = int(to_billionths(np.array(self.best[0])))
        lower = min(total, int(to_billionths(np.array(self.bound))))
        shipments = sorted(self.best[1], key=lambda s: (next(row for row, n in enumerate(s.units) if n), s.candidate))
        return RankedPlan(total, tuple(shipments), tuple(self.left_out(shipments)), lower)


def _from_locations(able: NDArray[np.bool_], most: int, effort: Effort) -> Iterator[tuple[int, ...]]:
    """Yield sets of few candidates, one of each location, that have every block: first alike ones, then others."""
    with suppress(TooManyStepsError):
        yield from islice(covers(able, most, effort), MOST_PACKED)
    yield from islice(covers_by_exchange(able, most, effort), MOST_PACKED)


def _without(shipments: list[Sent], rows: tuple[int, ...]) -> list[Sent]:
    """Return shipments without these lines."""
    lighter = [
        sent._replace(units=tuple(0 if row in rows else n for row, n in enumerate(sent.units))) for sent in shipments
    ]
    return [sent for sent in lighter if any(sent.units)]
