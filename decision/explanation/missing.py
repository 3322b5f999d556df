"""What stands against each line of an order that no plan fulfils, and how many of its units there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Floats
from decision.decision import BlockingRule, MissingLine
from decision.explanation.shortage import lacking
from decision.plans.ranked import Ranked, Ruled
from decision.plans.reach import able_to_send, splittable
from decision.rules.ruling import Ruling, allowed, available
from decision.rules.situation import Situation

Bools = NDArray[np.bool_]

#: What may stand against a line; the words for each are in the message catalogues, under the same key.
CAUSES: Final = (
    "left_out",
    "no_ruleset",
    "no_record",
    "out_of_stock",
    "nothing_travels",
    "too_few",
    "too_heavy",
    "ruled_out",
    "stage_unmet",
    "too_many_parcels",
    "group_apart",
    "not_together",
)


def missing_of(ranked: Ranked) -> tuple[MissingLine, ...]:
    """Return what stands against the lines of an order that no plan fulfils."""
    ruled = ranked.ruled
    limits = ruled.ruleset.limits
    sendable = np.where(ranked.forbidden, 0.0, ruled.reach.within())
    split = splittable(ruled.everyone.order, limits)
    staged = Cause("stage_unmet", {"stage": ruled.ruleset.stages[-1].name}) if ranked.forbidden.any() else None
    few = ranked.too_few_parcels and limits.max_parcels
    otherwise = Cause("too_many_parcels", {"limit": few}) if few else Cause("not_together")
    why, lines = causes(ruled, sendable, staged=staged, otherwise=otherwise), ruled.everyone.order.lines
    return missing(ruled.everyone, why, {row: lines[row].quantity for row in why}, split)


def missing(
    situation: Situation, causes: Mapping[int, "Cause"], wanted: Mapping[int, int], split: Bools
) -> tuple[MissingLine, ...]:
    """Return the lines at the keys of ``causes`` as missing, each with what there is of it.

    ``wanted``: the units that are missing of each; ``split`` (L,): which lines may be sent in parts.
    """
    if not causes:  # as for nearly every plan
        return ()
    short = _short(situation, wanted, split)
    lines = situation.order.lines
    return tuple(
        MissingLine(
            lines[row].line_id,
            lines[row].sku,
            wanted[row],
            cause.cause,
            lines[row].quantity - short[row],
            short[row],
            cause.details,
            cause.location_ids,
            cause.rules,
        )
        for row, cause in causes.items()
    )


def _short(situation: Situation, wanted: Mapping[int, int], split: Bools) -> dict[int, int]:
    """Return the units lacking of each missing line with all rules, and all limits but that of splitting, relaxed.

    Those of one sku are as few as would do for all its lines, told of the last that are missing.
    """
    lines = situation.order.lines
    _, first = np.unique(situation.candidates.location, return_index=True)
    there = np.maximum(np.floor(situation.atp[:, first]), 0.0).astype(np.int64)
    short = dict.fromkeys(wanted, 0)
    for sku in {lines[row].sku: None for row in wanted}:
        rows = [row for row, line in enumerate(lines) if line.sku == sku]
        whole = [lines[row].quantity for row in rows if not split[row]]
        in_parts = sum(lines[row].quantity for row in rows if split[row])
        left = lacking(whole, in_parts, there[rows[0]].tolist())
        for row in sorted(set(rows) & wanted.keys(), reverse=True):
            short[row] = min(wanted[row], left)
            left -= short[row]
    return short


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a line is missing; fields as of `MissingLine`."""

    cause: str
    details: Mapping[str, int | float | str] = field(default_factory=dict)
    location_ids: tuple[str, ...] = ()
    rules: tuple[BlockingRule, ...] = ()


def causes(ruled: Ruled, sendable: Floats, *, staged: Cause | None, otherwise: Cause) -> dict[int, Cause]:
    """Return what stands against each line of an order that no plan fulfils.

    Where some lines cannot be sent at all, it is about these; else about all of them, which do not go together.
    ``sendable`` (L, C): units within reach of the candidates that matter. Where stock and rules would let a line
    through, ``staged`` stands against it (what the stage requires, if it forbids anything) or, where each line could be
    sent, ``otherwise``.
    """
    lines, limits = ruled.everyone.order.lines, ruled.ruleset.limits
    split = splittable(ruled.everyone.order, limits)
    location = ruled.situation.candidates.location
    blocked = [row for row in range(len(lines)) if _most(sendable[row], location, split[row]) < lines[row].quantity]
    if not blocked and (apart := _apart(ruled, sendable)):
        return {row: Cause("group_apart", {"group": str(lines[row].group)}) for row in apart}
    return {
        row: _no_stock(ruled.everyone, row, split[row])
        or _too_heavy(ruled.everyone, row, split[row])
        or _by_rules(ruled, row, split[row])
        or (staged if blocked else None)
        or otherwise
        for row in blocked or range(len(lines))
    }


def _apart(ruled: Ruled, sendable: Floats) -> list[int]:
    """Return the lines of groups that no candidate can send in one shipment."""
    situation = ruled.situation
    order, there = situation.order, available(situation, ruled.ruling)

    def together(group: str) -> Bools:
        units = np.array([float(line.quantity) if line.group == group else 0.0 for line in order.lines])
        return able_to_send(situation, sendable, there, units)

    apart = {group for group in {line.group for line in order.lines if line.group} if not together(group).any()}
    return [row for row, line in enumerate(order.lines) if line.group in apart]


def _most(units: Floats, location: NDArray[np.intp], split: np.bool_) -> int:
    """Return the most units that can be sent: from one candidate, or from all locations where the line may be split."""
    if not split:
        return int(units.max(initial=0.0))
    here = np.zeros(location.max(initial=-1) + 1)
    np.maximum.at(here, location, np.floor(units))
    return int(here.sum())


def _no_stock(situation: Situation, row: int, split: np.bool_) -> Cause | None:
    """Return why there is not enough of the line before any rule, or ``None`` if there is."""
    line, atp = situation.order.lines[row], situation.atp[row]
    names = situation.network.locations["location_id"]
    location = situation.candidates.location
    most = _most(atp, location, split)
    if most >= line.quantity:
        return None
    if most > 0:
        where = np.unique(location[atp >= 1]) if split else location[[int(atp.argmax())]]
        return Cause("too_few", {"most": most}, tuple(map(str, names[where])))
    record = situation.network.stock.get(line.sku)
    if record is None or not len(record.location):
        return Cause("no_record")
    places = names[record.location]
    free = record.on_hand - record.reserved - record.safety_stock
    if (free > 0).any():
        return Cause("nothing_travels", {}, tuple(map(str, places[free > 0])))
    units = {"on_hand": int(record.on_hand.sum()), "reserved": int(record.reserved.sum())}
    return Cause("out_of_stock", units, tuple(map(str, places)))


def _too_heavy(situation: Situation, row: int, split: np.bool_) -> Cause | None:
    """Return that no service carries the line, or a unit of it, from where it is in stock; ``None`` if one does."""
    line = situation.order.lines[row]
    units = 1 if split else line.quantity
    has_it = situation.atp[row] >= units
    if situation.candidates.carry(np.array((line.weight_kg or 0.0) * units))[has_it].any():
        return None
    return Cause("too_heavy", {"most_kg": float(situation.candidates.max_weight_kg[has_it].max())})


def _by_rules(ruled: Ruled, row: int, split: np.bool_) -> Cause | None:
    """Return which rules take the line from candidates that have it, or ``None`` if enough may still be sent."""
    everyone, ruling = ruled.everyone, _of_everyone(ruled)
    line, candidates = everyone.order.lines[row], everyone.candidates
    quantity = line.quantity
    carried = candidates.carry(np.array((line.weight_kg or 0.0) * (1 if split else quantity)))

    def units(promised: Floats, may: NDArray[np.bool_]) -> Floats:
        """Return what can be sent of units promised: a part only where the line may be split."""
        able = np.clip(np.floor(promised), 0, quantity)
        return np.where(may & carried & (split | (able == quantity)), able, 0.0)

    nobody, everybody = Ruling({}, {}, {}), np.ones(len(candidates), bool)
    before = units(available(everyone, nobody)[row], everybody)
    after = units(available(everyone, ruling)[row], allowed(everyone, ruling)[row])
    if _most(after, candidates.location, split) >= quantity:
        return None
    names = everyone.network.locations["location_id"][candidates.location]
    gone = {rule: before * removed[row] > 0 for rule, removed in ruling.removed.items()}
    gone |= {rule: units(candidates.free[row] - kept[row], everybody) < before for rule, kept in ruling.kept.items()}
    blocking = tuple(
        BlockingRule(rule.id, rule.reason, tuple(map(str, sorted(set(names[gone[rule.id]])))))
        for rule in ruled.rules
        if rule.id in gone and gone[rule.id].any()
    )
    return Cause("ruled_out", rules=blocking)


def _of_everyone(ruled: Ruled) -> Ruling:
    """Return what rules say of all candidates; those that waited for predictions spoke of the ones that mattered."""
    everyone, some = ruled.everyone.candidates, ruled.situation.candidates
    last_service = everyone.service.max(initial=0)
    rows = np.searchsorted(everyone.position(last_service), some.position(last_service))
    removed = dict(ruled.first_ruling.removed)
    for rule, gone in ruled.ruling.removed.items():
        if rule not in removed:
            removed[rule] = np.zeros(ruled.everyone.atp.shape, bool)
            removed[rule][:, rows] = gone
    return replace(ruled.first_ruling, removed=removed)
