"""Lines that no single location can supply, and lines that ship together or not at all."""

from typing import Any

import pytest

from decision.decide import decide, price, rule
from decision.decision import Decision
from decision.order import Line, Order
from decision.plans import search
from decision.plans.planning import best_plan
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.world import NOW, Table, network, order

LOCATIONS: list[dict[str, Any]] = [
    {"location_id": "W1", "location_type": "warehouse", "latitude": 45.05},
    {"location_id": "S1", "name": "Duomo"},
    {"location_id": "S2", "name": "Loreto", "footfall_ratio": 3.0},
]
SERVICES: list[dict[str, Any]] = [{"carrier_service_id": "std"}]
ANSWERS = dict.fromkeys(("W1", "S1", "S2"), (5.0, 1.0, 10.0, 30.0, 0.1))


def lamps(rules: str = "", more: str = "", **units: int) -> Decision:
    """Decide an order for 8 lamps in one line, where each location has so many ``units``."""
    net = network(LOCATIONS, SERVICES, {"LAMP": units})
    asked = order("LAMP", quantity=8)
    return decide(asked, net, [load_ruleset(f"name: n\nrules: [{rules}]\n{more}")], Table(ANSWERS), NOW)


WHOLE = "limits: {split_lines: false}"


def shipped(decision: Decision) -> list[list[tuple[str, int]]]:
    """Return location and units of the first line in each option's shipments."""
    return [[(s.location_id, s.lines[0].quantity) for s in option.shipments] for option in decision.options]


def test_a_line_that_no_single_location_can_supply_is_split_and_every_unit_is_sent() -> None:
    decision = lamps(S1=5, S2=5)
    assert sorted(shipped(decision)) == [[("S1", 3), ("S2", 5)], [("S1", 4), ("S2", 4)], [("S1", 5), ("S2", 3)]]


def test_where_lines_may_not_be_split_it_is_missing_and_the_best_location_is_told() -> None:
    decision = lamps(more=WHOLE, S1=5, S2=5)
    assert decision.options == ()
    assert [(line.line_id, line.quantity, line.reason) for line in decision.missing] == [
        ("1", 8, "no location has all 8 units: at most 5 at one location (S1)")
    ]


def test_a_line_that_one_location_can_supply_comes_from_there_whole() -> None:
    assert shipped(lamps(W1=8, S1=5, S2=5)) == [[("W1", 8)]]


def test_a_line_that_no_parcel_can_carry_whole_is_split() -> None:
    net = network(LOCATIONS, [{"carrier_service_id": "std", "max_weight_kg": 6.0}], {"LAMP": {"W1": 8, "S1": 5}})
    decision = decide(order("LAMP", quantity=8), net, [load_ruleset("name: n")], Table(ANSWERS), NOW)
    assert [("W1", 6), ("S1", 2)] in [sorted(one, reverse=True) for one in shipped(decision)]
    assert all(units <= 6 for one in shipped(decision) for _, units in one)


def test_a_partial_plan_sends_what_there_is_and_pays_for_the_units_left_out() -> None:
    decision = lamps(more="limits: {allow_partial: true}", S1=5, S2=1)
    assert shipped(decision)[0] == [("S1", 5), ("S2", 1)]
    assert [(line.line_id, line.quantity) for line in decision.options[0].missing] == [("1", 2)]
    assert decision.options[0].terms["missing_lines"] == 100.0 * 2 / 8


BULK = "{id: bulk, exclude: 'line.quantity >= 6', reason: large orders are for the trade desk}"


def test_a_rule_on_how_many_are_asked_for_excludes() -> None:
    decision = lamps(BULK, W1=9, S1=5, S2=5)
    assert decision.options == ()
    assert [line.reason for line in decision.missing] == [
        "bulk takes out S1, S2, W1 (large orders are for the trade desk)"
    ]


def test_a_rule_on_how_many_are_asked_for_is_not_dodged_by_sending_fewer_from_several_locations() -> None:
    assert lamps(BULK, S1=5, S2=5).options == ()


def test_a_line_is_split_where_rules_leave_no_location_that_has_all_of_it() -> None:
    shut = "{id: shut, exclude: 'location.id == \"W1\"', reason: closed}"
    assert [("S1", 4), ("S2", 4)] in shipped(lamps(shut, W1=9, S1=5, S2=5))
    decision = lamps(shut, WHOLE, W1=9, S1=5, S2=5)
    assert decision.options == ()
    assert [line.reason for line in decision.missing] == ["shut takes out W1 (closed)"]


def test_a_location_that_could_have_sent_a_part_is_told_to_be_left_out() -> None:
    busy = "{id: busy, exclude: 'location.footfall_ratio > 1.6'}"
    split = lamps(busy, W1=5, S1=3, S2=4)
    assert len(split.options[0].shipments) == 2
    assert [(one.location_id, one.rule_id) for one in split.excluded] == [("S2", "busy")]
    assert lamps(busy, W1=9, S1=3, S2=4).excluded == ()  # nothing would have come from there


def test_two_services_of_one_location_do_not_promise_a_unit_twice() -> None:
    net = network(LOCATIONS, [{"carrier_service_id": "std"}, {"carrier_service_id": "van"}], {"LAMP": {"S1": 5}})
    assert decide(order("LAMP", quantity=8), net, [load_ruleset("name: n")], Table(ANSWERS), NOW).options == ()


def of_one_set(**units: int) -> Order:
    """Return an order for a lamp and a chair that ship together, and a rug."""
    lines = (
        Line("1", "LAMP", 1, 49.9, group="set"),
        Line("2", "RUG", 1, 49.9),
        Line("3", "CHAIR", units.get("chairs", 1), 49.9, group="set"),
    )
    return order(lines=lines)


SET_STOCK = {"LAMP": {"W1": 2, "S1": 1}, "CHAIR": {"S1": 2, "S2": 2}, "RUG": {"S2": 1}}


def of_set(asked: Order, more: str = "") -> Decision:
    """Decide an order for a set of parts."""
    net = network(LOCATIONS, SERVICES, SET_STOCK)
    return decide(asked, net, [load_ruleset(f"name: n\n{more}")], Table(ANSWERS), NOW)


def test_lines_of_one_group_ship_together() -> None:
    (option,) = of_set(of_one_set()).options
    assert [(s.location_id, [x.line_id for x in s.lines]) for s in option.shipments] == [
        ("S1", ["1", "3"]),
        ("S2", ["2"]),
    ]


def test_lines_of_one_group_are_left_out_together_and_never_split() -> None:
    assert of_set(of_one_set(chairs=3)).options == ()
    best = of_set(of_one_set(chairs=3), "limits: {allow_partial: true}").options[0]
    assert [line.line_id for line in best.missing] == ["1", "3"]
    assert best.terms["missing_lines"] == 200.0


def test_more_units_than_the_parcels_can_bring_are_seen_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ninety of what lies in twos and threes everywhere: to try who sends how many took seconds."""
    monkeypatch.setattr(search, "MOST_STEPS", 1)
    places = {f"S{at}": 2 + at % 2 for at in range(40)}
    net = network([{"location_id": place} for place in places], SERVICES, {"LAMP": places})
    ruled = rule(order("LAMP", quantity=90), net, [load_ruleset("name: n\nlimits: {max_parcels: 4}")], NOW)
    assert ruled is not None
    (priced,) = price([ruled], Table(dict.fromkeys(places, (5.0, 1.0, 10.0, 30.0, 0.1))))
    ranked = best_plan(priced, seconds=0.0)
    assert (ranked.plans, ranked.unproved) == ([], False)
