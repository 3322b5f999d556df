"""Delivery methods, limits and stages, and orders that cannot be fulfilled."""

from typing import Any

import numpy as np
import pytest

from decision.decide import decide
from decision.decision import Decision
from decision.explanation.explain import why_changed
from decision.order import Line, OpenShipment, Order
from decision.rules.ruleset import compile_ruleset, load_ruleset
from features.facts import Columns
from tests.unit.decision.world import NOW, Table, network, order

LOCATIONS: list[dict[str, Any]] = [
    {"location_id": "W1", "location_type": "warehouse", "latitude": 45.05},
    {"location_id": "S1", "name": "Duomo"},
    {"location_id": "S2", "name": "Loreto", "footfall_ratio": 3.0},
]
SERVICES: list[dict[str, Any]] = [
    {"carrier_service_id": "std"},
    {"carrier_service_id": "pickup", "level": "collect", "location_type": "store"},
    {"carrier_service_id": "van", "location_type": "warehouse", "max_weight_kg": 1.5},
]
STOCK = {"LAMP": {"W1": 5, "S1": 1, "S2": 3}, "CHAIR": {"S1": 2}, "GONE": {"W1": 0, "S1": 0}}
ANSWERS = dict.fromkeys(("W1", "S1", "S2"), (5.0, 1.0, 10.0, 30.0, 0.1))
NET = network(LOCATIONS, SERVICES, STOCK)


def answer(asked: Order, rules: str = "", more: str = "") -> Decision:
    """Decide under a ruleset with these rules and whatever else."""
    return decide(asked, NET, [load_ruleset(f"name: n\nrules: [{rules}]\n{more}")], Table(ANSWERS), NOW)


def ways(decision: Decision) -> list[tuple[str, str | None]]:
    """Return location and service of the options' first shipments."""
    return [(option.shipments[0].location_id, option.shipments[0].carrier_service_id) for option in decision.options]


def test_home_uses_every_service_that_travels_and_serves_the_location() -> None:
    assert sorted(ways(answer(order("LAMP")))) == [("S1", "std"), ("S2", "std"), ("W1", "std"), ("W1", "van")]


def test_a_service_carries_no_more_than_its_limit() -> None:
    assert ("W1", "van") not in ways(answer(order("LAMP", quantity=2)))


@pytest.mark.parametrize("method", ["click_and_collect", "reserve_and_collect"])
def test_collecting_is_from_the_shelf_of_that_store(method: str) -> None:
    decision = answer(order("LAMP", delivery_method=method, collect_location_id="S2"))
    assert ways(decision) == [("S2", "pickup")]
    assert decision.options[0].shipments[0].delivery.p50_at.hour == NOW.hour + 5  # ready, not delivered


@pytest.mark.parametrize("method", ["click_and_collect", "reserve_and_collect"])
def test_a_ruleset_may_have_what_is_collected_sent_to_its_store(method: str) -> None:
    asked = order("LAMP", delivery_method=method, collect_location_id="S1")
    decision = answer(asked, "", "collect_from: anywhere")
    assert sorted(ways(decision)) == [("S1", "pickup"), ("S2", "std"), ("W1", "std"), ("W1", "van")]
    sent = next(option for option in decision.options if option.shipments[0].location_id == "W1")
    assert sent.explanation.startswith("One parcel from W1")


def test_ship_to_store_comes_from_anywhere_and_from_the_store_itself() -> None:
    decision = answer(order("LAMP", delivery_method="ship_to_store", collect_location_id="S1"))
    assert sorted(ways(decision)) == [("S1", "pickup"), ("S2", "std"), ("W1", "std"), ("W1", "van")]


def test_the_last_piece_on_display_is_not_sold() -> None:
    decision = answer(order("LAMP"), "{id: display, where: 'location.type == \"store\"', safety_stock: 1}")
    assert "S1" not in [place for place, _ in ways(decision)]
    assert [(e.location_id, e.rule_id) for e in decision.excluded] == [("S1", "display")]


def test_only_candidates_still_standing_are_scored_and_those_that_price_a_rule() -> None:
    predictor = Table(ANSWERS)
    ruleset = load_ruleset(
        "name: n\nrules: [{id: a, exclude: 'location.id == \"S2\"'}, {id: b, exclude: 'location.id == \"S2\"'}]"
    )
    decide(order("LAMP"), NET, [ruleset], predictor, NOW)
    assert predictor.asked["delivery_hours"] == 3  # S2 is out twice: no single rule would bring it back


def test_adjustments_move_the_ranking_and_show() -> None:
    decision = answer(order("LAMP"), "{id: overstock, where: 'stock.on_hand >= 5', adjust: '-2'}")
    assert ways(decision)[0][0] == "W1"
    assert decision.options[0].terms["adjustments"] == -2.0


@pytest.mark.parametrize(
    ("rules", "more"),
    [
        ("{id: hardly-ever, adjust: 1.0e+9}", ""),
        ("{id: hardly-ever, adjust: '1e300 * location.distance_km'}", ""),
        ("{id: gladly, adjust: '-1e300'}", ""),
        ("", "strategy: {late_parcel: 1.0e+7, late_day: 1.0e+7, pick_failure: 1.0e+7}"),
    ],
)
def test_what_is_dear_beyond_measure_can_be_sent_all_the_same(rules: str, more: str) -> None:
    decision = answer(order("LAMP", promised_in_hours=12), rules, more)
    assert len(decision.options) == 4
    assert decision.relaxations == ()
    assert np.isfinite([option.total for option in decision.options]).all()


def test_a_line_that_may_hardly_be_left_out_is_left_out_only_where_nobody_has_it() -> None:
    decision = answer(order("LAMP", "GONE"), more="limits: {allow_partial: true}\nstrategy: {missing_line: 1.0e+7}")
    assert {tuple(line.sku for line in option.missing) for option in decision.options} == {("GONE",)}


@pytest.mark.parametrize("price", [1e8, 1e300])
def test_a_ruleset_that_was_published_before_prices_had_a_bound_counts_them_as_the_bound(price: float) -> None:
    prices = ("late_parcel", "late_day", "pick_failure", "extra_parcel", "missing_line")
    stored = {
        "name": "n",
        "strategy": dict.fromkeys(prices, price),
        "limits": {"allow_partial": True, "max_parcels": 10**12},
        "rules": [{"id": "stages.any", "where": "line.sku == 'CHAIR'", "safety_stock": 2**60}],
    }
    asked = order("LAMP", "CHAIR", promised_in_hours=12)
    decision = decide(asked, NET, [compile_ruleset(stored)], Table(ANSWERS), NOW)
    assert len(decision.options) == 4
    assert {option.terms["missing_lines"] for option in decision.options} == {1e7}
    assert decision.prices["missing_line"] == price  # told as it was written


def test_partial_plans_leave_out_what_nobody_has_and_say_so() -> None:
    decision = answer(order("LAMP", "GONE"), more="limits: {allow_partial: true}")
    assert [line.sku for line in decision.options[0].missing] == ["GONE"]
    assert decision.options[0].terms["missing_lines"] == 100.0
    assert [line.sku for line in decision.missing] == ["GONE"]


def test_the_first_stage_in_which_a_plan_stands_is_taken() -> None:
    stages = "stages: [{name: fast, require: 'prediction.delivery_p90_hours < 5'}, {name: slow}]"
    assert answer(order("LAMP"), more=stages).stage == "slow"
    assert answer(order("LAMP"), more=stages.replace("< 5", "< 50")).stage == "fast"


def test_the_first_ruleset_that_applies_decides() -> None:
    french = load_ruleset("name: fr\napplies_to: order.country == 'FR'", "3")
    italian = load_ruleset("name: it\napplies_to: order.country == 'IT'", "4")
    assert decide(order("LAMP"), NET, [french, italian], Table(ANSWERS), NOW).versions["ruleset"] == "it@4"
    nobody = decide(order("LAMP"), NET, [french], Table(ANSWERS), NOW)
    assert (nobody.options, nobody.missing[0].reason) == ((), "no ruleset applies to this order")


@pytest.mark.parametrize(
    ("asked", "rules", "more", "reason"),
    [
        (order("GONE"), "", "", "out of stock at all 2 locations that keep it (0 on hand)"),
        (order("NEVER"), "", "", "no location has a record of it"),
        (order("LAMP", quantity=12), "", "", "there are not 12 units in all: 9 at all locations together (W1, S1, S2)"),
        (
            order("CHAIR"),
            "{id: shut, exclude: 'location.id == \"S1\"', reason: closed}",
            "",
            "shut takes out S1 (closed)",
        ),
        (
            order("CHAIR"),
            "{id: risky, exclude: 'prediction.line_pick_failure > 0.05', reason: too risky}",
            "",
            "risky takes out S1 (too risky)",
        ),
        (
            order("LAMP"),
            "{id: far, exclude: location.distance_km > 10, reason: far}, {id: slow, require: prediction.p_late > 2}",
            "",
            "far takes out W1 (far); slow takes out S1, S2, W1 (slow: prediction.p_late > 2)",
        ),
        (  # from W1 there is a van besides, which does not carry four
            order("LAMP", quantity=4),
            "{id: slow, exclude: 'prediction.delivery_p90_hours > 5', reason: too slow}",
            "limits: {split_lines: false}",
            "slow takes out W1 (too slow)",
        ),
        (
            order(lines=(Line("1", "LAMP", 4, 9.0, group="set"), Line("2", "CHAIR", 1, 9.0, group="set"))),
            "",
            "",
            "no location can send all lines of the group set together, and they go together or not at all",
        ),
        (
            order("CHAIR", delivery_method="click_and_collect", collect_location_id="S2"),
            "",
            "",
            "in stock at S1, but nothing travels from there by click & collect",
        ),
        (
            order("LAMP", "CHAIR"),
            '{id: one-lamp, exclude: \'line.sku == "LAMP" && location.id == "S1"\'}',
            "limits: {max_parcels: 1}",
            "it could be sent, but all lines together need more than 1 parcel(s)",
        ),
    ],
)
def test_an_order_that_cannot_be_fulfilled_is_told_why(asked: Order, rules: str, more: str, reason: str) -> None:
    decision = answer(asked, rules, more)
    assert decision.options == ()
    assert decision.missing[0].reason == reason


def test_two_lines_of_one_sku_do_not_share_one_piece() -> None:
    decision = answer(order("CHAIR", "CHAIR", "CHAIR"))
    assert decision.options == ()


class LightUnlessWeighed(Table):
    """Takes what nobody weighed for a letter, and everything else for a parcel."""

    def cost(self, facts: Columns) -> Any:
        """Money of the shipment."""
        return np.where(np.isnan(facts["weight_kg"]), 1.0, 6.0)


@pytest.mark.parametrize(
    ("in_it", "skus", "sent"),
    [
        (2.5, ["LAMP"], [(None, 1)]),  # full: another parcel
        (1.5, ["LAMP"], [("P", 1)]),
        (1.5, ["LAMP", "CHAIR"], [(None, 2)]),  # room for one of them only: both in another
        (1.5, ["LAMP", "CHAIR", "LAMP", "CHAIR"], [("P", 1), (None, 3)]),
    ],
)
def test_where_an_open_shipment_has_no_room_there_is_another_parcel(
    in_it: float, skus: list[str], sent: list[tuple[str | None, int]]
) -> None:
    stock = {"LAMP": {"S1": 9}, "CHAIR": {"S1": 9}}
    net = network([{"location_id": "S1"}], [{"carrier_service_id": "C", "max_weight_kg": 3.0}], stock)
    asked = order(*skus, open_shipments=(OpenShipment("P", "S1", "C", in_it, 1.0, None, 1, 1),))
    ruleset = load_ruleset("name: n\nstrategy: {extra_parcel: 1.5}")
    (option, *_) = decide(asked, net, [ruleset], Table(ANSWERS), NOW).options
    assert {(s.joins, len(s.lines)) for s in option.shipments} == set(sent)
    assert option.terms["extra_parcels"] == (-1.5 if sent == [("P", 1)] else 0.0)


def test_who_may_still_join_an_open_shipment_is_not_told_as_left_out_for_being_full() -> None:
    net = network(
        [{"location_id": "S1", "capacity_used": 9.0}, {"location_id": "S2", "capacity_used": 0.0}],
        [{"carrier_service_id": "C", "max_weight_kg": 3.0}],
        {"LAMP": {"S1": 9, "S2": 9}, "CHAIR": {"S1": 9, "S2": 9}},
    )
    full = load_ruleset("name: n\nrules: [{id: full, cap: '9'}]\nlimits: {max_parcels: 2}")
    told = {}
    for in_it in (1.5, 2.5):
        parcel = OpenShipment("P", "S1", "C", in_it, 1.0, None, 1, 1)
        decision = decide(
            order("LAMP", "CHAIR", open_shipments=(parcel,)), net, [full], Table(ANSWERS), NOW, options=20
        )
        joins = any(s.joins for option in decision.options for s in option.shipments)
        told[in_it] = joins, [(one.location_id, one.rule_id) for one in decision.excluded]
    assert told == {1.5: (True, []), 2.5: (False, [("S1", "full")])}


class ByWeight(Table):
    """A parcel costs more than what it adds to an open one."""

    def cost(self, facts: Columns) -> Any:
        return 3.0 + 2.0 * np.nan_to_num(facts["weight_kg"])


def test_who_is_left_out_by_one_rule_as_a_parcel_and_by_another_as_part_of_one_is_told() -> None:
    """Dear by itself, and cheap to add to what is open."""
    net = network(
        [{"location_id": "S1"}, {"location_id": "S2", "location_type": "warehouse"}],
        [{"carrier_service_id": "C", "max_weight_kg": 3.0}],
        {"LAMP": {"S1": 9, "S2": 9}, "CHAIR": {"S1": 9, "S2": 9}},
    )
    cheap = "{id: cheap, exclude: 'prediction.line_cost < 2.5'}"
    dear = "{id: dear, exclude: 'location.type == \"store\" && prediction.line_cost > 4.5'}"
    rules = f"[{cheap}, {dear}]"
    ruleset = load_ruleset(f"name: n\nrules: {rules}\nlimits: {{max_parcels: 2}}")
    asked = order("LAMP", "CHAIR", open_shipments=(OpenShipment("P", "S1", "C", 1.5, 1.0, None, 1, 1),))
    decision = decide(asked, net, [ruleset], ByWeight(ANSWERS), NOW, options=20)
    assert {s.location_id for option in decision.options for s in option.shipments} == {"S2"}
    assert {(one.location_id, one.rule_id) for one in decision.excluded} == {("S1", "dear"), ("S1", "cheap")}


def test_a_parcel_of_its_own_is_another_plan_than_joining_an_open_one() -> None:
    net = network([{"location_id": "S1"}], [{"carrier_service_id": "C", "max_weight_kg": 3.0}], {"LAMP": {"S1": 9}})
    parcel = OpenShipment("P", "S1", "C", 1.0, 1.0, None, 1, 1)
    joining = decide(order("LAMP", open_shipments=(parcel,)), net, [load_ruleset("name: n")], Table(ANSWERS), NOW)
    alone = decide(order("LAMP"), net, [load_ruleset("name: n")], Table(ANSWERS), NOW)
    assert [joining.options[0].shipments[0].joins, alone.options[0].shipments[0].joins] == ["P", None]
    assert why_changed(joining, joining) == "The same plan wins."
    assert why_changed(joining, alone) != "The same plan wins."


def test_a_line_that_nobody_weighed_does_not_make_the_parcel_it_joins_cheaper() -> None:
    lines = (Line("1", "LAMP", 1, 49.9, weight_kg=1.0), Line("2", "RUG", 1, 49.9))
    net = network(LOCATIONS, SERVICES[:1], {"LAMP": {"W1": 1}, "RUG": {"W1": 1, "S1": 1}})
    decision = decide(order(lines=lines), net, [load_ruleset("name: n")], LightUnlessWeighed(ANSWERS), NOW)
    told = [([s.location_id for s in o.shipments], o.terms["cost"]) for o in decision.options]
    assert told == [(["W1"], 6.0), (["W1", "S1"], 7.0)]


def test_nothing_is_asked_where_nothing_can_be_sent() -> None:
    predictor = Table(ANSWERS)
    decide(order("GONE"), NET, [load_ruleset("name: n")], predictor, NOW)
    assert predictor.asked == {}
