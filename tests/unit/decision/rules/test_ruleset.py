"""A ruleset with a mistake is refused, and says where the mistake is."""

import pytest

from decision.errors import RulesetError
from decision.rules.ruleset import load_ruleset


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            "{id: a, exclude: 'location.typ == \"store\"'}",
            "rule a, exclude, line 1, column 1: unknown name location.typ; did",
        ),
        (
            "{id: a, exclude: 'location.type == 3'}",
            "rule a, exclude, line 1, column 18: a text and a number do not compare",
        ),
        ("{id: a, adjust: 'location.type'}", "rule a, adjust, line 1, column 1: this must be a number"),
        (
            "{id: a, when: 'location.type == \"x\"', exclude: 'true'}",
            "line 1, column 1: unknown name location.type here, where only names of order, lines can stand",
        ),
        (
            "{id: a, where: 'prediction.p_late > 0.5', safety_stock: 1}",
            "rule a, where, line 1, column 1: unknown name prediction.p_late here, where only names of order, line,",
        ),
        (
            "{id: a, exclude: 'location.attributes.night'}",
            "unknown name location.attributes.night: declare it, attributes: {location: {night: text}} (or number,",
        ),
        (
            "{id: a, when: 'lines.exists(l, l.attributes.abc == \"A\")', exclude: 'true'}",
            "unknown name l.attributes.abc: declare it, attributes: {line: {abc: text}} (or number, truth)",
        ),
        (
            "{id: a, exclude: 'ordr.attributes.vip'}",
            "rule a, exclude, line 1, column 1: unknown name ordr.attributes.vip",
        ),
        ("{id: a}", "rules → a: give exactly one of"),
        (
            "{id: a, active: {from: '2026-13-01'}, exclude: 'true'}",
            "rules → a → active → from: '2026-13-01' is not a date: write 2026-11-30",
        ),
        ("{id: a, exclude: 'true', adjust: '1'}", "found exclude, adjust"),
        ("{id: a, exclde: 'true'}", "rules → a → exclde: Extra inputs are not permitted; did you mean exclude?"),
        ("{id: a, late_parcel: 1, exclude: 'true'}", "rules → a → late_parcel: Extra inputs are not permitted"),
        ("{id: limits.max_parcels, exclude: 'true'}", "rules → limits.max_parcels → id: an answer names limits"),
        ("{id: a, safety_stock: -1}", "rules → a → safety_stock: Input should be greater than or equal to 0; found -1"),
    ],
)
def test_tells_where(rule: str, told: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(f"name: n\nrules:\n  - {rule}\n")
    assert told in str(caught.value)


def test_a_declared_attribute_is_told_where_it_cannot_stand() -> None:
    """Not to be declared once more."""
    with pytest.raises(RulesetError, match=r"attributes\.night here, where only names of order, lines can stand"):
        load_ruleset(
            "name: n\nattributes: {location: {night: truth}}\n"
            "rules: [{id: a, when: 'location.attributes.night', exclude: 'true'}]"
        )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1",
        "name: [",
        "name: n\nstrategy: {late_parcel: -1}",
        "name: n\nstrategy: {missing_line: 1.0e+10}",
        "name: n\nlimits: {max_parcels: 0}",
        f"name: n\nrules: [{{id: a, safety_stock: 1{'0' * 400}}}]",
        "rules: []",
    ],
)
def test_refuses_what_is_no_ruleset(text: str) -> None:
    with pytest.raises(RulesetError):
        load_ruleset(text)


def test_refuses_two_rules_of_one_id() -> None:
    with pytest.raises(RulesetError, match="rules: used more than once: a"):
        load_ruleset("name: n\nrules: [{id: a, exclude: 'true'}, {id: a, exclude: 'true'}]")


def test_says_where_it_stopped_looking() -> None:
    rules = ", ".join(f"{{id: r{i}, exclude: 'location.typ'}}" for i in range(30))
    with pytest.raises(RulesetError) as caught:
        load_ruleset(f"name: n\nrules: [{rules}]")
    assert len(caught.value.problems) == 21
    assert "the first 20 mistakes; what comes after them was not looked at" in caught.value.problems[-1].message
