"""From priced candidates to ranked plans: stage by stage until a plan stands, then what each rule costs there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import prod
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Floats, Ints, Loads, Sent, loads_of
from decision.decision import BindingRule
from decision.money import HOPELESS, IMPOSSIBLE, to_billionths
from decision.plans.effort import SECONDS, SECONDS_TO_FIND, Effort, effort_at_once, effort_of
from decision.plans.k_best import best_plans
from decision.plans.many_lines import UnprovedError, plan_many_lines
from decision.plans.problem import Plan, Problem
from decision.plans.ranked import Ranked, RankedPlan, Ruled
from decision.plans.reach import Reach
from decision.plans.relaxation import ALLOW_PARTIAL, MAX_PARCELS, SPLIT_LINES, free_of_charge
from decision.plans.room import Room
from decision.plans.search import SearchTooLongError
from decision.plans.shipments import Pricing, Shipments, price_shipments
from decision.rules.parts import Limits, Stage
from decision.rules.ruling import available, parcels_left, unmet

#: Shipments that are listed as fast as a simple plan is found.
FEW_SHIPMENTS: Final = 50_000


def best_plan(priced: tuple[Ruled, Pricing], seconds: float = SECONDS) -> Ranked:
    """Return the best plan of the first stage in which one stands, and nothing about what rules cost there.

    Of a large order it is the best that is found within ``seconds``.
    """
    return _rank(_Planning(*priced, partial(effort_of, seconds)), 1)


def plan(priced: tuple[Ruled, Pricing], count: int) -> Ranked:
    """Return the ``count`` best plans of the first stage in which a plan stands, and what rules and limits cost there.

    What is too large to be planned exactly gets one plan, with a proved lower bound (`decision.plans.many_lines`).
    """
    planning = _Planning(*priced, partial(effort_of, SECONDS))
    ranked = _rank(planning, count)
    if ranked.plans:
        return replace(ranked, binding=_binding(planning, ranked))
    return replace(ranked, too_few_parcels=too_few_parcels(ranked, SECONDS_TO_FIND))


def find_plan(ruled: Ruled, effort: Effort) -> RankedPlan | None:
    """Return a plan that leaves out the fewest lines, then takes the fewest parcels, whatever it would cost.

    ``None`` where there is none. What is too large to be planned exactly gets such a plan as is found within ``effort``
    (which is used up). Raises `decision.plans.many_lines.UnprovedError` where it is not known whether there is one.
    """
    planning = _Planning(ruled, free_of_charge(ruled), lambda: effort)
    plans = _rank(planning, 1).plans
    if planning.unproved and not plans:
        raise UnprovedError
    return plans[0] if plans else None


def too_few_parcels(ranked: Ranked, seconds: float) -> bool:
    """Return whether a plan of more parcels would stand where none does, as far as ``seconds`` tell."""
    ruled = ranked.ruled
    if ruled.ruleset.limits.max_parcels is None:
        return False
    planning = _Planning(ruled, free_of_charge(ruled), partial(effort_of, seconds, 0))
    any_number = replace(planning.limits, max_parcels=None)
    return bool(planning.best(planning.reach(ranked.forbidden), 1, limits=any_number))


def _rank(planning: "_Planning", count: int) -> Ranked:
    """Return the ``count`` best plans of the first stage in which a plan stands."""
    ruled = planning.ruled
    ranked = Ranked(None, [], planning.money, ruled, np.zeros(ruled.situation.atp.shape, bool))
    for stage in _stages(ruled):
        forbidden = unmet(stage, ruled.situation)
        plans = planning.best(planning.reach(forbidden), count)
        ranked = Ranked(stage.name if plans else None, plans, planning.money, ruled, forbidden)
        if plans:
            break
    return replace(ranked, unproved=planning.unproved)


def _stages(ruled: Ruled) -> Sequence[Stage]:
    """Return the stages to be tried: those that the order has not passed, or the last where it has passed them all."""
    stages, passed = ruled.ruleset.stages, ruled.situation.order.passed_stages
    return [stage for stage in stages if stage.name not in passed] or stages[-1:]


class _Table(NamedTuple):
    """All loads of an order in which certain lines are split: what they cost, and where there is room for them."""

    shipments: Shipments
    room: Room


class _Planning:
    """One order's planning. What shipments cost is kept from stage to stage, as long as the same lines are split.

    ``effort``: gives that of a stage. ``unproved``: some plan was sought in vain, but may be there.
    """

    def __init__(self, ruled: Ruled, money: Pricing, effort: Callable[[], Effort]) -> None:
        self.ruled, self.money, self.limits, self.effort = ruled, money, ruled.ruleset.limits, effort
        self.unproved = False
        self._tables: dict[Loads, _Table] = {}

    def reach(self, forbidden: NDArray[np.bool_], without: str = "") -> Floats:
        """Return (L, C) the units of each line that a candidate may and can send, with a rule left out."""
        return np.where(forbidden, 0.0, self.ruled.reach.within(without))

    def best(self, within: Floats, count: int, *, limits: Limits | None = None) -> list[RankedPlan]:
        """Return the best plans as `sought` does; none, and ``unproved``, where nobody knows whether there is one."""
        try:
            return self.sought(within, count, limits=limits, effort=self.effort())
        except UnprovedError:
            self.unproved = True
            return []

    def sought(
        self,
        within: Floats,
        count: int,
        *,
        without: str = "",
        limits: Limits | None = None,
        below: int = HOPELESS,
        effort: Effort,
    ) -> list[RankedPlan]:
        """Return the best plans, of less money than ``below``, of units that are ``within`` reach.

        The rule ``without`` is left out, or other limits hold. Raises `decision.plans.many_lines.UnprovedError` where
        what is too large to be planned exactly is not settled within ``effort``.
        """
        situation, limits = self.ruled.situation, limits or self.limits
        order, candidates = situation.order, situation.candidates
        units = available(situation, self.ruled.ruling, without)
        if not limits.allow_partial and _too_much(within, units, self.money.quantities, candidates.location, limits):
            return []
        left = parcels_left(situation, self.ruled.ruling, without)
        loads = loads_of(order, _to_be_split(self.money, within))
        large = partial(
            plan_many_lines,
            order,
            candidates,
            loads,
            within,
            units=units,
            parcels_left=left,
            priced=self.money,
            limits=limits,
        )
        if not effort.rounds and prod(loads.radices) * len(candidates) > FEW_SHIPMENTS:
            with suppress(UnprovedError):  # any plan will do, and a simple one is seen before all shipments are listed
                return large(effort=effort_at_once())
        if loads.plannable:
            shipments, room = self._table(loads)
            problem = Problem(
                loads.radices,
                candidates.position(candidates.service.max(initial=0)),
                room.feasible(within, units),
                shipments.money,
                shipments.scored,
                shipments.score,
                limits.max_parcels,
                self._left_out(loads) if limits.allow_partial else None,
                room.fits(units, left),
            )
            try:
                return [_told(plan, loads) for plan in best_plans(problem, count, below)]
            except SearchTooLongError:
                pass  # the larger model has a plan and a bound in any case
        return large(effort=effort)

    def least_without(self, within: Floats) -> int:
        """Return a lower bound of any plan that leaves something out; adjustments may make shipments negative."""
        loads = loads_of(self.ruled.situation.order, _to_be_split(self.money, within))
        cheapest = int(self._table(loads).shipments.money[1:].min(initial=0))
        return int(self._left_out(loads).min()) + min(0, cheapest) * sum(radix - 1 for radix in loads.radices)

    def _table(self, loads: Loads) -> _Table:
        if loads not in self._tables:
            order, candidates = self.ruled.situation.order, self.ruled.situation.candidates
            room = Room(order, candidates, loads)
            self._tables[loads] = _Table(price_shipments(self.money, loads), room)
        return self._tables[loads]

    def _left_out(self, loads: Loads) -> NDArray[np.int64]:
        """Return (N,) the money of leaving out units of one block."""
        share = (loads.units / self.money.quantities).sum(axis=1)
        money = to_billionths(share * self.money.strategy.missing_line)
        return np.where(loads.one_block, money, IMPOSSIBLE)


def _to_be_split(money: Pricing, within: Floats) -> frozenset[int]:
    """Return the lines that no single candidate can send whole, of which some can send a part."""
    most = within.max(axis=1, initial=0.0)
    return frozenset(np.flatnonzero((most > 0) & (most < money.quantities)).tolist())


def _too_much(within: Floats, units: Floats, quantities: Ints, location: NDArray[np.intp], limits: Limits) -> bool:
    """Return whether some line has more units than as many locations as there may be parcels can send.

    A search finds that out only after it has tried them all. ``within`` and ``units`` (L, C), as for a plan.
    """
    split = within.max(axis=1, initial=0.0) < quantities
    if not split.any():
        return False
    places, at = np.unique(location, return_inverse=True)
    sent, held = np.zeros((2, len(places), int(split.sum())))
    np.add.at(sent, at, within[split].T)
    np.maximum.at(held, at, units[split].T)
    each = -np.sort(-np.minimum(sent, held), axis=0)[: limits.max_parcels]
    return bool((each.sum(axis=0) < quantities[split]).any())


def _told(plan: Plan, loads: Loads) -> RankedPlan:
    units = loads.units.tolist()
    return RankedPlan(
        plan.total,
        tuple(Sent(tuple(units[load]), candidate) for load, candidate in plan.shipments),
        tuple(units[plan.left_out]),
        limited=plan.limited,
    )


def _binding(planning: _Planning, ranked: Ranked) -> tuple[BindingRule, ...]:
    """Return what makes the best plan dearer: rules, limits and what the stage requires that it stands in.

    Without one of them an earlier stage may have a plan, which is taken then. Prices are differences of proved optima:
    there are none where a plan is only known to be near one.
    """
    best = ranked.plans[0]
    if not best.is_proved or not loads_of(planning.ruled.situation.order).plannable:
        return ()
    found: dict[str, RankedPlan | None] = {}
    for stage in _stages(planning.ruled):
        last = stage.name == ranked.stage
        below = best.total if last else HOPELESS
        forbidden = ranked.forbidden if last else unmet(stage, planning.ruled.situation)
        for other in _others(planning, forbidden, below):
            if other.name in found or (other.name == MAX_PARCELS and last and not best.limited):
                continue
            found |= _without(planning, other, below)
        if last:
            break
    if ranked.forbidden.any():
        unrestrained = _Other(
            f"stages.{ranked.stage}", planning.reach(np.zeros_like(ranked.forbidden)), planning.limits
        )
        found |= _without(planning, unrestrained, best.total)
    ids = [rule.id for rule in planning.ruled.rules]
    total = planning.money.total(best.shipments, best.left_out)
    return tuple(
        BindingRule(name, total - planning.money.total(cheaper.shipments, cheaper.left_out))
        for name in [*ids, MAX_PARCELS, ALLOW_PARTIAL, SPLIT_LINES, f"stages.{ranked.stage}"]
        # Without a rule a line may not have to be split any more; then it is not, and that may be dearer.
        if (cheaper := found.get(name)) and cheaper.is_proved and cheaper.total < best.total
    )


def _without(planning: _Planning, other: "_Other", below: int) -> dict[str, RankedPlan | None]:
    """Return the best plan by the name of what it does without, if there is one; ``None`` where that is not known.

    No time is spent on what is too large to be planned exactly: a customer waits for the decision, nobody for a price.
    """
    try:
        plans = planning.sought(
            other.within, 1, without=other.name, limits=other.limits, below=below, effort=effort_of(0.0)
        )
    except UnprovedError:
        return {other.name: None}
    return {other.name: plans[0]} if plans else {}


class _Other(NamedTuple):
    """The same order without something that may bind: its name, what is within reach then, and the limits then."""

    name: str
    within: Floats
    limits: Limits


def _others(planning: _Planning, forbidden: NDArray[np.bool_], below: int) -> Iterator[_Other]:
    """Yield the order without each rule or limit without which more could be done, for plans of less than ``below``."""
    limits, ruling = planning.limits, planning.ruled.ruling
    base = planning.reach(forbidden)
    lines = planning.ruled.situation.order.lines
    # What lines, or shipments of a line that is split, have to share binds though each alone could have it.
    shared = len({line.sku for line in lines}) < len(lines) or bool(_to_be_split(planning.money, base))
    sharing = {*ruling.parcels_left, *(ruling.kept if shared else ())}
    for rule in planning.ruled.rules:
        if rule.id in ruling.removed or rule.id in ruling.kept or rule.id in ruling.parcels_left:
            within = planning.reach(forbidden, rule.id)
            if rule.id in sharing or (within > base).any():
                yield _Other(rule.id, within, limits)
    if limits.max_parcels is not None and limits.max_parcels < planning.money.quantities.sum():
        yield _Other(MAX_PARCELS, base, replace(limits, max_parcels=None))
    if not limits.allow_partial and planning.least_without(base) < below:
        yield _Other(ALLOW_PARTIAL, base, replace(limits, allow_partial=True))
    if not limits.split_lines:
        split = replace(limits, split_lines=True)
        within = np.where(forbidden, 0.0, Reach(planning.ruled.situation, ruling, split).within())
        if _to_be_split(planning.money, within):
            yield _Other(SPLIT_LINES, within, split)
