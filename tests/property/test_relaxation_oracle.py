"""What an order without a plan is told to relax equals trying every set of rules and limits by hand."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.decide import decide
from decision.decision import Decision
from decision.network import Network
from decision.order import Line, Order
from decision.plans import planning
from decision.plans.relaxation import ALLOW_PARTIAL, MAX_PARCELS, MOST_TOLD, SPLIT_LINES
from decision.plans.smallest_sets import MOST_TRIED, smallest, smallest_tried
from decision.rules.parts import Stage
from decision.rules.ruleset import Ruleset, compile_ruleset
from tests.unit.decision.world import NOW, Table, network, order

PLACES = ("P0", "P1", "P2", "P3")
RULES: list[dict[str, Any]] = [
    {"id": "stores", "exclude": 'location.type == "store"'},
    {"id": "busy", "exclude": "location.footfall_ratio > 1.6"},
    {"id": "display", "where": 'location.type == "store"', "safety_stock": 1},
    {"id": "bulk", "exclude": "line.quantity >= 2"},
    {"id": "lamps", "exclude": 'line.sku == "K0" && location.id != "P3"'},
    {"id": "reserve", "where": 'location.id in ["P0", "P1"]', "safety_stock": 3},
    {"id": "slow", "require": "prediction.delivery_p50_hours < 40"},
    {"id": "risky", "exclude": "prediction.line_pick_failure > 0.2"},
    {"id": "idle", "adjust": "1.0"},
]
STAGES = [{"name": "today", "require": "prediction.delivery_p90_hours < 20"}]
STAGES.append({"name": "soon", "require": "prediction.delivery_p90_hours < 45"})


def world(rng: np.random.Generator) -> tuple[Order, Network, dict[str, Any], Table]:
    """Return a random order, network, ruleset document and predictor."""
    locations = [
        {
            "location_id": place,
            "location_type": str(rng.choice(["store", "warehouse"])),
            "footfall_ratio": float(rng.choice([1.0, 2.0])),
        }
        for place in PLACES
    ]
    services = [{"carrier_service_id": "std", "max_weight_kg": float(rng.choice([3.0, np.nan]))}]
    stock = {f"K{i}": {p: int(rng.integers(0, 5)) for p in PLACES if rng.random() < 0.7} for i in range(3)}
    most = int(rng.choice([3, 6]))
    lines = tuple(
        Line(str(i), f"K{rng.integers(0, 3)}", int(rng.integers(1, most)), 10.0, weight_kg=1.0)
        for i in range(int(rng.integers(1, 4)))
    )
    rules = [rule for rule in RULES if rng.random() < 0.45]
    limits: dict[str, Any] = {"max_parcels": int(rng.integers(1, 3))} if rng.random() < 0.6 else {}
    limits |= {"allow_partial": bool(rng.random() < 0.15), "split_lines": bool(rng.random() < 0.5)}
    stages = STAGES[: int(rng.integers(0, 3))]
    document = {"name": "n", "limits": limits, "rules": rules, "stages": stages}
    answers = {
        p: (5.0, 1.0, 10.0, float(rng.choice([30.0, 60.0, 100.0])), float(rng.choice([0.1, 0.3]))) for p in PLACES
    }
    return order(lines=lines), network(locations, services, stock), document, Table(answers)


def relaxed(ruleset: Ruleset, ids: frozenset[str]) -> Ruleset:
    """Return the ruleset without these rules and limits."""
    limits = replace(
        ruleset.limits,
        max_parcels=None if MAX_PARCELS in ids else ruleset.limits.max_parcels,
        allow_partial=ruleset.limits.allow_partial or ALLOW_PARTIAL in ids,
        split_lines=ruleset.limits.split_lines or SPLIT_LINES in ids,
    )
    stages = tuple(Stage(s.name, None) if f"stages.{s.name}" in ids else s for s in ruleset.stages)
    rules = tuple(rule for rule in ruleset.rules if rule.id not in ids)
    return replace(ruleset, limits=limits, stages=stages, rules=rules)


def ids_of(asked: Order, document: dict[str, Any]) -> list[str]:
    """Return what may be relaxed."""
    ids = [rule["id"] for rule in document["rules"]]
    ids += [MAX_PARCELS] if "max_parcels" in document["limits"] else []
    ids += [] if document["limits"]["allow_partial"] else [ALLOW_PARTIAL]
    ids += [] if document["limits"]["split_lines"] or all(x.quantity == 1 for x in asked.lines) else [SPLIT_LINES]
    return ids + ([f"stages.{document['stages'][-1]['name']}"] if document["stages"] else [])


def by_hand(asked: Order, net: Network, document: dict[str, Any], predictor: Table) -> dict[frozenset[str], Decision]:
    """Return the smallest sets of rules and limits without which the order has a plan, with the decision made then.

    They are looked for up to the size of those with which it leaves whole, if it ever does.
    """
    ids = ids_of(asked, document)
    helping: dict[frozenset[str], Decision] = {}
    ruleset = compile_ruleset(document)
    for size in range(len(ids) + 1):
        if any(ALLOW_PARTIAL not in smaller for smaller in helping):
            break
        for chosen in map(frozenset, itertools.combinations(ids, size)):
            if any(smaller < chosen for smaller in helping):
                continue  # not one of the smallest
            made = decide(asked, net, [relaxed(ruleset, chosen)], predictor, NOW)
            if made.options:
                helping[chosen] = made
    return helping


def check(seed: int) -> None:
    """Compare one random world."""
    asked, net, document, predictor = world(np.random.default_rng(seed))
    decision = decide(asked, net, [compile_ruleset(document)], predictor, NOW)
    if decision.options:
        assert decision.relaxations == ()
        return
    assert decision.summary
    assert decision.missing
    helping = by_hand(asked, net, document, predictor)
    told = {frozenset(one.rule_ids): one for one in decision.relaxations}
    if not helping:
        assert not told
        return
    assert told
    few = 2 ** len(ids_of(asked, document)) <= MOST_TRIED
    if not all(one.smallest for one in told.values()):  # what is relaxed decides which lines are split
        assert not few
        return
    least = min(map(len, helping))
    assert min(map(len, told)) == least
    whole = [ids for ids in helping if ALLOW_PARTIAL not in ids]
    if whole:
        size = min(map(len, whole))
        expected = {ids for ids in whole if len(ids) == size}
        found = {ids for ids in told if ALLOW_PARTIAL not in ids}
        assert found <= expected
        assert len(found) == min(len(expected), MOST_TOLD) or not few
    for ids, one in told.items():
        with_ids = helping[ids]
        parcels = max(len(option.shipments) for option in with_ids.options[:1])
        assert (one.max_parcels is None) == (MAX_PARCELS not in ids)
        assert one.max_parcels is None or one.max_parcels <= parcels
        assert one.max_parcels is None or one.max_parcels > document["limits"]["max_parcels"]
        assert bool(one.left_out) == (ALLOW_PARTIAL in ids) or document["limits"]["allow_partial"]


@given(st.integers(0, 10**9))
@settings(max_examples=6)
def test_equals_trying_every_set_by_hand(seed: int) -> None:
    check(seed)


@given(st.integers(0, 10**9))
@settings(max_examples=2)
def test_equals_it_where_a_simple_plan_is_looked_for_before_all_shipments_are_listed(seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "FEW_SHIPMENTS", 0)
        check(seed)


@pytest.mark.reliability
@pytest.mark.parametrize("few", [0, planning.FEW_SHIPMENTS])
@given(seed=st.integers(0, 10**9))
@settings(max_examples=15)
def test_equals_trying_every_set_by_hand_more_often(few: int, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "FEW_SHIPMENTS", few)
        check(seed)


@given(st.lists(st.frozensets(st.sampled_from("abcdefghijkl"), min_size=1), max_size=5))
@settings(max_examples=300)
def test_the_smallest_sets_of_any_monotone_question_are_found(enough: list[frozenset[str]]) -> None:
    ids = "abcdefghijkl"
    found, proved = smallest(list(ids), lambda chosen: any(one <= chosen for one in enough), 99)
    least = min(map(len, enough), default=0)
    assert proved
    assert set(found) == {one for one in enough if len(one) == least}


@given(st.sets(st.frozensets(st.sampled_from("abcdefg")), max_size=6))
@settings(max_examples=300)
def test_the_smallest_sets_are_found_also_where_more_does_not_help(enough: set[frozenset[str]]) -> None:
    found, proved = smallest_tried(list("abcdefg"), lambda chosen: chosen in enough, 99)
    least = min(map(len, enough), default=0)
    assert proved
    assert set(found) == {one for one in enough if len(one) == least}


def test_where_there_are_too_many_sets_to_try_nothing_is_told_as_the_smallest() -> None:
    ids = [f"rule {number}" for number in range(24)]
    found, proved = smallest_tried(ids, lambda chosen: len(chosen) >= 12, 1)
    assert not proved
    assert [len(one) for one in found] == [12]


def test_a_set_from_which_nothing_can_be_taken_is_given_where_the_smallest_is_too_far_to_seek() -> None:
    ids = [f"rule {number}" for number in range(24)]

    def helps(chosen: frozenset[str]) -> bool:
        return len(chosen) >= 12

    (found,), proved = smallest(ids, helps, 1)
    assert not proved
    assert helps(found)
    assert not any(helps(found - {one}) for one in found)


def test_an_order_of_many_lines_is_told_too() -> None:
    lines = tuple(Line(str(i), f"K{i}", 1, 10.0, weight_kg=1.0) for i in range(14))
    net = network(
        [{"location_id": "S1"}, {"location_id": "S2", "footfall_ratio": 2.0}],
        [{"carrier_service_id": "std"}],
        {f"K{i}": {"S1" if i % 2 else "S2": 1} for i in range(14)},
    )
    document = {"name": "n", "limits": {"max_parcels": 1}, "rules": RULES[1:2]}
    asked = order(lines=lines, promised_in_hours=timedelta(days=3) / timedelta(hours=1))
    table = Table(dict.fromkeys(("S1", "S2"), (5.0, 1.0, 10.0, 30.0, 0.1)))
    decision = decide(asked, net, [compile_ruleset(document)], table, NOW)
    whole, partial = decision.relaxations
    assert (whole.rule_ids, whole.max_parcels) == (("busy", MAX_PARCELS), 2)
    assert partial.rule_ids == (ALLOW_PARTIAL,)
    assert partial.left_out == tuple(str(i) for i in range(0, 14, 2))
