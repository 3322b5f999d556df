"""Every shipment there could be, and what each costs, term by term."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import fsum, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import Candidates
from decision.candidates.consolidation import NOTHING_OPEN
from decision.candidates.loads import Contents, Floats, Ints, Loads, Sent, over_loads
from decision.candidates.scores import Scores
from decision.money import Strategy, to_billionths
from decision.order import Order
from decision.rules.ruling import Ruling


class Portions(NamedTuple):
    """Portions of one line that were asked for: K numbers of ``units``, ascending, and what was ``told`` (2, K, C) of
    each from each candidate, cost and probability of failure; NaN where not asked.
    """

    units: Ints
    told: Floats

    def of(self, units: Ints) -> "Portions":
        """Return these and room for so many ``units``: only for those, since a line may ask for a hundred thousand."""
        both = np.union1d(self.units, units)
        if len(both) == len(self.units):
            return self
        told = np.full((2, len(both), self.told.shape[2]), np.nan)
        told[:, np.searchsorted(both, self.units)] = self.told
        return Portions(both, told)


@dataclass(frozen=True)
class Pricing:
    """What portions and candidates tell about money, and every cost that was asked for.

    A portion is the units of one line in a shipment. ``reach`` (L, C): most units of each line that a candidate may be
    asked to send; ``per_shipment`` (C,) and ``per_line`` (L, C): money of all adjustments, the latter of whole lines;
    ``joined`` (C,): the open shipment that a candidate's joins (`decision.candidates.consolidation`). ``costs`` of
    shipments, (C,) by their units (NaN: not asked), and what is ``known`` of portions is what the predictor said so
    far.
    """

    strategy: Strategy
    scores: Scores
    quantities: Ints
    reach: Floats
    carbon_kg: Floats
    joined: NDArray[np.intp]
    per_shipment: Floats
    per_line: Floats
    costs: dict[tuple[int, ...], Floats] = field(default_factory=dict)
    known: dict[int, Portions] = field(default_factory=dict)

    def portions(self, row: int, units: Ints, candidates: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return cost and probability of failure of so many units of one line, each sent alone from its candidate."""
        quantity = int(self.quantities[row])
        if quantity == 1 or (units == quantity).all():
            return self.scores.line_cost[row, candidates], self.scores.pick_failure[row, candidates]
        if row not in self.known:
            # What is sent whole was asked when rules looked at it.
            whole = np.stack([self.scores.line_cost[row], self.scores.pick_failure[row]])
            self.known[row] = Portions(np.array([quantity]), whole[:, None])
        known = self.known[row] = self.known[row].of(units)
        at = np.searchsorted(known.units, units)
        new = np.isnan(known.told[0, at, candidates]) & (units < quantity)
        if new.any():
            which, where = np.unique(np.stack([at[new], candidates[new]]), axis=1)
            held = np.zeros((len(known.units), len(self.quantities)), np.int64)
            held[:, row] = known.units
            known.told[0, which, where] = self.scores.cost(where, Contents(held, which))
            known.told[1, which, where] = self.scores.failure(where, Contents(held, which))
        cost, failure = known.told[:, at, candidates]
        return cost, failure

    def all_portions(self, row: int) -> tuple[Floats, Floats]:
        """Return cost and probability of failure, (q, C) each, of 1 … q units of a line; NaN where out of reach."""
        units = np.arange(1, int(self.quantities[row]) + 1)
        portion, candidates = np.nonzero(units[:, None] <= self.reach[row])
        cost, failure = np.full((2, len(units), self.reach.shape[1]), np.nan)
        found = self.portions(row, units[portion], candidates)
        cost[portion, candidates], failure[portion, candidates] = found
        return cost, failure

    def dearest(self, held: Contents, candidates: NDArray[np.intp]) -> Floats:
        """Return what the dearest portion of each of these shipments costs, sent alone."""
        units = held.units[held.which]
        alone = np.where(units > 0, self.scores.line_cost[:, candidates].T, -np.inf)
        parts = (units > 0) & (units < self.quantities)
        for row in np.flatnonzero(parts.any(axis=0)).tolist():
            there = np.flatnonzero(parts[:, row])
            alone[there, row], _ = self.portions(row, units[there, row], candidates[there])
        return np.asarray(alone.max(axis=1))

    def ask(self, held: Contents, candidates: NDArray[np.intp], dearest: Floats) -> Floats:
        """Return what the predictor says that these shipments cost, and remember it.

        Never less than the ``dearest`` of a shipment's portions sent alone: with one line of unknown weight that of the
        shipment is unknown, and a predictor may take that for light. So the lower bounds that plans rest on hold of any
        predictor.
        """
        costs: Floats = np.maximum(self.scores.cost(candidates, held), dearest)
        starts = np.flatnonzero(np.diff(held.which, prepend=-1))
        contents = map(tuple, held.units[held.which[starts]].tolist())
        for content, (start, end) in zip(contents, pairwise([*starts.tolist(), len(costs)]), strict=True):
            if content not in self.costs:
                self.costs[content] = np.full(self.reach.shape[1], np.nan)
            self.costs[content][candidates[start:end]] = costs[start:end]
        return costs

    def is_asked(self, sent: Sent) -> bool:
        """Return whether the cost of a shipment of several lines is known."""
        return sent.units in self.costs and not np.isnan(self.costs[sent.units][sent.candidate])

    def cost(self, sent: Sent) -> float:
        """Return the predicted cost of a shipment; one of several lines has been asked for."""
        rows = [row for row, units in enumerate(sent.units) if units]
        if len(rows) > 1:
            return float(self.costs[sent.units][sent.candidate])
        return self._portion(rows[0], sent)[0]

    def fixed(self) -> Floats:
        """Return (C,) the money of a shipment whatever is in it, adjustments apart."""
        prices, scores = self.strategy, self.scores
        late = prices.late_parcel * scores.late + prices.late_day * scores.late_days
        parcel = np.where(self.joined == NOTHING_OPEN, prices.extra_parcel, 0.0)
        return np.asarray(late + prices.carbon * self.carbon_kg + parcel)

    def pick_failure(self, sent: Sent) -> float:
        """Return the probability that something in the shipment is not supplied."""
        return 1 - prod(1 - self._portion(row, sent)[1] for row, units in enumerate(sent.units) if units)

    def _portion(self, row: int, sent: Sent) -> tuple[float, float]:
        """Return cost and probability of failure of what a shipment holds of one line, sent alone."""
        units, candidate = sent.units[row], sent.candidate
        if units == self.quantities[row]:
            return float(self.scores.line_cost[row, candidate]), float(self.scores.pick_failure[row, candidate])
        cost, failure = self.portions(row, np.array([units]), np.array([candidate]))
        return float(cost[0]), float(failure[0])

    def terms(self, sent: Sent) -> dict[str, float]:
        """Return the money of each term of one shipment (`decision.money`), the parcel itself included."""
        units, candidate = sent
        prices, scores = self.strategy, self.scores
        rows = [row for row, of_line in enumerate(units) if of_line]
        shares = (self.per_line[row, candidate] * (units[row] / self.quantities[row]) for row in rows)
        return {
            "cost": self.cost(sent),
            "late": float(prices.late_parcel * scores.late[candidate]),
            "late_days": float(prices.late_day * scores.late_days[candidate]),
            "pick_failure": prices.pick_failure * self.pick_failure(sent),
            "carbon": float(prices.carbon * self.carbon_kg[candidate]),
            "adjustments": float(self.per_shipment[candidate] + sum(shares)),
            "extra_parcels": prices.extra_parcel if self.joined[candidate] == NOTHING_OPEN else 0.0,
        }

    def total(self, shipments: Sequence[Sent], left_out: Sequence[int]) -> float:
        """Return the money of a plan that leaves out so many units of each line, every parcel counted as extra."""
        sent = [money for shipment in shipments for money in self.terms(shipment).values()]
        shares = (units / int(quantity) for units, quantity in zip(left_out, self.quantities, strict=True))
        return fsum([*sent, *(self.strategy.missing_line * share for share in shares)])


def pricing(
    strategy: Strategy,
    order: Order,
    candidates: Candidates,
    *,
    ruling: Ruling,
    scores: Scores,
    reach: Floats,
) -> Pricing:
    """Return the money that rules and predictions make of candidates and their portions."""
    lines, count = scores.line_cost.shape
    per_shipment, per_line = np.zeros(count), np.zeros((lines, count))
    for money in ruling.adjusted.values():
        target = per_line if money.ndim == 2 else per_shipment
        target += money
    quantities = np.array([line.quantity for line in order.lines])
    told = candidates.carbon_kg, candidates.joined
    return Pricing(strategy, scores, quantities, reach, *told, per_shipment, per_line)


@dataclass(frozen=True)
class Shipments:
    """Money of every load (N rows) from every candidate (C columns), as far as it is known.

    ``bound``: cost of the dearest portion in the load; ``other``: all money but the predicted cost; ``money``: both
    together, in billionths. Where not ``scored``, the cost is taken to be its bound.
    """

    pricing: Pricing
    loads: Loads
    bound: Floats
    other: Floats
    money: Ints
    scored: NDArray[np.bool_]

    def score(self, loads: Ints, candidates: NDArray[np.intp]) -> Ints:
        """Ask the predictor what these shipments cost; return their money in billionths."""
        costs = self.pricing.ask(Contents(self.loads.units, loads), candidates, self.bound[loads, candidates])
        # The cost is added last, as in the bounds: equal steps of rounding keep lower bounds below.
        return to_billionths(self.other[loads, candidates] + costs)


def price_shipments(priced: Pricing, loads: Loads) -> Shipments:
    """Return the money of every shipment as far as portions tell it."""
    scores = priced.scores
    count = scores.line_cost.shape[1]

    def shares(row: int) -> Floats:
        quantity = priced.quantities[row]
        return np.outer(np.arange(1, quantity + 1) / quantity, priced.per_line[row])

    cost = loads.of_blocks(scores.line_cost, lambda row: priced.all_portions(row)[0], np.maximum)
    supplied = loads.of_blocks(1 - scores.pick_failure, lambda row: 1 - priced.all_portions(row)[1], np.multiply)
    adjusted = loads.of_blocks(priced.per_line, shares, np.add)
    other = over_loads(adjusted, np.add, priced.per_shipment + priced.fixed())
    other += priced.strategy.pick_failure * (1 - over_loads(supplied, np.multiply, np.ones(count)))
    bound = over_loads(cost, np.maximum, np.full(count, -np.inf))
    return Shipments(
        priced, loads, bound, other, to_billionths(other + bound), loads.single[:, None].repeat(count, axis=1)
    )
