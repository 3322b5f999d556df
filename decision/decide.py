"""One decision, from order to ranked plans: candidates, rules, scores, plans, explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.answer import explain
from decision.candidates import Candidates, find_candidates
from decision.decision import BindingRule, Decision, MissingLine
from decision.digest import digest
from decision.errors import TooManyLinesError
from decision.many_lines import plan_many_lines
from decision.money import IMPOSSIBLE, PER_UNIT
from decision.network import Network
from decision.order import Order
from decision.plans import MOST_LINES, Problem, best_plans
from decision.predictor import Predictor
from decision.ranked import Ranked, Ruled, usable
from decision.rules import apply_rules, available, first_that_applies, rules_in_force, unmet
from decision.ruleset import Ruleset
from decision.scores import score
from decision.shipments import Pricing, Shipments, feasible_sets, price_shipments, pricing, sharing
from decision.situation import Situation

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
    versions: Mapping[str, str] | None = None,
) -> Decision:
    """Rank the ``options`` best plans for ``order`` at the instant ``now`` (timezone-aware UTC).

    The first of ``rulesets`` that applies to the order decides. ``versions`` are further versions to be kept with the
    decision; ``ruleset``, ``bundle`` and ``digest`` are added here. An order that no plan can fulfil is an answer, not
    an error: `Decision.options` is empty and `Decision.missing` says which lines lack what and why.

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
        missing = tuple(
            MissingLine(line.line_id, line.sku, line.quantity, "no ruleset applies to this order")
            for line in order.lines
        )
        return Decision(order.order_id, now, None, {**kept, "ruleset": "none"}, (), (), (), missing)
    kept["ruleset"] = f"{ruled.ruleset.name}@{ruled.ruleset.version}"
    kept["digest"] = digest(order, network, candidates, ruleset=ruled.ruleset, now=now, options=options, versions=kept)
    # The best plan is told against the next one, which is looked for even when nobody asked to see it.
    decision = explain(plan(price(ruled, predictor), max(options, 2)), kept)
    return replace(decision, options=decision.options[:options])


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
    """Return the ``count`` best plans of the first stage in which a plan stands, and what each rule costs there.

    Orders of more than `MOST_LINES` lines get one plan, with a proved lower bound (`decision.many_lines`).
    """
    ruled, money = priced
    if len(ruled.situation.order.lines) > MOST_LINES:
        return _plan_many(ruled, money)
    shipments = price_shipments(money)
    ranked = Ranked(None, [], money, ruled, np.zeros(ruled.situation.atp.shape, bool))
    for stage in ruled.ruleset.stages:
        forbidden = unmet(stage, ruled.situation)
        plans = best_plans(_problem(ruled, shipments, forbidden), count)
        ranked = Ranked(stage.name if plans else None, plans, money, ruled, forbidden)
        if plans:
            return replace(ranked, binding=_binding(ranked, shipments))
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
    """Return the rules without which the best plan of the same stage would be cheaper, and by how much."""
    ruled = ranked.ruled
    base = usable(ruled.situation, ruled.ruling)
    binding = []
    for rule in ruled.rules:
        freed = usable(ruled.situation, ruled.ruling, rule.id) & ~base & ~ranked.forbidden
        if freed.any():
            best = best_plans(_problem(ruled, shipments, ranked.forbidden, rule.id), 1)[0]
            if best.total < ranked.plans[0].total:
                binding.append(BindingRule(rule.id, (ranked.plans[0].total - best.total) / PER_UNIT))
    return tuple(binding)
