"""Who was left out and why, rule by rule."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from decision.decision import Exclusion
from decision.rules import Ruling
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
