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

MONDAY = date(2026, 3, 2)
TUESDAY, THURSDAY = (MONDAY + timedelta(days=days) for days in (1, 3))
MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
EVENING = datetime(2026, 3, 2, 20, tzinfo=UTC)


@dataclass
class Keeps(Table):
    """Heads in whose hours nothing is done on the ``holiday``: what is ordered before it is over takes a day more.

    ``prepares``, ``delivers``: where it is that nothing is done.
    """

    holiday: date = MONDAY
    prepares: bool = True
    delivers: bool = True

    def delivery_hours(self, facts: Columns) -> Hours:
        usual = super().delivery_hours(facts)
        over = datetime.combine(self.holiday + timedelta(days=1), time(), ZoneInfo("Europe/Rome")).timestamp()
        # Of the day itself, as much as is left of it.
        more = np.clip((over - facts["decided_at"]) / 3600, 0.0, 24.0)
        return Hours(usual.low + more, usual.high + more)

    def delivery_rests(self, facts: Columns, first: date, days: int) -> Any:
        return self._rests(facts, first, days) & self.delivers

    def ready_rests(self, facts: Columns, first: date, days: int) -> Any:
        return self._rests(facts, first, days) & self.prepares

    def _rests(self, facts: Columns, first: date, days: int) -> Any:
        known = np.array([first + timedelta(days=ahead) == self.holiday for ahead in range(days)])
        return np.tile(known, (check_facts(facts), 1))


def promised_on(heads: Table, place: list[date], carrier: list[date], now: datetime) -> date:
    """The date told of what takes from 40 to 60 hours; closed on the days of the ``place`` and of the ``carrier``."""
    of_place: dict[str, Any] = {
        "opening_hours": {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    }
    of_place |= {"closed_on": [day.isoformat() for day in place]}
    rests = {"closed_on": [day.isoformat() for day in carrier]}
    net = network([{"location_id": "A", **of_place}], [{"carrier_service_id": "C1", **rests}], {"K": {"A": 1}})
    rules = compile_ruleset({"name": "n", "promises": {"confidence": 0.9}})
    asked = order("K", promised_in_hours=None)
    found = promise(asked, Asking(net, [rules], heads, now, timedelta(minutes=15)))
    assert isinstance(found, Promise)
    return found.promised_on


HOURS = {"A": (1.0, 1.0, 40.0, 60.0, 0.1)}


@pytest.mark.parametrize(
    ("now", "place", "carrier"),
    [
        (MORNING, [], [TUESDAY]),
        (MORNING, [TUESDAY], [TUESDAY]),
        (MORNING, [MONDAY, TUESDAY], [TUESDAY]),
        (EVENING, [], [TUESDAY]),
        (EVENING, [TUESDAY], []),
        (EVENING, [TUESDAY], [TUESDAY]),
    ],
)
def test_a_day_that_the_models_know_is_not_lost_twice(now: datetime, place: list[date], carrier: list[date]) -> None:
    """The date is the same as by models that leave it to the calendar; without either it is a day earlier."""
    knowing, leaving = Keeps(HOURS, holiday=TUESDAY), Table(HOURS)
    told = promised_on(knowing, place, carrier, now)
    assert told == promised_on(leaving, place, carrier, now)
    places, carriers = ([day for day in days if day != TUESDAY] for days in (place, carrier))
    assert told == promised_on(leaving, places, carriers, now) + timedelta(days=1)


@pytest.mark.parametrize(("prepares", "delivers"), [(True, False), (False, True)])
@pytest.mark.parametrize(
    ("now", "place", "carrier"),
    [(MORNING, [MONDAY, TUESDAY], [TUESDAY]), (EVENING, [TUESDAY], []), (EVENING, [TUESDAY], [TUESDAY])],
)
def test_nor_where_the_models_know_it_of_one_end_only(
    now: datetime, place: list[date], carrier: list[date], prepares: bool, delivers: bool
) -> None:
    """Some of the warehouses work on it, and no carrier does; or the other way round."""
    knowing = Keeps(HOURS, holiday=TUESDAY, prepares=prepares, delivers=delivers)
    assert promised_on(knowing, place, carrier, now) == promised_on(Table(HOURS), place, carrier, now)


def test_a_day_that_the_models_do_not_know_is_lost() -> None:
    """They know the Tuesday; the carrier rests on Wednesday, too, and the place is closed besides."""
    knowing, wednesday = Keeps(HOURS, holiday=TUESDAY), TUESDAY + timedelta(days=1)
    assert promised_on(knowing, [], [TUESDAY], MORNING) == THURSDAY
    assert promised_on(knowing, [], [TUESDAY, wednesday], MORNING) == THURSDAY + timedelta(days=1)


def test_a_holiday_that_no_calendar_tells_is_told_by_the_models() -> None:
    assert promised_on(Keeps(HOURS, holiday=TUESDAY), [], [], MORNING) == THURSDAY
