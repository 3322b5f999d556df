"""What is said of each line of an order without a plan is true of it."""

from typing import Any

import pytest

from decision.decide import decide
from decision.decision import Decision
from decision.explanation.tell import tell
from decision.network import Network
from decision.order import Line, Order
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.world import NOW, STD, Table, network, order

COSTS = Table(dict.fromkeys(("A", "B", "FAR"), (5.0, 1.0, 10.0, 30.0, 0.1)))
PLACES: list[dict[str, Any]] = [{"location_id": "A"}, {"location_id": "B"}, {"location_id": "FAR", "latitude": 40.0}]
WHOLE = "limits: {max_parcels: 1}"
NEAR = "stages: [{name: near, require: 'location.distance_km < 100'}]"


def decided(net: Network, asked: Order, more: str = "") -> Decision:
    """Return the decision by a ruleset that says no more than this."""
    return decide(asked, net, [load_ruleset(f"name: n\n{more}")], COSTS, NOW)


def carried(kg: float) -> list[dict[str, Any]]:
    """Return one carrier service that takes so much."""
    return [{"carrier_service_id": "C1", "max_weight_kg": kg}]


@pytest.mark.parametrize(
    ("lines", "kg"),
    [
        ((Line("1", "LAMP", 3, 9.0, weight_kg=1.1),), 3.3),
        ((Line("1", "LAMP", 1, 9.0, weight_kg=0.1), Line("2", "CHAIR", 1, 9.0, weight_kg=0.2)), 0.3),
    ],
)
def test_what_weighs_just_as_much_as_a_service_takes_is_sent(lines: tuple[Line, ...], kg: float) -> None:
    stock = {"LAMP": {"A": 9}, "CHAIR": {"A": 9}}
    (option,) = decided(network(PLACES[:1], carried(kg), stock), order(lines=lines)).options
    assert len(option.shipments) == 1
    assert not decided(network(PLACES[:1], carried(kg - 1e-6), stock), order(lines=lines), WHOLE).options


def test_what_carriers_take_is_told_to_the_gram() -> None:
    net = network(PLACES[:1], carried(0.5), {"LAMP": {"A": 9}})
    decision = decided(net, order(lines=(Line("1", "LAMP", 1, 9.0, weight_kg=0.8),)))
    assert decision.missing[0].reason == "heavier than any carrier service takes (0.5 kg)"
    told = tell(decision, "it").missing[0].reason
    assert told == "pesa più di quanto accetti qualunque servizio dei corrieri (0,5 kg)"


def test_lines_that_each_meet_a_stage_and_need_more_parcels_lack_parcels_and_not_the_stage() -> None:
    net = network(PLACES, [STD], {"LAMP": {"A": 9, "FAR": 9}, "CHAIR": {"B": 9}})
    decision = decided(net, order("LAMP", "CHAIR"), f"limits: {{max_parcels: 1}}\n{NEAR}")
    assert [line.cause for line in decision.missing] == ["too_many_parcels"] * 2


def test_a_line_that_is_far_away_only_lacks_the_stage() -> None:
    net = network(PLACES, [STD], {"LAMP": {"FAR": 9}, "CHAIR": {"B": 9}})
    decision = decided(net, order("LAMP", "CHAIR"), NEAR)
    assert [(line.line_id, line.cause) for line in decision.missing] == [("1", "stage_unmet")]


def test_lines_that_share_too_little_stock_do_not_lack_parcels() -> None:
    net = network(PLACES[:1], [STD], {"LAMP": {"A": 1}})
    decision = decided(net, order("LAMP", "LAMP"), "limits: {max_parcels: 3}")
    assert [line.cause for line in decision.missing] == ["not_together"] * 2
    assert [line.short for line in decision.missing] == [0, 1]


def test_a_set_that_is_too_heavy_for_one_parcel_is_told_as_a_set() -> None:
    net = network(PLACES[:1], carried(10.0), {"LAMP": {"A": 9}, "CHAIR": {"A": 9}})
    lines = tuple(Line(sku, sku, 1, 9.0, weight_kg=6.0, group="set") for sku in ("LAMP", "CHAIR"))
    assert [line.cause for line in decided(net, order(lines=lines)).missing] == ["group_apart"] * 2


def test_a_decision_by_no_ruleset_has_a_digest_too() -> None:
    net = network(PLACES[:1], [STD], {"LAMP": {"A": 9}})
    one, two = (decided(net, order(*skus), "applies_to: 'false'") for skus in (["LAMP"], ["LAMP", "LAMP"]))
    assert [line.cause for line in two.missing] == ["no_ruleset"] * 2
    assert one.versions["ruleset"] == "none"
    assert one.versions["digest"].startswith("sha256:")
    assert one.versions["digest"] != two.versions["digest"]


def test_nothing_is_told_as_lacking_that_is_there_for_all_lines_together() -> None:
    net = network(PLACES[:2], [STD], {"LAMP": {"A": 4, "B": 3}})
    lines = tuple(Line(str(row), "LAMP", units, 9.0) for row, units in enumerate((2, 2, 3), start=1))
    decision = decided(net, order(lines=lines), "limits: {max_parcels: 1, split_lines: false}")
    assert [(line.available, line.short) for line in decision.missing] == [(2, 0), (2, 0), (3, 0)]


def test_a_line_that_cannot_be_sent_has_its_part_in_what_all_lines_lack() -> None:
    net = network(PLACES[:1], [STD], {"LAMP": {"A": 15}})
    lines = (Line("1", "LAMP", 20, 9.0), Line("2", "LAMP", 30, 9.0))
    assert [line.short for line in decided(net, order(lines=lines)).missing] == [5, 30]
