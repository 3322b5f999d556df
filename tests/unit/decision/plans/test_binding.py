"""What makes the best plan dearer has a price: rules, limits, and what the stage requires."""

import pytest

from decision.decide import decide
from decision.decision import Decision
from decision.order import Line
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.test_story import ANSWERS, MILAN
from tests.unit.decision.world import NOW, STD, Table, network, order

STRATEGY = "name: n\nstrategy: {late_parcel: 6.0, late_day: 2.0, pick_failure: 8.0, extra_parcel: 0.1}"


def prices(more: str) -> tuple[Decision, dict[str, float]]:
    """Return the decision, and the price of all that binds it."""
    decision = decide(order("LAMP", "CHAIR"), MILAN, [load_ruleset(f"{STRATEGY}\n{more}")], Table(ANSWERS), NOW)
    return decision, {binding.rule_id: binding.price for binding in decision.binding_rules}


def total(more: str) -> float:
    """Return what the best plan costs."""
    return prices(more)[0].options[0].total


def test_a_limit_on_parcels_has_a_price_where_more_would_be_cheaper() -> None:
    dear = "strategy: {extra_parcel: 0.0, late_parcel: 60.0, late_day: 20.0}\nrules: [{id: a, adjust: '1'}]"
    few = load_ruleset(f"name: n\n{dear}\nlimits: {{max_parcels: 1}}")
    many = load_ruleset(f"name: n\n{dear}")
    one, two = (decide(order("LAMP", "CHAIR"), MILAN, [rules], Table(ANSWERS), NOW) for rules in (few, many))
    assert len(two.options[0].shipments) == 2
    (binding,) = one.binding_rules
    assert binding.rule_id == "limits.max_parcels"
    assert binding.price == pytest.approx(one.options[0].total - two.options[0].total, abs=1e-9)
    assert two.binding_rules == ()


def test_what_the_stage_requires_has_a_price() -> None:
    stages = "stages: [{name: quick, require: 'prediction.delivery_p90_hours < 35'}, {name: any}]"
    decision, binding = prices(stages)
    assert decision.stage == "quick"
    assert binding == {"stages.quick": pytest.approx(decision.options[0].total - total(""), abs=1e-9)}


def test_sending_everything_has_a_price_where_leaving_out_would_be_cheaper() -> None:
    cheap = STRATEGY.replace("{", "{missing_line: 0.5, ")
    whole, partial = (
        decide(order("LAMP", "CHAIR"), MILAN, [load_ruleset(f"{cheap}\n{limits}")], Table(ANSWERS), NOW)
        for limits in ("", "limits: {allow_partial: true}")
    )
    assert partial.options[0].missing
    (binding,) = whole.binding_rules
    assert binding.rule_id == "limits.allow_partial"
    assert binding.price == pytest.approx(whole.options[0].total - partial.options[0].total, abs=1e-9)


def test_limits_that_do_not_bind_have_no_price() -> None:
    assert prices("limits: {max_parcels: 2}")[1] == {}


def test_sending_lines_whole_has_a_price_where_parts_would_be_cheaper() -> None:
    net = network(
        [{"location_id": "L1"}, {"location_id": "L2"}], [STD], {"LAMP": {"L1": 3, "L2": 3}, "CHAIR": {"L1": 9}}
    )
    lines = (Line("1", "LAMP", 5, 10.0, weight_kg=1.0), Line("2", "CHAIR", 1, 10.0, weight_kg=1.0))
    whole, split = (
        decide(
            order(lines=lines),
            net,
            [load_ruleset(f"name: n\nlimits: {{allow_partial: true, split_lines: {parts}}}")],
            Table({"L1": (3.0, 1.0, 12.0, 36.0, 0.0), "L2": (4.0, 1.0, 12.0, 36.0, 0.0)}),
            NOW,
        )
        for parts in ("false", "true")
    )
    assert [line.line_id for line in whole.options[0].missing] == ["1"]
    assert not split.options[0].missing
    (binding,) = whole.binding_rules
    assert binding.rule_id == "limits.split_lines"
    assert binding.price == pytest.approx(whole.options[0].total - split.options[0].total, abs=1e-9)


def test_units_kept_back_have_a_price_where_two_lines_of_one_sku_could_share_them() -> None:
    net = network([{"location_id": "W1"}, {"location_id": "S1"}], [STD], {"LAMP": {"W1": 3, "S1": 5}})
    costs = Table({"W1": (1.0, 1.0, 10.0, 30.0, 0.0), "S1": (4.0, 1.0, 10.0, 30.0, 0.0)})
    lines = (Line("1", "LAMP", 1, 9.0), Line("2", "LAMP", 2, 9.0))
    kept = "name: n\nrules: [{id: keep, safety_stock: 1}]"
    with_it, without = (decide(order(lines=lines), net, [load_ruleset(x)], costs, NOW) for x in (kept, "name: n"))
    (binding,) = with_it.binding_rules
    assert binding.rule_id == "keep"
    assert binding.price == pytest.approx(with_it.options[0].total - without.options[0].total, abs=1e-9)


def test_units_kept_back_have_a_price_where_two_services_of_a_location_share_a_line_too_heavy_for_one() -> None:
    services = [{"carrier_service_id": service, "max_weight_kg": 3.0} for service in ("C1", "C2")]
    net = network([{"location_id": "NEAR"}, {"location_id": "FAR"}], services, {"LAMP": {"NEAR": 5, "FAR": 1}})
    costs = Table({"NEAR": (2.0, 0.1, 10.0, 30.0, 0.0), "FAR": (50.0, 1.0, 10.0, 30.0, 0.0)})
    asked = order(lines=(Line("1", "LAMP", 5, 9.0, weight_kg=1.0),))
    kept = "name: n\nrules: [{id: keep, where: 'location.id == \"NEAR\"', safety_stock: 1}]"
    with_it, without = (decide(asked, net, [load_ruleset(rules)], costs, NOW) for rules in (kept, "name: n"))
    assert {s.location_id for s in with_it.options[0].shipments} == {"NEAR", "FAR"}
    price = {binding.rule_id: binding.price for binding in with_it.binding_rules}["keep"]
    assert price == pytest.approx(with_it.options[0].total - without.options[0].total, abs=1e-9)


def test_a_rule_that_lets_no_earlier_stage_stand_costs_what_the_plan_of_that_stage_would_save() -> None:
    net = network(
        [{"location_id": "S1"}, {"location_id": "W1", "location_type": "warehouse"}],
        [STD],
        {"LAMP": {"S1": 3, "W1": 3}},
    )
    costs = Table({"S1": (2.0, 1.0, 10.0, 30.0, 0.0), "W1": (5.0, 1.0, 10.0, 30.0, 0.0)})
    stages = """
stages:
  - {name: stores, require: 'location.type == "store"'}
  - {name: warehouses, require: 'location.type == "warehouse"'}
"""
    busy = "name: n\nrules: [{id: busy, exclude: 'location.id == \"S1\"'}]"
    with_it, without = (
        decide(order("LAMP"), net, [load_ruleset(f"{rules}{stages}")], costs, NOW) for rules in (busy, "name: n")
    )
    assert (with_it.stage, without.stage) == ("warehouses", "stores")
    price = {binding.rule_id: binding.price for binding in with_it.binding_rules}["busy"]
    assert price == pytest.approx(with_it.options[0].total - without.options[0].total, abs=1e-9) == 3.0


def test_no_price_is_sought_where_it_would_take_a_plan_too_large_to_be_exact() -> None:
    """A decision of milliseconds took as many seconds as HiGHS was given, for each rule and earlier stage anew."""
    skus = [f"K{number}" for number in range(6)]
    stock = {sku: {"S1": 3, "S2": 3, "W": 9} for sku in skus}
    places = [{"location_id": "S1"}, {"location_id": "S2"}, {"location_id": "W", "location_type": "warehouse"}]
    ruleset = """
        name: n
        rules: [{id: shut, exclude: 'location.id == "S2"'}]
        stages: [{name: stores, require: 'location.type == "store"'}, {name: any}]
    """
    heads = Table({"S1": (1, 0, 10, 40, 0), "S2": (1, 0, 10, 40, 0), "W": (90, 0, 10, 40, 0)})
    net = network(places, [{"carrier_service_id": "C1"}], stock)
    few, many = (decide(order(*skus[:count], quantity=5), net, [load_ruleset(ruleset)], heads, NOW) for count in (2, 6))
    assert (few.stage, many.stage) == ("any", "any")
    assert "shut" in {rule.rule_id for rule in few.binding_rules}
    assert many.binding_rules == ()
