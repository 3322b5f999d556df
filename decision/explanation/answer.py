"""The decision as data: each plan in full, who was left out and why, and what rules and limits cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from math import fsum, prod
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from decision.calendars.delivery_days import delivery_days, with_days_lost, zone_of
from decision.calendars.dispatch import DAYS_AHEAD
from decision.candidates.consolidation import NOTHING_OPEN
from decision.candidates.learnt import times_missed
from decision.candidates.loads import Sent
from decision.decision import Decision, Delivery, Offer, Option, Shipment, ShipmentLine
from decision.explanation.exclusions import effects, exclusions, wanted
from decision.explanation.explain import compared
from decision.explanation.missing import Cause, missing, missing_of
from decision.money import PER_UNIT, TERMS
from decision.plans.offering import others
from decision.plans.ranked import Ranked, RankedPlan
from decision.plans.reach import splittable
from decision.rules.ruling import Ruling, offer_in
from decision.rules.situation import Situation


def explain(ranked: Ranked, versions: Mapping[str, str]) -> Decision:
    """Return the decision: each plan in full, who was left out and why, and what rules and limits cost.

    All of it is data; `decision.explanation.tell` puts it in words.
    """
    ruled = ranked.ruled
    situation, ruleset = ruled.situation, ruled.ruleset
    order = situation.order
    reasons = {rule.id: rule.reason for rule in ruled.rules}
    later = Ruling({k: v for k, v in ruled.ruling.removed.items() if k not in ruled.first_ruling.removed}, {}, {})
    least = wanted(ruled)
    excluded = (
        *exclusions(ruled.everyone, effects(ruled.everyone, ruled.first_ruling, least), reasons, least),
        *exclusions(situation, effects(situation, later, least), reasons, least),
    )
    told = [_Told(rank, plan, _offered(ranked, plan)) for rank, plan in enumerate(ranked.plans, start=1)]
    zone = zone_of(order, situation.network)
    hours = _hours(ranked, told, zone)
    options = [_option(ranked, plan, hours) for plan in told]
    return Decision(
        order_id=order.order_id,
        decided_at=situation.now,
        language="",
        currency=order.currency,
        delivery_method=order.delivery_method,
        stage=ranked.stage,
        versions=dict(versions),
        summary="",
        options=tuple(_against_another(option, options) for option in options),
        excluded=excluded,
        binding_rules=ranked.binding,
        missing=options[0].missing if options else missing_of(ranked),
        timezone=str(zone),
        reasons={rule.id: rule.reasons for rule in ruled.rules if rule.reasons},
        prices=vars(ruleset.strategy),
        limits=vars(ruleset.limits),
        unproved=ranked.unproved,
    )


def no_ruleset(situation: Situation, versions: Mapping[str, str]) -> Decision:
    """Return the decision on an order to which no ruleset applies."""
    order = situation.order
    whole = np.zeros(len(order.lines), bool)  # nothing says that lines may be split
    wanted = {row: line.quantity for row, line in enumerate(order.lines)}
    return Decision(
        order_id=order.order_id,
        decided_at=situation.now,
        language="",
        currency=order.currency,
        delivery_method=order.delivery_method,
        stage=None,
        versions=dict(versions),
        summary="",
        options=(),
        excluded=(),
        binding_rules=(),
        missing=missing(situation, dict.fromkeys(wanted, Cause("no_ruleset")), wanted, whole),
    )


def _against_another(option: Option, options: list[Option]) -> Option:
    """Return the option with its difference to the best, and as it is told: the best against the next."""
    other = options[1:2] if option.rank == 1 else options[:1]
    compared_with, differences = compared([option, *other])
    return replace(
        option, difference=option.total - options[0].total, compared_with=compared_with, differences=differences
    )


class _Told(NamedTuple):
    """A plan to be told, and for each of its shipments the same from the stores to which it is offered too."""

    rank: int
    plan: RankedPlan
    offered: list[tuple[Sent, ...]]


class _Hours(NamedTuple):
    """Hours until what a candidate sends is ready (half are faster), and delivered: 1 in 10, half, 9 in 10 faster."""

    ready: float
    p10: float
    p50: float
    p90: float


def _hours(ranked: Ranked, told: Sequence[_Told], zone: ZoneInfo) -> dict[int, _Hours]:
    """Return the hours of the candidates that are told, and of no others: what a few need is not asked of all."""
    sent = [sent for one in told for several in (one.plan.shipments, *one.offered) for sent in several]
    rows = sorted({one.candidate for one in sent})
    situation = ranked.ruled.situation
    scores = situation.scores
    if not rows:
        return {}
    assert scores is not None
    which, now = np.array(rows), situation.now
    arrivals, ready = scores.arrivals(which), scores.handovers(which).quantile(0.5)
    of_parcels = situation.order, situation.network, situation.candidates.service[which], scores.leaving(which)
    days = delivery_days(*of_parcels, rests=scores.rests(which), now=now, count=DAYS_AHEAD)
    there = (with_days_lost(arrivals.quantile(level), days.lost, now, zone) for level in (0.1, 0.5, 0.9))
    levels = ready, *there
    return {row: _Hours(*hours) for row, *hours in zip(rows, *(level.tolist() for level in levels), strict=True)}


def _option(ranked: Ranked, told: _Told, hours: Mapping[int, _Hours]) -> Option:
    rank, plan, offered = told
    not_extra = _not_extra(ranked, plan)
    shipments = tuple(
        _shipment(ranked, sent, hours, first=position == not_extra, offered=offered[position])
        for position, sent in enumerate(plan.shipments)
    )
    left_out = {row: units for row, units in enumerate(plan.left_out) if units}
    terms = {term: sum(shipment.terms.get(term, 0.0) for shipment in shipments) for term in TERMS}
    price, order = ranked.priced.strategy.missing_line, ranked.ruled.situation.order
    terms["missing_lines"] = sum((price * units / order.lines[row].quantity for row, units in left_out.items()), 0.0)
    total = fsum(terms.values())
    one_parcel = ranked.priced.strategy.extra_parcel  # the first is not extra
    bound = total if plan.bound is None else min(plan.bound / PER_UNIT - one_parcel, total)
    split = splittable(order, ranked.ruled.ruleset.limits)
    lines = missing(ranked.ruled.everyone, dict.fromkeys(left_out, Cause("left_out")), left_out, split)
    late = [shipment.delivery.p_late for shipment in shipments]
    on_time = None if order.promised_at is None else prod(1 - p for p in late if p is not None)
    return Option(rank, total, 0.0, bound, "", terms, shipments, lines, on_time=on_time)


def _not_extra(ranked: Ranked, plan: RankedPlan) -> int:
    """Return the shipment that takes off the one parcel that is not extra: the first that is a parcel of its own."""
    own = (at for at, sent in enumerate(plan.shipments) if ranked.priced.joined[sent.candidate] == NOTHING_OPEN)
    return next(own, 0)


def _offered(ranked: Ranked, plan: RankedPlan) -> list[tuple[Sent, ...]]:
    """Return for each shipment the same from the stores to which it is offered too, where the ruleset says so."""
    offer = offer_in(ranked.ruled.ruleset, ranked.stage, ranked.ruled.situation)
    return [()] * len(plan.shipments) if offer is None else others(ranked, plan, offer.locations)


def _offer(ranked: Ranked, offered: tuple[Sent, ...], hours: Mapping[int, _Hours], *, first: bool) -> Offer | None:
    offer = offer_in(ranked.ruled.ruleset, ranked.stage, ranked.ruled.situation)
    if offer is None or not offered:
        return None
    own = any(stage.offer is offer for stage in ranked.ruled.ruleset.stages)
    return Offer(
        offer.minutes,
        tuple(_shipment(ranked, sent, hours, first=first, offered=()) for sent in offered),
        ranked.stage if own else None,
    )


def _shipment(
    ranked: Ranked, sent: Sent, hours: Mapping[int, _Hours], *, first: bool, offered: tuple[Sent, ...]
) -> Shipment:
    situation, (units, row) = ranked.ruled.situation, sent
    candidates, network, order, scores = situation.candidates, situation.network, situation.order, situation.scores
    assert scores is not None
    location, service = int(candidates.location[row]), int(candidates.service[row])
    ready, p10, p50, p90 = (situation.now + timedelta(hours=of_level) for of_level in hours[row])
    distance = float(candidates.distance_km[row])
    terms = ranked.priced.terms(sent)
    if first:
        terms["extra_parcels"] -= ranked.priced.strategy.extra_parcel
    joined = int(ranked.priced.joined[row])
    return Shipment(
        str(network.locations["location_id"][location]),
        str(network.locations["location_type"][location]),
        network.locations["name"][location],
        None if service < 0 else str(network.services["carrier_service_id"][service]),
        None if np.isnan(distance) else distance,
        tuple(ShipmentLine(x.line_id, x.sku, n) for x, n in zip(order.lines, units, strict=True) if n),
        Delivery(p10, p50, p90, None if order.promised_at is None else float(scores.late[row]), ready),
        ranked.priced.pick_failure(sent),
        terms,
        None if joined == NOTHING_OPEN else order.open_shipments[joined].shipment_id,
        _offer(ranked, offered, hours, first=first),
        _not_found(ranked, sent),
    )


def _not_found(ranked: Ranked, sent: Sent) -> tuple[str, ...]:
    """Return the skus of the shipment that were not found elsewhere, which made them riskier here."""
    situation = ranked.ruled.situation
    if not situation.order.not_found or ranked.ruled.ruleset.not_found_odds == 1:
        return ()
    times = times_missed(situation.order, situation.network, situation.candidates)[:, sent.candidate]
    lines = zip(situation.order.lines, sent.units, times.tolist(), strict=True)
    return tuple(dict.fromkeys(line.sku for line, units, missed in lines if units and missed))
