"""Every shipment there could be: which sets of lines a candidate can send, and what each costs, term by term."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

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
class Shipments:
    """Money of every set of lines (2^L rows) from every candidate (C columns).

    ``cost`` is predicted where ``scored``; elsewhere the dearest single line of the set, a lower bound. ``survive``:
    probability that no line of the set fails to be picked; ``adjustment``: money of all adjustments.
    """

    strategy: Strategy
    scores: Scores
    carbon_kg: Floats
    cost: Floats
    survive: Floats
    adjustment: Floats
    money: Ints
    scored: NDArray[np.bool_]

    def score(self, sets: Ints, candidates: NDArray[np.intp]) -> Ints:
        """Ask the predictor what these shipments cost; return their money in billionths."""
        self.cost[sets, candidates] = self.scores.cost(candidates, sets)
        return to_billionths(self._total(sets, candidates))

    def terms(self, shipment: Shipped) -> dict[str, float]:
        """Return the money of each term of one shipment (`decision.money`), the parcel itself included."""
        row, candidate = shipment
        prices, scores = self.strategy, self.scores
        return {
            "cost": float(self.cost[row, candidate]),
            "late": float(prices.late_parcel * scores.late[candidate]),
            "late_days": float(prices.late_day * scores.late_days[candidate]),
            "pick_failure": float(prices.pick_failure * (1 - self.survive[row, candidate])),
            "carbon": float(prices.carbon * self.carbon_kg[candidate]),
            "adjustments": float(self.adjustment[row, candidate]),
            "extra_parcels": prices.extra_parcel,
        }

    def _total(self, sets: Ints | slice, candidates: NDArray[np.intp] | slice) -> Floats:
        """Return the money of shipments. The cost comes last: rounding then keeps lower bounds below."""
        prices, scores = self.strategy, self.scores
        fixed = prices.late_parcel * scores.late + prices.late_day * scores.late_days + prices.carbon * self.carbon_kg
        other = fixed[candidates] + prices.pick_failure * (1 - self.survive[sets, candidates])
        other = other + self.adjustment[sets, candidates] + prices.extra_parcel
        return np.asarray(other + self.cost[sets, candidates])


def price_shipments(strategy: Strategy, candidates: Candidates, ruling: Ruling, scores: Scores) -> Shipments:
    """Return the money of every shipment as far as single lines tell it."""
    lines, count = scores.line_cost.shape
    per_shipment, per_line = np.zeros(count), np.zeros((lines, count))
    for money in ruling.adjusted.values():
        target = per_line if money.ndim == 2 else per_shipment
        target += money
    adjustment = over_sets(per_line, np.add, per_shipment)
    shipments = Shipments(
        strategy,
        scores,
        candidates.carbon_kg,
        over_sets(scores.line_cost, np.maximum, np.full(count, -np.inf)),
        over_sets(1 - scores.pick_failure, np.multiply, np.ones(count)),
        adjustment,
        np.empty(adjustment.shape, np.int64),
        np.bitwise_count(np.arange(1 << lines))[:, None] <= np.ones(count, int),
    )
    shipments.money[:] = to_billionths(shipments._total(slice(None), slice(None)))
    return shipments


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
