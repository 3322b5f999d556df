"""How many units of each line a candidate may and can send: what is left once rules, stock and weight have spoken."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from decision.candidates.consolidation import open_weight_kg
from decision.candidates.loads import Floats
from decision.order import Order
from decision.rules.parts import Limits
from decision.rules.ruling import Ruling, available
from decision.rules.situation import Situation


def splittable(order: Order, limits: Limits) -> NDArray[np.bool_]:
    """Return (L,) which lines may be sent in parts."""
    return np.array([limits.split_lines and line.group is None and line.quantity > 1 for line in order.lines], bool)


def able_to_send(situation: Situation, reach: Floats, there: Floats, units: Floats) -> NDArray[np.bool_]:
    """Return (C,) which candidates may and can send so many ``units`` (L,) of each line in one shipment.

    ``reach`` (L, C): units that each may and can send of a line by itself; ``there`` (L, C): those that it may promise,
    which lines of one sku share.
    """
    order, candidates, wanted = situation.order, situation.candidates, units[:, None]
    weight = sum((line.weight_kg or 0.0) * n for line, n in zip(order.lines, units.tolist(), strict=True))
    able = (reach >= wanted).all(axis=0) & candidates.carry(weight + open_weight_kg(order, candidates.joined))
    for sku in {line.sku for line in order.lines}:
        rows = [row for row, line in enumerate(order.lines) if line.sku == sku and units[row]]
        if len(rows) > 1:
            able &= there[rows].min(axis=0) >= units[rows].sum()
    return able


@dataclass(frozen=True)
class Reach:
    """Units of L lines that C candidates may and can send: all of a line, or nothing; a part where it may be split.

    Rules look at lines as they were ordered, so none is dodged by sending less.
    """

    situation: Situation
    ruling: Ruling
    limits: Limits

    def within(self, without: str = "") -> Floats:
        """Return (L, C) the units, with the rule ``without`` left out."""
        removed = self.ruling.removed.get(without)
        objections = self._objections if removed is None else self._objections - removed
        kept = without in self.ruling.kept
        units = self._of(available(self.situation, self.ruling, without)) if kept else self._units
        return np.where(objections == 0, units, 0.0)

    @cached_property
    def at_most(self) -> Floats:
        """Return (L, C) the units that may be asked for, be it only if one rule were absent, or lines could be split.

        What a rule or limit costs has to be known. A candidate to whom one rule objects may send the line without that
        rule; one to whom none does may send what the rule that keeps back the most would have kept.
        """
        if not self.limits.split_lines:
            return replace(self, limits=replace(self.limits, split_lines=True)).at_most
        most = second = np.full((1, 1), -np.inf)
        for kept in self.ruling.kept.values():
            second, most = np.maximum(second, np.minimum(most, kept)), np.maximum(most, kept)
        candidates = self.situation.candidates
        freed = self._of(candidates.free - np.maximum(candidates.safety, second)) if self.ruling.kept else self._units
        return np.where(self._objections == 0, freed, np.where(self._objections == 1, self._units, 0.0))

    @cached_property
    def _objections(self) -> NDArray[np.intp]:
        """(L, C) number of rules that remove the line from the candidate."""
        objections = np.zeros(self.situation.atp.shape, np.intp)
        for removed in self.ruling.removed.values():
            objections += removed
        return objections

    @cached_property
    def _units(self) -> Floats:
        return self._of(available(self.situation, self.ruling))

    def _of(self, units: Floats) -> Floats:
        """Return (L, C) what can be sent of so many units that may be promised."""
        whole = (units >= self._quantity) & self._carried
        return np.where(whole, self._quantity, np.clip(np.floor(units), 0.0, self._most_in_part))

    @cached_property
    def _quantity(self) -> Floats:
        return np.array([[float(line.quantity)] for line in self.situation.order.lines])

    @cached_property
    def _most_in_part(self) -> Floats:
        """(L, 1) the most units of each line that are only a part of it; 0 where a part is nothing."""
        return np.where(splittable(self.situation.order, self.limits)[:, None], self._quantity - 1, 0.0)

    @cached_property
    def _carried(self) -> NDArray[np.bool_]:
        """(L, C) who can carry the whole line."""
        order, candidates = self.situation.order, self.situation.candidates
        weight = np.array([[line.weight_kg or 0.0] for line in order.lines]) * self._quantity
        return candidates.carry(weight + open_weight_kg(order, candidates.joined))
