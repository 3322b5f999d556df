"""One decision, from order to ranked plans: candidates, rules, scores, plans, explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.answer import explain, no_ruleset
from decision.candidates import Candidates, find_candidates
from decision.decision import BindingRule, Decision
from decision.digest import digest
from decision.errors import TooManyLinesError
from decision.many_lines import plan_many_lines
from decision.money import IMPOSSIBLE, PER_UNIT
from decision.network import Network
from decision.order import Order
from decision.plans import MOST_LINES, Plan, Problem, best_plans
from decision.predictor import Predictor
from decision.ranked import Ranked, Ruled, usable
from decision.relaxation import ALLOW_PARTIAL, MAX_PARCELS, free_of_charge, relaxations
from decision.rules import apply_rules, available, first_that_applies, rules_in_force, unmet
from decision.ruleset import Ruleset
from decision.scores import score
from decision.shipments import Pricing, Shipments, feasible_sets, price_shipments, pricing, sharing
from decision.situation import Situation
from decision.tell import tell

#: Sets of lines are 64-bit masks.
MOST_LINES_AT_ALL: Final = 60


def decide(
    order: Order,
    network: Network,
    rulesets: Sequence[Ruleset],
    predictor: Predictor,
    now: datetime,
    *,
    options: int = 5,
    language: str = "en",
    versions: Mapping[str, str] | None = None,
) -> Decision:
    """Rank the ``options`` best plans for ``order`` at the instant ``now`` (timezone-aware UTC).

    The first of ``rulesets`` that applies to the order decides. ``versions`` are further versions to be kept with the
    decision; ``ruleset``, ``bundle`` and ``digest`` are added here. Its sentences are in ``language``, one of
    `decision.messages.catalogue.LANGUAGES`. An order that no plan can fulfil is an answer, not an error:
    `Decision.options` is empty, `Decision.missing` says which lines lack what and why, and `Decision.relaxations` what
    would have to be relaxed.

    Raises `decision.errors.TooManyLinesError` for orders of more than `MOST_LINES_AT_ALL` lines.
    """
    if len(order.lines) > MOST_LINES_AT_ALL:
        raise TooManyLinesError(
            f"order {order.order_id} has {len(order.lines)} lines; at most {MOST_LINES_AT_ALL} are planned"
        )
    candidates = find_candidates(order, network)
    ruled = rule(order, network, candidates, rulesets, now)
    kept = {**(versions or {}), "bundle": predictor.version}
    if ruled is None:
        everyone = Situation(order, network, candidates, now, candidates.free - candidates.safety)
        return tell(no_ruleset(everyone, {**kept, "ruleset": "none"}), language)
    kept["ruleset"] = f"{ruled.ruleset.name}@{ruled.ruleset.version}"
    kept["digest"] = digest(order, network, candidates, ruleset=ruled.ruleset, now=now, options=options, versions=kept)
    # The best plan is told against the next one, which is looked for even when nobody asked to see it.
    decision = explain(plan(price(ruled, predictor), max(options, 2)), kept)
    if not decision.options:
        decision = replace(decision, relaxations=relaxations(ruled, predictor, _find_plan))
    return tell(replace(decision, options=decision.options[:options]), language)


def rule(
    order: Order, network: Network, candidates: Candidates, rulesets: Sequence[Ruleset], now: datetime
) -> Ruled | None:
    """Apply all rules that need no prediction; ``None`` if no ruleset applies to the order."""
    everyone = Situation(order, network, candidates, now, candidates.free - candidates.safety)
    ruleset = first_that_applies(rulesets, everyone)
    if ruleset is None:
        return None
    rules = tuple(rules_in_force(ruleset.rules, everyone))
    ruling = apply_rules(rules, everyone)
    matters = np.zeros(len(candidates), bool)
    for without in ("", *ruling.removed, *ruling.kept):
        matters |= usable(everyone, ruling, without).any(axis=0)
    rows = np.flatnonzero(matters)
    situation = replace(everyone, candidates=candidates.take(rows), atp=everyone.atp[:, rows])
    return Ruled(ruleset, rules, everyone, ruling, situation, ruling.take(rows))


def price(ruled: Ruled, predictor: Predictor) -> tuple[Ruled, Pricing]:
    """Score the candidates that matter, apply the rules that waited for predictions, and put prices on both."""
    situation, ruling = ruled.situation, ruled.ruling
    asked = np.zeros(situation.atp.shape, bool)
    for without in ("", *ruling.removed, *ruling.kept):
        asked |= usable(situation, ruling, without)
    scores = score(
        situation.order, situation.network, situation.candidates, asked, predictor=predictor, now=situation.now
    )
    situation = replace(situation, scores=scores)
    ruling = ruling.and_then(apply_rules(ruled.rules, situation))
    priced = pricing(ruled.ruleset.strategy, situation.candidates, ruling, scores)
    return replace(ruled, situation=situation, ruling=ruling), priced


def plan(priced: tuple[Ruled, Pricing], count: int) -> Ranked:
    """Return the ``count`` best plans of the first stage in which a plan stands, and what rules and limits cost there.

    Orders of more than `MOST_LINES` lines get one plan, with a proved lower bound (`decision.many_lines`).
    """
    ruled, money = priced
    if len(ruled.situation.order.lines) > MOST_LINES:
        return _plan_many(ruled, money)
    shipments = price_shipments(money)
    ranked = _rank(ruled, money, shipments, count)
    return replace(ranked, binding=_binding(ranked, shipments)) if ranked.plans else ranked


def _find_plan(ruled: Ruled) -> Plan | None:
    """Return a plan that leaves out the fewest lines, then takes the fewest parcels, whatever it would cost."""
    money = free_of_charge(ruled)
    if len(ruled.situation.order.lines) > MOST_LINES:
        plans = _plan_many(ruled, money).plans
    else:
        plans = _rank(ruled, money, price_shipments(money), 1).plans
    return plans[0] if plans else None


def _rank(ruled: Ruled, money: Pricing, shipments: Shipments, count: int) -> Ranked:
    """Return the ``count`` best plans of the first stage in which a plan stands."""
    ranked = Ranked(None, [], money, ruled, np.zeros(ruled.situation.atp.shape, bool))
    for stage in ruled.ruleset.stages:
        forbidden = unmet(stage, ruled.situation)
        plans = best_plans(_problem(ruled, shipments, forbidden), count)
        ranked = Ranked(stage.name if plans else None, plans, money, ruled, forbidden)
        if plans:
            break
    return ranked


def _plan_many(ruled: Ruled, money: Pricing) -> Ranked:
    situation, limits = ruled.situation, ruled.ruleset.limits
    ranked = Ranked(None, [], money, ruled, np.zeros(situation.atp.shape, bool))
    for stage in ruled.ruleset.stages:
        forbidden = unmet(stage, situation)
        sendable = usable(situation, ruled.ruling) & ~forbidden
        units = available(situation, ruled.ruling)
        plans = plan_many_lines(
            situation.order, situation.candidates, usable=sendable, units=units, priced=money, limits=limits
        )
        ranked = Ranked(stage.name if plans else None, plans, money, ruled, forbidden)
        if plans:
            break
    return ranked


def _problem(ruled: Ruled, shipments: Shipments, forbidden: NDArray[np.bool_], without: str = "") -> Problem:
    situation, limits = ruled.situation, ruled.ruleset.limits
    units = available(situation, ruled.ruling, without)
    sendable = usable(situation, ruled.ruling, without) & ~forbidden
    left_out = round(ruled.ruleset.strategy.missing_line * PER_UNIT) if limits.allow_partial else IMPOSSIBLE
    return Problem(
        len(situation.order.lines),
        feasible_sets(situation.order, situation.candidates, sendable, units),
        shipments.money,
        shipments.scored,
        shipments.score,
        limits.max_parcels,
        left_out,
        sharing(situation.order, situation.candidates, units),
    )


def _binding(ranked: Ranked, shipments: Shipments) -> tuple[BindingRule, ...]:
    """Return what makes the best plan of the stage dearer: rules, limits and the stage's own requirement."""
    ruled, forbidden = ranked.ruled, ranked.forbidden
    base = usable(ruled.situation, ruled.ruling)
    without: dict[str, Problem] = {}
    for rule in ruled.rules:
        freed = usable(ruled.situation, ruled.ruling, rule.id) & ~base & ~forbidden
        if freed.any():
            without[rule.id] = _problem(ruled, shipments, forbidden, rule.id)
    problem = _problem(ruled, shipments, forbidden)
    if problem.max_parcels is not None and problem.max_parcels < problem.lines:
        without[MAX_PARCELS] = replace(problem, max_parcels=None)
    left_out = round(ruled.ruleset.strategy.missing_line * PER_UNIT)
    if not ruled.ruleset.limits.allow_partial and left_out + _least(problem) < ranked.plans[0].total:
        without[ALLOW_PARTIAL] = replace(problem, left_out=left_out)
    if (base & forbidden).any():
        without[f"stages.{ranked.stage}"] = _problem(ruled, shipments, np.zeros_like(forbidden))
    binding = []
    for name, relaxed in without.items():
        best = best_plans(relaxed, 1)[0]
        if best.total < ranked.plans[0].total:
            binding.append(BindingRule(name, (ranked.plans[0].total - best.total) / PER_UNIT))
    return tuple(binding)


def _least(problem: Problem) -> int:
    """Return a lower bound of the shipments of any plan that leaves a line out; adjustments may make it negative."""
    return min(0, int(problem.money.min(where=problem.feasible, initial=0))) * (problem.lines - 1)
