"""A location is given no more parcels a day than a rule allows."""

from dataclasses import replace

import numpy as np
import pytest

from decision.decide import decide
from decision.errors import RulesetError
from decision.rules.ruleset import load_ruleset
from decision.rules.ruling import apply_rules, parcels_left
from tests.unit.decision.world import NOW, Table, left_out, order, places, situation

STORE = {"location_type": "store", "capacity_per_day": 50.0}
NET = places(
    {"location_id": "A", **STORE, "capacity_used": 40.0},
    {"location_id": "B", **STORE, "capacity_used": 38.0},
    {"location_id": "C", **STORE},
    {"location_id": "D", "location_type": "warehouse", "capacity_per_day": np.nan, "capacity_used": 9_000.0},
)
FORTY = "{id: forty, where: 'location.type == \"store\"', cap: 40}"
SHARE = "{id: share, cap: '0.78 * location.capacity_per_day'}"


@pytest.mark.parametrize(
    ("rules", "out", "left"),
    [
        (FORTY, "A", [0, 2, np.inf, np.inf]),
        (SHARE, "A", [-1, 1, np.inf, np.inf]),  # neither the use of C nor the capacity of D is known
        ("{id: r, cap: 38.5}", "ABD", [-1.5, 0.5, np.inf, -8961.5]),
        (f"{FORTY}, {SHARE}", "A", [-1, 1, np.inf, np.inf]),  # the tightest counts
        ("{id: r, cap: 'location.capacity_per_day - 10 / 0'}", "", [np.inf] * 4),
    ],
)
def test_a_location_with_less_than_one_parcel_left_is_out(rules: str, out: str, left: list[float]) -> None:
    assert left_out(NET, order("LAMP"), f"rules: [{rules}]") == list(out)
    seen = situation(NET, order("LAMP"))
    ruleset = load_ruleset(f"name: n\nrules: [{rules}]")
    ruling = apply_rules(ruleset, ruleset.rules, seen)
    np.testing.assert_allclose(parcels_left(seen, ruling), left)


def test_what_is_left_without_a_cap_is_what_the_others_leave() -> None:
    seen = situation(NET, order("LAMP"))
    ruleset = load_ruleset(f"name: n\nrules: [{FORTY}, {SHARE}]")
    ruling = apply_rules(ruleset, ruleset.rules, seen)
    np.testing.assert_allclose(parcels_left(seen, ruling, "share"), [0, 2, np.inf, np.inf])
    some = np.array([1, 0])
    fewer = replace(seen, candidates=seen.candidates.take(some))
    np.testing.assert_allclose(parcels_left(fewer, ruling.take(some), "forty"), [1, -1])


def test_a_cap_that_costs_money_says_so() -> None:
    answers = {"A": (2.0, 1.0, 10.0, 20.0, 0.0), "B": (5.0, 1.0, 10.0, 20.0, 0.0), "D": (9.0, 1.0, 10.0, 20.0, 0.0)}
    ruleset = load_ruleset(f"name: n\nrules: [{FORTY}]")
    decision = decide(order("LAMP"), NET, [ruleset], Table({**answers, "C": answers["D"]}), NOW)
    assert decision.options[0].shipments[0].location_id == "B"
    assert [(excluded.location_id, excluded.rule_id) for excluded in decision.excluded] == [("A", "forty")]
    assert [(rule.rule_id, round(rule.price, 9)) for rule in decision.binding_rules] == [("forty", 3.0)]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{id: r, cap: 'location.type'}", "rule r, cap, line 1, column 1: this must be a number, but it is a text"),
        ("{id: r, cap: 'location.capacity'}", "column 1: unknown name location.capacity; did you mean location.capac"),
        ("{id: r, cap: 'stock.on_hand'}", "column 1: unknown name stock.on_hand"),
        ("{id: r, cap: 3, where: 'service.level == \"express\"'}", "rule r, where, line 1, column 1: unknown name"),
        ("{id: r, cap: -1}", "rules → r → cap"),
        ("{id: r, cap: .inf}", "cap"),
        ("{id: r, cap: .nan}", "cap"),
    ],
)
def test_a_cap_that_is_no_number_of_parcels_of_a_location_is_refused(rule: str, told: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(f"name: n\nrules: [{rule}]")
    assert told in str(caught.value)


def test_what_is_remembered_of_a_network_does_not_hide_what_its_locations_were_given_since() -> None:
    days = {"A": "2026-03-02", "B": "2026-03-02", "C": "2026-03-01"}
    net = places(
        *({"location_id": name, **STORE, "capacity_used": 38.0, "capacity_used_on": days[name]} for name in days)
    )
    answers = Table({name: (cost, 1.0, 10.0, 20.0, 0.0) for name, cost in (("A", 2.0), ("B", 5.0), ("C", 9.0))})
    ruleset = load_ruleset(f"name: n\nrules: [{FORTY}]")
    assert decide(order("LAMP"), net, [ruleset], answers, NOW).options[0].shipments[0].location_id == "A"
    used, today = np.array([40.0, 38.0, 40.0]), np.full(3, "2026-03-02", object)
    decision = decide(order("LAMP"), net.with_capacity_used(used, today), [ruleset], answers, NOW)
    assert [excluded.location_id for excluded in decision.excluded] == ["A", "C"]
    anew = {**net.locations, "capacity_used": used, "capacity_used_on": today}
    assert decision == decide(order("LAMP"), replace(net, locations=anew), [ruleset], answers, NOW)


def test_a_share_that_comes_to_whole_parcels_allows_all_of_them() -> None:
    """Computed, 0.29 × 100 is a little less than 29."""
    full, one_left = (places({"location_id": "A", "capacity_per_day": 100.0, "capacity_used": n}) for n in (29, 28))
    share = "rules: [{id: share, cap: '0.29 * location.capacity_per_day'}]"
    assert left_out(full, order("LAMP"), share) == ["A"]
    assert left_out(one_left, order("LAMP"), share) == []
