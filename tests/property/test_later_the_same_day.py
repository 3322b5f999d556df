"""Ordering later the same day never gets an earlier date, where an order has missed what leaves that day.

Two exceptions are right. While a parcel may still leave today its date is what the models say of the hour, and they may
say of eight in the evening that it takes less long than at five. And where the order would be sent otherwise by then,
from elsewhere or by other rules, its date is that of the other plan.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from decision.promise import Promise
from decision.promises.promising import Asking, promise
from decision.rules.ruleset import compile_ruleset
from features.calendar import HOURS_PER_WEEK, local_hour_of_week
from features.coded import coded
from features.facts import Columns
from tests.unit.decision.world import Hours, Table, network, order

ZONES = ["Europe/Rome", "America/New_York", "Australia/Lord_Howe"]
#: A Wednesday, and the days before, on and after which clocks change in one of the zones.
DAYS = ["2026-03-04", "2026-03-07", "2026-03-08", "2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2026-11-01"]
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
METHODS = ["home", "click_and_collect", "ship_to_store"]
#: Minutes after midnight at which is asked: at night, around the cut-off or closing at two, and every hour and a half.
CLOSES = 14 * 60
MINUTES = sorted({*range(10, 24 * 60, 90), CLOSES - 20, CLOSES + 1, 24 * 60 - 20})
RULES = compile_ruleset({"name": "n", "promises": {"confidence": 0.9}})
CUT_OFFS = {"cut_offs": dict.fromkeys(WEEK, "14:00")}
NEXT_DAYS = [(date.fromisoformat(day) + timedelta(days=1)).isoformat() for day in DAYS]
WAYS: dict[str, dict[str, dict[str, Any]]] = {
    "cut-off of the place": {"place": CUT_OFFS},
    "cut-off of the service": {"service": CUT_OFFS},
    "closing": {"place": {"opening_hours": {day: ["08:00-14:00"] for day in WEEK}}},
    "cut-off on a holiday": {"place": {**CUT_OFFS, "closed_on": DAYS}},
    "cut-off before a holiday": {"place": {**CUT_OFFS, "closed_on": NEXT_DAYS}, "service": {"closed_on": NEXT_DAYS}},
    "cut-off before the carrier rests": {"place": CUT_OFFS, "service": {"closed_on": NEXT_DAYS}},
}


@dataclass
class ByTheHour(Table):
    """Heads that say of each hour of the week what they like: ``low``, ``wide`` (168,) hours."""

    low: NDArray[np.float64] = field(default_factory=lambda: np.zeros(HOURS_PER_WEEK))
    wide: NDArray[np.float64] = field(default_factory=lambda: np.ones(HOURS_PER_WEEK))

    def delivery_hours(self, facts: Columns) -> Hours:
        hour = local_hour_of_week(facts["decided_at"], coded(facts, "location_timezone")).astype(int)
        return Hours(self.low[hour], self.low[hour] + self.wide[hour])

    def ready_hours(self, facts: Columns) -> Hours:
        hours = self.delivery_hours(facts)
        return Hours(hours.low / 4, hours.high / 4)


def whatever(rng: np.random.Generator) -> ByTheHour:
    """Heads that know nothing, each hour otherwise."""
    wide = rng.uniform(1, 20, HOURS_PER_WEEK)
    return ByTheHour({"A": (1, 1, 0, 1, 0.1)}, low=rng.uniform(1, 60, HOURS_PER_WEEK), wide=wide)


def the_same(rng: np.random.Generator) -> Table:
    """Heads that say the same at every hour."""
    low = float(rng.uniform(1, 60))
    return Table({"A": (1, 1, low, low + float(rng.uniform(1, 20)), 0.1)})


def knowing() -> ByTheHour:
    """Heads that learnt of a cut-off at two: before it, two days later about five; after it, three."""
    hour = np.arange(HOURS_PER_WEEK) % 24
    low = np.where(hour < CLOSES // 60, 48.0, 72.0) + 16.0 - hour
    return ByTheHour({"A": (1, 1, 0, 1, 0.1)}, low=low, wide=np.full(HOURS_PER_WEEK, 3.0))


def promised_on(heads: Table, missing: dict[str, dict[str, Any]], zone: str, midnight: datetime, method: str) -> Any:
    """The dates promised at each of `MINUTES` of a day."""
    place = {"location_id": "A", "timezone": zone, "country": "IT", **missing.get("place", {})}
    service = {"carrier_service_id": "C1", **missing.get("service", {})}
    net = network([place], [service], {"K": {"A": 9}})
    asked = replace(order("K", promised_in_hours=None), delivery_method=method)
    asked = asked if method == "home" else replace(asked, collect_location_id="A")
    dates = []
    for minutes in MINUTES:
        now = (midnight + timedelta(minutes=minutes)).astimezone(UTC)
        found = promise(asked, Asking(net, [RULES], heads, now, timedelta(minutes=15)))
        assert isinstance(found, Promise)
        dates.append(found.promised_at)
    return dates


def cases(way: str) -> Any:
    """Chance, zone, midnight and method of some days, of each way others.

    What is collected where it lies misses no carrier's cut-off.
    """
    methods = METHODS if "cut_offs" not in WAYS[way].get("service", {}) else ["home"]
    first = 12 * list(WAYS).index(way)
    for seed in range(first, first + 12):
        rng = np.random.default_rng(seed)
        zone, day = str(rng.choice(ZONES)), date.fromisoformat(str(rng.choice(DAYS)))
        yield rng, zone, datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)), methods[seed % len(methods)]


@pytest.mark.parametrize("way", WAYS)
def test_once_nothing_leaves_today_the_date_stays_whatever_models_say_of_the_hour(way: str) -> None:
    """It leaves tomorrow, whenever it was ordered since: no hour of the evening makes it earlier or later."""
    missing = WAYS[way]
    on_holiday = missing.get("place", {}).get("closed_on") is DAYS
    for rng, zone, midnight, method in cases(way):
        dates = promised_on(whatever(rng), missing, zone, midnight, method)
        missed = [at for minutes, at in zip(MINUTES, dates, strict=True) if on_holiday or minutes > CLOSES]
        assert len(missed) > 6
        assert len(set(missed)) == 1, (zone, midnight, method, missed)


@pytest.mark.parametrize("way", WAYS)
def test_ordering_later_the_same_day_never_gets_an_earlier_date(way: str) -> None:
    """At any hour, before the cut-off and after, where the models say the same of all hours."""
    for rng, zone, midnight, method in cases(way):
        dates = promised_on(the_same(rng), WAYS[way], zone, midnight, method)
        assert dates == sorted(dates), (zone, midnight, method, dates)
        assert dates[0] >= midnight


@pytest.mark.parametrize("way", ["cut-off of the place", "cut-off of the service", "closing"])
def test_what_models_have_learnt_of_a_cut_off_is_not_put_off_again(way: str) -> None:
    """The dates are those that they would say if nobody told of it."""
    for _, zone, midnight, _ in cases(way):
        told, untold = (promised_on(knowing(), missing, zone, midnight, "home") for missing in (WAYS[way], {}))
        assert told == untold
        assert told[-1] - told[0] == timedelta(days=1)


def open_every_day() -> ByTheHour:
    """Heads that learnt of a place that works every day from nine: what is ordered from six on waits for it."""
    hour = np.arange(HOURS_PER_WEEK) % 24
    until_nine = np.where(hour < 9, 9 - hour, np.where(hour < 18, 0, 33 - hour))
    return ByTheHour({"A": (1, 1, 0, 1, 0.1)}, low=4.0 * until_nine, wide=np.full(HOURS_PER_WEEK, 4 * 3.0))


def test_a_weekend_that_models_know_nothing_of_makes_no_date_surer() -> None:
    """Nobody works from Friday two o'clock on: on Monday at eight nothing has been begun, and so nothing is ready."""
    hours = {"opening_hours": {day: ["08:00-14:00"] for day in WEEK[:5]}}
    friday, told = datetime(2026, 3, 6, tzinfo=ZoneInfo("Europe/Rome")), set()
    for days in range(3):
        dates = promised_on(
            open_every_day(), {"place": hours}, "Europe/Rome", friday + timedelta(days=days), "click_and_collect"
        )
        told |= {at for minutes, at in zip(MINUTES, dates, strict=True) if days or minutes > CLOSES}
    (monday,) = told
    assert datetime(2026, 3, 9, 11, tzinfo=ZoneInfo("Europe/Rome")) < monday
    assert monday < datetime(2026, 3, 9, 13, tzinfo=ZoneInfo("Europe/Rome"))
