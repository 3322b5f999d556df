"""What there is room for: loads that one candidate can send, and shipments that one location can send together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import Candidates
from decision.candidates.consolidation import NOTHING_OPEN, open_weight_kg
from decision.candidates.loads import Floats, Loads, over_loads
from decision.order import Order
from decision.plans.problem import Shipped

#: Whether shipments of one plan go together.
Fits = Callable[[tuple[Shipped, ...]], bool]


@dataclass(frozen=True)
class Room:
    """N loads of an order at C candidates, whatever rules say.

    Below, ``units`` (L, C) are those that each candidate may promise. Lines of one sku share its stock. A line of
    unknown weight counts as weightless: what nobody weighed cannot be refused.
    """

    order: Order
    candidates: Candidates
    loads: Loads

    def feasible(self, reach: Floats, units: Floats) -> NDArray[np.bool_]:
        """Return (N, C) where a candidate may and can send the load in one shipment.

        ``reach`` (L, C): units of each line that it may and can send.
        """
        loads = self.loads
        wanted = np.array(loads.quantities, float)[:, None]
        usable = loads.of_blocks(
            reach >= wanted, lambda row: reach[row] >= np.arange(1, wanted[row, 0] + 1)[:, None], np.logical_and
        )
        table = over_loads(usable, np.logical_and, np.ones(len(self.candidates), bool)).view(bool)
        if not self._carried.all():
            table &= self._carried
        for rows in self._same_sku:
            together = loads.units[:, rows].sum(axis=1)[:, None]
            table &= (together == 0) | (together <= units[rows].min(axis=0))
        return table

    def fits(self, units: Floats, parcels_left: Floats) -> Fits | None:
        """Return the test that shipments of one location, by different services, do not take too much of it together.

        They promise no unit twice, and are no more parcels than it may still take on: ``parcels_left`` (C,), in which
        those that join an open shipment do not count. ``None`` where nothing is shared.
        """
        loads, joined = self.loads, self.candidates.joined
        shared = [*self._same_sku, *([row] for row in sorted(loads.split) if row not in self._rows_of_same_sku)]
        capped = bool((np.isfinite(parcels_left) & (joined == NOTHING_OPEN)).any())
        location = self.candidates.location.tolist()
        if not (shared or capped) or len(set(location)) == len(location):
            return None
        of_sku = [(loads.units[:, rows].sum(axis=1).tolist(), units[rows].min(axis=0).tolist()) for rows in shared]

        def fit(shipments: tuple[Shipped, ...]) -> bool:
            newest = location[shipments[-1][1]]
            here = [shipped for shipped in shipments if location[shipped[1]] == newest]
            if len(here) == 1:
                return True
            if capped:
                new = [candidate for _, candidate in here if joined[candidate] == NOTHING_OPEN]
                if new and len(new) > min(parcels_left[candidate] for candidate in new):
                    return False
            for wanted, most in of_sku:
                taken = [(wanted[load], most[candidate]) for load, candidate in here if wanted[load]]
                if taken and sum(units for units, _ in taken) > min(units for _, units in taken):
                    return False
            return True

        return fit

    @cached_property
    def _carried(self) -> NDArray[np.bool_]:
        """(N, C) where the candidate carries what the load weighs."""
        loads, order = self.loads, self.order
        weight = np.array([[line.weight_kg or 0.0] for line in order.lines])
        whole = weight * np.array(loads.quantities)[:, None]

        def by_unit(row: int) -> Floats:
            return np.asarray(np.arange(1, loads.quantities[row] + 1)[:, None] * weight[row])

        of_loads = over_loads(loads.of_blocks(whole, by_unit, np.add), np.add, np.zeros(1))
        return self.candidates.carry(of_loads + open_weight_kg(order, self.candidates.joined))

    @cached_property
    def _same_sku(self) -> list[list[int]]:
        """Rows of the lines of each sku that several lines ask for."""
        rows: dict[str, list[int]] = {}
        for row, line in enumerate(self.order.lines):
            rows.setdefault(line.sku, []).append(row)
        return [several for several in rows.values() if len(several) > 1]

    @property
    def _rows_of_same_sku(self) -> set[int]:
        return {row for rows in self._same_sku for row in rows}
