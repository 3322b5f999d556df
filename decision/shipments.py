"""Every shipment there could be: which sets of lines a candidate can send, and what each costs, term by term."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from decision.candidates import Candidates
from decision.money import Strategy, to_billionths
from decision.order import Order
from decision.plans import Shipped
from decision.rules import Ruling
from decision.scores import Scores
from decision.subsets import Ints

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pricing:
    """What single lines and candidates tell about money, and every cost that was asked for.

    ``per_shipment`` (C,) and ``per_line`` (L, C): money of all adjustments.
    """

    strategy: Strategy
    scores: Scores
    carbon_kg: Floats
    per_shipment: Floats
    per_line: Floats
    costs: dict[Shipped, float] = field(default_factory=dict)

    def ask(self, sets: Ints, candidates: NDArray[np.intp]) -> Floats:
        """Return what the predictor says these shipments cost, and remember it.

        Never less than the dearest of a set's lines sent alone: with one line of unknown weight the set's weight is
        unknown, and a predictor may take that for light. So the lower bounds that plans rest on hold of any predictor.
        """
        members = ((sets[:, None] >> np.arange(len(self.per_line))) & 1).astype(bool)
        dearest = np.where(members, self.scores.line_cost[:, candidates].T, -np.inf).max(axis=1)
        costs: Floats = np.maximum(self.scores.cost(candidates, sets), dearest)
        self.costs.update(zip(zip(sets.tolist(), candidates.tolist(), strict=True), costs.tolist(), strict=True))
        return costs

    def fixed(self) -> Floats:
        """Return (C,) the money of a shipment whatever is in it, adjustments apart."""
        prices, scores = self.strategy, self.scores
        late = prices.late_parcel * scores.late + prices.late_day * scores.late_days
        return np.asarray(late + prices.carbon * self.carbon_kg + prices.extra_parcel)

    def rows(self, mask: int) -> list[int]:
        """Return the lines of a set."""
        return [row for row in range(len(self.per_line)) if mask >> row & 1]

    def pick_failure(self, shipment: Shipped) -> float:
        """Return the probability that a line of the shipment is not supplied."""
        mask, candidate = shipment
        return float(1 - np.prod(1 - self.scores.pick_failure[self.rows(mask), candidate]))

    def terms(self, shipment: Shipped) -> dict[str, float]:
        """Return the money of each term of one shipment (`decision.money`), the parcel itself included."""
        mask, candidate = shipment
        prices, scores, rows = self.strategy, self.scores, self.rows(mask)
        cost = float(scores.line_cost[rows[0], candidate]) if len(rows) == 1 else self.costs[shipment]
        return {
            "cost": cost,
            "late": float(prices.late_parcel * scores.late[candidate]),
            "late_days": float(prices.late_day * scores.late_days[candidate]),
            "pick_failure": prices.pick_failure * self.pick_failure(shipment),
            "carbon": float(prices.carbon * self.carbon_kg[candidate]),
            "adjustments": float(self.per_shipment[candidate] + self.per_line[rows, candidate].sum()),
            "extra_parcels": prices.extra_parcel,
        }


def pricing(strategy: Strategy, candidates: Candidates, ruling: Ruling, scores: Scores) -> Pricing:
    """Return the money that rules and predictions make of candidates and their single lines."""
    lines, count = scores.line_cost.shape
    per_shipment, per_line = np.zeros(count), np.zeros((lines, count))
    for money in ruling.adjusted.values():
        target = per_line if money.ndim == 2 else per_shipment
        target += money
    return Pricing(strategy, scores, candidates.carbon_kg, per_shipment, per_line)


@dataclass(frozen=True)
class Shipments:
    """Money of every set of lines (2^L rows) from every candidate (C columns), as far as it is known.

    ``other``: all money but the predicted cost; ``money``: together, in billionths. Where not ``scored``, the cost is
    that of the dearest single line of the set, a lower bound.
    """

    pricing: Pricing
    other: Floats
    money: Ints
    scored: NDArray[np.bool_]

    def score(self, sets: Ints, candidates: NDArray[np.intp]) -> Ints:
        """Ask the predictor what these shipments cost; return their money in billionths."""
        # The cost is added last, as in the bounds: equal steps of rounding keep lower bounds below.
        return to_billionths(self.other[sets, candidates] + self.pricing.ask(sets, candidates))


def price_shipments(priced: Pricing) -> Shipments:
    """Return the money of every shipment as far as single lines tell it."""
    scores = priced.scores
    lines, count = scores.line_cost.shape
    bound = over_sets(scores.line_cost, np.maximum, np.full(count, -np.inf))
    survive = over_sets(1 - scores.pick_failure, np.multiply, np.ones(count))
    other = over_sets(priced.per_line, np.add, priced.per_shipment + priced.fixed())
    other += priced.strategy.pick_failure * (1 - survive)
    single = np.bitwise_count(np.arange(1 << lines)) <= 1
    return Shipments(priced, other, to_billionths(other + bound), single[:, None].repeat(count, axis=1))


def over_sets(by_line: NDArray[np.generic], combine: Callable[..., object], empty: NDArray[np.generic]) -> Floats:
    """Return (2^L, C): the values of each set's lines, combined, starting from what the empty set has."""
    lines, count = by_line.shape
    table = np.empty((1 << lines, count), empty.dtype)
    table[0] = empty
    for line in range(lines):
        combine(table[: 1 << line], by_line[line], out=table[1 << line : 2 << line])
    return table


def feasible_sets(order: Order, candidates: Candidates, usable: NDArray[np.bool_], units: Floats) -> NDArray[np.bool_]:
    """Return (2^L, C) where a candidate may and can send all lines of the set in one shipment.

    ``usable`` (L, C): where it may and can send each line alone; ``units`` (L, C) that it may promise. Lines of one sku
    share its stock. A line of unknown weight counts as weightless: what nobody weighed cannot be refused.
    """
    table = over_sets(usable, np.logical_and, np.ones(len(candidates), bool)).view(bool)
    weights = np.array([[(line.weight_kg or 0.0) * line.quantity] for line in order.lines])
    table &= over_sets(weights, np.add, np.zeros(1)) <= candidates.max_weight_kg
    for rows in _shared(order):
        wanted = np.zeros((len(order.lines), 1))
        wanted[rows, 0] = [order.lines[row].quantity for row in rows]
        together = over_sets(wanted, np.add, np.zeros(1))
        table &= (together == 0) | (together <= units[rows].min(axis=0))
    return table


def sharing(order: Order, candidates: Candidates, units: Floats) -> Callable[[tuple[Shipped, ...]], bool]:
    """Return the test that shipments from one location, by different services, do not promise one unit twice."""
    groups = _shared(order)
    if not groups:
        return lambda _: True
    quantity = [line.quantity for line in order.lines]

    def fits(shipments: tuple[Shipped, ...]) -> bool:
        for rows in groups:
            wanted: Counter[int] = Counter()
            for mask, candidate in shipments:
                location = int(candidates.location[candidate])
                wanted[location] += sum(quantity[row] for row in rows if mask >> row & 1)
                if wanted[location] > max(units[rows, candidate].min(), 0):
                    return False
        return True

    return fits


def _shared(order: Order) -> list[list[int]]:
    """Return the rows of lines that ask for the same sku, where there are several."""
    rows: dict[str, list[int]] = {}
    for row, line in enumerate(order.lines):
        rows.setdefault(line.sku, []).append(row)
    return [group for group in rows.values() if len(group) > 1]
