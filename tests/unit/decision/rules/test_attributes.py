"""What a rule may ask of the order, the locations and the stock, and what it is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from decision.calendars.opening import WEEKDAYS
from decision.candidates.candidates import find_candidates
from decision.errors import RulesetError
from decision.explanation.digest import digest
from decision.order import Line
from decision.rules.ruleset import default_ruleset, load_ruleset
from decision.rules.ruling import unmet
from tests.unit.decision.world import NOW, left_out, order, places, situation

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
        return digest(ASKED, net, found, ruleset=default_ruleset().digest, now=NOW, options=5, versions={})

    assert fingerprint({"a": 1, "b": "x"}, ["new"]) == fingerprint({"b": "x", "a": 1}, ("new",))
    assert fingerprint({"a": 1, "b": "x"}, ["new"]) != fingerprint({"a": 2, "b": "x"}, ["new"])


HOURS = {"mon": ["09:00-13:00", "15:00-19:30"], "sat": ["22:00-02:00"], "sun": []}
FED = places(
    {
        "location_id": "A",
        "region": "MI",
        "capacity_per_day": 40.0,
        "capacity_used": 35.0,
        "opening_hours": HOURS,
        "cut_offs": {"mon": "16:00"},
        "rating": 4.5,
    },
    {"location_id": "B", "region": "RM", "country": "IT", "capacity_per_day": 40.0, "capacity_used": 45.0},
    {"location_id": "C", "country": "FR", "opening_hours": {}},
    demand={"A": 0.1, "B": 0.0},
    risk={"A": 0.3},
)
#: A Monday, 10:14 in Italy and France.
LOCAL_MORNING = NOW


@pytest.mark.parametrize(
    ("condition", "out"),
    [
        ('location.zone == "same_region"', "A"),
        ('location.zone == "same_country"', "B"),
        ('location.zone == "abroad"', "C"),
        ("location.capacity_left < 0", "B"),
        ("location.capacity_left == 5 && location.capacity_used == 35", "A"),
        ("location.capacity_left == null", "C"),
        ("location.rating > 4", "A"),
        ("location.open_now", "A"),
        ("location.open_now == null", "B"),
        ("!location.open_now && location.opens_in_hours == null", "C"),
        ("location.minutes_to_cut_off == 346", "A"),
        ("service.minutes_to_cut_off == 166", "ABC"),
        ("stock.daily_demand == 0", "B"),
        ("stock.days_of_cover > 60", "A"),
        ("stock.days_of_cover == null", "BC"),
        ("stock.markdown_risk > 0.2", "A"),
        ("line.value > 99 && !line.fragile && !line.cold && line.group == null", "ABC"),
        ('order.customer_tier == "gold"', "ABC"),
    ],
)
def test_rules_see_what_is_fed_of_locations_services_and_stock(condition: str, out: str) -> None:
    asked = order("LAMP", customer_tier="gold")
    asked = replace(
        asked, lines=(replace(asked.lines[0], quantity=2),), destination=replace(asked.destination, region="MI")
    )
    assert left_out(FED, asked, f"rules: [{{id: r, exclude: '{condition}'}}]", LOCAL_MORNING) == list(out)


@pytest.mark.parametrize(
    ("now", "condition"),
    [
        (datetime(2026, 3, 2, 13, 0, tzinfo=UTC), "location.opens_in_hours == 1"),  # 14:00: closed until 15:00
        (datetime(2026, 3, 2, 19, 0, tzinfo=UTC), "location.opens_in_hours == 24 * 5 + 2"),  # Monday evening
        (datetime(2026, 3, 8, 0, 30, tzinfo=UTC), "location.open_now"),  # Sunday 01:30: Saturday night's hours
        (datetime(2026, 3, 8, 1, 0, tzinfo=UTC), "!location.open_now"),
        # Summer time begins on 29 March 2026: from Sunday 01:59 to Monday 09:00 it is an hour less than the clock says.
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "location.opens_in_hours == 30"),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "location.open_now && location.opens_in_hours == 0"),
        (datetime(2026, 3, 2, 16, 0, tzinfo=UTC), "location.minutes_to_cut_off == -60"),
        (datetime(2026, 3, 3, 9, 0, tzinfo=UTC), "location.minutes_to_cut_off == null"),
    ],
)
def test_opening_hours_and_cut_offs_follow_the_clock_on_the_wall(now: datetime, condition: str) -> None:
    assert left_out(FED, order("LAMP"), f"rules: [{{id: r, exclude: '{condition}'}}]", now)[:1] == ["A"]


@pytest.mark.parametrize(
    ("closed", "now", "condition"),
    [
        ("2026-03-02", "2026-03-02T09:14", "!location.open_now && location.opens_in_hours > 0"),
        ("2026-03-02", "2026-03-02T09:14", "location.minutes_to_cut_off == null && service.minutes_to_cut_off == null"),
        ("2026-03-02", "2026-03-07T22:00", "location.open_now"),
        ("2026-03-07", "2026-03-08T00:30", "!location.open_now"),  # the hours are those of Saturday night
        ("2026-03-08", "2026-03-08T00:30", "location.open_now"),
        ("2026-03-02", "2026-03-01T08:00", "location.opens_in_hours == 24 * 6 + 13"),  # Sunday 09:00 to Saturday 22:00
        ("2026-03-07", "2026-03-02T19:00", "location.opens_in_hours == 24 * 6 + 13"),  # Monday 20:00 to Monday 09:00
    ],
)
def test_a_place_is_not_open_on_a_day_on_which_it_is_closed(closed: str, now: str, condition: str) -> None:
    shop = {"location_id": "A", "opening_hours": HOURS, "cut_offs": {"mon": "16:00"}, "closed_on": (closed,)}
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert left_out(places(shop), order("LAMP"), f"rules: [{{id: r, exclude: '{condition}'}}]", instant) == ["A"]


def test_a_place_that_keeps_public_holidays_is_closed_at_christmas() -> None:
    all_day = {day: ["00:00-24:00"] for day in WEEKDAYS}
    shop = {"location_id": "A", "opening_hours": all_day, "closed_on_public_holidays": 1.0}
    noon = datetime(2026, 12, 25, 11, tzinfo=UTC)  # the 26th is one too
    condition = "!location.open_now && location.opens_in_hours == 36"
    assert left_out(places(shop), order("LAMP"), f"rules: [{{id: r, exclude: '{condition}'}}]", noon) == ["A"]


def test_what_was_given_on_another_day_says_nothing_of_today() -> None:
    used = {"location_type": "store", "capacity_used": 40.0}
    net = places(
        {"location_id": "A", **used, "capacity_used_on": "2026-03-02"},
        {"location_id": "B", **used, "capacity_used_on": "2026-03-01"},
        {"location_id": "C", **used, "capacity_used_on": "2026-03-03", "timezone": "Pacific/Auckland"},
    )
    # At 09:14 UTC it is the 2nd in Auckland too; at 12:00 UTC there it is the 3rd, and in Rome still the 2nd.
    full = "rules: [{id: r, exclude: 'location.capacity_used >= 40'}]"
    assert left_out(net, order("LAMP"), full, NOW) == ["A"]
    assert left_out(net, order("LAMP"), full, datetime(2026, 3, 2, 12, tzinfo=UTC)) == ["A", "C"]


def test_what_the_order_alone_settles_asks_for_no_prediction() -> None:
    """Nothing was promised: the first stage is met, and no predicted hours are worked out for that."""
    on_time = default_ruleset().stages[0]
    asked, promised = (replace(order("LAMP"), promised_at=at) for at in (None, NOW + timedelta(days=2)))
    assert not unmet(on_time, situation(THREE, asked, NOW)).any()
    with pytest.raises(AssertionError, match="before they are made"):
        unmet(on_time, situation(THREE, promised, NOW))
