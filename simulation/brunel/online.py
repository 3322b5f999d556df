"""The day played: each order decided when it comes, with what the earlier ones left."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np
import pandas as pd

from decision.decide import decide
from decision.network import Network
from decision.order import Order
from decision.predictor import Predictor
from decision.rules.ruleset import Ruleset, load_ruleset
from simulation.brunel.network import DAY


@dataclass(frozen=True)
class Placement:
    """Where one order went, by which freight lane, for how much money."""

    order_id: str
    plant: str
    lane: str
    cost: float


def brunel_rules() -> Ruleset:
    """Return the hard constraints of the day."""
    return load_ruleset(files("simulation").joinpath("rulesets/brunel.yaml").read_text(encoding="utf-8"))


def place_online(
    orders: Iterable[Order],
    network: Network,
    ruleset: Ruleset,
    predictor: Predictor,
    told: Callable[[int], None] | None = None,
) -> list[Placement | None]:
    """Decide each order in turn and give it to its best plan's plant; ``None`` where no plan stands.

    ``told`` is called with the number of orders decided so far.
    """
    row_of = {plant: row for row, plant in enumerate(network.locations["location_id"])}
    used = network.locations["capacity_used"]
    placements: list[Placement | None] = []
    for order in orders:
        here = replace(network, locations={**network.locations, "capacity_used": used})
        decision = decide(order, here, (ruleset,), predictor, DAY, options=1)
        placement = None
        if decision.options:
            best = decision.options[0]
            shipment = best.shipments[0]
            placement = Placement(order.order_id, shipment.location_id, str(shipment.carrier_service_id), best.total)
            used = used + (np.arange(len(used)) == row_of[shipment.location_id])
        placements.append(placement)
        if told is not None:
            told(len(placements))
    return placements


def as_table(placements: Iterable[Placement | None]) -> pd.DataFrame:
    """Return the orders that were placed, one row each: ``order_id, plant, lane, cost``."""
    return pd.DataFrame([vars(placement) for placement in placements if placement is not None])
