"""`smista rules check`: what a ruleset says, or all that is wrong with it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from smista import app

GOOD = """
name: home
applies_to: order.country == "IT"
attributes: {location: {night_shift: truth}}
rules:
  - {id: night, when: 'order.value > 50', exclude: '!location.attributes.night_shift', active: {hours: "22:00-06:00"}}
  - {id: forty, cap: 40}
stages: [{name: on-time, require: 'prediction.p_late < 0.2'}, {name: any}]
"""


def check(folder: Path, text: str, *options: str) -> Result:
    file = folder / "ruleset.yaml"
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(app, ["rules", "check", str(file), *options])


def test_a_good_ruleset_is_told_in_short(tmp_path: Path) -> None:
    told = check(tmp_path, GOOD)
    assert told.exit_code == 0
    assert 'home is valid; it is for order.country == "IT"' in told.stdout
    assert "  night (exclude): location.attributes.night_shift, order.value" in told.stdout
    assert "  forty (cap): location.capacity_used" in told.stdout
    assert "  on-time: prediction.p_late < 0.2" in told.stdout


@pytest.mark.parametrize("name", ["ruleset.yaml", "ruleset.json"])
def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"name": "home"}', encoding="utf-8-sig")
    told = CliRunner().invoke(app, ["rules", "check", str(tmp_path / name)])
    assert told.stdout.startswith("home is valid")


def test_json_is_one_document(tmp_path: Path) -> None:
    told = json.loads(check(tmp_path, GOOD, "--json").stdout)
    assert told["valid"] is True
    assert [(rule["id"], rule["kind"]) for rule in told["rules"]] == [("night", "exclude"), ("forty", "cap")]
    assert "order.country" in told["attributes"]
    wrong = check(tmp_path, "name: n\nrules: [{id: a, exclude: 'location.typ == 1'}]", "--json")
    assert wrong.exit_code == 1
    (problem,) = json.loads(wrong.stdout)["problems"]
    assert problem == {
        "place": "n, rule a, exclude",
        "message": "unknown name location.typ; did you mean location.type?",
        "line": 1,
        "column": 1,
    }


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    told = check(
        tmp_path,
        """
name: n
rules:
  - {id: a, exclude: 'location.typ == "store"'}
  - {id: b, when: 'order.value > "x"', adjust: 'location.type'}
  - {id: c, cap: 'location.type'}
stages: [{name: s, require: 'prediction.p_lat < 1'}]
""",
    )
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "n, rule a, exclude, line 1, column 1: unknown name location.typ; did you mean location.type?",
        "n, rule b, adjust, line 1, column 1: this must be a number, but it is a text",
        "n, rule b, when, line 1, column 15: > needs a number here, not a text",
        "n, rule c, cap, line 1, column 1: this must be a number, but it is a text",
        "n, stage s, require, line 1, column 1: unknown name prediction.p_lat; did you mean prediction.p_late?",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: [", "not YAML"),
        ("- 1", "must be a mapping"),
        ('name: !!int ""', "not what its tag says"),
        ("name: !!timestamp 5", "not what its tag says"),
        ("name: &a n\nstages: [{name: *a}]", "aliases"),
        ("rules: []", "name: Field required"),
        ("name: n\nrules: [{id: a, exclude: 'true'}]\nrules: []", "line 1: written more than once: rules"),
        ("name: n\nrules:\n  - {id: a, exclude: 'true', exclude: 'false'}", "line 3: written more than once: exclude"),
        ("name: n\nrules: [{id: a, exclud: 'true'}, {id: b, safety_stock: 1.5}]", "rules → b → safety_stock"),
        ("name: n\nstrategy: {late_parcel: -1, late: 1}", "strategy → late_parcel"),
        (
            "name: n\nrules: [{id: a, active: {from: 2026-13-01}, exclude: 'true'}]",
            "rules → a → active → from: '2026-13-01' is not a date: write 2026-11-30",
        ),
    ],
)
def test_what_is_no_ruleset_is_told(tmp_path: Path, text: str, told: str) -> None:
    checked = check(tmp_path, text)
    assert checked.exit_code == 1
    assert told in checked.stdout


def test_json_as_programs_write_it_is_read(tmp_path: Path) -> None:
    document = {"name": "n", "rules": [{"id": "gift", "exclude": 'location.name == "🎁"', "reason": "🎁"}]}
    file = tmp_path / "ruleset.json"
    file.write_text(json.dumps(document, indent="\t"))
    assert CliRunner().invoke(app, ["rules", "check", str(file)]).exit_code == 0
