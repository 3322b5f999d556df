"""The Brunel day through the decision core, order by order, beside the assignment of the whole day at once."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.brunel_check import violations
from benchmarks.errors import BenchmarkError
from benchmarks.report import Figure, Report
from simulation.brunel.freight import FreightPredictor
from simulation.brunel.joint import (
    RULES,
    Assignment,
    Choices,
    choices_of,
    most_placed,
    place_all,
    place_most,
    plants_of,
)
from simulation.brunel.network import network_of, orders_of
from simulation.brunel.online import Placement, brunel_rules, place_online
from simulation.brunel.tables import LANE, Day, read_day
from simulation.errors import TablesMissingError

#: Decisions made before the clock runs.
WARM_UP: Final = 5


def measure_brunel(
    folder: Path,
    seed: int,
    told: Callable[[int], None],
    most: int | None = None,
) -> Report:
    """Place the first ``most`` orders of the day (all, unless told), check the placements, and solve the day at once.

    ``told`` is called with the number of orders decided. Nothing here is random: ``seed`` is only reported.
    """
    try:
        day = read_day(folder)
    except TablesMissingError as error:
        raise BenchmarkError(f"{error}; give their folder with --raw") from error
    day = Day(**{**vars(day), "orders": day.orders.iloc[:most]})
    placements, seconds = _play(day, told)
    with TemporaryDirectory() as folder_:
        written = Path(folder_, "placements.csv")
        write_placements(placements, written)
        broken = violations(folder, written)
    capacity = np.array([float(day.capacity[plant]) for plant in plants_of(day)])
    choices = choices_of(day)
    placed = np.array([row for row, placement in enumerate(placements) if placement is not None], np.intp)
    online = sum(placement.cost for placement in placements if placement is not None)
    same, joint = place_all(choices.of(placed), capacity), place_most(choices, capacity)
    figures = [
        Figure("orders", len(day.orders)),
        Figure("orders_placed", len(placed), {"joint": len(joint.plant)}),
        Figure("violations", len(broken), target="0"),
        Figure("cost_over_joint_optimum", online / same.total),
        Figure("online_cost", online, {"joint, the same orders": same.total}),
        Figure("joint_cost", joint.total),
        Figure("orders_without_a_choice", len(day.orders) - len(np.unique(choices.order))),
        Figure("decisions_per_second", len(placements) / seconds),
        *rule_prices(day, choices, joint, capacity),
        *(
            Figure(f"one_more_order_at_{plant}", price)
            for plant, price in zip(plants_of(day), same.price.tolist(), strict=True)
            if price > 0
        ),
    ]
    return Report("The Brunel day, order by order and at once (dollars)", figures, seed, ("highspy",))


def rule_prices(day: Day, choices: Choices, joint: Assignment, capacity: NDArray[np.float64]) -> list[Figure]:
    """What each rule costs: orders that only it keeps from being placed, and money on those that can be placed with it.

    The money is that of the joint optimum's own orders, placed at the least cost with and without the rule.
    """
    figures = []
    for rule in (*RULES, "capacity"):
        freed = choices if rule == "capacity" else choices_of(day, rule)
        room = np.full(len(capacity), np.inf) if rule == "capacity" else capacity
        name = rule.replace("-", "_")
        figures.append(Figure(f"orders_kept_out_by_{name}", most_placed(freed, room) - len(joint.plant)))
        figures.append(Figure(f"price_of_{name}", joint.total - place_all(freed.of(joint.orders), room).total))
    return figures


def write_placements(placements: Iterable[Placement | None], path: Path) -> None:
    """Write the placements as `benchmarks.brunel_check` reads them."""
    rows = [
        {
            "order_id": placement.order_id,
            "plant": placement.plant,
            **(
                dict(zip(LANE, placement.lane.split("/"), strict=True))
                if "/" in placement.lane
                else {"level": placement.lane}
            ),
            "cost": repr(placement.cost),
        }
        for placement in placements
        if placement is not None
    ]
    pd.DataFrame(rows, columns=["order_id", "plant", *LANE, "cost"]).to_csv(path, index=False)


def _play(day: Day, told: Callable[[int], None]) -> tuple[list[Placement | None], float]:
    """Return the placements, and the processor's seconds that they took."""
    network, rules, predictor = network_of(day), brunel_rules(), FreightPredictor(day)
    place_online(islice(orders_of(day), WARM_UP), network, rules, predictor)
    orders = list(orders_of(day))
    start = process_time()
    placements = place_online(orders, network, rules, predictor, told)
    return placements, process_time() - start
