"""The mixed-integer model of a large order: who sends what, solved by HiGHS."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from decision.candidates import Candidates
from decision.consolidation import NOTHING_OPEN, open_weight_kg
from decision.loads import Floats, Ints, Loads, Sent
from decision.order import Order
from decision.ruleset import Limits
from decision.shipments import Pricing

_HOPELESS: Final = 1e7


@dataclass(frozen=True)
class Large:
    """A large order and what may be sent of it, for C candidates and L lines; arguments as in `decision.shipments`."""

    order: Order
    candidates: Candidates
    loads: Loads
    reach: Floats
    units: Floats
    parcels_left: Floats
    priced: Pricing
    limits: Limits

    @property
    def count(self) -> int:
        """Number of candidates."""
        return len(self.candidates)

    @property
    def location(self) -> NDArray[np.intp]:
        """(C,) the candidates' locations."""
        return self.candidates.location

    @property
    def max_weight(self) -> Floats:
        """(C,) what a shipment may weigh."""
        return self.candidates.max_weight_kg

    @cached_property
    def quantities(self) -> Ints:
        """(L,) units asked for."""
        return np.array(self.loads.quantities)

    @cached_property
    def weights(self) -> Floats:
        """(L,) weight of one unit; 0 where nobody weighed it."""
        return np.array([line.weight_kg or 0.0 for line in self.order.lines])

    @cached_property
    def same_sku(self) -> list[NDArray[np.intp]]:
        """Of each line, the lines with its sku."""
        skus = np.array([line.sku for line in self.order.lines], object)
        return [np.flatnonzero(skus == sku) for sku in skus]

    @cached_property
    def joins(self) -> NDArray[np.bool_]:
        """(C,) whose shipments join an open one."""
        return self.priced.joined != NOTHING_OPEN

    @cached_property
    def open_weight(self) -> Floats:
        """(C,) what is in the parcel already."""
        return open_weight_kg(self.order, self.priced.joined)

    @property
    def most_parcels(self) -> int:
        """Most shipments of a plan."""
        return self.limits.max_parcels or int(self.quantities.sum())

    @cached_property
    def fixed(self) -> Floats:
        """(C,) money of a shipment whatever is in it."""
        return self.priced.fixed() + self.priced.per_shipment

    @cached_property
    def least(self) -> tuple[Floats, Floats]:
        """(L, C) cost, and money of the risk, of the least of each line that a candidate may send."""
        cost, failure = self.priced.scores.line_cost.copy(), self.priced.scores.pick_failure.copy()
        for row in self.loads.split:
            able = np.flatnonzero(self.reach[row] >= 1)
            cost[row, able], failure[row, able] = self.priced.portions(row, np.ones(len(able), np.int64), able)
        return cost, self.priced.strategy.pick_failure * failure

    @cached_property
    def alone(self) -> Floats:
        """(L, C) cost and risk together; 0 where unknown."""
        return np.nan_to_num(self.least[0] + self.least[1])

    @cached_property
    def missing(self) -> Floats:
        """(B,) money of leaving out a whole block, or one unit of a line that is split."""
        price = self.priced.strategy.missing_line
        return np.array(
            [price / self.quantities[rows[0]] if rows[0] in self.loads.split else price * len(rows) for rows in self.blocks]
        )

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """The lines of each block."""
        return self.loads.blocks


@dataclass(frozen=True)
class Cut:
    """Cost and risk (money) of a scored shipment, which a candidate pays at least when it sends as much of each line."""

    sent: Sent
    cost: float
    risk: float


@dataclass(frozen=True)
class Solved:
    """What HiGHS found: shipments, or ``None``; a lower bound of the money; whether there is no plan; seconds spent."""

    shipments: list[Sent] | None
    bound: float
    infeasible: bool
    seconds: float


@dataclass
class Assignment:
    """The model's columns: for each block and candidate that may send it, ``taken``, and for lines that are split also
    ``units``; for each candidate ``opened``, ``cost`` and ``risk``; for each block what is ``omitted``; for cuts on
    parts of split lines, whether so many units are ``reached``.
    """

    large: Large
    cuts: list[Cut] = field(default_factory=list)

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Blocks and candidates that may send some of them."""
        large = self.large
        able = []
        for rows in large.blocks:
            least = [1 if row in large.loads.split else large.quantities[row] for row in rows]
            sends = (large.reach[list(rows)] >= np.array(least)[:, None]).all(axis=0)
            carried = large.open_weight + (large.weights[list(rows)] * least).sum()
            known = np.isfinite(large.least[0][list(rows)]).all(axis=0) & np.isfinite(large.fixed)
            able.append(sends & known & (carried <= large.max_weight))
        blocks, candidates = np.nonzero(np.array(able))
        return blocks, candidates

    @cached_property
    def split(self) -> NDArray[np.bool_]:
        """Which pairs are about a line that is split."""
        return np.array([rows[0] in self.large.loads.split for rows in self.large.blocks])[self.pairs[0]]

    @cached_property
    def reached(self) -> dict[tuple[int, int], int]:
        """Position of the column of each (pair, units) that a cut is about, beyond the first unit."""
        return {}

    def solve(self, seconds: float, start: Sequence[Sent] | None = None, *, priced: bool = True) -> Solved:
        """Solve the model; without its prices, any plan that leaves out as little as possible will do."""
        large, (blocks, candidates), split = self.large, self.pairs, self.split
        pairs, count, lines = len(blocks), large.count, len(large.blocks)
        units_at = np.full(pairs, -1)
        units_at[split] = pairs + np.arange(split.sum())
        opened = pairs + int(split.sum())
        cost, risk, omitted = opened + count, opened + 2 * count, opened + 3 * count
        first_row = np.array([rows[0] for rows in large.blocks])[blocks]
        most = np.where(split, self._most(blocks, candidates, first_row), 1.0)
        rows = _Rows()
        amount = np.where(split, units_at, np.arange(pairs))  # the column that counts a pair's units, or its block

        asked = np.array([large.quantities[r[0]] if r[0] in large.loads.split else 1 for r in large.blocks], float)
        for block in range(lines):
            mine = amount[blocks == block]
            rows.add([*mine, omitted + block], np.ones(len(mine) + 1), asked[block], asked[block])
        rows.add_pairs(np.arange(pairs), opened + candidates, 1.0, -1.0, -np.inf, 0.0)
        rows.add_pairs(units_at[split], np.flatnonzero(split), 1.0, -most[split], -np.inf, 0.0)
        rows.add_pairs(units_at[split], np.flatnonzero(split), 1.0, -1.0, 0.0, np.inf)
        for candidate in np.unique(candidates):
            mine = np.flatnonzero(candidates == candidate)
            rows.add([opened + candidate, *mine], [1.0, *-np.ones(len(mine))], -np.inf, 0.0)
        self._shared(rows, amount, opened)

        lp = highspy.HighsLp()
        columns = omitted + lines
        lower, upper = np.zeros(columns), np.ones(columns)
        upper[units_at[split]] = most[split]
        upper[cost:omitted] = highspy.kHighsInf
        upper[omitted:] = asked if large.limits.allow_partial else 0.0
        money = np.zeros(columns)
        money[omitted:] = large.missing
        if priced:
            money[opened:cost] = np.where(np.isfinite(large.fixed), large.fixed, 0.0)
            money[cost:omitted] = 1.0
            per_block = np.array([large.priced.per_line[list(r)].sum(axis=0) for r in large.blocks])
            money[amount] = per_block[blocks, candidates] / asked[blocks]
            least_cost = self._by_block(large.least[0], np.max)[blocks, candidates]
            least_risk = self._by_block(large.least[1], np.max)[blocks, candidates]
            rows.add_pairs(cost + candidates, np.arange(pairs), 1.0, -least_cost, 0.0, np.inf)
            rows.add_pairs(risk + candidates, np.arange(pairs), 1.0, -least_risk, 0.0, np.inf)
            more = self._cut(rows, columns, units_at, cost, risk, most)
            columns += more
            money, lower = np.append(money, np.zeros(more)), np.append(lower, np.zeros(more))
            upper = np.append(upper, np.ones(more))
        else:
            upper[cost:omitted] = 0.0
        lp.num_col_ = columns
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = money, lower, upper
        kinds = np.full(columns, True)
        kinds[cost:omitted] = False
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [whole if kind else real for kind in kinds]
        rows.give_to(lp)
        solver = highspy.Highs()
        for option, value in (("output_flag", False), ("time_limit", seconds), ("threads", 1), ("random_seed", 0)):
            solver.setOptionValue(option, value)
        solver.passModel(lp)
        if start is not None:
            at = self._columns_of(start, units_at, opened, omitted)
            solver.setSolution(len(at), np.array(list(at), np.int32), np.array(list(at.values())))
        solver.run()
        info, status = solver.getInfo(), solver.getModelStatus()
        infeasible = status == highspy.HighsModelStatus.kInfeasible
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return Solved(None, np.inf if infeasible else info.mip_dual_bound, infeasible, solver.getRunTime())
        values = np.rint(np.array(solver.getSolution().col_value)[amount])
        return Solved(self._sent(values), info.mip_dual_bound, infeasible, solver.getRunTime())

    def _most(
        self, blocks: NDArray[np.intp], candidates: NDArray[np.intp], rows: NDArray[np.intp]
    ) -> Floats:
        """Return the most units of a line that each pair may send in one parcel."""
        large = self.large
        weight = large.weights[rows]
        room = (large.max_weight - large.open_weight)[candidates]
        carried = np.where(weight > 0, np.floor(room / np.where(weight > 0, weight, 1.0) + 1e-9), np.inf)
        return np.minimum(large.reach[rows, candidates], carried)

    def _by_block(self, by_line: Floats, combine: np.ufunc | object) -> Floats:
        return np.array([by_line[list(rows)].max(axis=0) for rows in self.large.blocks])

    def _shared(self, rows: "_Rows", amount: NDArray[np.intp], opened: int) -> None:
        """Add what a parcel carries, what a location has of a sku, and how many parcels there may be."""
        large, (blocks, candidates) = self.large, self.pairs
        if large.limits.max_parcels is not None:
            rows.add(range(opened, opened + large.count), np.ones(large.count), -np.inf, float(large.limits.max_parcels))
        per_unit = np.array(
            [
                large.weights[list(r)] @ (np.ones(1) if r[0] in large.loads.split else large.quantities[list(r)])
                for r in large.blocks
            ]
        )[blocks]
        for candidate in np.flatnonzero(np.isfinite(large.max_weight)):
            mine = np.flatnonzero(candidates == candidate)
            room = float(large.max_weight[candidate] - large.open_weight[candidate])
            rows.add(amount[mine], per_unit[mine], -np.inf, room)
        for location in np.unique(large.location[np.isfinite(large.parcels_left)]):
            here = np.flatnonzero((large.location == location) & ~large.joins)
            if len(here):
                rows.add(opened + here, np.ones(len(here)), -np.inf, float(np.floor(large.parcels_left[here].min())))
        for row, same in enumerate(large.same_sku):
            if same[0] == row and (len(same) > 1 or row in large.loads.split):
                self._stock(rows, same, amount)

    def _stock(self, rows: "_Rows", same: NDArray[np.intp], amount: NDArray[np.intp]) -> None:
        """Add that no location sends more of a sku than each candidate that sends some may promise."""
        large, (blocks, candidates) = self.large, self.pairs
        wanted = np.array(
            [
                sum(1 if row in large.loads.split else large.quantities[row] for row in r if row in same)
                for r in large.blocks
            ],
            float,
        )[blocks]
        limit = large.units[same].min(axis=0)
        concerned = np.flatnonzero(wanted > 0)
        where = large.location[candidates[concerned]]
        for location in np.unique(where):
            mine = concerned[where == location]
            limits = limit[candidates[mine]]
            loosest = float(limits.max())
            rows.add(amount[mine], wanted[mine], -np.inf, loosest)
            for pair in mine[limits < loosest]:
                tight = float(limit[candidates[pair]])
                weights = wanted[mine].copy()
                if amount[pair] == pair:
                    weights[mine == pair] += loosest - tight
                    rows.add(amount[mine], weights, -np.inf, loosest)
                else:
                    rows.add([*amount[mine], pair], [*weights, loosest - tight], -np.inf, loosest)

    def _cut(
        self, rows: "_Rows", columns: int, units_at: NDArray[np.intp], cost: int, risk: int, most: Floats
    ) -> int:
        """Add the cuts, and return how many columns they need: whether a pair sends at least so many units."""
        large, (blocks, candidates) = self.large, self.pairs
        at = {(int(b), int(c)): pair for pair, (b, c) in enumerate(zip(blocks, candidates, strict=True))}
        new: dict[tuple[int, int], int] = {}
        for cut in self.cuts:
            members = []
            for block, held in enumerate(large.blocks):
                units = cut.sent.units[held[0]]
                if not units:
                    continue
                pair = at[block, cut.sent.candidate]
                if held[0] in large.loads.split and units > 1:
                    if (pair, units) not in new:
                        new[pair, units] = columns + len(new)
                        slack = float(most[pair] - units + 1)
                        rows.add([units_at[pair], new[pair, units]], [1.0, -slack], -np.inf, float(units - 1))
                    members.append(new[pair, units])
                else:
                    members.append(pair)
            for variable, value in ((cost, cut.cost), (risk, cut.risk)):
                weights = [1.0, *[-value] * len(members)]
                rows.add([variable + cut.sent.candidate, *members], weights, value * (1 - len(members)), np.inf)
        return len(new)

    def _columns_of(
        self, start: Sequence[Sent], units_at: NDArray[np.intp], opened: int, omitted: int
    ) -> dict[int, float]:
        """Return the whole-numbered columns of a plan, for HiGHS to start from."""
        large, (blocks, candidates) = self.large, self.pairs
        by_candidate = {sent.candidate: sent.units for sent in start}
        at: dict[int, float] = {}
        left = {block: float(large.quantities[r[0]]) for block, r in enumerate(large.blocks)}
        for pair, (block, candidate) in enumerate(zip(blocks.tolist(), candidates.tolist(), strict=True)):
            row = large.blocks[block][0]
            units = by_candidate[candidate][row] if candidate in by_candidate else 0
            at[pair] = float(units > 0)
            left[block] -= units
            if units_at[pair] >= 0:
                at[int(units_at[pair])] = float(units)
        for candidate in range(large.count):
            at[opened + candidate] = float(candidate in by_candidate)
        for block, r in enumerate(large.blocks):
            at[omitted + block] = left[block] if r[0] in large.loads.split else float(left[block] > 0)
        return at

    def _sent(self, values: Floats) -> list[Sent]:
        large, (blocks, candidates) = self.large, self.pairs
        units: dict[int, NDArray[np.int64]] = {}
        for pair in np.flatnonzero(values > 0):
            mine = units.setdefault(int(candidates[pair]), np.zeros(len(large.quantities), np.int64))
            for row in large.blocks[blocks[pair]]:
                mine[row] = int(values[pair]) if row in large.loads.split else large.quantities[row]
        return [Sent(tuple(units[candidate].tolist()), candidate) for candidate in sorted(units)]


class _Rows:
    """Constraints in the making: ``lower`` ≤ Σ values · columns ≤ ``upper``."""

    def __init__(self) -> None:
        self.sizes, self.indices, self.values = list[NDArray[np.intp]](), list[Ints](), list[Floats]()
        self.lower, self.upper = list[Floats](), list[Floats]()

    def add(self, indices: Iterable[int], values: Iterable[float], lower: float, upper: float) -> None:
        """Add one row."""
        columns = np.fromiter(indices, np.int64)
        self._append(np.array([len(columns)]), columns, np.fromiter(values, float), lower, upper)

    def add_pairs(
        self, one: Ints, other: Ints, of_one: Floats | float, of_other: Floats | float, lower: float, upper: float
    ) -> None:
        """Add rows of two columns each."""
        values = np.stack(np.broadcast_arrays(of_one, of_other, np.zeros(len(one)))[:2], axis=1)
        self._append(np.full(len(one), 2), np.stack([one, other], axis=1).ravel(), values.ravel(), lower, upper)

    def _append(self, sizes: NDArray[np.intp], columns: Ints, values: Floats, lower: float, upper: float) -> None:
        self.sizes.append(sizes)
        self.indices.append(columns)
        self.values.append(values)
        self.lower.append(np.full(len(sizes), lower))
        self.upper.append(np.full(len(sizes), upper))

    def give_to(self, lp: highspy.HighsLp) -> None:
        """Write the rows into ``lp``."""
        sizes = np.concatenate(self.sizes)
        lp.num_row_ = len(sizes)
        lp.row_lower_, lp.row_upper_ = np.concatenate(self.lower), np.concatenate(self.upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(sizes)])
        lp.a_matrix_.index_ = np.concatenate(self.indices)
        lp.a_matrix_.value_ = np.concatenate(self.values)
