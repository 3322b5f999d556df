"""To which stores a shipment is offered besides the one that the best plan chose."""

from typing import Any

import pytest

from decision.decide import decide
from decision.decision import Decision
from decision.errors import RulesetError
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.world import NOW, STD, Table, network, order

COST = {"S1": 3.0, "S2": 4.0, "S3": 5.0, "S4": 6.0, "W1": 9.0}
PREDICTOR = Table({place: (money, 1.0, 10.0, 20.0, 0.1) for place, money in COST.items()})
OFFER = "offer: {locations: 3, minutes: 20}"
EVERYWHERE = dict.fromkeys(COST, 5)


def decided(ruleset: str, stock: dict[str, dict[str, int]], *skus: str, **more: Any) -> Decision:
    types = {name: "warehouse" if name == "W1" else "store" for name in COST}
    places = [{"location_id": name, "location_type": kind, "capacity_used": 0.0} for name, kind in types.items()]
    return decide(order(*skus, **more), network(places, [STD], stock), [load_ruleset(ruleset)], PREDICTOR, NOW)


def offered(decision: Decision) -> list[tuple[str, list[str]]]:
    """Where each shipment of the best plan comes from, and to whom it is offered too."""
    return [
        (s.location_id, [] if s.offer is None else [other.location_id for other in s.offer.others])
        for s in decision.options[0].shipments
    ]


def test_the_next_best_stores_are_offered_it_the_best_first() -> None:
    assert offered(decided(f"name: n\n{OFFER}", {"LAMP": EVERYWHERE}, "LAMP")) == [("S1", ["S2", "S3"])]
    assert offered(decided("name: n", {"LAMP": EVERYWHERE}, "LAMP")) == [("S1", [])]


def test_only_stores_that_can_send_all_of_it() -> None:
    stock = {"LAMP": EVERYWHERE, "CHAIR": {**EVERYWHERE, "S2": 0}, "DESK": {**EVERYWHERE, "S3": 0}}
    assert offered(decided(f"name: n\n{OFFER}", stock, "LAMP", "CHAIR")) == [("S1", ["S3", "S4"])]
    assert offered(decided(f"name: n\n{OFFER}", stock, "LAMP", "CHAIR", "DESK")) == [("S1", ["S4"])]


def test_two_lines_of_one_sku_need_the_units_of_both() -> None:
    stock = {"LAMP": {"S1": 6, "S2": 5, "S3": 6}}
    assert offered(decided(f"name: n\n{OFFER}", stock, "LAMP", "LAMP", quantity=3)) == [("S1", ["S3"])]


def test_each_store_stands_once_in_a_plan() -> None:
    stock = {"LAMP": {"S1": 5, "S2": 5, "S3": 5}, "CHAIR": {"S2": 5, "S3": 5, "S4": 5}}
    rules = 'rules: [{id: a, exclude: \'location.id == "S1" && line.sku == "CHAIR" || '
    rules += 'location.id != "S1" && line.sku == "LAMP" && size(lines) < 1\'}]\nlimits: {max_parcels: 2}'
    plan = offered(decided(f"name: n\n{OFFER}\n{rules}", stock, "LAMP", "CHAIR"))
    named = [place for sender, others in plan for place in (sender, *others)]
    assert len(named) == len(set(named)) > len(plan)


def test_rules_and_stages_hold_for_whom_it_is_offered_to() -> None:
    rules = "rules: [{id: a, exclude: 'location.id == \"S2\"'}]"
    assert offered(decided(f"name: n\n{OFFER}\n{rules}", {"LAMP": EVERYWHERE}, "LAMP")) == [("S1", ["S3", "S4"])]
    stages = "stages: [{name: cheap, require: 'prediction.line_cost < 5.5'}]"
    assert offered(decided(f"name: n\n{OFFER}\n{stages}", {"LAMP": EVERYWHERE}, "LAMP")) == [("S1", ["S2"])]
    kept = "rules: [{id: a, where: 'location.id == \"S3\"', safety_stock: 5}]"
    assert offered(decided(f"name: n\n{OFFER}\n{kept}", {"LAMP": EVERYWHERE}, "LAMP")) == [("S1", ["S2", "S4"])]
    capped = "rules: [{id: a, where: 'location.id == \"S3\"', cap: 0}]"
    assert offered(decided(f"name: n\n{OFFER}\n{capped}", {"LAMP": EVERYWHERE}, "LAMP")) == [("S1", ["S2", "S4"])]


def test_a_stages_own_offer_comes_first_and_is_named() -> None:
    stages = "stages: [{name: a, offer: {locations: 2, minutes: 5}}, {name: b}]"
    decision = decided(f"name: n\n{OFFER}\n{stages}", {"LAMP": EVERYWHERE}, "LAMP")
    assert offered(decision) == [("S1", ["S2"])]
    offer = decision.options[0].shipments[0].offer
    assert offer is not None
    assert (offer.minutes, offer.stage) == (5, "a")
    passed = decided(f"name: n\n{OFFER}\n{stages}", {"LAMP": EVERYWHERE}, "LAMP", passed_stages=("a",))
    assert (passed.stage, offered(passed)) == ("b", [("S1", ["S2", "S3"])])
    assert decided(f"name: n\n{stages}", {"LAMP": EVERYWHERE}, "LAMP", passed_stages=("a", "b")).stage == "b"


def test_what_is_offered_is_told_with_all_that_each_store_would_be() -> None:
    decision = decided(f"name: n\n{OFFER}", {"LAMP": EVERYWHERE}, "LAMP")
    (shipment,) = decision.options[0].shipments
    assert shipment.offer is not None
    assert [sum(other.terms.values()) for other in shipment.offer.others] == [5.0, 6.0]
    assert all(other.lines == shipment.lines and other.offer is None for other in shipment.offer.others)
    assert "offered to S2 and S3 too" in decision.options[0].explanation


@pytest.mark.parametrize(
    ("offer", "told"),
    [
        ("{locations: 1, minutes: 5}", "offer → locations: Input should be greater than or equal to 2"),
        ("{locations: 2, minutes: 0}", "offer → minutes: Input should be greater than 0"),
        ("{locations: 2}", "offer → minutes: Field required"),
        ("{locations: 2, minutes: 5, when: 'location.open_now'}", "n, offer → when, line 1, column 1: unknown name"),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(offer: str, told: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(f"name: n\noffer: {offer}")
    assert told in str(caught.value)
    with pytest.raises(RulesetError):
        load_ruleset(f"name: n\nstages: [{{name: a, offer: {offer}}}]")
