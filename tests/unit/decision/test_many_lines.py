"""Orders of more than twelve lines: one plan with a proved bound."""

import numpy as np
import pytest

from decision import loads
from decision.decide import decide
from decision.errors import TooManyLinesError
from decision.order import Line
from decision.ruleset import load_ruleset
from tests.property.test_decide_oracle import Formula
from tests.unit.decision.world import NOW, network, order

PRICES = "strategy: {late_parcel: 6.0, pick_failure: 8.0, extra_parcel: 1.5}"


def world(lines: int, places: int, seed: int = 1):  # type: ignore[no-untyped-def]  # two values, named where used
    rng = np.random.default_rng(seed)
    locations = [{"location_id": f"L{i}", "latitude": 45.0 + float(rng.normal())} for i in range(places)]
    stock = {f"K{k}": {f"L{i}": int(rng.integers(0, 4)) for i in range(places)} for k in range(lines)}
    wanted = tuple(Line(str(k), f"K{k}", 1, 10.0, weight_kg=1.0) for k in range(lines))
    return order(lines=wanted), network(locations, [{"carrier_service_id": "C1", "max_weight_kg": 12.0}], stock)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_both_ways_can_plan_they_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, net = world(6, 4, seed)
    ruleset = load_ruleset(f"name: n\n{PRICES}")
    exact = decide(asked, net, [ruleset], Formula(), NOW).options[0]
    monkeypatch.setattr(loads, "MOST_PARTS", 0)
    found = decide(asked, net, [ruleset], Formula(), NOW).options[0]
    assert found.bound <= exact.total + 1e-6
    assert exact.total - 1e-9 <= found.total <= exact.total * 1.02


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
