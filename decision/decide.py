"""One decision, from order to ranked plans: candidates, rules, scores, plans, explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import fsum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.attributes import Situation
from decision.candidates import Candidates, find_candidates
from decision.decision import BindingRule, Decision, Delivery, MissingLine, Option, Shipment, ShipmentLine
from decision.digest import digest
from decision.errors import TooManyLinesError
from decision.exclusions import effects, exclusions, missing_lines
from decision.explain import compare, tell
from decision.many_lines import plan_many_lines
from decision.money import IMPOSSIBLE, PER_UNIT, TERMS
from decision.network import Network
from decision.order import Order
from decision.plans import MOST_LINES, Plan, Problem, best_plans
from decision.predictor import Predictor
from decision.rules import Ruling, allowed, apply_rules, available, first_that_applies, rules_in_force, unmet
from decision.ruleset import Rule, Ruleset
from decision.scores import score
from decision.shipments import Pricing, Shipments, feasible_sets, price_shipments, pricing, sharing

#: Sets of lines are 64-bit masks.
MOST_LINES_AT_ALL: Final = 60


@dataclass(frozen=True)
class Ruled:
    """The candidates that matter once rules have spoken, and what they said.

    ``everyone``: the situation with all candidates, for telling who was left out; ``situation``: with those that may
    send a line, be it only if one rule were absent (what a rule costs has to be known); ``ruling`` is about these.
    """

    ruleset: Ruleset
    rules: tuple[Rule, ...]
    everyone: Situation
    first_ruling: Ruling
    situation: Situation
    ruling: Ruling


@dataclass(frozen=True)
class Ranked:
    """The best plans of the first stage that has any (else of the last), and how they were found."""

    stage: str | None
    plans: list[Plan]
    priced: Pricing
    ruled: Ruled
    forbidden: NDArray[np.bool_]
    binding: tuple[BindingRule, ...] = ()


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
        matters |= _usable(everyone, ruling, without).any(axis=0)
    rows = np.flatnonzero(matters)
    situation = replace(everyone, candidates=candidates.take(rows), atp=everyone.atp[:, rows])
    return Ruled(ruleset, rules, everyone, ruling, situation, ruling.take(rows))


def price(ruled: Ruled, predictor: Predictor) -> tuple[Ruled, Pricing]:
    """Score the candidates that matter, apply the rules that waited for predictions, and put prices on both."""
    situation, ruling = ruled.situation, ruled.ruling
    asked = np.zeros(situation.atp.shape, bool)
    for without in ("", *ruling.removed, *ruling.kept):
        asked |= _usable(situation, ruling, without)
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
        usable = _usable(situation, ruled.ruling) & ~forbidden
        units = available(situation, ruled.ruling)
        plans = plan_many_lines(
            situation.order, situation.candidates, usable=usable, units=units, priced=money, limits=limits
        )
        ranked = Ranked(stage.name if plans else None, plans, money, ruled, forbidden)
        if plans:
            break
    return ranked


def explain(ranked: Ranked, versions: Mapping[str, str]) -> Decision:
    """Return the decision: each plan in full, who was left out and why, and what the rules cost."""
    ruled = ranked.ruled
    situation, ruleset = ruled.situation, ruled.ruleset
    order = situation.order
    reasons = {rule.id: rule.reason for rule in ruled.rules}
    later = Ruling({k: v for k, v in ruled.ruling.removed.items() if k not in ruled.first_ruling.removed}, {}, {})
    excluded = (
        *exclusions(ruled.everyone, effects(ruled.everyone, ruled.first_ruling), reasons),
        *exclusions(situation, effects(situation, later), reasons),
    )
    prices = vars(ruleset.strategy)
    missing: tuple[MissingLine, ...] = ()
    if not ranked.plans:
        usable = _usable(situation, ruled.ruling) & ~ranked.forbidden
        missing = missing_lines(ruled.everyone, ruled.first_ruling, usable, ruled.rules, _obstacle(ranked))
    options = [_option(ranked, rank, plan) for rank, plan in enumerate(ranked.plans, start=1)]
    options = [replace(option, difference=option.total - options[0].total) for option in options]
    names = {
        str(situation.network.locations["location_id"][row]): str(situation.network.locations["name"][row] or "")
        or str(situation.network.locations["location_id"][row])
        for row in {int(situation.candidates.location[c]) for plan in ranked.plans for _, c in plan.shipments}
    }
    told = tuple(
        replace(option, explanation=_why(option, options, names, order.currency, prices)) for option in options
    )
    return Decision(
        order.order_id,
        situation.now,
        ranked.stage,
        dict(versions),
        told,
        excluded,
        ranked.binding,
        options[0].missing if options else missing,
        prices,
    )


def _usable(situation: Situation, ruling: Ruling, without: str = "") -> NDArray[np.bool_]:
    quantity = np.array([[float(line.quantity)] for line in situation.order.lines])
    return (available(situation, ruling, without) >= quantity) & allowed(situation, ruling, without)


def _problem(ruled: Ruled, shipments: Shipments, forbidden: NDArray[np.bool_], without: str = "") -> Problem:
    situation, limits = ruled.situation, ruled.ruleset.limits
    units = available(situation, ruled.ruling, without)
    usable = _usable(situation, ruled.ruling, without) & ~forbidden
    left_out = round(ruled.ruleset.strategy.missing_line * PER_UNIT) if limits.allow_partial else IMPOSSIBLE
    return Problem(
        len(situation.order.lines),
        feasible_sets(situation.order, situation.candidates, usable, units),
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
    base = _usable(ruled.situation, ruled.ruling)
    binding = []
    for rule in ruled.rules:
        freed = _usable(ruled.situation, ruled.ruling, rule.id) & ~base & ~ranked.forbidden
        if freed.any():
            best = best_plans(_problem(ruled, shipments, ranked.forbidden, rule.id), 1)[0]
            if best.total < ranked.plans[0].total:
                binding.append(BindingRule(rule.id, (ranked.plans[0].total - best.total) / PER_UNIT))
    return tuple(binding)


def _obstacle(ranked: Ranked) -> str:
    limits = ranked.ruled.ruleset.limits
    if ranked.forbidden.any():
        return f"no candidate meets stage {ranked.ruled.ruleset.stages[-1].name}"
    if limits.max_parcels is not None:
        return f"it could be sent, but all lines together need more than {limits.max_parcels} parcel(s)"
    return "it could be sent alone, but not together with the other lines"


def _option(ranked: Ranked, rank: int, plan: Plan) -> Option:
    shipments = tuple(
        _shipment(ranked, shipped, first=position == 0) for position, shipped in enumerate(plan.shipments)
    )
    why = "left out: dearer to send than to leave out, or not to be had"
    lines = enumerate(ranked.ruled.situation.order.lines)
    missing = tuple(MissingLine(x.line_id, x.sku, x.quantity, why) for row, x in lines if plan.left_out >> row & 1)
    terms = {term: sum(shipment.terms.get(term, 0.0) for shipment in shipments) for term in TERMS}
    terms["missing_lines"] = len(missing) * ranked.ruled.ruleset.strategy.missing_line
    total = fsum(terms.values())
    one_parcel = ranked.ruled.ruleset.strategy.extra_parcel  # the first is not extra
    bound = total if plan.bound is None else min(plan.bound / PER_UNIT - one_parcel, total)
    return Option(rank, total, 0.0, bound, "", terms, shipments, missing)


def _shipment(ranked: Ranked, shipped: tuple[int, int], *, first: bool) -> Shipment:
    situation, (mask, row) = ranked.ruled.situation, shipped
    candidates, network, order, scores = situation.candidates, situation.network, situation.order, situation.scores
    assert scores is not None
    location, service = int(candidates.location[row]), int(candidates.service[row])
    p10, p50, p90 = (situation.now + timedelta(hours=float(scores.delivery(level)[row])) for level in (0.1, 0.5, 0.9))
    distance = float(candidates.distance_km[row])
    terms = ranked.priced.terms(shipped)
    if first:
        terms["extra_parcels"] = 0.0
    return Shipment(
        str(network.locations["location_id"][location]),
        str(network.locations["location_type"][location]),
        None if service < 0 else str(network.services["carrier_service_id"][service]),
        None if np.isnan(distance) else distance,
        tuple(ShipmentLine(x.line_id, x.sku, x.quantity) for i, x in enumerate(order.lines) if mask >> i & 1),
        Delivery(p10, p50, p90, None if order.promised_at is None else float(scores.late[row])),
        ranked.priced.pick_failure(shipped),
        terms,
    )


def _why(
    option: Option, options: Sequence[Option], names: Mapping[str, str], currency: str, prices: Mapping[str, float]
) -> str:
    told = tell(option, names, currency)
    if len(options) == 1:
        return f"{told} It is the only way to fulfil the order."
    other, which = (options[1], "the next option") if option.rank == 1 else (options[0], "the best")
    return f"{told} {compare(option, other, which, names=names, currency=currency, prices=prices)}"
