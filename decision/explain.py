"""Why: a plan told in a sentence, the difference between two plans term by term, what changed between decisions."""

from collections.abc import Mapping, Sequence
from typing import Final

from decision.decision import Decision, Option, Shipment
from decision.money import PRICE_OF, TERMS

#: How a store manager calls the terms.
WORDS: Final = {
    "cost": "shipping and handling",
    "late": "the risk of being late",
    "late_days": "the days it may be late",
    "pick_failure": "the risk that a piece is not found",
    "carbon": "carbon",
    "adjustments": "the ruleset's adjustments",
    "extra_parcels": "extra parcels",
    "missing_lines": "lines left out",
}
_SINGULAR: Final = {"late", "pick_failure", "carbon"}
#: Differences smaller than this are not worth a word (half a cent).
_NOTICED: Final = 0.005


def tell(option: Option, names: Mapping[str, str], currency: str) -> str:
    """Return the plan itself in words: "One parcel from Milano Duomo (3.1 km): 11.42 EUR in all"."""
    parts = [_from(shipment, names) for shipment in option.shipments]
    count = {1: "One parcel", 2: "Two parcels", 3: "Three parcels"}.get(len(parts), f"{len(parts)} parcels")
    left_out = "".join(f"; line {line.line_id} is left out" for line in option.missing)
    return f"{count} from {_listed(parts)}: {option.total:.2f} {currency} in all{left_out}."


def compare(
    option: Option, other: Option, which: str, *, names: Mapping[str, str], currency: str, prices: Mapping[str, float]
) -> str:
    """Return in a sentence why ``option`` comes before or after ``other``, which is "the next option" or "the best"."""
    difference = option.total - other.total
    whom = f"{which} ({_listed(_told_apart(other, option, names))})"
    if abs(difference) < _NOTICED:
        return f"It costs the same as {whom}; the fewer parcels come first, then the order of the locations."
    gaps = differences(option, other)
    for_it = [_told(term, gap, prices) for term, gap in gaps if gap * difference > 0]
    against = [_told(term, gap, prices) for term, gap in gaps if gap * difference < 0]
    direction = "cheaper" if difference < 0 else "dearer"
    although = f", although {_listed(against)}" if against else ""
    return f"{abs(difference):.2f} {currency} {direction} than {whom} because {_listed(for_it)}{although}."


def differences(option: Option, other: Option) -> list[tuple[str, float]]:
    """Return by how much each term of ``option`` is dearer than of ``other``: the largest first, specks left out."""
    gaps = [(term, option.terms.get(term, 0.0) - other.terms.get(term, 0.0)) for term in TERMS]
    return sorted([gap for gap in gaps if abs(gap[1]) >= _NOTICED], key=lambda gap: -abs(gap[1]))


def why_changed(before: Decision, after: Decision) -> str:
    """Return which price made another plan win, for two decisions on one order that differ only in their strategy.

    The plan that won before and the one that wins after are compared under both strategies. A term's part in the
    change is how much it moved the gap between the two plans; its price is named with both values. Where one of the
    two plans is not among the other decision's options, nothing but that can be said, and is.
    """
    if not before.options or not after.options:
        return "One of the two decisions has no plan, so there is nothing to compare."
    old, new = before.options[0], after.options[0]
    if _same_plan(old, new):
        return "The same plan wins."
    new_before, old_after = _find(new, before.options), _find(old, after.options)
    if new_before is None:
        return "The plan that wins now was not among the options before, so the prices alone do not tell why it wins."
    if old_after is None:
        return "The plan that won before is not among the options now, so the prices alone do not tell why it lost."
    moved = {
        term: (old_after.terms.get(term, 0.0) - new.terms.get(term, 0.0))
        - (old.terms.get(term, 0.0) - new_before.terms.get(term, 0.0))
        for term in TERMS
    }
    reasons = [term for term in sorted(TERMS, key=lambda term: -moved[term]) if moved[term] >= _NOTICED]
    told = [_repriced(term, moved[term], before.prices, after.prices) for term in reasons]
    return (
        f"Before, the plan that wins now cost {new_before.total - old.total:.2f} more; "
        f"now it costs {old_after.total - new.total:.2f} less because {_listed(told)}."
    )


def _repriced(term: str, moved: float, before: Mapping[str, float], after: Mapping[str, float]) -> str:
    price = PRICE_OF.get(term)
    if price is None or before.get(price) == after.get(price):
        return f"{WORDS[term]} moved by {moved:.2f}"
    change = f"{before.get(price, 0.0):.2f} to {after.get(price, 0.0):.2f}"
    return f"the price {price} went from {change}, worth {moved:.2f} here"


def _told(term: str, gap: float, prices: Mapping[str, float]) -> str:
    price = PRICE_OF.get(term)
    at = "" if price is None else f" ({price} at {prices[price]:.2f})"
    return (
        f"{WORDS[term]} {'costs' if term in _SINGULAR else 'cost'} {abs(gap):.2f} {'more' if gap > 0 else 'less'}{at}"
    )


def _from(shipment: Shipment, names: Mapping[str, str]) -> str:
    name = names.get(shipment.location_id, shipment.location_id)
    distance = "" if shipment.distance_km is None else f"{shipment.distance_km:.1f} km, "
    in_time = "" if shipment.delivery.p_late is None else f", {1 - shipment.delivery.p_late:.0%} in time"
    return f"{name} ({distance}expected {shipment.delivery.p50_at:%d %b}{in_time})"


def _told_apart(other: Option, option: Option, names: Mapping[str, str]) -> list[str]:
    """The places of ``other``, each with its carrier service where the places of ``option`` are the same."""
    same_places = sorted(s.location_id for s in other.shipments) == sorted(s.location_id for s in option.shipments)
    return [
        names.get(s.location_id, s.location_id)
        + (f" by {s.carrier_service_id}" if same_places and s.carrier_service_id is not None else "")
        for s in other.shipments
    ]


def _same_plan(one: Option, other: Option) -> bool:
    return _identity(one) == _identity(other)


def _find(option: Option, options: Sequence[Option]) -> Option | None:
    return next((other for other in options if _same_plan(option, other)), None)


def _identity(option: Option) -> frozenset[object]:
    return frozenset((s.location_id, s.carrier_service_id, s.lines) for s in option.shipments)


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
