"""A rule is active at the times its calendar says, by the clock of each location."""

from datetime import UTC, datetime

import pytest

from decision.errors import RulesetError
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.world import left_out, order, places

NET = places(
    {"location_id": "London", "timezone": "Europe/London"},
    {"location_id": "Rome", "timezone": "Europe/Rome"},
    {"location_id": "Tokyo", "timezone": "Asia/Tokyo"},
)


@pytest.mark.parametrize(
    ("active", "now", "out"),
    [
        ("{}", "2026-11-24T12:00", "London Rome Tokyo"),
        ("{weekdays: [mon, tue]}", "2026-11-24T12:00", "London Rome Tokyo"),  # a Tuesday
        ("{weekdays: [mon, tue]}", "2026-11-24T15:00", "London Rome"),  # Wednesday in Tokyo
        ('{hours: "08:00-18:30"}', "2026-11-24T17:29", "London Rome"),
        ('{hours: "08:00-18:30"}', "2026-11-24T17:30", "London"),
        ('{hours: "22:00-02:00"}', "2026-11-24T00:30", "London Rome"),
        ('{hours: "22:00-02:00", weekdays: [fri]}', "2026-11-28T00:30", "London Rome"),  # Friday's night
        ('{hours: "22:00-02:00", weekdays: [sat]}', "2026-11-28T00:30", ""),
        ('{hours: "00:00-24:00"}', "2026-11-24T23:59", "London Rome Tokyo"),
        ("{from: 2026-11-25, to: 2026-11-30}", "2026-11-24T23:30", "Rome Tokyo"),
        ("{from: 2026-11-25, to: 2026-11-30}", "2026-11-30T23:30", "London"),
        ("{to: 2026-11-24}", "2026-11-24T23:30", "London"),
        ('{from: "2026-11-25"}', "2026-11-24T23:30", "Rome Tokyo"),  # JSON knows no dates
        # Summer time begins in Europe on 29 March 2026 at 01:00 UTC.
        ('{hours: "03:00-04:00"}', "2026-03-29T01:30", "Rome"),
        ('{hours: "02:00-03:00"}', "2026-03-29T01:30", "London"),
    ],
)
def test_is_active_by_the_clock_of_each_location(active: str, now: str, out: str) -> None:
    rule = f"rules: [{{id: r, active: {active}, exclude: 'true'}}]"
    assert left_out(NET, order("LAMP"), rule, datetime.fromisoformat(now).replace(tzinfo=UTC)) == out.split()


@pytest.mark.parametrize(
    "rule", ["require: 'false'", "safety_stock: 9", "cap: 0", "exclude: 'line.quantity == 1'", "exclude: 'true'"]
)
def test_any_kind_of_rule_may_have_a_calendar(rule: str) -> None:
    net = places({"location_id": "A", "capacity_used": 0.0})
    for hours, kept in (("11:00-12:00", []), ("10:00-11:00", ["A"])):
        decided = f'rules: [{{id: r, active: {{hours: "{hours}"}}, {rule}}}]'
        taken = left_out(net, order("LAMP"), decided, datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
        assert taken == ([] if "safety" in rule else kept)


@pytest.mark.parametrize(
    ("active", "told"),
    [
        ("{weekdays: [monday]}", "rules → r → active → weekdays → 0: Input should be 'mon', 'tue'"),
        ("{weekdays: []}", "rules → r → active → weekdays"),
        ('{hours: "8-18"}', "rules → r → active → hours: '8' is not a time of day: write 08:30"),
        ('{hours: "08:00"}', "are no hours: write 09:00-19:30"),
        ('{hours: "08:00-08:00"}', "do not say from when to when"),
        ('{hours: "08:00-25:00"}', "'25:00' is not a time of day"),
        ("{from: 2026-11-30, to: 2026-11-20}", "from 2026-11-30 lies after to 2026-11-20"),
        ("{from: 2026-11-31}", "not YAML: day is out of range for month"),
        ('{from: "2026-11-31"}', "rules → r → active → from: '2026-11-31' is not a date"),
        ("{form: 2026-11-30}", "rules → r → active → form: Extra inputs are not permitted"),
    ],
)
def test_a_calendar_with_a_mistake_is_refused(active: str, told: str) -> None:
    with pytest.raises(RulesetError) as caught:
        load_ruleset(f"name: n\nrules: [{{id: r, active: {active}, exclude: 'true'}}]")
    assert told in str(caught.value)
