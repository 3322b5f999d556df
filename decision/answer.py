"""The decision as it is told: each plan in full, who was left out and why, and what the rules cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from math import fsum

import numpy as np

from decision.consolidation import NOTHING_OPEN
from decision.decision import Decision, Delivery, MissingLine, Option, Shipment, ShipmentLine
from decision.exclusions import effects, exclusions, missing_lines
from decision.explain import compare, tell
from decision.loads import Sent
from decision.money import PER_UNIT, TERMS
from decision.ranked import Ranked, RankedPlan, usable
from decision.rules import Ruling


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
        sendable = usable(situation, ruled.ruling) & ~ranked.forbidden
        missing = missing_lines(ruled.everyone, ruled.first_ruling, sendable, ruled.rules, _obstacle(ranked))
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


def _obstacle(ranked: Ranked) -> str:
    limits = ranked.ruled.ruleset.limits
    if ranked.forbidden.any():
        return f"no candidate meets stage {ranked.ruled.ruleset.stages[-1].name}"
    if limits.max_parcels is not None:
        return f"it could be sent, but all lines together need more than {limits.max_parcels} parcel(s)"
    return "it could be sent alone, but not together with the other lines"


def _option(ranked: Ranked, rank: int, plan: RankedPlan) -> Option:
    not_extra = _not_extra(ranked, plan)
    shipments = tuple(
        _shipment(ranked, sent, first=position == not_extra) for position, sent in enumerate(plan.shipments)
    )
    why = "left out: dearer to send than to leave out, or not to be had"
    lines = ranked.ruled.situation.order.lines
    left_out = [(x, units) for x, units in zip(lines, plan.left_out, strict=True) if units]
    missing = tuple(MissingLine(x.line_id, x.sku, units, why) for x, units in left_out)
    terms = {term: sum(shipment.terms.get(term, 0.0) for shipment in shipments) for term in TERMS}
    price = ranked.ruled.ruleset.strategy.missing_line
    terms["missing_lines"] = sum(price * units / x.quantity for x, units in left_out)
    total = fsum(terms.values())
    one_parcel = ranked.ruled.ruleset.strategy.extra_parcel  # the first is not extra
    bound = total if plan.bound is None else min(plan.bound / PER_UNIT - one_parcel, total)
    return Option(rank, total, 0.0, bound, "", terms, shipments, missing)


def _not_extra(ranked: Ranked, plan: RankedPlan) -> int:
    """Return the shipment that takes off the one parcel that is not extra: the first that is a parcel of its own."""
    own = (at for at, sent in enumerate(plan.shipments) if ranked.priced.joined[sent.candidate] == NOTHING_OPEN)
    return next(own, 0)


def _shipment(ranked: Ranked, sent: Sent, *, first: bool) -> Shipment:
    situation, (units, row) = ranked.ruled.situation, sent
    candidates, network, order, scores = situation.candidates, situation.network, situation.order, situation.scores
    assert scores is not None
    location, service = int(candidates.location[row]), int(candidates.service[row])
    p10, p50, p90 = (situation.now + timedelta(hours=float(scores.delivery(level)[row])) for level in (0.1, 0.5, 0.9))
    distance = float(candidates.distance_km[row])
    terms = ranked.priced.terms(sent)
    if first:
        terms["extra_parcels"] -= ranked.ruled.ruleset.strategy.extra_parcel
    joined = int(ranked.priced.joined[row])
    return Shipment(
        str(network.locations["location_id"][location]),
        str(network.locations["location_type"][location]),
        None if service < 0 else str(network.services["carrier_service_id"][service]),
        None if np.isnan(distance) else distance,
        tuple(ShipmentLine(x.line_id, x.sku, n) for x, n in zip(order.lines, units, strict=True) if n),
        Delivery(p10, p50, p90, None if order.promised_at is None else float(scores.late[row])),
        ranked.priced.pick_failure(sent),
        terms,
        None if joined == NOTHING_OPEN else order.open_shipments[joined].shipment_id,
    )


def _why(
    option: Option, options: Sequence[Option], names: Mapping[str, str], currency: str, prices: Mapping[str, float]
) -> str:
    told = tell(option, names, currency)
    if len(options) == 1:
        return f"{told} It is the only way to fulfil the order."
    other, which = (options[1], "the next option") if option.rank == 1 else (options[0], "the best")
    return f"{told} {compare(option, other, which, names=names, currency=currency, prices=prices)}"
