"""What was not found at one location makes the same sku riskier at locations of its type."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision.candidates.learnt import raised
from decision.decide import decide
from decision.decision import Option
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.world import NOW, STD, Table, network, order

PLACES = [
    {"location_id": "S1"},
    {"location_id": "S2"},
    {"location_id": "W1", "location_type": "warehouse"},
]
PREDICTOR = Table({place["location_id"]: (5.0, 1.0, 10.0, 20.0, 0.1) for place in [*PLACES, {"location_id": "S0"}]})


def best_by_place(not_found: tuple[tuple[str, str], ...], ruleset: str = "", **asked: int) -> dict[str, Option]:
    stock = {"LAMP": {"S1": 5, "S2": 5, "W1": 5}, "CHAIR": {"S1": 5, "S2": 5, "W1": 5}}
    net = network([*PLACES, {"location_id": "S0"}], [STD], stock)
    wanted = order("LAMP", not_found=not_found, **asked)
    rules = load_ruleset(f"name: n\nstrategy: {{pick_failure: 8.0}}\n{ruleset}")
    decided = decide(wanted, net, [rules], PREDICTOR, NOW, options=20)
    return {o.shipments[0].location_id: o for o in reversed(decided.options) if len(o.shipments) == 1}


def risks(options: dict[str, Option]) -> dict[str, float]:
    return {place: round(option.shipments[0].pick_failure, 6) for place, option in options.items()}


def test_the_odds_rise_at_locations_of_the_same_type() -> None:
    assert risks(best_by_place(())) == {"S1": 0.1, "S2": 0.1, "W1": 0.1}
    found = best_by_place((("LAMP", "S0"),), "not_found_odds: 3")
    assert risks(found) == {"S1": 0.25, "S2": 0.25, "W1": 0.1}
    assert found["S1"].terms["pick_failure"] == pytest.approx(8 * 0.25)
    assert found["S1"].shipments[0].not_found == ("LAMP",)
    assert (
        "LAMP was not found elsewhere: the risk that it is not found here is raised to 25%" in found["S1"].explanation
    )
    assert "not found elsewhere" not in found["W1"].explanation.split("cheaper")[0]


def test_each_location_that_failed_counts_and_other_skus_do_not() -> None:
    twice = best_by_place((("LAMP", "S0"), ("LAMP", "S2")), "not_found_odds: 3")
    assert risks(twice)["S1"] == 0.5
    assert risks(best_by_place((("CHAIR", "S0"),), "not_found_odds: 3"))["S1"] == 0.1
    assert risks(best_by_place((("LAMP", "GONE"),), "not_found_odds: 3"))["S1"] == 0.1


def test_a_part_of_a_line_is_riskier_too() -> None:
    net = network([*PLACES, {"location_id": "S0"}], [STD], {"LAMP": {"S1": 2, "S2": 2}})
    wanted = order("LAMP", quantity=3, not_found=(("LAMP", "S0"),))
    decided = decide(wanted, net, [load_ruleset("name: n\nnot_found_odds: 3")], PREDICTOR, NOW)
    assert [round(s.pick_failure, 6) for s in decided.options[0].shipments] == [0.25, 0.25]


def test_a_ruleset_may_say_that_failures_tell_nothing() -> None:
    found = best_by_place((("LAMP", "S0"),), "not_found_odds: 1")
    assert risks(found)["S1"] == 0.1
    assert found["S1"].shipments[0].not_found == ()


@given(st.floats(0, 1), st.floats(1, 100), st.integers(0, 5))
def test_no_failure_makes_another_location_safer(probability: float, ratio: float, times: int) -> None:
    (now,) = raised(np.array([probability]), ratio, np.array([times]))
    assert probability - 1e-12 <= now <= 1
    (more,) = raised(np.array([probability]), ratio, np.array([times + 1]))
    assert more >= now - 1e-12
