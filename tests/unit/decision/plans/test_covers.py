"""Few candidates that have every line between them are found where there are any, and only then."""

from dataclasses import replace
from itertools import combinations, islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision.decide import decide, price, rule
from decision.explanation.answer import explain
from decision.explanation.tell import tell
from decision.network import Network
from decision.order import Line, Order
from decision.plans import covers, planning, relaxation
from decision.plans.effort import Effort, effort_of
from decision.plans.many_lines import UnprovedError
from decision.plans.ranked import RankedPlan, Ruled
from decision.rules.ruleset import load_ruleset
from tests.property.random_world import Formula
from tests.unit.decision.world import NOW, network, order

LINES, PLACES, PARCELS = 40, 500, 8


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 8), st.integers(1, 4))
def test_covers_are_found_where_there_are_any(seed: int, blocks: int, candidates: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    able = rng.random((blocks, candidates)) < rng.choice([0.2, 0.4, 0.7])
    found = list(covers.covers(able, most, effort_of(1.0)))
    assert all(len(chosen) <= most and able[:, list(chosen)].any(axis=1).all() for chosen in found)
    sizes = range(1, min(most, candidates) + 1)
    there = any(
        able[:, list(chosen)].any(axis=1).all() for size in sizes for chosen in combinations(range(candidates), size)
    )
    assert bool(found) == there


def hidden_plan(seed: int, places: int = PLACES, *, warehouse: bool = False) -> tuple[Order, Network]:
    """An order whose lines eight stores have, each five of them; all others have any five, a warehouse all."""
    rng = np.random.default_rng(seed)
    has = np.array([rng.choice(LINES, LINES // PARCELS, replace=False) for _ in range(places)])
    has[rng.choice(places, PARCELS, replace=False)] = rng.permutation(LINES).reshape(PARCELS, -1)
    stock: dict[str, dict[str, int]] = {f"K{line}": {} for line in range(LINES)}
    for place, lines in enumerate(has):
        for line in lines:
            stock[f"K{line}"][f"L{place}"] = 1
    wanted = tuple(Line(str(k), f"K{k}", 1, 10.0, weight_kg=1.0) for k in range(LINES))
    locations: list[dict[str, Any]] = [
        {"location_id": f"L{place}", "capacity_per_day": 4.0, "capacity_used": 1.0} for place in range(places)
    ]
    if warehouse:
        locations.append({"location_id": f"L{places}", "location_type": "warehouse"})
        stock = {sku: {**units, f"L{places}": 1} for sku, units in stock.items()}
    return order(lines=wanted), network(locations, [{"carrier_service_id": "C1"}], stock)


def heavy_plan(seed: int) -> tuple[Order, Network]:
    """An order that three locations have, in parcels as heavy as the service takes; all others have a third of it."""
    rng = np.random.default_rng(seed)
    skus = [f"K{number}" for number in rng.integers(0, 27, 30)]
    places, units, kilos = rng.integers(0, 3, 30), rng.integers(1, 4, 30), rng.choice([0.3, 0.7, 1.1, 2.0], 30)
    stock: dict[str, dict[str, int]] = {
        sku: {f"L{p}": int(rng.integers(1, 4)) for p in range(3, PLACES) if rng.random() < 0.3}
        for sku in dict.fromkeys(skus)
    }
    for sku, place, wanted in zip(skus, places.tolist(), units.tolist(), strict=True):
        stock[sku][f"L{place}"] = stock[sku].get(f"L{place}", 0) + wanted
    heaviest = max(float((units * kilos)[places == place].sum()) for place in range(3))
    lines = tuple(Line(str(k), skus[k], int(n), 10.0, weight_kg=float(kilos[k])) for k, n in enumerate(units))
    locations = [{"location_id": f"L{place}"} for place in range(PLACES)]
    return order(lines=lines), network(locations, [{"carrier_service_id": "C1", "max_weight_kg": heaviest}], stock)


def limited(parcels: int) -> str:
    return f"name: n\nlimits: {{max_parcels: {parcels}}}\nrules: [{{id: cap, cap: location.capacity_per_day}}]"


@pytest.mark.parametrize("seed", [8, 13])
def test_a_plan_in_which_weight_decides_who_sends_what_is_found(seed: int) -> None:
    asked, net = heavy_plan(seed)
    rules = "name: n\nlimits: {max_parcels: 3, split_lines: false}"
    (option,) = decide(asked, net, [load_ruleset(rules)], Formula(), NOW).options
    assert len(option.shipments) == 3
    assert sum(line.quantity for shipment in option.shipments for line in shipment.lines) == sum(
        line.quantity for line in asked.lines
    )


def test_who_sends_what_is_searched_only_as_long_as_the_plan_may_take() -> None:
    """A promise that may take a tenth of a second took as many seconds as a decision, and three times what that may."""
    asked, net = heavy_plan(seed=8)
    ruled = rule(asked, net, [load_ruleset("name: n\nlimits: {max_parcels: 3, split_lines: false}")], NOW)
    assert ruled is not None
    at_once, soon = (planning.best_plan(price([ruled], Formula())[0], seconds) for seconds in (0.0, 0.1))
    assert at_once.unproved
    assert len(soon.plans) == 1


def test_a_promise_that_may_take_a_tenth_of_a_second_searches_a_fifth_of_what_a_decision_does() -> None:
    promise, decision = effort_of(0.1), effort_of(4.0)
    for name in ("covers", "plans", "exchanges", "places"):
        assert 0 < getattr(promise, name) <= getattr(decision, name) / 5


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 40), st.integers(1, 5))
def test_what_is_met_by_exchange_has_every_line(seed: int, blocks: int, candidates: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    able = rng.random((blocks, candidates)) < rng.choice([0.2, 0.4, 0.7])
    for chosen in islice(covers.covers_by_exchange(able, most, effort_of(0.5)), 20):
        assert len(set(chosen)) == len(chosen) == most
        assert able[:, list(chosen)].any(axis=1).all()


def test_a_plan_that_hides_among_five_hundred_locations_is_found_within_the_limit() -> None:
    """No candidate may send a line that another of the plan sends: nothing simple finds that."""
    asked, net = hidden_plan(seed=1)
    (option,) = decide(asked, net, [load_ruleset(limited(PARCELS))], Formula(), NOW).options
    assert len(option.shipments) == PARCELS
    assert sorted(int(x.line_id) for shipment in option.shipments for x in shipment.lines) == [*range(LINES)]
    assert 0 < option.bound <= option.total


def test_too_few_parcels_are_told_with_as_many_as_it_takes() -> None:
    asked, net = hidden_plan(seed=1, places=30)
    decision = decide(asked, net, [load_ruleset(limited(PARCELS - 1))], Formula(), NOW)
    assert not decision.options
    (first, *_) = decision.relaxations
    assert first.rule_ids == ("limits.max_parcels",)
    assert first.smallest


def test_a_stage_that_was_not_settled_is_told_where_a_later_one_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight stores have it all, which nobody has the time to find; a warehouse has it too, which anybody sees."""
    asked, net = hidden_plan(seed=1, warehouse=True)
    stages = "stages: [{name: stores, require: 'location.type == \"store\"'}, {name: any}]"
    ruled = rule(asked, net, [load_ruleset(f"name: n\nlimits: {{max_parcels: {PARCELS}}}\n{stages}")], NOW)
    assert ruled is not None
    monkeypatch.setattr(covers, "COVERS", 1)
    decision = explain(planning.best_plan(price([ruled], Formula())[0], seconds=0.0), {})
    assert (decision.stage, decision.unproved) == ("any", True)
    assert tell(decision, "en").summary.endswith(
        "an earlier one may have a plan that was not found in the time there is."
    )


def test_what_is_not_proved_is_not_told_as_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan of eight parcels is there, but nobody has the time to find it."""
    asked, net = hidden_plan(seed=1)
    ruled = rule(asked, net, [load_ruleset(limited(PARCELS))], NOW)
    assert ruled is not None
    monkeypatch.setattr(covers, "COVERS", 1)
    monkeypatch.setattr(relaxation, "SECONDS_TO_FIND", 0.01)
    with pytest.raises(UnprovedError):
        planning.find_plan(ruled, effort_of(0.01))
    ranked = planning.best_plan(price([ruled], Formula())[0], seconds=0.01)
    decision = explain(ranked, {})
    assert decision.unproved
    assert tell(decision, "en").summary.endswith("a plan may stand that was not found in the time there is.")
    told, _ = relaxation.relaxations(ruled, Formula(), planning.find_plan)
    assert told
    assert not any(one.smallest for one in told)


def test_however_many_questions_are_hard_they_take_no_more_than_one_order_may() -> None:
    """Each took its half a second of HiGHS, and a second of searching before: half a minute for one order."""
    asked, net = hidden_plan(seed=1)
    rng = np.random.default_rng(1)
    shut = [", ".join(f'"L{place}"' for place in rng.choice(PLACES, 60, replace=False)) for _ in range(6)]
    rules = "\n".join(f"  - {{id: r{at}, exclude: 'location.id in [{ids}]'}}" for at, ids in enumerate(shut))
    ruled = rule(asked, net, [load_ruleset(f"name: n\nlimits: {{max_parcels: {PARCELS}}}\nrules:\n{rules}")], NOW)
    assert ruled is not None
    given: list[tuple[Effort, Effort]] = []

    def find(relaxed: Ruled, effort: Effort) -> RankedPlan | None:
        given.append((replace(effort), effort))
        return planning.find_plan(relaxed, effort)

    told, _ = relaxation.relaxations(ruled, Formula(), find)
    assert told
    assert not any(one.smallest for one in told)
    questions = [(before, after) for before, after in given if not before.rounds]
    assert len(given) - len(questions) <= len(told)
    for name in ("covers", "plans", "exchanges", "places"):
        assert sum(getattr(before, name) - getattr(after, name) for before, after in questions) <= getattr(
            relaxation.ALL_QUESTIONS, name
        )


def packed_tightly() -> tuple[Order, Network, str]:
    """An order of weights that two locations can just send, each a sum of ten kilos; a rule shuts one of them."""
    kilos = [5.0, 4.0, 6.0, 5.0, *[0.0] * 10]
    lines = tuple(Line(str(k), f"K{k}", 1, 10.0, weight_kg=kg) for k, kg in enumerate(kilos))
    net = network(
        [{"location_id": "L0"}, {"location_id": "L1"}],
        [{"carrier_service_id": "C1", "max_weight_kg": 10.0}],
        {f"K{k}": {"L0": 1, "L1": 1} for k in range(len(kilos))},
    )
    return order(lines=lines), net, "name: n\nrules: [{id: shut, exclude: 'location.id == \"L1\"'}]"


def test_where_nobody_had_the_time_to_find_what_does_for_the_whole_order_it_is_told_that_something_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, net, rules = packed_tightly()
    helped = decide(asked, net, [load_ruleset(rules)], Formula(), NOW)
    assert [one.rule_ids for one in helped.relaxations] == [("shut",)]
    assert not helped.unproved
    monkeypatch.setattr(relaxation, "ALL_QUESTIONS", effort_of(0.0, rounds=0))
    decision = decide(asked, net, [load_ruleset(rules)], Formula(), NOW)
    assert [(one.rule_ids, one.smallest) for one in decision.relaxations] == [(("limits.allow_partial",), False)]
    assert decision.unproved
    assert "with rules relaxed, a plan may stand that was not found" in decision.summary
