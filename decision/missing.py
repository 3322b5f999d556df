"""What stands against each line of an order that no plan fulfils, and how many of its units there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.decision import BlockingRule, MissingLine
from decision.exclusions import effects
from decision.rules import Ruling
from decision.ruleset import Rule
from decision.situation import Situation

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
    "not_together",
)


def most_available(situation: Situation) -> NDArray[np.intp]:
    """Return (L,) the most units of each line that could be sent with all rules and limits relaxed.

    A line is sent whole from one location. Lines of one sku are served in their order, each from where the fewest
    units suffice; what one takes the next cannot have.
    """
    lines = situation.order.lines
    places, first = np.unique(situation.candidates.location, return_index=True)
    left = np.maximum(situation.atp[:, first], 0.0) if len(places) else np.zeros((len(lines), 1))
    most = np.zeros(len(lines), np.intp)
    same_sku = np.array([[line.sku == other.sku for other in lines] for line in lines])
    for row, line in enumerate(lines):
        enough = np.flatnonzero(left[row] >= line.quantity)
        place = int(enough[left[row, enough].argmin()]) if len(enough) else int(left[row].argmax())
        most[row] = min(line.quantity, int(left[row, place]))
        if len(enough):
            left[same_sku[row], place] -= line.quantity
    return most


def missing(situation: Situation, causes: Mapping[int, "Cause"]) -> tuple[MissingLine, ...]:
    """Return the lines at the keys of ``causes`` as missing, each with what there is of it."""
    most = most_available(situation)
    lines = situation.order.lines
    return tuple(
        MissingLine(
            lines[row].line_id,
            lines[row].sku,
            lines[row].quantity,
            cause.cause,
            int(most[row]),
            lines[row].quantity - int(most[row]),
            cause.details,
            cause.location_ids,
            cause.rules,
        )
        for row, cause in causes.items()
    )


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a line is missing; fields as of `MissingLine`."""

    cause: str
    details: Mapping[str, int | str] = field(default_factory=dict)
    location_ids: tuple[str, ...] = ()
    rules: tuple[BlockingRule, ...] = ()


def causes(
    situation: Situation, ruling: Ruling, usable: NDArray[np.bool_], rules: Sequence[Rule], otherwise: Cause
) -> dict[int, Cause]:
    """Return what stands against each line of an order that no plan fulfils.

    Where some lines cannot be sent at all, it is about these; else about all of them, which do not go together.
    ``otherwise``: what stands against lines that stock and rules would let through.
    """
    blocked = [row for row in range(len(usable)) if not usable[row].any()]
    taken = effects(situation, ruling)
    return {
        row: _no_stock(situation, row)
        or _too_heavy(situation, row)
        or _by_rules(situation, row, taken, rules)
        or otherwise
        for row in blocked or range(len(usable))
    }


def _no_stock(situation: Situation, row: int) -> Cause | None:
    """Return why no candidate has the whole line before any rule, or ``None`` if one has."""
    line, atp = situation.order.lines[row], situation.atp[row]
    names = situation.network.locations["location_id"]
    if (atp >= line.quantity).any():
        return None
    if (atp > 0).any():
        best = int(atp.argmax())
        return Cause("too_few", {"most": int(atp[best])}, (str(names[situation.candidates.location[best]]),))
    record = situation.network.stock.get(line.sku)
    if record is None or not len(record.location):
        return Cause("no_record")
    places = names[record.location]
    free = record.on_hand - record.reserved - record.safety_stock
    if (free > 0).any():
        return Cause("nothing_travels", {}, tuple(map(str, places[free > 0])))
    units = {"on_hand": int(record.on_hand.sum()), "reserved": int(record.reserved.sum())}
    return Cause("out_of_stock", units, tuple(map(str, places)))


def _too_heavy(situation: Situation, row: int) -> Cause | None:
    """Return that no service carries the line from where it is in stock, or ``None`` if one does."""
    line = situation.order.lines[row]
    carried = situation.candidates.max_weight_kg[situation.atp[row] >= line.quantity]
    if (line.weight_kg or 0.0) * line.quantity <= carried.max():
        return None
    return Cause("too_heavy", {"most_kg": int(carried.max())})


def _by_rules(
    situation: Situation, row: int, taken: Mapping[str, NDArray[np.bool_]], rules: Sequence[Rule]
) -> Cause | None:
    """Return which rules take the line from every candidate that has it, or ``None`` if some still may send it."""
    gone = {rule.id: taken[rule.id][row] for rule in rules if rule.id in taken}
    stocked = situation.atp[row] >= situation.order.lines[row].quantity
    if not gone or (stocked & ~np.any(list(gone.values()), axis=0)).any():
        return None
    names = situation.network.locations["location_id"][situation.candidates.location]
    blocking = tuple(
        BlockingRule(rule.id, rule.reason, tuple(map(str, sorted(set(names[gone[rule.id]])))))
        for rule in rules
        if rule.id in gone and gone[rule.id].any()
    )
    return Cause("ruled_out", rules=blocking)
