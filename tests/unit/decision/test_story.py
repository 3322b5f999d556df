"""Two items are ordered online: the whole of what Smista promises, in one small story."""

from dataclasses import replace

import pytest

from decision.decide import decide
from decision.decision import Decision
from decision.explanation.explain import why_changed
from decision.money import Strategy
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.world import NOW, STD, Table, network, order

LOCATIONS = [
    {"location_id": "W1", "location_type": "warehouse", "name": "Piacenza", "latitude": 45.05, "longitude": 9.70},
    {"location_id": "S1", "name": "Milano Duomo", "latitude": 45.47, "longitude": 9.22, "footfall_ratio": 1.1},
    {"location_id": "S2", "name": "Milano Loreto", "latitude": 45.486, "longitude": 9.216, "footfall_ratio": 0.8},
    {"location_id": "S3", "name": "Monza", "latitude": 45.584, "longitude": 9.274, "footfall_ratio": 1.0},
    {"location_id": "S4", "name": "Corso Como", "latitude": 45.482, "longitude": 9.187, "footfall_ratio": 2.3},
]
STOCK = {
    "LAMP": {"W1": 0, "S1": 3, "S3": 2, "S4": 5},
    "CHAIR": {"W1": 0, "S1": 2, "S2": 4, "S4": 5},
}
# base cost, cost per line, hours from … to, short pick
ANSWERS = {
    "S1": (5.0, 0.5, 40.0, 60.0, 0.02),
    "S2": (4.5, 0.5, 18.0, 30.0, 0.02),
    "S3": (4.8, 0.5, 18.0, 30.0, 0.02),
    "S4": (4.0, 0.5, 40.0, 60.0, 0.02),
    "W1": (3.0, 0.5, 20.0, 30.0, 0.0),
}
RULES = """
name: home-delivery-italy
applies_to: order.delivery_method == "home" && order.country == "IT"
strategy: {late_parcel: 6.0, late_day: 2.0, pick_failure: 8.0, extra_parcel: 1.5}
limits: {max_parcels: 3}
rules:
  - {id: busy-store, exclude: 'location.type == "store" && location.footfall_ratio > 1.6', reason: too many visitors}
"""
MILAN = network(LOCATIONS, [{"carrier_service_id": "std"}], STOCK)


@pytest.fixture
def decision() -> Decision:
    return decide(order("LAMP", "CHAIR"), MILAN, [load_ruleset(RULES, "7")], Table(ANSWERS), NOW)


def test_the_nearest_store_that_has_both_is_picked(decision: Decision) -> None:
    best = decision.options[0]
    assert [shipment.location_id for shipment in best.shipments] == ["S1"]
    assert [line.sku for line in best.shipments[0].lines] == ["LAMP", "CHAIR"]


def test_it_says_why(decision: Decision) -> None:
    assert decision.options[0].explanation == (
        "One parcel from Milano Duomo (2.4 km, expected Wed 4 Mar, 80% in time): 7.55 EUR in all. "
        "4.57 EUR cheaper than the next option (Monza and Milano Loreto) because shipping and handling cost 4.30 less "
        "and extra parcels cost 1.50 less (extra_parcel at 1.50), although the risk of being late costs 1.20 more "
        "(late_parcel at 6.00) and the days it may be late cost 0.03 more (late_day at 2.00)."
    )


def test_alternatives_tell_what_they_cost_more(decision: Decision) -> None:
    best, *others = decision.options
    assert len(others) >= 2
    for rank, option in enumerate(others, start=2):
        assert option.rank == rank
        assert option.difference == pytest.approx(option.total - best.total)
        assert "EUR dearer than the best" in option.explanation


def test_it_names_the_rule_that_excluded_the_store_with_too_many_visitors(decision: Decision) -> None:
    assert [(e.location_id, e.rule_id, e.reason) for e in decision.excluded] == [
        ("S4", "busy-store", "too many visitors")
    ]


def test_it_tells_what_that_rule_costs(decision: Decision) -> None:
    (binding,) = decision.binding_rules
    assert binding.rule_id == "busy-store"
    assert binding.price == pytest.approx(1.0)  # Corso Como would do the same for one euro less


def test_every_cent_of_an_option_is_in_its_terms(decision: Decision) -> None:
    for option in decision.options:
        assert sum(option.terms.values()) == pytest.approx(option.total, abs=1e-9)
        for term, money in option.terms.items():
            assert sum(s.terms.get(term, 0.0) for s in option.shipments) == pytest.approx(money, abs=1e-9)


def test_with_free_parcels_and_dear_lateness_another_plan_wins_and_it_says_which_price_did_it(
    decision: Decision,
) -> None:
    ruleset = load_ruleset(RULES, "7")
    dear = replace(ruleset, strategy=Strategy(late_parcel=60.0, late_day=20.0, pick_failure=8.0, extra_parcel=0.0))
    now = decide(order("LAMP", "CHAIR"), MILAN, [dear], Table(ANSWERS), NOW)
    assert {s.location_id for s in now.options[0].shipments} == {"S2", "S3"}
    assert "late_parcel at 60.00" in now.options[0].explanation
    assert "the price late_parcel went from 6.00 to 60.00" in why_changed(decision, now)
    assert "the price extra_parcel went from 1.50 to 0.00" in why_changed(decision, now)


def test_a_price_that_spoke_against_the_plan_that_wins_now_is_told_too_so_that_the_sums_add_up() -> None:
    net = network([{"location_id": "SLOW"}, {"location_id": "UNSURE"}], [STD], {"LAMP": {"SLOW": 5, "UNSURE": 5}})
    table = Table({"SLOW": (5.0, 1.0, 100.0, 200.0, 0.0), "UNSURE": (8.0, 1.0, 10.0, 30.0, 0.1)})
    before, after = (
        decide(order("LAMP"), net, [load_ruleset(f"name: n\nstrategy: {strategy}")], table, NOW)
        for strategy in ("{}", "{late_parcel: 20.0, pick_failure: 50.0}")
    )
    assert why_changed(before, after) == (
        "Before, the plan that wins now cost 3.00 more; now it costs 12.00 less because the price late_parcel went "
        "from 0.00 to 20.00, worth 20.00 here, although the price pick_failure went from 0.00 to 50.00, "
        "worth 5.00 against it."
    )
    assert why_changed(before, after, "it").endswith(
        "vale 20,00, anche se il prezzo pick_failure è passato da 0,00 a 50,00, che pesa 5,00 contro di esso."
    )


@pytest.mark.parametrize(
    ("language", "told"), [("en", "in sums too small to name."), ("it", "troppo piccole da elencare.")]
)
def test_where_no_price_moved_a_plan_by_a_cent_that_is_said(language: str, told: str) -> None:
    net = network([{"location_id": "A"}, {"location_id": "B"}], [STD], {"LAMP": {"A": 5, "B": 5}})
    table = Table({"A": (5.0, 1.0, 10.0, 30.0, 0.1), "B": (5.003, 1.0, 10.0, 30.0, 0.0995)})
    before, after = (
        decide(order("LAMP"), net, [load_ruleset(f"name: n\nstrategy: {{pick_failure: {price}}}")], table, NOW)
        for price in (0.0, 9.0)
    )
    assert why_changed(before, after, language).endswith(told)


def test_the_same_question_gets_the_same_answer(decision: Decision) -> None:
    again = decide(order("LAMP", "CHAIR"), MILAN, [load_ruleset(RULES, "7")], Table(ANSWERS), NOW)
    assert again == decision
    assert decision.versions["ruleset"] == "home-delivery-italy@7"
    assert decision.versions["bundle"] == "table@1"
    assert decision.versions["digest"].startswith("sha256:")
