"""The five best plans of an order beside one optimum by HiGHS, both from the same table of what shipments cost."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any, Final

import highspy
import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Figure, Report
from decision.candidates.loads import Ints, over_loads
from decision.money import PER_UNIT, to_billionths
from decision.plans.k_best import best_plans
from decision.plans.problem import Plan, Problem

LINES: Final = 5
LOCATIONS: Final = 500
ORDERS: Final = 40
OPTIONS: Final = 5
#: The share of locations that have a line.
STOCKED: Final = 0.5


@dataclass(frozen=True)
class Instance:
    """Which sets of lines (2^L) each location (C) can send, and what that costs in billionths."""

    feasible: NDArray[np.bool_]
    money: Ints


def measure_plans(seed: int) -> Report:
    """Plan the same orders both ways, one after the other."""
    rng = np.random.default_rng(seed)
    _best_plans(make_instance(rng))  # what is the same for every order of five lines is ready
    ours, theirs, differences = [], [], []
    for _ in range(ORDERS):
        instance = make_instance(rng)
        spent, plans = _timed(_best_plans, instance)
        spent_by_highs, total = _timed(optimum_by_highs, instance)
        ours.append(spent)
        theirs.append(spent_by_highs)
        differences.append(abs(plans[0].total / PER_UNIT - total) / total)
    plans_ms, highs_ms = median(ours) * 1000, median(theirs) * 1000
    return Report(
        f"Plans: {LINES} lines x {LOCATIONS} locations, the {OPTIONS} best (medians of {ORDERS} orders)",
        [
            Figure("plans_ms", plans_ms, {"HiGHS, one optimum": highs_ms}),
            Figure("speedup_highs", highs_ms / plans_ms, target="≥ 100"),
            Figure("max_cost_difference", max(differences), target="≤ 1e-9"),
        ],
        seed,
    )


def make_instance(rng: np.random.Generator) -> Instance:
    """Make an order: parcels cost by location, and more with each line, though less than lines sent alone."""
    stocked = rng.random((LINES, LOCATIONS)) < STOCKED
    by_line = rng.uniform(1.0, 4.0, (LINES, LOCATIONS))
    parcel = rng.uniform(4.0, 9.0, LOCATIONS)
    alone = [line[None] for line in by_line]
    dearest = over_loads(alone, np.maximum, np.zeros(LOCATIONS))
    together = over_loads(alone, np.add, np.zeros(LOCATIONS))
    feasible = over_loads([line[None] for line in stocked], np.logical_and, np.ones(LOCATIONS, bool)).view(bool)
    return Instance(feasible, to_billionths(parcel + 0.6 * dearest + 0.4 * together))


def _best_plans(instance: Instance) -> list[Plan]:
    known = np.ones_like(instance.feasible)
    radices, positions = (2,) * LINES, np.arange(LOCATIONS)
    return best_plans(Problem(radices, positions, instance.feasible, instance.money, known, _never), OPTIONS)


def _never(loads: Ints, candidates: NDArray[np.intp]) -> Ints:
    raise AssertionError(f"every cost is known: {loads} {candidates}")


def optimum_by_highs(instance: Instance) -> float:
    """Return the least total: HiGHS chooses among all shipments so that each line is in exactly one.

    A column for each set of lines and location that can send it. Costs of sets may be anything, so lines cannot be
    assigned one by one; that no location sends two shipments needs no constraint, because one is cheaper.
    """
    sets, locations = np.nonzero(instance.feasible[1:])
    sets += 1
    holds = (sets[:, None] >> np.arange(LINES)) & 1
    count = len(sets)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, LINES
    lp.col_cost_ = instance.money[sets, locations] / PER_UNIT
    lp.col_lower_, lp.col_upper_ = np.zeros(count), np.ones(count)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * count
    lp.row_lower_ = lp.row_upper_ = np.ones(LINES)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(holds.sum(axis=1))])
    lp.a_matrix_.index_ = np.nonzero(holds)[1]
    lp.a_matrix_.value_ = np.ones(int(holds.sum()))
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0)):
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    solver.run()
    total: float = solver.getInfo().objective_function_value
    return total


def _timed(compute: Callable[[Instance], Any], instance: Instance) -> tuple[float, Any]:
    """Return the processor's seconds and the result."""
    gc.collect()  # what others left behind is not counted
    start = process_time()
    result = compute(instance)
    return process_time() - start, result
