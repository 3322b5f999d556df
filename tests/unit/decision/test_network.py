"""A network that changed keeps what was worked out of it, and decides as one made anew."""

from dataclasses import replace

import numpy as np

from decision.decide import decide
from decision.network import Network
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.world import NOW, Table, network, order

RULES = load_ruleset(
    """
name: n
rules:
  - {id: half, cap: 0.5 * location.capacity_per_day}
  - {id: told, exclude: 'location.type == "store" && location.capacity_left < 2'}
"""
)
TODAY, YESTERDAY = "2026-03-02", "2026-03-01"


def stores() -> Network:
    """Three stores that were given nothing today."""
    places = [
        {
            "location_id": name,
            "capacity_per_day": 10.0,
            "capacity_used": 0.0,
            "capacity_used_on": TODAY,
            "tags": ["city"],
        }
        for name in ("S1", "S2", "S3")
    ]
    return network(places, [{"carrier_service_id": "STD"}], {"LAMP": {"S1": 3, "S2": 3, "S3": 3}})


def test_what_locations_were_given_counts_although_all_else_is_remembered() -> None:
    """Also the day on which they were."""
    predictor = Table({"S1": (3.0, 0, 10, 20, 0), "S2": (4.0, 0, 10, 20, 0), "S3": (5.0, 0, 10, 20, 0)})
    warm = stores()
    first = decide(order("LAMP"), warm, (RULES,), predictor, NOW)
    assert first.options[0].shipments[0].location_id == "S1"
    used, day = np.array([5.0, 5.0, 1.0]), np.array([TODAY, YESTERDAY, TODAY], object)
    later = warm.with_capacity_used(used, day)
    anew = replace(stores(), locations={**stores().locations, "capacity_used": used, "capacity_used_on": day})
    told = decide(order("LAMP"), later, (RULES,), predictor, NOW)
    assert told == decide(order("LAMP"), anew, (RULES,), predictor, NOW)
    assert [option.shipments[0].location_id for option in told.options] == ["S2", "S3"]
    assert decide(order("LAMP"), warm, (RULES,), predictor, NOW) == first


def test_stock_that_is_gone_is_gone_although_all_else_is_remembered() -> None:
    """The network before keeps its own."""
    predictor = Table({"S1": (3.0, 0, 10, 20, 0), "S2": (4.0, 0, 10, 20, 0), "S3": (5.0, 0, 10, 20, 0)})
    warm = stores()
    first = decide(order("LAMP"), warm, (RULES,), predictor, NOW)
    lamps = warm.stock["LAMP"]
    later = warm.with_stock({"LAMP": replace(lamps, reserved=np.array([3.0, 0.0, 0.0]))})
    told = decide(order("LAMP"), later, (RULES,), predictor, NOW)
    assert told == decide(order("LAMP"), replace(stores(), stock=later.stock), (RULES,), predictor, NOW)
    assert [option.shipments[0].location_id for option in told.options] == ["S2", "S3"]
    assert decide(order("LAMP"), warm, (RULES,), predictor, NOW) == first
