"""Why: a plan told in a sentence, the difference between two plans term by term, what changed between decisions."""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from decision.candidates.candidates import FROM_THE_SHELF
from decision.decision import Comparison, Decision, Option, Sender, Shipment
from decision.messages.catalogue import Catalogue, catalogue
from decision.money import PER_UNIT, PRICE_OF, TERMS

#: Differences smaller than this are not worth a word (half a cent).
_NOTICED: Final = 0.005


def why(option: Option, decision: Decision, words: Catalogue) -> str:
    """Return one option of ``decision`` in words: the plan, and why it comes before or after the other."""
    told = _plan(option, decision, words)
    other = option.compared_with
    compared = words.say("only_way") if other is None else _compare(option, other, decision, words)
    return f"{told} {compared}"


def compared(options: Sequence[Option]) -> tuple[Comparison | None, Mapping[str, float]]:
    """Return the second of two options as the first is told against it, and how much dearer each term of the first is.

    With one option there is nothing to compare it with.
    """
    if len(options) < 2:
        return None, {}
    option, other = options
    senders = tuple(Sender(s.location_id, s.location_name, s.carrier_service_id) for s in other.shipments)
    gaps = {term: option.terms.get(term, 0.0) - other.terms.get(term, 0.0) for term in TERMS}
    return Comparison(other.rank, option.total - other.total, senders), gaps


def why_changed(before: Decision, after: Decision, language: str = "en") -> str:
    """Return which price made another plan win, for two decisions on one order that differ only in their strategy.

    The plan that won before and the one that wins after are compared under both strategies. A term's part in the
    change is how much it moved the gap between the two plans; its price is named with both values. Where one of the
    two plans is not among the other decision's options, nothing but that can be said, and is.
    """
    words = catalogue(language)
    if not before.options or not after.options:
        return words.say("nothing_to_compare")
    old, new = before.options[0], after.options[0]
    if _same_plan(old, new):
        return words.say("same_plan")
    new_before, old_after = _find(new, before.options), _find(old, after.options)
    if new_before is None:
        return words.say("new_unknown")
    if old_after is None:
        return words.say("old_unknown")
    moved = {
        term: (old_after.terms.get(term, 0.0) - new.terms.get(term, 0.0))
        - (old.terms.get(term, 0.0) - new_before.terms.get(term, 0.0))
        for term in TERMS
    }
    noticed = [term for term in sorted(TERMS, key=lambda term: -abs(moved[term])) if abs(moved[term]) >= _NOTICED]
    reasons, against = (
        words.listed([_repriced(term, moved[term], before, after, words) for term in noticed if moved[term] * sign > 0])
        for sign in (1, -1)
    )
    return words.say(
        "changed" if reasons else "changed_by_specks",
        before=words.money(new_before.total - old.total),
        after=words.money(old_after.total - new.total),
        reasons=reasons,
        although=words.say("although", reasons=against) if against else "",
    )


def _repriced(term: str, moved: float, before: Decision, after: Decision, words: Catalogue) -> str:
    price = PRICE_OF.get(term, "")
    old, new = before.prices.get(price), after.prices.get(price)
    if old is None or new is None or old == new:
        return words.say("moved_by", term=words.say(f"term_{term}"), moved=words.money(abs(moved)))
    return words.say(
        "price_changed" if moved > 0 else "price_changed_against",
        price=price,
        before=words.money(old),
        after=words.money(new),
        moved=words.money(abs(moved)),
    )


def _plan(option: Option, decision: Decision, words: Catalogue) -> str:
    times = [shipment.delivery for shipment in option.shipments]
    # What does not travel is there once it is ready.
    stays = all(time.ready_p50_at in {None, time.p50_at} for time in times)
    collected = decision.delivery_method in FROM_THE_SHELF and stays
    count, zone = len(option.shipments), ZoneInfo(decision.timezone)
    sent = {line.line_id for shipment in option.shipments for line in shipment.lines}
    return words.say(
        "plan_collected" if collected else "plan",
        parcels=words.say(f"parcels_{count}" if count <= 3 else "parcels_more", count=count),
        places=words.listed(
            [_from(shipment, words, "ready" if collected else "arrives", zone) for shipment in option.shipments]
        ),
        total=words.money(option.total, decision.currency),
        left_out="".join(
            words.counted("plan_left_out_units", line.quantity, line=line.line_id)
            if line.line_id in sent
            else words.say("plan_left_out", line=line.line_id)
            for line in option.missing
        ),
    )


def _from(shipment: Shipment, words: Catalogue, when: str, zone: ZoneInfo) -> str:
    facts = [] if shipment.distance_km is None else [words.say("distance", km=words.number(shipment.distance_km, 1))]
    facts.append(words.say(when, day=words.day(shipment.delivery.p50_at, zone)))
    if shipment.delivery.p_late is not None:
        facts.append(words.say("in_time", share=words.share(1 - shipment.delivery.p_late)))
    if shipment.joins is not None:
        facts.append(words.say("joins"))
    if shipment.not_found:
        skus, risk = words.listed(shipment.not_found), words.share(shipment.pick_failure)
        facts.append(words.counted("not_found_elsewhere", len(shipment.not_found), skus=skus, risk=risk))
    if shipment.offer is not None and shipment.offer.others:
        names = [other.location_name or other.location_id for other in shipment.offer.others]
        facts.append(words.say("offered", places=words.listed(names)))
    return words.say("place", name=shipment.location_name or shipment.location_id, facts=", ".join(facts))


def _compare(option: Option, other: Comparison, decision: Decision, words: Catalogue) -> str:
    difference = other.difference
    places = words.listed(_told_apart(option, other.shipments, words))
    whom = words.say("the_best" if other.rank < option.rank else "the_next", places=places)
    if abs(difference) < _NOTICED:
        tie = round(difference * PER_UNIT) == 0
        return words.say("as_dear" if tie else "as_dear_to_the_cent", whom=whom)
    gaps = sorted(
        [(term, gap) for term, gap in option.differences.items() if abs(gap) >= _NOTICED], key=lambda gap: -abs(gap[1])
    )
    for_it = [_told(term, gap, decision.prices, words) for term, gap in gaps if gap * difference > 0]
    against = [_told(term, gap, decision.prices, words) for term, gap in gaps if gap * difference < 0]
    money = words.money(abs(difference), decision.currency)
    direction = "cheaper" if difference < 0 else "dearer"
    if not for_it:
        return words.say(f"{direction}_by_specks", money=money, whom=whom)
    although = words.say("although", reasons=words.listed(against)) if against else ""
    return words.say(direction, money=money, whom=whom, reasons=words.listed(for_it), although=although)


def _told(term: str, gap: float, prices: Mapping[str, float], words: Catalogue) -> str:
    price = PRICE_OF.get(term)
    at = "" if price is None else words.say("at_price", price=price, value=words.money(prices[price]))
    return words.say(f"{term}_{'more' if gap > 0 else 'less'}", money=words.money(abs(gap)), at=at)


def _told_apart(option: Option, senders: Sequence[Sender], words: Catalogue) -> list[str]:
    """Return the senders' places, each with its carrier service where the places of ``option`` are the same."""
    same_places = sorted(s.location_id for s in senders) == sorted(s.location_id for s in option.shipments)
    told = []
    for sender in senders:
        name = sender.location_name or sender.location_id
        by = same_places and sender.carrier_service_id is not None
        told.append(words.say("by_service", name=name, service=sender.carrier_service_id) if by else name)
    return told


def _same_plan(one: Option, other: Option) -> bool:
    return _identity(one) == _identity(other)


def _find(option: Option, options: Sequence[Option]) -> Option | None:
    return next((other for other in options if _same_plan(option, other)), None)


def _identity(option: Option) -> frozenset[object]:
    return frozenset((s.location_id, s.carrier_service_id, s.joins, s.lines) for s in option.shipments)
