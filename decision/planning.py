"""From priced candidates to ranked plans: stage by stage until a plan stands, then what each rule costs there."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from decision.decision import BindingRule
from decision.loads import Floats, Loads, loads_of
from decision.many_lines import plan_many_lines
from decision.money import IMPOSSIBLE, PER_UNIT
from decision.plans import Plan, Problem, SearchTooLongError, best_plans
from decision.ranked import Ranked, RankedPlan, Ruled, Sent, reach
from decision.rules import available, unmet
from decision.shipments import Pricing, Shipments, feasible_loads, price_shipments, sharing


def plan(priced: tuple[Ruled, Pricing], count: int) -> Ranked:
    """Return the ``count`` best plans of the first stage in which a plan stands, and what each rule costs there.

    What is too large to be planned exactly gets one plan, with a proved lower bound (`decision.many_lines`).
    """
    planning = _Planning(*priced)
    ruled = planning.ruled
    ranked = Ranked(None, [], planning.money, ruled, np.zeros(ruled.situation.atp.shape, bool))
    for stage in ruled.ruleset.stages:
        forbidden = unmet(stage, ruled.situation)
        plans = planning.best(forbidden, count)
        ranked = Ranked(stage.name if plans else None, plans, planning.money, ruled, forbidden)
        if plans:
            return replace(ranked, binding=_binding(planning, ranked))
    return ranked


class _Planning:
    """One order's planning. What shipments cost is kept from stage to stage, as long as the same lines are split."""

    def __init__(self, ruled: Ruled, money: Pricing) -> None:
        self.ruled, self.money = ruled, money
        self.shipments: dict[frozenset[int], Shipments] = {}

    def reach(self, forbidden: NDArray[np.bool_], without: str = "") -> Floats:
        """Return (L, C) the units of each line that a candidate may and can send, with a rule left out."""
        ruled = self.ruled
        return np.where(forbidden, 0.0, reach(ruled.situation, ruled.ruling, ruled.ruleset.limits, without))

    def best(self, forbidden: NDArray[np.bool_], count: int, without: str = "") -> list[RankedPlan]:
        """Return the best plans where some candidates are forbidden and a rule is left out."""
        situation, limits = self.ruled.situation, self.ruled.ruleset.limits
        order, candidates, joined = situation.order, situation.candidates, self.money.joined
        within = self.reach(forbidden, without)
        units = available(situation, self.ruled.ruling, without)
        parcels_left = np.full(len(candidates), np.inf)
        loads = loads_of(order, _to_be_split(self.money, within))
        if loads.plannable:
            shipments = self._shipments(loads)
            problem = Problem(
                loads.radices,
                candidates.location * (candidates.service.max(initial=0) + 2) + candidates.service + 1,
                feasible_loads(order, candidates, loads, within, units=units, joined=joined),
                shipments.money,
                shipments.scored,
                shipments.score,
                limits.max_parcels,
                self._left_out(loads) if limits.allow_partial else None,
                sharing(order, candidates, loads, units=units, joined=joined, parcels_left=parcels_left),
            )
            try:
                return [_told(plan, loads) for plan in best_plans(problem, count)]
            except SearchTooLongError:
                pass  # the larger model has a plan and a bound in any case
        return plan_many_lines(
            order, candidates, loads, within, units=units, parcels_left=parcels_left, priced=self.money, limits=limits
        )

    def _shipments(self, loads: Loads) -> Shipments:
        if loads.split not in self.shipments:
            self.shipments[loads.split] = price_shipments(self.money, loads)
        return self.shipments[loads.split]

    def _left_out(self, loads: Loads) -> NDArray[np.int64]:
        """Return (N,) the money of leaving out units of one block."""
        share = (loads.units / self.money.quantities).sum(axis=1)
        money = np.rint(share * self.ruled.ruleset.strategy.missing_line * PER_UNIT).astype(np.int64)
        return np.where(loads.one_block, money, IMPOSSIBLE)


def _to_be_split(money: Pricing, within: Floats) -> frozenset[int]:
    """Return the lines that no single candidate can send whole, of which some can send a part."""
    most = within.max(axis=1, initial=0.0)
    return frozenset(np.flatnonzero((most > 0) & (most < money.quantities)).tolist())


def _told(plan: Plan, loads: Loads) -> RankedPlan:
    units = loads.units.tolist()
    return RankedPlan(
        plan.total,
        tuple(Sent(tuple(units[load]), candidate) for load, candidate in plan.shipments),
        tuple(units[plan.left_out]),
    )


def _binding(planning: _Planning, ranked: Ranked) -> tuple[BindingRule, ...]:
    """Return the rules without which the best plan of the same stage would be cheaper, and by how much."""
    base = planning.reach(ranked.forbidden)
    binding = []
    for rule in planning.ruled.rules:
        if (planning.reach(ranked.forbidden, rule.id) > base).any():
            best = planning.best(ranked.forbidden, 1, rule.id)
            # Without the rule a line may not have to be split any more, and then it is not.
            if best and best[0].total < ranked.plans[0].total:
                binding.append(BindingRule(rule.id, (ranked.plans[0].total - best[0].total) / PER_UNIT))
    return tuple(binding)
