"""The mixed-integer model of a large order: who sends what, solved by HiGHS."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Floats, Sent
from decision.plans.large import Cut, Large
from decision.plans.rows import Rows


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
    def columns(self) -> _Columns:
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
        rows = Rows()
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

    def _dividing(self, rows: Rows) -> None:
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

    def _price(self, rows: Rows, money: Floats) -> int:
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

    def _shared(self, rows: Rows) -> None:
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

    def _stock(self, rows: Rows, same: NDArray[np.intp]) -> None:
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

    def _cut(self, rows: Rows, next_column: int) -> int:
        """Add the cuts, and return how many columns they need: whether a pair sends at least so many units.

        Whatever is sent beyond a cut's shipment takes its cost back, for a predictor may take more goods for cheaper;
        more units of one of its lines take its risk back too.
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
            others = [pair for pair in np.flatnonzero(candidates == candidate).tolist() if pair not in held]
            more = [reached(p, n + 1) for p, n in held.items() if self.split[p] and n < columns.most[p]]
            for variable, value, beyond in ((columns.cost, cut.cost, others + more), (columns.risk, cut.risk, more)):
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
