"""Promised dates can be: in the future, on days that are worked, never earlier for more to stand in the way."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from decision.decide import decide
from decision.promise import NotPromised, Promise
from decision.promises.promising import Asking, promise
from decision.rules.ruleset import compile_ruleset
from tests.unit.decision.world import Table, network, order

ZONES = ["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland"]
DAYS = ["2026-03-06", "2026-03-27", "2026-04-03", "2026-10-23", "2026-10-30", "2026-12-22"]
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def told(seed: int, method: str, confidence: float, closed: list[str] | None = None) -> Promise | None:
    """A promise in a random world; ``closed``: days on which everything is closed besides."""
    rng = np.random.default_rng(seed)
    now = datetime.fromisoformat(str(rng.choice(DAYS))).replace(tzinfo=UTC) + timedelta(minutes=int(rng.integers(4320)))
    zone = str(rng.choice(ZONES))
    place: dict[str, Any] = {"timezone": zone, "country": "IT", "closed_on_public_holidays": float(rng.integers(2))}
    first = int(rng.integers(0, 12))
    place["opening_hours"] = {day: [f"{first:02}:00-{first + 8:02}:30"] for day in WEEK if rng.random() < 0.8} or None
    place["cut_offs"] = {day: f"{int(rng.integers(24)):02}:00" for day in WEEK if rng.random() < 0.5}
    place["closed_on"] = closed or []
    service = {
        "carrier_service_id": "C1",
        "closed_on": closed or [],
        "closed_on_public_holidays": float(rng.integers(2)),
    }
    service["delivery_days"] = [day for day in WEEK if rng.random() < 0.8] or WEEK
    net = network(
        [{**place, "location_id": "A"}, {**place, "location_id": "B"}], [service], {"K": {"A": 1}, "J": {"B": 1}}
    )
    heads = Table({name: (1, 1, low, low + 30, 0.1) for name, low in zip("AB", rng.uniform(1, 90, 2), strict=True)})
    asked = order(*(["K"] if method == "click_and_collect" else ["K", "J"]), promised_in_hours=None)
    if method != "home":
        asked = replace(asked, delivery_method=method, collect_location_id="A")
    rules = compile_ruleset({"name": "n", "promises": {"confidence": confidence}})
    found = promise(asked, Asking(net, [rules], heads, now, timedelta(minutes=15)))
    if not isinstance(found, Promise):
        return None
    check(found, net, now, place, confidence)
    return found


def check(found: Promise, net: Any, now: datetime, place: Any, confidence: float) -> None:
    assert found.confidence >= confidence - 1e-9
    assert now <= found.earliest_at <= found.likely_at <= found.promised_at
    assert now <= found.valid_until <= now + timedelta(minutes=15)
    assert found.cut_off_at is None or now <= found.valid_until <= found.cut_off_at
    local = found.promised_at.astimezone(ZoneInfo(place["timezone"]))
    if found.delivery_method == "home":
        assert net.delivers_on(0, "IT", None).works(found.promised_on)
        assert (local - timedelta(microseconds=1)).date() == found.promised_on
    else:
        assert net.location_days[0].works(local.date())
        assert local.date() == found.promised_on
        if place["opening_hours"]:
            opens, closes = place["opening_hours"][WEEK[local.weekday()]][0].split("-")
            assert opens <= f"{local:%H:%M}" < closes or (f"{local:%H:%M}" > opens and local.fold)


METHODS = ["home", "click_and_collect", "ship_to_store"]


def try_out(seeds: range) -> int:
    """Return how many promises were made and compared."""
    made = 0
    for seed in seeds:
        method = METHODS[seed % 3]
        found = told(seed, method, 0.8)
        if found is None:
            continue
        made += 1
        surer = told(seed, method, 0.97)
        assert surer is None or surer.promised_at >= found.promised_at
        day = found.promised_on - timedelta(days=seed % 4)
        fewer = told(seed, method, 0.8, [day.isoformat()])
        assert fewer is None or fewer.promised_at >= found.promised_at
    return made


def test_dates_can_be() -> None:
    assert try_out(range(300)) > 200


@pytest.mark.reliability
def test_dates_can_be_thousands() -> None:
    assert try_out(range(3_000)) > 2_000


def test_a_day_lost_on_the_way_puts_off_when_it_is_likely_there() -> None:
    """Three days out on a Monday: closed on Wednesday, the carrier likely comes a day later."""

    def likely(closed_on: list[str]) -> datetime:
        service = {"carrier_service_id": "C1", "delivery_days": WEEK, "closed_on": closed_on}
        place = {"location_id": "A", "timezone": "Europe/Rome", "country": "IT"}
        heads = Table({"A": (1, 1, 60, 84, 0.1)})
        asked = Asking(
            network([place], [service], {"K": {"A": 1}}),
            [compile_ruleset({"name": "n"})],
            heads,
            datetime(2026, 3, 2, 9, tzinfo=UTC),
            timedelta(minutes=15),
        )
        found = promise(order("K", promised_in_hours=None), asked)
        assert isinstance(found, Promise)
        return found.likely_at

    assert likely(["2026-03-04"]) - likely([]) == timedelta(days=1)


@pytest.mark.parametrize("keeps", [True, 1.0])
def test_a_carrier_that_keeps_public_holidays_brings_nothing_on_them_though_no_other_calendar_is_told(
    keeps: bool | float,
) -> None:
    """From Easter Sunday on, two days out: Easter Monday is lost, too."""

    def promised(**service: Any) -> date:
        net = network([{"location_id": "A"}], [{"carrier_service_id": "C1", **service}], {"K": {"A": 1}})
        now = datetime(2026, 4, 5, 9, tzinfo=UTC)
        asking = Asking(
            net, [compile_ruleset({"name": "n"})], Table({"A": (1, 1, 4, 8, 0.1)}), now, timedelta(minutes=15)
        )
        found = promise(order("K", promised_in_hours=None), asking)
        assert isinstance(found, Promise)
        return found.promised_on

    assert promised() == date(2026, 4, 5)
    assert promised(closed_on_public_holidays=keeps) == date(2026, 4, 7)


def closed_for(days: int) -> Promise | NotPromised:
    """Of something in a warehouse that is closed for so many days from Monday 2 March on."""
    closed = [(date(2026, 3, 2) + timedelta(days=ahead)).isoformat() for ahead in range(days)]
    place = {"location_id": "A", "country": "IT", "closed_on": closed}
    net = network([place], [{"carrier_service_id": "C1"}], {"K": {"A": 1}})
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    rules = compile_ruleset({"name": "n"})
    asking = Asking(net, [rules], Table({"A": (1, 1, 1, 2, 0.1)}), now, timedelta(minutes=15))
    return promise(order("K", promised_in_hours=None), asking)


def test_what_lies_where_it_is_closed_for_weeks_is_promised_for_when_it_opens() -> None:
    found = closed_for(40)
    assert isinstance(found, Promise)
    assert found.promised_on == date(2026, 3, 2) + timedelta(days=40)
    never = closed_for(70)
    assert isinstance(never, NotPromised)
    assert never.cause == "too_uncertain"


def asked_at(
    now: datetime, hours: tuple[float, float], place: dict[str, Any], *, method: str = "home", level: float = 0.95
) -> Promise:
    """A promise of what takes from so many hours to so many, a quarter of them in its place."""
    net = network([{"location_id": "A", **place}], [{"carrier_service_id": "C1"}], {"K": {"A": 9}})
    rules = compile_ruleset({"name": "n", "promises": {"confidence": level}})
    asked = replace(
        order("K", promised_in_hours=None),
        delivery_method=method,
        collect_location_id=None if method == "home" else "A",
    )
    found = promise(asked, Asking(net, [rules], Table({"A": (1, 1, *hours, 0.1)}), now, timedelta(minutes=15)))
    assert isinstance(found, Promise)
    return found


def test_what_is_ready_on_the_minute_is_not_promised_for_the_next_day() -> None:
    """Hours are rounded: what was there exactly on a minute seemed a bit too unsure then, and waited for midnight."""
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    for low in range(1, 7):
        for level in (0.8, 0.9, 0.95):
            found = asked_at(midnight, (4.0 * low, 8.0 * low + 12), {}, method="click_and_collect", level=level)
            ready = midnight + timedelta(minutes=15, hours=low + (low + 3) * level)
            assert timedelta(0) < found.promised_at - ready <= timedelta(minutes=1)


CUT_OFF = {"cut_offs": dict.fromkeys(WEEK, "14:00")}
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("day", ["2026-03-04", "2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"])
@pytest.mark.parametrize("zone", ["Europe/Rome", "America/New_York", "Australia/Lord_Howe"])
def test_after_the_cut_off_a_parcel_is_promised_a_day_later(day: str, zone: str) -> None:
    """In summer and winter, and on the days between: what would go today by its hours leaves tomorrow."""
    cut_off = datetime.fromisoformat(f"{day}T14:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    place = {"timezone": zone, **CUT_OFF}
    before, after = (asked_at(cut_off + offset, (10, 26), place) for offset in (-MINUTE, MINUTE))
    assert before.cut_off_at == cut_off
    assert after.promised_on - before.promised_on == timedelta(days=1)
    assert after.cut_off_at is not None
    assert after.cut_off_at.astimezone(ZoneInfo(zone)).date() == date.fromisoformat(day) + timedelta(days=1)


def test_on_a_holiday_nothing_is_promised_earlier_for_having_missed_its_cut_off() -> None:
    """It is handed over the day after in either case."""
    noon = datetime(2026, 3, 4, 13, tzinfo=UTC)
    place = {**CUT_OFF, "closed_on": ["2026-03-04"]}
    before, after = (asked_at(noon + offset, (10, 26), place) for offset in (-MINUTE, MINUTE))
    assert after.promised_on == before.promised_on


@pytest.mark.parametrize("closed", [["2026-03-04"], ["2026-03-04", "2026-03-05"], ["2026-03-03", "2026-03-05"]])
def test_a_decision_expects_no_parcel_on_a_day_that_it_loses(closed: list[str]) -> None:
    """Two to four days out on a Monday: what was to come on a closed day or after comes so many days later."""

    def expected(closed_on: list[str]) -> list[datetime]:
        net = network(
            [{"location_id": "A"}], [{"carrier_service_id": "C1", "closed_on": closed_on, **CUT_OFF}], {"K": {"A": 9}}
        )
        now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        decision = decide(order("K"), net, [compile_ruleset({"name": "n"})], Table({"A": (1, 1, 48, 96, 0.1)}), now)
        delivery = decision.options[0].shipments[0].delivery
        return [delivery.p10_at, delivery.p50_at, delivery.p90_at]

    for usual, told in zip(expected([]), expected(closed), strict=True):
        assert told.astimezone(ZoneInfo("Europe/Rome")).date().isoformat() not in closed
        by_then = [day for day in closed if day <= told.date().isoformat()]
        assert told - usual == timedelta(days=len(by_then))


def test_after_closing_a_parcel_is_promised_a_day_later() -> None:
    closing = datetime(2026, 3, 4, 17, tzinfo=UTC)
    place = {"opening_hours": {day: ["09:00-18:00"] for day in WEEK}}
    before, after = (asked_at(closing + offset, (8, 27), place) for offset in (-MINUTE, MINUTE))
    assert after.promised_on - before.promised_on == timedelta(days=1)


@pytest.mark.parametrize("place", [CUT_OFF, {"opening_hours": {day: ["09:00-14:00"] for day in WEEK}}])
def test_what_is_ordered_as_late_as_a_promise_is_valid_is_decided_as_promised(place: dict[str, Any]) -> None:
    """On the second at which a place closes it is too late, for a cut-off it is not."""
    closing = datetime(2026, 3, 4, 13, tzinfo=UTC)
    told = asked_at(closing - 5 * MINUTE, (8, 27), place)
    assert told.cut_off_at == closing
    assert asked_at(told.valid_until, (8, 27), place).promised_on == told.promised_on


@pytest.mark.parametrize(("closed", "opens"), [([], "2026-03-03T01:"), (["2026-03-02"], "2026-03-03T18:00")])
def test_hours_past_midnight_are_of_the_day_on_which_they_begin(closed: list[str], opens: str) -> None:
    """Prepared on Sunday, ready on Tuesday past midnight: the shop is open then unless it was closed on Monday."""
    place = {"timezone": "Europe/Rome", "opening_hours": {day: ["18:00-02:00"] for day in WEEK}, "closed_on": closed}
    sunday = datetime(2026, 3, 1, 19, 30, tzinfo=UTC)
    told = asked_at(sunday, (112, 116), place, method="click_and_collect")
    assert told.promised_at.astimezone(ZoneInfo("Europe/Rome")).isoformat().startswith(opens)


def test_a_day_to_collect_stays_for_a_quarter_of_an_hour_although_the_store_opens_just_sure_enough() -> None:
    """It is told for the minute at which it is sure enough, and the store is open for hours after."""
    every_day = {"opening_hours": {day: ["08:00-20:00"] for day in WEEK}}
    asked = [datetime(2026, 3, 2, 8, 7, tzinfo=UTC) + timedelta(minutes=17 * n) for n in range(30)]
    told = [asked_at(now, (40.0, 1040.0), every_day, method="ship_to_store", level=0.8) for now in asked]
    stay = [one.valid_until - now == timedelta(minutes=15) for one, now in zip(told, asked, strict=True)]
    assert sum(stay) > 25
