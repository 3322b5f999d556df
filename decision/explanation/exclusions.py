"""Who was left out and why, rule by rule."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import NO_SERVICE, Candidates
from decision.candidates.consolidation import NOTHING_OPEN
from decision.candidates.loads import Floats
from decision.decision import Exclusion
from decision.order import Order
from decision.plans.ranked import Ruled
from decision.plans.reach import splittable
from decision.rules.ruling import Ruling
from decision.rules.situation import Situation
from features.coded import distinct_codes


def wanted(ruled: Ruled) -> Floats:
    """Return (L, 1) the units of each line that a location has to have for something to come from there.

    All of them, but one of a line that may be split and that nobody may send whole any more.
    """
    order = ruled.situation.order
    quantity = np.array([[float(line.quantity)] for line in order.lines])
    split = splittable(order, ruled.ruleset.limits)
    if split.any():
        split &= ruled.reach.within().max(axis=1, initial=0.0) < quantity[:, 0]
    return np.where(split[:, None], 1.0, quantity)


def effects(situation: Situation, ruling: Ruling, least: Floats) -> dict[str, NDArray[np.bool_]]:
    """Return, by rule, (L, C) where it takes a line of which the candidate could have sent the ``least`` or more."""
    stocked = situation.atp >= least
    taken = {rule: removed & stocked for rule, removed in ruling.removed.items()}
    for rule, kept in ruling.kept.items():
        taken[rule] = stocked & (situation.candidates.free - kept < least)
    return {rule: mask for rule, mask in taken.items() if mask.any()}


def exclusions(
    situation: Situation, taken: Mapping[str, NDArray[np.bool_]], reasons: Mapping[str, str], least: Floats
) -> tuple[Exclusion, ...]:
    """Return each location, or service of it, that a rule took out; by rule, then as the network lists them."""
    if not taken:
        return ()
    candidates, order, network = situation.candidates, situation.order, situation.network
    stocked = situation.atp >= least
    if (candidates.joined != NOTHING_OPEN).any():
        candidates, stocked, taken = _ways(candidates, stocked, taken)
    locations, place = distinct_codes(candidates.location)
    first_of_place = np.searchsorted(candidates.location, locations)
    candidates_of_place = np.bincount(place)
    found: list[Exclusion] = []
    for rule, mask in taken.items():
        reason = reasons[rule]
        hit = mask.any(axis=0)
        whole = (mask == stocked).all(axis=0)
        every_service = np.bincount(place, hit) == candidates_of_place
        same_lines = (mask == mask[:, first_of_place[place]]).all(axis=0)
        as_one = every_service & (np.bincount(place, same_lines) == candidates_of_place)
        shown = hit & ~as_one[place]
        shown[first_of_place[as_one]] = True
        rows = np.flatnonzero(shown)
        lines = [
            () if all_ else _lines(order, mask[:, row]) for row, all_ in zip(rows, whole[rows].tolist(), strict=True)
        ]
        names = map(str, network.locations["location_id"][candidates.location[rows]].tolist())
        # Of a place that is told as one the service is not told.
        by = network.service_ids[np.where(as_one[place[rows]], NO_SERVICE, candidates.service[rows])].tolist()
        found += [
            Exclusion(name, service, rule, reason, told) for name, service, told in zip(names, by, lines, strict=True)
        ]
    return tuple(found)


def _ways(
    candidates: Candidates, stocked: NDArray[np.bool_], taken: Mapping[str, NDArray[np.bool_]]
) -> tuple[Candidates, NDArray[np.bool_], dict[str, NDArray[np.bool_]]]:
    """Return each location and service once: it is out where it may neither join an open shipment nor send its own,
    whichever rules those are.
    """
    first = np.diff(candidates.location, prepend=-1) != 0
    first |= np.diff(candidates.service, prepend=NO_SERVICE - 1) != 0
    rows = np.flatnonzero(first)
    gone = np.logical_and.reduceat(np.logical_or.reduce(list(taken.values())), rows, axis=1)
    out = {rule: np.logical_or.reduceat(mask, rows, axis=1) & gone for rule, mask in taken.items()}
    return candidates.take(rows), stocked[:, rows], {rule: mask for rule, mask in out.items() if mask.any()}


def _lines(order: Order, mask: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(order.lines[line].line_id for line in np.flatnonzero(mask))
