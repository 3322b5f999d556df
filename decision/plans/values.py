"""The money of every shipment as it stands while plans are sought, and how it stands above ties in one number."""

from typing import Final

import numpy as np

from decision.candidates.loads import Ints
from decision.money import IMPOSSIBLE
from decision.plans.problem import Plan, Problem, Shipped

#: Above the sum of candidate positions in the tie-break stands the number of parcels; above both stands the money.
PARCEL: Final = 1 << 32
MONEY: Final = 1 << 48


class Values:
    """The money of every shipment as it stands, and the cheapest of each load."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.money = np.where(problem.feasible, problem.money, IMPOSSIBLE)
        size, count = self.money.shape
        self.best = np.full(size, IMPOSSIBLE, np.int64)
        self.first = np.zeros(size, np.int64)
        self.omit = None if problem.left_out is None else [one * MONEY for one in problem.left_out.tolist()]
        if count:
            self._look(slice(None))

    @property
    def first_position(self) -> Ints:
        """(N,) the position of the cheapest candidate of each load, for ties."""
        position = self.problem.position
        return position[self.first] if len(position) else self.first

    def score(self, asked: list[Shipped], promising: Ints) -> int:
        """Learn what shipments cost, all of them feasible, and return how many they are.

        They are those ``asked`` for and the ``promising`` ones, positions in the flattened table.
        """
        problem, size = self.problem, self.money.shape[1]
        chosen = promising
        if asked:
            chosen = np.union1d(promising, [load * size + candidate for load, candidate in asked])
        if len(chosen):
            loads, candidates = np.divmod(chosen, size)
            problem.money[loads, candidates] = self.money[loads, candidates] = problem.score(loads, candidates)
            problem.scored[loads, candidates] = True
            self._look(np.flatnonzero(np.bincount(loads)))
        return len(chosen)

    def sent(self, plan: Plan) -> int:
        """Return what the shipments of a plan cost as the values stand."""
        return sum(int(self.money[shipped]) for shipped in plan.shipments)

    def _look(self, loads: Ints | slice) -> None:
        rows = self.money[loads]
        first = self.first[loads] = rows.argmin(axis=1)
        self.best[loads] = rows[np.arange(len(rows)), first]
