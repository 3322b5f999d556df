"""The mixed-integer model of a large order: who sends what, solved by HiGHS."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import Candidates
from decision.candidates.consolidation import NOTHING_OPEN, open_weight_kg
from decision.candidates.loads import Floats, Ints, Loads, Sent
from decision.order import Order
from decision.plans.shipments import Pricing
from decision.rules.ruleset import Limits


@dataclass(frozen=True)
class Large:
    """A large order and what may be sent of it, for C candidates and L lines; arguments as in `shipments`."""

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
        return np.asarray(self.priced.joined != NOTHING_OPEN)

    @cached_property
    def open_weight(self) -> Floats:
        """(C,) what is in the parcel already."""
        return open_weight_kg(self.order, self.priced.joined)

    @cached_property
    def roomiest(self) -> NDArray[np.intp]:
        """Of each location the candidate in whose parcel there is the most room."""
        by_room = np.lexsort((self.open_weight - self.max_weight, self.location))
        _, first = np.unique(self.location[by_room], return_index=True)
        return np.asarray(by_room[first])

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
    def asked(self) -> Floats:
        """(B,) units of a line that is split, 1 of any other block."""
        return np.array([self.quantities[rows[0]] if rows[0] in self.loads.split else 1.0 for rows in self.blocks])

    def per_unit(self, of_lines: Floats) -> Floats:
        """(B,) from what one unit of each line weighs or counts: what one unit of a block does."""
        whole = np.array([float((of_lines * self.quantities)[list(rows)].sum()) for rows in self.blocks])
        return whole / self.asked

    @cached_property
    def missing(self) -> Floats:
        """(B,) money of leaving out a whole block, or one unit of a line that is split."""
        price = self.priced.strategy.missing_line
        return np.array(
            [
                price / self.quantities[rows[0]] if rows[0] in self.loads.split else price * len(rows)
                for rows in self.blocks
            ]
        )

    @cached_property
    def simple_bound(self) -> float:
        """A lower bound of any plan: each block bears its share of the fullest shipment that it may be in.

        What a candidate pays for a shipment is at least what it pays for each of the blocks in it, so at least their
        mean; and they are no more than the blocks that it can send.
        """
        rows = [list(block) for block in self.blocks]
        least = np.array([(self.least[0] + self.least[1])[row].max(axis=0) for row in rows])
        able = np.array([(self.reach[row] >= 1).all(axis=0) for row in rows]) & np.isfinite(self.fixed + least)
        most = np.maximum(able.sum(axis=0), 1)
        adjusted = np.array([np.minimum(self.priced.per_line[row], 0.0).sum(axis=0) for row in rows])
        share = np.where(able, (np.maximum(self.fixed, 0.0) + least) / most + adjusted, np.inf).min(axis=1)
        if self.limits.allow_partial:
            share = np.minimum(share, np.where(np.isin(np.arange(len(rows)), self.split_blocks), 0.0, self.missing))
        rebates = float(np.minimum(np.where(np.isfinite(self.fixed), self.fixed, 0.0), 0.0).sum())
        return float(share.sum()) + rebates if np.isfinite(share).all() else rebates

    @property
    def split_blocks(self) -> list[int]:
        """The blocks whose line is split."""
        return [block for block, rows in enumerate(self.blocks) if rows[0] in self.loads.split]

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """The lines of each block."""
        return self.loads.blocks


@dataclass(frozen=True)
class Cut:
    """Cost and risk (money) of a scored shipment.

    A candidate that sends just this pays that cost; one that sends as much of each line, or more, runs no less risk.
    """

    sent: Sent
    cost: float
    risk: float


@dataclass(frozen=True)
class Solved:
    """What HiGHS found: shipments, or ``None``; a lower bound of the money, infinite if there is no plan; seconds."""

    shipments: list[Sent] | None
    bound: float
    seconds: float


class _Columns(NamedTuple):
    """Positions of columns. Pairs come first; ``units`` (P,) is −1 where a block is sent whole.

    ``amount`` (P,): the column that counts what a pair sends, and ``most`` (P,) how much that may be.
    """

    units: NDArray[np.intp]
    opened: int
    cost: int
    risk: int
    omitted: int
    amount: NDArray[np.intp]
    most: Floats


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
            able.append(sends & known & large.candidates.carry(carried))
        blocks, candidates = np.nonzero(np.array(able))
        return blocks, candidates

    @cached_property
    def split(self) -> NDArray[np.bool_]:
        """Which pairs are about a line that is split."""
        return np.array([rows[0] in self.large.loads.split for rows in self.large.blocks])[self.pairs[0]]

    @cached_property
    def columns(self) -> "_Columns":
        """Where the model's columns stand."""
        large, (blocks, candidates), split = self.large, self.pairs, self.split
        units = np.full(len(blocks), -1)
        units[split] = len(blocks) + np.arange(split.sum())
        opened = len(blocks) + int(split.sum())
        rows = np.array([rows[0] for rows in large.blocks])[blocks]
        weight, room = large.weights[rows], (large.max_weight - large.open_weight)[candidates]
        carried = np.where(weight > 0, np.floor(room / np.where(weight > 0, weight, 1.0) + 1e-9), np.inf)
        return _Columns(
            units,
            opened,
            opened + large.count,
            opened + 2 * large.count,
            opened + 3 * large.count,
            np.where(split, units, np.arange(len(blocks))),
            np.where(split, np.minimum(large.reach[rows, candidates], carried), 1.0),
        )

    def solve(self, seconds: float, start: Sequence[Sent] | None = None, *, priced: bool = True) -> Solved:
        """Solve the model; without its prices, any plan that leaves out as little as possible will do."""
        large, columns = self.large, self.columns
        rows = _Rows()
        self._dividing(rows)
        self._shared(rows)
        count = columns.omitted + len(large.blocks)
        money, upper = np.zeros(count), np.ones(count)
        money[columns.omitted :] = large.missing
        upper[columns.units[self.split]] = columns.most[self.split]
        upper[columns.omitted :] = large.asked if large.limits.allow_partial else 0.0
        upper[columns.cost : columns.omitted] = highspy.kHighsInf if priced else 0.0
        if priced:
            more = self._price(rows, money)
            money, upper = np.append(money, np.zeros(more)), np.append(upper, np.ones(more))
        lp = highspy.HighsLp()
        lp.num_col_ = len(money)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = money, np.zeros(len(money)), upper
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [real if columns.cost <= column < columns.omitted else whole for column in range(len(money))]
        rows.give_to(lp)
        solver = highspy.Highs()
        for option, value in (("output_flag", False), ("time_limit", seconds), ("threads", 1), ("random_seed", 0)):
            solver.setOptionValue(option, value)
        solver.passModel(lp)
        if start is not None:
            at = self._columns_of(start)
            solver.setSolution(len(at), np.array(list(at), np.int32), np.array(list(at.values())))
        solver.run()
        info = solver.getInfo()
        infeasible = solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return Solved(None, np.inf if infeasible else info.mip_dual_bound, solver.getRunTime())
        values = np.rint(np.array(solver.getSolution().col_value)[columns.amount])
        return Solved(self._sent(values), info.mip_dual_bound, solver.getRunTime())

    def _dividing(self, rows: "_Rows") -> None:
        """Add that every block is sent or omitted, and only by candidates that are open for it; something is sent."""
        large, columns, (blocks, candidates), split = self.large, self.columns, self.pairs, self.split
        rows.add(range(columns.opened, columns.cost), np.ones(large.count), 1.0, np.inf)
        for block, asked in enumerate(large.asked.tolist()):
            mine = columns.amount[blocks == block]
            rows.add([*mine, columns.omitted + block], np.ones(len(mine) + 1), asked, asked)
        taken, units = np.arange(len(blocks)), columns.units[split]
        rows.add_pairs((taken, columns.opened + candidates), (1.0, -1.0), -np.inf, 0.0)
        rows.add_pairs((units, taken[split]), (1.0, -columns.most[split]), -np.inf, 0.0)
        rows.add_pairs((units, taken[split]), (1.0, -1.0), 0.0, np.inf)
        for candidate in range(large.count):
            mine = np.flatnonzero(candidates == candidate)
            rows.add([columns.opened + candidate, *mine], [1.0, *-np.ones(len(mine))], -np.inf, 0.0)

    def _price(self, rows: "_Rows", money: Floats) -> int:
        """Write the prices into ``money``, add what cost and risk are at least; return how many columns that adds."""
        large, columns, (blocks, candidates) = self.large, self.columns, self.pairs
        money[columns.opened : columns.cost] = np.where(np.isfinite(large.fixed), large.fixed, 0.0)
        money[columns.cost : columns.omitted] = 1.0
        adjusted = np.array([large.priced.per_line[list(r)].sum(axis=0) for r in large.blocks])
        money[columns.amount] = adjusted[blocks, candidates] / large.asked[blocks]
        for variable, by_line in ((columns.cost, large.least[0]), (columns.risk, large.least[1])):
            least = np.array([by_line[list(r)].max(axis=0) for r in large.blocks])[blocks, candidates]
            rows.add_pairs((variable + candidates, np.arange(len(blocks))), (1.0, -least), 0.0, np.inf)
        return self._cut(rows, len(money))

    def _shared(self, rows: "_Rows") -> None:
        """Add what a parcel carries, what a location has of a sku, and how many parcels there may be."""
        large, columns, (blocks, candidates) = self.large, self.columns, self.pairs
        if large.limits.max_parcels is not None:
            every = range(columns.opened, columns.cost)
            rows.add(every, np.ones(large.count), -np.inf, float(large.limits.max_parcels))
        weight = large.per_unit(large.weights)[blocks]
        for candidate in np.flatnonzero(np.isfinite(large.max_weight)):
            mine = np.flatnonzero(candidates == candidate)
            room = float(large.max_weight[candidate] - large.open_weight[candidate])
            rows.add(columns.amount[mine], weight[mine], -np.inf, room)
        for location in np.unique(large.location[np.isfinite(large.parcels_left)]):
            here = np.flatnonzero((large.location == location) & ~large.joins)
            if len(here):
                left = float(np.floor(large.parcels_left[here].min()))
                rows.add(columns.opened + here, np.ones(len(here)), -np.inf, max(left, 0.0))
        for row, same in enumerate(large.same_sku):
            if same[0] == row and (len(same) > 1 or row in large.loads.split):
                self._stock(rows, same)

    def _stock(self, rows: "_Rows", same: NDArray[np.intp]) -> None:
        """Add that no location sends more of a sku than each candidate that sends some may promise."""
        large, amount, (blocks, candidates) = self.large, self.columns.amount, self.pairs
        wanted = large.per_unit(np.isin(np.arange(len(large.quantities)), same).astype(float))[blocks]
        limit = large.units[same].min(axis=0)
        concerned = np.flatnonzero(wanted > 0)
        where = large.location[candidates[concerned]]
        for location in np.unique(where):
            mine = concerned[where == location]
            limits = limit[candidates[mine]]
            loosest = float(limits.max())
            rows.add(amount[mine], wanted[mine], -np.inf, loosest)
            for pair, tight in zip(mine[limits < loosest], limits[limits < loosest], strict=True):
                taken = mine[mine != pair] if amount[pair] == pair else mine
                others = amount[taken]
                own = loosest - tight + (wanted[pair] if amount[pair] == pair else 0.0)
                rows.add([*others, pair], [*wanted[taken], own], -np.inf, loosest)

    def _cut(self, rows: "_Rows", next_column: int) -> int:
        """Add the cuts, and return how many columns they need: whether a pair sends at least so many units.

        Whatever is sent beyond a cut's shipment takes its cost back, for a predictor may take more goods for cheaper.
        """
        large, columns, (blocks, candidates) = self.large, self.columns, self.pairs
        at = {(int(b), int(c)): pair for pair, (b, c) in enumerate(zip(blocks, candidates, strict=True))}
        new: dict[tuple[int, int], int] = {}

        def reached(pair: int, units: int) -> int:
            if not self.split[pair] or units == 1:
                return pair
            if (pair, units) not in new:
                new[pair, units] = next_column + len(new)
                slack = float(columns.most[pair] - units + 1)
                rows.add([columns.units[pair], new[pair, units]], [1.0, -slack], -np.inf, float(units - 1))
                rows.add([columns.units[pair], new[pair, units]], [1.0, -float(units)], 0.0, np.inf)
            return new[pair, units]

        for cut in self.cuts:
            candidate = cut.sent.candidate
            held = {
                at[block, candidate]: cut.sent.units[r[0]]
                for block, r in enumerate(large.blocks)
                if cut.sent.units[r[0]]
            }
            members = [reached(pair, units) for pair, units in held.items()]
            more = [pair for pair in np.flatnonzero(candidates == candidate).tolist() if pair not in held]
            more += [reached(p, n + 1) for p, n in held.items() if self.split[p] and n < columns.most[p]]
            for variable, value, beyond in ((columns.cost, cut.cost, more), (columns.risk, cut.risk, [])):
                weights = [1.0, *[-value] * len(members), *[value] * len(beyond)]
                rows.add([variable + candidate, *members, *beyond], weights, value * (1 - len(members)), np.inf)
        return len(new)

    def _columns_of(self, start: Sequence[Sent]) -> dict[int, float]:
        """Return the whole-numbered columns of a plan, for HiGHS to start from."""
        large, columns, (blocks, candidates) = self.large, self.columns, self.pairs
        by_candidate = {sent.candidate: sent.units for sent in start}
        nothing = (0,) * len(large.quantities)
        at: dict[int, float] = {}
        left = large.asked.copy()
        for pair, (block, candidate) in enumerate(zip(blocks.tolist(), candidates.tolist(), strict=True)):
            units = by_candidate.get(candidate, nothing)[large.blocks[block][0]]
            at[pair] = float(units > 0)
            left[block] -= units if self.split[pair] else units > 0
            if self.split[pair]:
                at[int(columns.units[pair])] = float(units)
        at.update({columns.opened + candidate: float(candidate in by_candidate) for candidate in range(large.count)})
        at.update({columns.omitted + block: float(units) for block, units in enumerate(left)})
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
        self, columns: tuple[Ints, Ints], values: tuple[Floats | float, Floats | float], lower: float, upper: float
    ) -> None:
        """Add rows of two columns each."""
        count = len(columns[0])
        weights = np.stack([np.broadcast_to(value, (count,)) for value in values], axis=1).ravel()
        self._append(np.full(count, 2), np.stack(columns, axis=1).ravel(), weights, lower, upper)

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
