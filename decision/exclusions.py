"""Who was left out and why: rule by rule for candidates, line by line where no plan stands."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from decision.decision import Exclusion, MissingLine
from decision.order import Line
from decision.rules import Ruling
from decision.ruleset import Rule
from decision.situation import Situation


def effects(situation: Situation, ruling: Ruling) -> dict[str, NDArray[np.bool_]]:
    """Return, by rule, (L, C) where it takes a line that the candidate could otherwise have sent."""
    quantity = np.array([[float(line.quantity)] for line in situation.order.lines])
    stocked = situation.atp >= quantity
    taken = {rule: removed & stocked for rule, removed in ruling.removed.items()}
    for rule, kept in ruling.kept.items():
        taken[rule] = stocked & (situation.candidates.free - kept < quantity)
    return {rule: mask for rule, mask in taken.items() if mask.any()}


def exclusions(
    situation: Situation, taken: Mapping[str, NDArray[np.bool_]], reasons: Mapping[str, str]
) -> tuple[Exclusion, ...]:
    """Return each location, or service of it, that a rule took out; by rule, then as the network lists them."""
    candidates, order, network = situation.candidates, situation.order, situation.network
    stocked = situation.atp >= np.array([[float(line.quantity)] for line in order.lines])
    found = []
    for rule, mask in taken.items():
        hit = mask.any(axis=0)
        whole = (mask == stocked).all(axis=0)
        places, place = np.unique(candidates.location, return_inverse=True)
        every_service = np.bincount(place, hit) == np.bincount(place)
        first_of_place = np.unique(place, return_index=True)[1]
        same_lines = (mask == mask[:, first_of_place[place]]).all(axis=0)
        as_one = every_service & (np.bincount(place, same_lines) == np.bincount(place))
        shown = hit & (~as_one[place] | (np.arange(len(place)) == first_of_place[place]))
        for row in np.flatnonzero(shown):
            service = -1 if as_one[place[row]] else int(candidates.service[row])
            found.append(
                Exclusion(
                    str(network.locations["location_id"][places[place[row]]]),
                    None if service < 0 else str(network.services["carrier_service_id"][service]),
                    rule,
                    reasons[rule],
                    () if whole[row] else tuple(order.lines[line].line_id for line in np.flatnonzero(mask[:, row])),
                )
            )
    return tuple(found)


def missing_lines(
    situation: Situation, ruling: Ruling, usable: NDArray[np.bool_], rules: Sequence[Rule], limit: str
) -> tuple[MissingLine, ...]:
    """Return what stands against each line of an order that no plan fulfils; ``limit`` tells what forbids joining."""
    blocked = [row for row in range(len(usable)) if not usable[row].any()]
    taken = effects(situation, ruling)
    missing = []
    for row in blocked or range(len(usable)):
        line = situation.order.lines[row]
        reason = _no_stock(situation, line) or _by_rules(situation, row, taken, rules)
        missing.append(MissingLine(line.line_id, line.sku, line.quantity, reason or limit))
    return tuple(missing)


def _by_rules(
    situation: Situation, row: int, taken: Mapping[str, NDArray[np.bool_]], rules: Sequence[Rule]
) -> str | None:
    """Return which rules take the line from every candidate that has it, or ``None`` if some still may send it."""
    gone = {rule.id: taken[rule.id][row] for rule in rules if rule.id in taken}
    stocked = situation.atp[row] >= situation.order.lines[row].quantity
    if not gone or (stocked & ~np.any(list(gone.values()), axis=0)).any():
        return None
    names = situation.network.locations["location_id"][situation.candidates.location]
    told = []
    for rule in rules:
        places = sorted(set(names[gone[rule.id]])) if rule.id in gone else []
        if places:
            more = f" and {len(places) - 3} more" if len(places) > 3 else ""
            told.append(f"{rule.id} takes out {', '.join(places[:3])}{more} ({rule.reason})")
    return "; ".join(told)


def _no_stock(situation: Situation, line: Line) -> str | None:
    """Return why no candidate has the whole line before any rule, or ``None`` if one has."""
    row = situation.order.lines.index(line)
    atp = situation.atp[row]
    if (atp >= line.quantity).any():
        return None
    if (atp > 0).any():
        best = int(atp.argmax())
        place = situation.network.locations["location_id"][situation.candidates.location[best]]
        return f"no location has all {line.quantity} units: at most {atp[best]:.0f} at one location ({place})"
    record = situation.network.stock.get(line.sku)
    if record is None or not len(record.location):
        return "no location has a record of it"
    free = record.on_hand - record.reserved - record.safety_stock
    places = situation.network.locations["location_id"][record.location]
    if (free > 0).any():
        where = ", ".join(str(place) for place in places[free > 0][:3])
        return f"in stock at {where}, but nothing travels from there by {situation.order.delivery_method}"
    reserved = f", {record.reserved.sum():.0f} reserved" if record.reserved.any() else ""
    return f"out of stock at all {len(places)} locations that keep it ({record.on_hand.sum():.0f} on hand{reserved})"
