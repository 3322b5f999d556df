"""The day decided at once: the assignment of orders to plants that nobody who knows the whole day can beat.

With x(o, p) for order o at plant p, which may be had wherever the rules allow it:

    minimise Σ cost(o, p)·x(o, p)   with   Σp x(o, p) ≤ 1 for each order,   Σo x(o, p) ≤ capacity(p) for each plant

The constraints are those of a transportation problem, whose vertices are whole numbers (Hoffman and Kruskal, 1956):
HiGHS solves it as a linear program, which also tells what one more order per day would be worth at each plant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from simulation.brunel.freight import Freight
from simulation.brunel.tables import CUSTOMER_ARRANGED, LANE, Day

#: The rules that forbid an order a plant, as the ruleset calls them; ``capacity`` forbids the day as a whole.
RULES: Final = ("products", "customers", "ports", "service-level", "weight-bands")


@dataclass(frozen=True)
class Choices:
    """Where each order may go: pairs of an ``order`` and a ``plant`` (positions), and what each ``cost``s."""

    order: NDArray[np.intp]
    plant: NDArray[np.intp]
    cost: NDArray[np.float64]

    def of(self, orders: NDArray[np.intp]) -> "Choices":
        """Return the choices of some orders."""
        kept = np.isin(self.order, orders)
        return Choices(self.order[kept], self.plant[kept], self.cost[kept])


@dataclass(frozen=True)
class Assignment:
    """The best assignment. ``plant``: by position of the order; ``price``: by plant, money saved by one more order."""

    plant: Mapping[int, int]
    total: float
    price: NDArray[np.float64]

    @property
    def orders(self) -> NDArray[np.intp]:
        """The orders that are placed."""
        return np.array(sorted(self.plant), np.intp)


def plants_of(day: Day) -> list[str]:
    """Return the plants in the order in which positions count them."""
    return sorted(day.capacity)


def choices_of(day: Day, without: str = "") -> Choices:
    """Read what the tables allow, order by plant, and the cheapest freight there; ``without``: one of `RULES`."""
    plants, freight = plants_of(day), Freight(day)
    orders = day.orders
    lane_level, lane_port = _lanes(freight)
    allowed = np.array(
        [
            [
                (without == "products" or plant in day.plants.get(product, ()))
                and (without == "customers" or plant not in day.customers or customer in day.customers[plant])
                for plant in plants
            ]
            for product, customer in zip(orders["product"], orders["customer"], strict=True)
        ]
    )
    reached = np.array(
        [[without == "ports" or port is None or port in day.ports[p] for port in lane_port] for p in plants]
    )
    weights, which = np.unique(orders["weight_kg"].to_numpy(), return_inverse=True)
    by_weight = np.array([freight.prices(weight, in_band=without != "weight-bands") for weight in weights.tolist()])
    asked = orders["level"].to_numpy(str)[:, None] == lane_level
    prices = np.where(asked | (without == "service-level"), by_weight[which], np.inf)
    unit = np.array([day.unit_cost[plant] for plant in plants])
    cost = np.column_stack([prices[:, reached[row]].min(axis=1) for row in range(len(plants))])
    cost += unit * orders["units"].to_numpy()[:, None]
    order, plant = np.nonzero(allowed & np.isfinite(cost))
    return Choices(order, plant, cost[order, plant])


def most_placed(choices: Choices, capacity: NDArray[np.float64]) -> int:
    """Return how many orders can be placed at most."""
    return len(_solve(choices, capacity, -np.ones(len(choices.cost)), every=False, placed=0).plant)


def place_most(choices: Choices, capacity: NDArray[np.float64]) -> Assignment:
    """Place as many orders as can be placed, and of all ways to do so find the cheapest."""
    return _solve(choices, capacity, choices.cost, every=False, placed=most_placed(choices, capacity))


def place_all(choices: Choices, capacity: NDArray[np.float64]) -> Assignment:
    """Place every order that has a choice, at the least cost.

    Raises ``ValueError`` where the capacities do not allow it.
    """
    return _solve(choices, capacity, choices.cost, every=True, placed=0)


def _lanes(freight: Freight) -> tuple[NDArray[np.str_], list[str | None]]:
    parts = [dict(zip(LANE, lane.split("/"), strict=True)) if "/" in lane else {} for lane in freight.lanes]
    return np.array([part.get("level", CUSTOMER_ARRANGED) for part in parts]), [part.get("port") for part in parts]


def _solve(
    choices: Choices, capacity: NDArray[np.float64], cost: NDArray[np.float64], *, every: bool, placed: int
) -> Assignment:
    """Return the vertex of least ``cost``. ``every``: each order is placed; ``placed``: at least so many are."""
    orders, row = np.unique(choices.order, return_inverse=True)
    count, pairs = len(orders), len(choices.order)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = pairs, count + len(capacity) + 1
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(pairs), np.ones(pairs)
    lp.row_lower_ = np.concatenate([np.full(count, float(every)), np.full(len(capacity), -highspy.kHighsInf), [placed]])
    lp.row_upper_ = np.concatenate([np.ones(count), capacity, [highspy.kHighsInf]])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.arange(0, 3 * pairs + 1, 3)
    counted = np.full(pairs, count + len(capacity))
    lp.a_matrix_.index_ = np.column_stack([row, count + choices.plant, counted]).ravel()
    lp.a_matrix_.value_ = np.ones(3 * pairs)
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("solver", "simplex"), ("threads", 1)):
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ValueError(f"no assignment: HiGHS says {solver.modelStatusToString(solver.getModelStatus())}")
    solution = solver.getSolution()
    chosen = np.array(solution.col_value)
    if np.abs(chosen - np.rint(chosen)).max(initial=0.0) > 1e-6:
        raise ValueError("the solver's vertex is not of whole numbers")
    taken = np.flatnonzero(chosen > 0.5)
    where = dict(zip(choices.order[taken].tolist(), choices.plant[taken].tolist(), strict=True))
    price = -np.array(solution.row_dual)[count : count + len(capacity)]
    return Assignment(where, float(choices.cost[taken].sum()), price)
