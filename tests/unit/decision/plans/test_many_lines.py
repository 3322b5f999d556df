"""Orders of more than twelve lines: one plan with a proved bound."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from decision.candidates import loads
from decision.decide import decide
from decision.errors import TooManyLinesError
from decision.order import Line
from decision.rules.ruleset import load_ruleset
from features.facts import Columns
from tests.property.random_world import Formula
from tests.property.random_world import world as random_world
from tests.unit.decision.world import NOW, STD, Table, network, order

PRICES = "strategy: {late_parcel: 6.0, pick_failure: 8.0, extra_parcel: 1.5}"


def world(lines: int, places: int, seed: int = 1):  # type: ignore[no-untyped-def]  # two values, named where used
    rng = np.random.default_rng(seed)
    locations = [{"location_id": f"L{i}", "latitude": 45.0 + float(rng.normal())} for i in range(places)]
    stock = {f"K{k}": {f"L{i}": int(rng.integers(0, 4)) for i in range(places)} for k in range(lines)}
    wanted = tuple(Line(str(k), f"K{k}", 1, 10.0, weight_kg=1.0) for k in range(lines))
    return order(lines=wanted), network(locations, [{"carrier_service_id": "C1", "max_weight_kg": 12.0}], stock)


@pytest.mark.parametrize("seed", range(12))
def test_small_random_orders_are_planned_alike_both_ways(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, net, ruleset = random_world(np.random.default_rng(seed))
    exact = decide(asked, net, [ruleset], Formula(), NOW)
    monkeypatch.setattr(loads, "MOST_PARTS", 0)
    found = decide(asked, net, [ruleset], Formula(), NOW)
    assert (found.stage, bool(found.options)) == (exact.stage, bool(exact.options))
    for best, option in zip(exact.options[:1], found.options, strict=True):
        assert option.bound - 1e-6 <= best.total <= option.total + 1e-9
        assert option.total <= best.total * 1.02 + 1e-6


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_both_ways_can_plan_they_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, net = world(6, 4, seed)
    ruleset = load_ruleset(f"name: n\n{PRICES}")
    exact = decide(asked, net, [ruleset], Formula(), NOW).options[0]
    monkeypatch.setattr(loads, "MOST_PARTS", 0)
    found = decide(asked, net, [ruleset], Formula(), NOW).options[0]
    assert found.bound <= exact.total + 1e-6
    assert exact.total - 1e-9 <= found.total <= exact.total * 1.02


class Pairs(Formula):
    """Two lines in a parcel cost far more than one or three do."""

    version = "pairs@1"

    def cost(self, facts: Columns) -> Any:
        """As by formula, and 15 more for two lines."""
        return super().cost(facts) + 15.0 * (facts["lines"] == 2)


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_holds_where_more_lines_cost_less(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, net = world(6, 4, seed)
    ruleset = load_ruleset(f"name: n\n{PRICES}")
    exact = decide(asked, net, [ruleset], Pairs(), NOW)
    monkeypatch.setattr(loads, "MOST_PARTS", 0)
    found = decide(asked, net, [ruleset], Pairs(), NOW)
    assert len(found.options) == min(1, len(exact.options))
    for option in found.options:
        assert option.bound - 1e-6 <= exact.options[0].total <= option.total + 1e-9


class Singles(Formula):
    """One unit of a line, sent alone, costs more than several do."""

    version = "singles@1"

    def cost(self, facts: Columns) -> Any:
        """As by formula, and 9 more for one unit."""
        return super().cost(facts) + 9.0 * (facts["units"] == 1)


class Pieces(Formula):
    """One unit of a line is riskier than several are."""

    version = "pieces@1"

    def pick_failure(self, facts: Columns) -> Any:
        """Nearly certain for one unit."""
        return np.where(facts["units"] == 1, 0.9, 0.05)


@pytest.mark.parametrize("heads", [Singles(), Pieces()], ids=["costs", "risks"])
@pytest.mark.parametrize("seed", range(6))
def test_the_bound_holds_where_more_units_of_a_line_cost_less(
    heads: Formula, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    stock = {f"K{k}": {f"L{i}": int(rng.integers(1, 4)) for i in range(3)} for k in range(2)}
    asked = order(lines=tuple(Line(str(k), f"K{k}", int(rng.integers(3, 6)), 10.0, weight_kg=1.0) for k in range(2)))
    net = network([{"location_id": f"L{i}"} for i in range(3)], [{"carrier_service_id": "C1"}], stock)
    ruleset = load_ruleset(f"name: n\n{PRICES}")
    exact = decide(asked, net, [ruleset], heads, NOW)
    monkeypatch.setattr(loads, "MOST_PARTS", 0)
    found = decide(asked, net, [ruleset], heads, NOW)
    assert len(found.options) == min(1, len(exact.options))
    for option in found.options:
        assert option.bound - 1e-6 <= exact.options[0].total <= option.total + 1e-9


def test_sixteen_lines_get_a_plan_within_the_limits_and_a_bound() -> None:
    asked, net = world(16, 5)
    (option,) = decide(
        asked, net, [load_ruleset(f"name: n\n{PRICES}\nlimits: {{max_parcels: 4}}")], Formula(), NOW
    ).options
    assert len(option.shipments) <= 4
    assert sorted(int(line.line_id) for s in option.shipments for line in s.lines) == list(range(16))
    assert all(len(shipment.lines) <= 12 for shipment in option.shipments)
    assert 0 < option.bound <= option.total
    assert sum(option.terms.values()) == pytest.approx(option.total, abs=1e-9)


def test_a_plan_is_found_where_taking_the_most_first_leads_nowhere() -> None:
    here = {"W": [0, 1, 2, 3, 7, 8, 9, 10], "A": [*range(7)], "B": [*range(7, 14)]}
    net = network(
        [{"location_id": place} for place in ("L1", "L2", "L3")],
        [{"carrier_service_id": "C1"}],
        {f"K{k}": {f"L{at}": 1 for at, lines in enumerate(here.values(), start=1) if k in lines} for k in range(14)},
    )
    asked = order(lines=tuple(Line(str(k), f"K{k}", 1, 10.0, weight_kg=1.0) for k in range(14)))
    decision = decide(asked, net, [load_ruleset(f"name: n\n{PRICES}\nlimits: {{max_parcels: 2}}")], Formula(), NOW)
    assert [s.location_id for s in decision.options[0].shipments] == ["L2", "L3"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_forty_lines_at_five_hundred_locations_get_a_plan_and_a_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    locations = [{"location_id": f"L{i}", "latitude": 45.0 + float(rng.normal())} for i in range(500)]
    stock = {f"K{k}": {f"L{i}": int(rng.integers(0, 4)) for i in range(500) if rng.random() < 0.3} for k in range(40)}
    lines = tuple(
        Line(str(k), f"K{k}", 6 if k % 8 == 0 else 1, 10.0, weight_kg=1.0, group="set" if k in {1, 2} else None)
        for k in range(40)
    )
    net = network(locations, [{"carrier_service_id": "C1", "max_weight_kg": 12.0}], stock)
    (option,) = decide(order(lines=lines), net, [load_ruleset(f"name: n\n{PRICES}")], Formula(), NOW).options
    sent = {line.line_id: 0 for line in lines}
    for shipment in option.shipments:
        assert sum(x.quantity for x in shipment.lines) <= 12
        assert {"1", "2"} & {x.line_id for x in shipment.lines} in ({"1", "2"}, set())
        for x in shipment.lines:
            sent[x.line_id] += x.quantity
    assert sent == {line.line_id: line.quantity for line in lines}
    assert 0 < option.bound <= option.total


@pytest.mark.parametrize(("price", "sent"), [(0.0, 1), (0.1, 1), (100.0, 13)])
def test_what_costs_more_to_send_than_to_leave_out_is_left_out_but_for_something(price: float, sent: int) -> None:
    """Whatever it costs, an empty plan is none."""
    skus = [f"K{number}" for number in range(13)]
    net = network([{"location_id": "A"}, {"location_id": "B"}], [STD], {sku: {"A": 9, "B": 9} for sku in skus})
    rules = f"name: n\nstrategy: {{missing_line: {price}}}\nlimits: {{allow_partial: true}}"
    costs = Table({"A": (5.0, 1.0, 10.0, 30.0, 0.0), "B": (4.0, 1.5, 10.0, 30.0, 0.0)})
    (option,) = decide(order(*skus), net, [load_ruleset(rules)], costs, NOW).options
    assert sum(len(shipment.lines) for shipment in option.shipments) == sent
    assert option.total == pytest.approx(5.5 + 12 * price if sent == 1 else 18.0)
    assert option.bound <= option.total


def test_where_partial_plans_are_allowed_and_none_stands_the_smallest_set_is_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = network([{"location_id": "A"}], [STD], {"LAMP": {"A": 1}, "CHAIR": {"A": 1}})
    rules = "name: n\nlimits: {allow_partial: true}\nrules: [{id: keep, safety_stock: 1}]"
    monkeypatch.setattr(loads, "MOST_PARTS", 0)
    costs = Table({"A": (5.0, 1.0, 10.0, 30.0, 0.0)})
    decision = decide(order("LAMP", "CHAIR"), net, [load_ruleset(rules)], costs, NOW)
    assert [(told.rule_ids, told.smallest) for told in decision.relaxations] == [(("keep",), True)]


def test_no_plan_is_told_line_by_line() -> None:
    asked, net = world(14, 3)
    shut = load_ruleset("name: n\nrules: [{id: shut, exclude: 'line.sku == \"K3\"'}]")
    decision = decide(asked, net, [shut], Formula(), NOW)
    assert decision.options == ()
    assert "K3" in [line.sku for line in decision.missing]


def test_more_lines_than_can_be_planned_are_refused() -> None:
    asked, net = world(61, 2)
    with pytest.raises(TooManyLinesError, match="61 lines; at most 60"):
        decide(asked, net, [load_ruleset("name: n")], Formula(), NOW)


def test_a_line_of_a_hundred_thousand_units_takes_no_table_of_them() -> None:
    ids = [f"L{number}" for number in range(100)]
    net = network([{"location_id": place} for place in ids], [STD], {"LAMP": dict.fromkeys(ids, 10_000)})
    asked = order(lines=(Line("1", "LAMP", 100_000, 9.0, weight_kg=0.1),))
    tracemalloc.start()
    (option,) = decide(
        asked, net, [load_ruleset("name: n")], Table(dict.fromkeys(ids, (5.0, 1.0, 10.0, 30.0, 0.0))), NOW
    ).options
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(option.shipments) == 10
    assert most < 50_000_000
