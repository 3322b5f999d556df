"""A large order as HiGHS is asked about it: what may be sent of it, what that costs at least, what is known exactly."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import Candidates
from decision.candidates.consolidation import NOTHING_OPEN, open_weight_kg
from decision.candidates.loads import Floats, Ints, Loads, Sent
from decision.order import Order
from decision.plans.shipments import Pricing
from decision.rules.parts import Limits

#: Numbers of units × candidates that the predictor is asked about for the bound of an order, over all lines that are
#: split.
MOST_PORTIONS: Final = 50_000


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
    def one(self) -> tuple[Floats, Floats]:
        """(L, C) cost, and money of the risk, of one unit of each line that is split, and of all of any other."""
        cost, failure = self.priced.scores.line_cost.copy(), self.priced.scores.pick_failure.copy()
        for row in self.loads.split:
            able = np.flatnonzero(self.reach[row] >= 1)
            cost[row, able], failure[row, able] = self.priced.portions(row, np.ones(len(able), np.int64), able)
        return cost, self.priced.strategy.pick_failure * failure

    @cached_property
    def least(self) -> tuple[Floats, Floats]:
        """(L, C) the least cost, and money of the risk, of what a candidate may send of each line.

        Several units may be predicted cheaper, or surer, than one. Nothing where they are too many to ask about each.
        """
        cost, risk = (told.copy() for told in self.one)
        for row in self.loads.split:
            able, reach = np.flatnonzero(self.reach[row] >= 1), self.reach[row]
            most = int(reach.max())
            if most * self.count * len(self.loads.split) > MOST_PORTIONS:
                cost[row, able] = risk[row, able] = 0.0
                continue
            units, candidates = np.nonzero(np.arange(1, most + 1)[:, None] <= reach)
            costs, failures = self.priced.portions(row, units + 1, candidates)
            np.fmin.at(cost[row], candidates, costs)
            np.fmin.at(risk[row], candidates, self.priced.strategy.pick_failure * failures)
        return cost, risk

    @cached_property
    def alone(self) -> Floats:
        """(L, C) cost and risk together of `one`; 0 where unknown."""
        return np.nan_to_num(self.one[0] + self.one[1])

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

    A candidate that sends just this pays that cost; one that sends other lines besides runs no less risk.
    """

    sent: Sent
    cost: float
    risk: float
