"""What a rule may ask of the order, the locations and the stock, and what it is told."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from decision.attributes import Situation
from decision.candidates import find_candidates
from decision.digest import digest
from decision.errors import RulesetError
from decision.network import Network
from decision.order import Line, Order
from decision.rules import allowed, apply_rules, rules_in_force
from decision.ruleset import default_ruleset, load_ruleset
from tests.unit.decision.world import NOW, network, order

STD = [{"carrier_service_id": "STD", "attributes": {"signature": True, "zones": 3}}]


def left_out(net: Network, asked: Order, ruleset: str, now: datetime = NOW) -> list[str]:
    """Return the locations from which rules take a line, by their names."""
    candidates = find_candidates(asked, net)
    situation = Situation(asked, net, candidates, now, candidates.free - candidates.safety)
    rules = rules_in_force(load_ruleset(f"name: n\n{ruleset}").rules, situation)
    gone = ~allowed(situation, apply_rules(rules, situation)).all(axis=0)
    return [str(place) for place in net.locations["location_id"][candidates.location[gone]]]


def places(*locations: dict[str, Any]) -> Network:
    """Return a network whose locations all have the lamp and the chair."""
    stock = {location["location_id"]: 9 for location in locations}
    return network(list(locations), STD, {"LAMP": stock, "CHAIR": stock})


THREE = places(
    {"location_id": "A", "attributes": {"max_boxes": 3, "night_shift": True}, "tags": ["outlet", "new"]},
    {"location_id": "B", "attributes": {"max_boxes": "three", "night_shift": 1, "plant": "P7"}, "tags": []},
    {"location_id": "C"},
)
DECLARED = """
attributes:
  order: {plant: text, boxes: number, gift: truth}
  line: {abc: text}
  location: {max_boxes: number, night_shift: truth, plant: text}
  service: {signature: truth, zones: number}
"""
ASKED = replace(
    order("LAMP"),
    tags=("vip", "gift"),
    attributes={"plant": "P7", "boxes": 4.0, "gift": True},
    lines=(Line("1", "LAMP", 1, category="gift", tags=("glass",), attributes={"abc": "A"}), Line("2", "CHAIR", 1)),
)


@pytest.mark.parametrize(
    ("condition", "out"),
    [
        ("location.attributes.max_boxes < order.attributes.boxes", "A"),  # B's is a text: as if it were missing
        ("location.attributes.max_boxes == null", "BC"),
        ("location.attributes.night_shift", "A"),
        ("location.attributes.night_shift == null", "BC"),
        ("location.attributes.plant == order.attributes.plant", "B"),
        ("service.attributes.signature && service.attributes.zones == 3", "ABC"),
        ('line.attributes.abc == "A"', "ABC"),
        ('lines.exists(l, l.attributes.abc == "B")', ""),
        ('lines.all(l, l.attributes.abc == "A" || l.attributes.abc == null)', "ABC"),
        ("order.attributes.gift", "ABC"),
        ('"vip" in order.tags', "ABC"),
        ('"staff" in order.tags', ""),
        ('"outlet" in location.tags', "A"),
        ('!("outlet" in location.tags)', "BC"),
        ("size(location.tags) == 0", "BC"),
        ('"glass" in line.tags', "ABC"),
        ('lines.exists(l, "glass" in l.tags && "outlet" in location.tags)', "A"),
        ('lines.all(l, "glass" in l.tags)', ""),
        ("lines.exists(l, l.category in order.tags)", "ABC"),
        ("location.region in location.tags", ""),  # a missing text is in no set
        ('location.attributes["plant"] == "P7"', "B"),
    ],
)
def test_custom_attributes_and_tags_are_seen_by_rules(condition: str, out: str) -> None:
    assert left_out(THREE, ASKED, f"{DECLARED}rules: [{{id: r, exclude: '{condition}'}}]") == list(out)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (
            "order.attributes.plnt == 'P7'",
            "column 1: unknown name order.attributes.plnt; did you mean order.attributes.plant?",
        ),
        ("order.attributes.boxes == 'P7'", "column 27: a number and a text do not compare"),
        (
            "size(lines) > 0 && lines.exists(l, l.attributes.abd == 'A')",
            "column 36: unknown name l.attributes.abd; did you mean l.attributes.abc?",
        ),
        ("order.tags == 'vip'", "column 1: a set of texts is only asked with in"),
        ("3 in order.tags", "column 1: in needs a text here, not a number"),
        ("'vip' in order.channel", "column 10: after in stands a list"),
        ("order.tags", "column 1: a set of texts is only asked with in"),
        ("true ? order.tags : order.tags", "column 8: a set of texts is only asked with in"),
        ("order.tags == null", "column 1: a set of texts is only asked with in"),
    ],
)
def test_what_is_not_declared_or_of_another_type_is_refused_with_its_place(condition: str, told: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(f'name: n\n{DECLARED}rules: [{{id: r, exclude: "{condition}"}}]')
    assert f"n, rule r, exclude, line 1, {told}" in str(caught.value)


@pytest.mark.parametrize("declared", ["{order: {a: money}}", "{shop: {a: text}}", "{order: {a-b: text}}"])
def test_a_declaration_that_says_nothing_is_refused(declared: str) -> None:
    with pytest.raises(RulesetError, match="attributes"):
        load_ruleset(f"name: n\nattributes: {declared}")


def test_attributes_that_say_the_same_have_the_same_digest_however_they_were_put_together() -> None:
    def fingerprint(attributes: dict[str, Any], tags: Any) -> str:
        net = places({"location_id": "A", "attributes": attributes, "tags": tags})
        found = find_candidates(ASKED, net)
        return digest(ASKED, net, found, ruleset=default_ruleset(), now=NOW, options=5, versions={})

    assert fingerprint({"a": 1, "b": "x"}, ["new"]) == fingerprint({"b": "x", "a": 1}, ("new",))
    assert fingerprint({"a": 1, "b": "x"}, ["new"]) != fingerprint({"a": 2, "b": "x"}, ["new"])
