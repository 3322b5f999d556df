"""Holidays that the models know are in their hours: a calendar that tells them too puts nothing off again."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from decision.promise import Promise
from decision.promises.promising import Asking, promise
from decision.rules.ruleset import compile_ruleset
from features.facts import Columns, check_facts
from tests.unit.decision.world import Hours, Table, network, order

ROME = ZoneInfo("Europe/Rome")
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 3, day) for day in range(2, 7))
MORNING, EVENING = (datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (8, 20))
DAY_HOURS = 24.0


@dataclass
class Keeps(Table):
    """Heads in whose hours nothing is delivered on the ``holiday``: what reaches it comes a day later."""

    holiday: date = MONDAY

    def delivery_hours(self, facts: Columns) -> Hours:
        usual = super().delivery_hours(facts)
        begins = datetime.combine(self.holiday, time(), ROME).timestamp()
        until = (begins - facts["decided_at"]) / 3600
        # Of the day itself, as much as is left of it.
        left = np.clip(until + DAY_HOURS, 0.0, DAY_HOURS)
        return Hours(*(hours + np.where(hours > until, left, 0.0) for hours in (usual.low, usual.high)))

    def delivery_rests(self, facts: Columns, first: date, days: int) -> Any:
        known = np.array([first + timedelta(days=ahead) == self.holiday for ahead in range(days)])
        return np.tile(known, (check_facts(facts), 1))


WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def promised(
    heads: Table, place: list[date], carrier: list[date], now: datetime, open_on: tuple[str, ...] = WEEK
) -> Promise:
    """What is told of it; closed on the days of the ``place`` and of the ``carrier``."""
    hours = {day: ["09:00-18:00"] for day in open_on}
    of_place: dict[str, Any] = {"opening_hours": hours, "closed_on": [day.isoformat() for day in place]}
    rests = {"closed_on": [day.isoformat() for day in carrier]}
    net = network([{"location_id": "A", **of_place}], [{"carrier_service_id": "C1", **rests}], {"K": {"A": 1}})
    rules = compile_ruleset({"name": "n", "promises": {"confidence": 0.9}})
    asked = order("K", promised_in_hours=None)
    found = promise(asked, Asking(net, [rules], heads, now, timedelta(minutes=15)))
    assert isinstance(found, Promise)
    return found


def takes(hours: float) -> dict[str, tuple[float, float, float, float, float]]:
    """So many hours, nearly surely."""
    return {"A": (1.0, 1.0, hours, hours + 0.1, 0.1)}


@pytest.mark.parametrize(
    ("now", "place", "carrier"),
    [
        (MORNING, [], [TUESDAY]),
        (MORNING, [TUESDAY], [TUESDAY]),
        (MORNING, [MONDAY], [TUESDAY]),
        (EVENING, [], [TUESDAY]),
    ],
)
def test_a_day_that_the_models_know_is_not_lost_twice(now: datetime, place: list[date], carrier: list[date]) -> None:
    """The date is the same as by models that leave it to the calendar; without either it is a day earlier."""
    told = promised(Keeps(takes(50), holiday=TUESDAY), place, carrier, now).promised_on
    assert told == promised(Table(takes(50)), place, carrier, now).promised_on
    assert told == promised(Table(takes(50)), place, [], now).promised_on + timedelta(days=1)


@pytest.mark.parametrize("known", [MONDAY - timedelta(days=1), TUESDAY, WEDNESDAY])
@pytest.mark.parametrize("hours", [10.0, 30.0, 54.0])
def test_what_leaves_when_a_place_opens_again_takes_as_long_as_what_is_ordered_then(known: date, hours: float) -> None:
    """Closed on Tuesday and Wednesday, whatever of it the models know: from Thursday on, however long it takes."""
    closed = [TUESDAY, WEDNESDAY]
    likely = promised(Keeps(takes(hours), holiday=known), closed, closed, EVENING).likely_at
    opens = datetime.combine(THURSDAY, time(), ROME)
    expected = max(opens + timedelta(hours=hours), opens + timedelta(hours=9))
    assert likely.timestamp() == pytest.approx(expected.timestamp(), abs=600)


def test_a_day_that_the_models_do_not_know_is_lost() -> None:
    """They know the Tuesday; the carrier rests on Wednesday, too."""
    knowing = Keeps(takes(50), holiday=TUESDAY)
    assert promised(knowing, [], [TUESDAY], MORNING).promised_on == THURSDAY
    assert promised(knowing, [], [TUESDAY, WEDNESDAY], MORNING).promised_on == FRIDAY


def test_a_holiday_that_no_calendar_tells_is_told_by_the_models() -> None:
    assert promised(Keeps(takes(50), holiday=TUESDAY), [], [], MORNING).promised_on == THURSDAY


def test_what_a_carrier_loses_before_it_is_handed_anything_holds_nothing_up() -> None:
    """A place closed at weekends: of Friday evening's order the carrier's Saturday is no concern, its Monday is."""
    friday_evening = datetime(2026, 3, 6, 20, tzinfo=UTC)
    saturday, monday = date(2026, 3, 7), date(2026, 3, 9)

    def told(carrier: list[date]) -> date:
        on = promised(Table(takes(20)), [], carrier, friday_evening, open_on=WEEK[:5]).promised_on
        assert on is not None
        return on

    assert told([]) == told([saturday]) == monday
    assert told([monday]) == monday + timedelta(days=1)


def test_a_day_that_a_carrier_loses_from_handover_on_holds_up_what_its_place_held_up_before() -> None:
    waited = promised(Table(takes(30)), [TUESDAY], [], EVENING).promised_on
    assert waited == THURSDAY
    assert promised(Table(takes(30)), [TUESDAY], [TUESDAY], EVENING).promised_on == THURSDAY
    assert promised(Table(takes(30)), [TUESDAY], [WEDNESDAY], EVENING).promised_on == FRIDAY
