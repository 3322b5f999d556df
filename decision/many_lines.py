"""Orders of more lines than subsets can be listed for: one plan and a proved lower bound, by HiGHS.

The mixed-integer model chooses for each line a candidate (``x``), opens candidates (``open``), and pays for each open
candidate what is the same for whatever it sends, plus a variable part ``z`` (predicted cost and risk of pick failure).
As far as the predictor keeps to monotone cost, the variable part never falls when lines are added, so for every set S
that was scored, with its exact value v(S),

    z(c) ≥ v(S) · (1 − |S| + Σ_{l ∈ S} x(l, c))

holds for every plan: the right-hand side is v(S) if all of S is sent from c, and otherwise at most 0. The model
starts with single lines; each round scores the sets of the plan found and adds their cuts (logic-based Benders
decomposition, Hooker and Ottosson, Mathematical Programming 96, 2003). The model's dual bound is a lower bound of the
true optimum in every round; the best plan seen, exactly scored, is the answer.

HiGHS stops by the clock, so on a slower machine the same large order may get another plan.
Up to twelve lines no clock is involved.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from decision.candidates import Candidates
from decision.money import to_billionths
from decision.order import Order
from decision.plans import Plan, Shipped
from decision.ruleset import Limits
from decision.shipments import Floats, Pricing

#: Seconds that HiGHS may take, over all rounds, and how many rounds of cuts are worth it.
SECONDS: Final = 4.0
ROUNDS: Final = 4
#: A plan this close to its bound (relative) is good enough to stop.
GAP: Final = 1e-4


def plan_many_lines(
    order: Order, candidates: Candidates, *, usable: NDArray[np.bool_], units: Floats, priced: Pricing, limits: Limits
) -> list[Plan]:
    """Return the best plan found, with its bound, or none. ``usable``, ``units`` as in `decision.shipments`."""
    model = _Model(order, candidates, usable=usable, units=units, priced=priced, limits=limits)
    best: tuple[float, list[Shipped], int] | None = None
    bound = -np.inf
    for shipments in _greedy(model):
        best = _better(best, model, shipments)
    for _ in range(ROUNDS):
        solved, proved = model.solve(SECONDS / ROUNDS)
        bound = max(bound, proved)
        if solved is None:
            break
        known = all(shipment in priced.costs or shipment[0].bit_count() == 1 for shipment in solved)
        best = _better(best, model, solved)
        if known or (best is not None and best[0] - bound <= GAP * abs(best[0])):
            break
        model.learn(solved)
    if best is None:
        return []
    total = int(to_billionths(np.array(best[0])))
    lower = min(total, int(to_billionths(np.array(bound)))) if np.isfinite(bound) else 0
    return [Plan(total, tuple(sorted(best[1], key=lambda s: s[0] & -s[0])), best[2], lower)]


def _better(
    best: tuple[float, list[Shipped], int] | None, model: "_Model", shipments: list[Shipped]
) -> tuple[float, list[Shipped], int] | None:
    total = model.total(shipments)
    if not shipments or not np.isfinite(total) or (best is not None and best[0] <= total):
        return best
    return total, shipments, model.left_out(shipments)


@dataclass(frozen=True)
class _Cut:
    """``value`` is the least variable part of candidate ``candidate`` when it sends all lines of ``mask``."""

    mask: int
    candidate: int
    value: float


class _Model:
    """The mixed-integer model, with the cuts learned so far."""

    def __init__(
        self,
        order: Order,
        candidates: Candidates,
        *,
        usable: NDArray[np.bool_],
        units: Floats,
        priced: Pricing,
        limits: Limits,
    ) -> None:
        weights = np.array([(line.weight_kg or 0.0) * line.quantity for line in order.lines])
        self.usable = usable & (weights[:, None] <= candidates.max_weight_kg) & np.isfinite(priced.scores.line_cost)
        self.order, self.candidates, self.units, self.priced, self.limits = order, candidates, units, priced, limits
        self.weights = weights
        risk = priced.strategy.pick_failure * priced.scores.pick_failure
        self.single = priced.scores.line_cost + risk
        self.fixed = priced.fixed() + priced.per_shipment
        self.cuts: list[_Cut] = []

    def total(self, shipments: list[Shipped]) -> float:
        """Return the exact money of a plan, asking for what is not known yet."""
        asked = [s for s in shipments if s not in self.priced.costs and s[0].bit_count() > 1]
        if asked:
            self.priced.ask(np.array([s[0] for s in asked], np.int64), np.array([s[1] for s in asked], np.intp))
        sent = sum(sum(self.priced.terms(shipment).values()) for shipment in shipments)
        return sent + self.priced.strategy.missing_line * self.left_out(shipments).bit_count()

    def left_out(self, shipments: list[Shipped]) -> int:
        """Return the set of lines that no shipment holds."""
        every = (1 << len(self.order.lines)) - 1
        return every ^ sum(mask for mask, _ in shipments)

    def learn(self, shipments: Iterable[Shipped]) -> None:
        """Add the cuts of scored shipments."""
        for mask, candidate in shipments:
            terms = self.priced.terms((mask, candidate))
            self.cuts.append(_Cut(mask, candidate, terms["cost"] + terms["pick_failure"]))

    def fits(self, candidate: int, mask: int) -> bool:
        """Return whether the candidate can send the whole set."""
        rows = self.priced.rows(mask)
        wanted: dict[str, float] = {}
        for row in rows:
            sku = self.order.lines[row].sku
            wanted[sku] = wanted.get(sku, 0.0) + self.order.lines[row].quantity
            if wanted[sku] > self.units[row, candidate]:
                return False
        return bool(self.weights[rows].sum() <= self.candidates.max_weight_kg[candidate])

    def solve(self, seconds: float) -> tuple[list[Shipped] | None, float]:
        """Return the shipments of the model's best solution, if it found one, and the model's lower bound."""
        rows, cols = np.nonzero(self.usable)
        lines, count, pairs = len(self.usable), self.usable.shape[1], len(rows)
        solver = highspy.Highs()
        for option, value in (("output_flag", False), ("time_limit", seconds), ("threads", 1), ("random_seed", 0)):
            solver.setOptionValue(option, value)
        opened, variable, omitted = pairs, pairs + count, pairs + 2 * count
        lp = highspy.HighsLp()
        lp.num_col_ = omitted + lines
        lp.col_cost_ = np.concatenate(
            [
                self.priced.per_line[rows, cols],
                np.where(np.isfinite(self.fixed), self.fixed, 0.0),
                np.ones(count),
                np.full(lines, self.priced.strategy.missing_line),
            ]
        )
        lp.col_lower_ = np.zeros(lp.num_col_)
        most_left_out = float(self.limits.allow_partial)
        lp.col_upper_ = np.concatenate(
            [np.ones(pairs + count), np.full(count, highspy.kHighsInf), np.full(lines, most_left_out)]
        )
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [whole] * variable + [real] * count + [whole] * lines
        table = _Rows()
        for line in range(lines):
            mine = np.flatnonzero(rows == line)
            table.add([*mine, omitted + line], np.ones(len(mine) + 1), 1.0, 1.0)
        for pair in range(pairs):
            table.add([pair, opened + cols[pair]], [1.0, -1.0], -np.inf, 0.0)
            table.add([variable + cols[pair], pair], [1.0, -float(self.single[rows[pair], cols[pair]])], 0.0, np.inf)
        if self.limits.max_parcels is not None:
            table.add(range(opened, variable), np.ones(count), -np.inf, float(self.limits.max_parcels))
        self._capacities(table, rows, cols)
        at = {(int(row), int(col)): pair for pair, (row, col) in enumerate(zip(rows, cols, strict=True))}
        for cut in self.cuts:
            members = [at[row, cut.candidate] for row in self.priced.rows(cut.mask)]
            weights = [1.0, *[-cut.value] * len(members)]
            table.add([variable + cut.candidate, *members], weights, cut.value * (1 - len(members)), np.inf)
        table.give_to(lp)
        solver.passModel(lp)
        solver.run()
        info = solver.getInfo()
        if solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
            return None, np.inf
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None, info.mip_dual_bound
        chosen = np.array(solver.getSolution().col_value)[:pairs] > 0.5
        sets: dict[int, int] = {}
        for row, col in zip(rows[chosen].tolist(), cols[chosen].tolist(), strict=True):
            sets[col] = sets.get(col, 0) | 1 << row
        return [(mask, candidate) for candidate, mask in sorted(sets.items())], info.mip_dual_bound

    def _capacities(self, table: "_Rows", rows: NDArray[np.intp], cols: NDArray[np.intp]) -> None:
        """Add what a candidate carries, and what a location has of skus that several lines ask for."""
        for candidate in np.flatnonzero(np.isfinite(self.candidates.max_weight_kg)):
            mine = np.flatnonzero(cols == candidate)
            if self.weights[rows[mine]].sum() > self.candidates.max_weight_kg[candidate]:
                table.add(mine, self.weights[rows[mine]], -np.inf, float(self.candidates.max_weight_kg[candidate]))
        skus = np.array([line.sku for line in self.order.lines], object)
        quantity = np.array([line.quantity for line in self.order.lines], float)
        for sku in sorted({sku for sku in skus if (skus == sku).sum() > 1}):
            for location in np.unique(self.candidates.location):
                mine = np.flatnonzero((skus[rows] == sku) & (self.candidates.location[cols] == location))
                if len(mine):
                    units = self.units[rows[mine], cols[mine]].min()
                    table.add(mine, quantity[rows[mine]], -np.inf, float(units))


class _Rows:
    """Constraints in the making, row by row."""

    def __init__(self) -> None:
        self.starts, self.indices, self.values = [0], list[int](), list[float]()
        self.lower, self.upper = list[float](), list[float]()

    def add(self, indices: Iterable[int], values: Iterable[float], lower: float, upper: float) -> None:
        """Add ``lower`` ≤ Σ values · columns ≤ ``upper``."""
        self.indices.extend(map(int, indices))
        self.values.extend(map(float, values))
        self.starts.append(len(self.indices))
        self.lower.append(lower)
        self.upper.append(upper)

    def give_to(self, lp: highspy.HighsLp) -> None:
        """Write the rows into ``lp``."""
        lp.num_row_ = len(self.lower)
        lp.row_lower_, lp.row_upper_ = np.array(self.lower), np.array(self.upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.starts)
        lp.a_matrix_.index_ = np.array(self.indices)
        lp.a_matrix_.value_ = np.array(self.values)


def _greedy(model: _Model) -> Iterable[list[Shipped]]:
    """Yield simple plans: the most lines at a time, and the cheapest per line."""
    for most_first in (True, False):
        shipments: list[Shipped] = []
        left = model.left_out([])
        while left and len(shipments) < (model.limits.max_parcels or len(model.order.lines)):
            options = []
            for candidate in np.flatnonzero(model.usable.any(axis=0)).tolist():
                if any(model.candidates.location[candidate] == model.candidates.location[c] for _, c in shipments):
                    continue
                mask = 0
                for row in np.flatnonzero(model.usable[:, candidate]).tolist():
                    if left >> row & 1 and model.fits(candidate, mask | 1 << row):
                        mask |= 1 << row
                if mask:
                    money = float(model.fixed[candidate] + model.single[model.priced.rows(mask), candidate].max())
                    size = mask.bit_count()
                    options.append(((-size, money) if most_first else (money / size, -size), mask, candidate))
            if not options:
                break
            _, mask, candidate = min(options)
            shipments.append((mask, candidate))
            left ^= mask
        if not left or model.limits.allow_partial:
            yield shipments
