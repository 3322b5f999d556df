"""Which other stores can send a planned shipment alike, so that it can be offered to several at once."""

from collections.abc import Sequence
from math import fsum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates.consolidation import NOTHING_OPEN
from decision.candidates.loads import Contents, Sent
from decision.plans.ranked import Ranked, RankedPlan
from decision.plans.reach import able_to_send
from decision.rules.ruling import available, parcels_left

#: Locations of this type get tasks that people pick up; the others are told what to do.
OFFERED_TO: Final = "store"


def others(ranked: Ranked, plan: RankedPlan, locations: int) -> list[tuple[Sent, ...]]:
    """Return for each shipment of ``plan`` the same one from up to ``locations`` − 1 further stores, best first.

    A store may and can send all of it, by the stage, the rules and the limits that made the plan, and stands once in
    a plan. What is not sent by a store, or joins an open shipment, is offered to nobody.
    """
    used = {_location(ranked, sent) for sent in plan.shipments}
    found = []
    for sent in plan.shipments:
        chosen: list[Sent] = []
        if _is_store(ranked)[sent.candidate] and ranked.priced.joined[sent.candidate] == NOTHING_OPEN:
            for other in _by_money(ranked, sent):
                if len(chosen) < locations - 1 and _location(ranked, other) not in used:
                    used.add(_location(ranked, other))
                    chosen.append(other)
        found.append(tuple(chosen))
    return found


def _by_money(ranked: Ranked, sent: Sent) -> Sequence[Sent]:
    """Return the same shipment from each candidate that can send it, the cheapest first."""
    rows = np.flatnonzero(_able(ranked, sent))
    if np.count_nonzero(sent.units) > 1:
        new = np.array([row for row in rows.tolist() if not ranked.priced.is_asked(Sent(sent.units, row))], np.intp)
        if len(new):
            held = Contents(np.array([sent.units]), np.zeros(len(new), np.intp))
            ranked.priced.ask(held, new, ranked.priced.dearest(held, new))
    alike = [Sent(sent.units, row) for row in rows.tolist()]
    return sorted(alike, key=lambda other: (fsum(ranked.priced.terms(other).values()), other.candidate))


def _able(ranked: Ranked, sent: Sent) -> NDArray[np.bool_]:
    """Return (C,) which candidates of stores may and can send the shipment."""
    situation, ruling = ranked.ruled.situation, ranked.ruled.ruling
    within, there = np.where(ranked.forbidden, 0.0, ranked.ruled.reach.within()), available(situation, ruling)
    able = able_to_send(situation, within, there, np.array(sent.units, float))
    return able & _is_store(ranked) & (parcels_left(situation, ruling) >= 1)


def _is_store(ranked: Ranked) -> NDArray[np.bool_]:
    situation = ranked.ruled.situation
    return np.asarray(situation.network.locations["location_type"][situation.candidates.location] == OFFERED_TO)


def _location(ranked: Ranked, sent: Sent) -> int:
    return int(ranked.ruled.situation.candidates.location[sent.candidate])
