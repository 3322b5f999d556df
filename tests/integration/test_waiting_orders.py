"""Orders that wait for a place to have time, hours or leave for them are sent once it has."""

from datetime import timedelta
from typing import Any

import pytest

from serving.orders import routing
from serving.orders.placing import MOST_ATTEMPTS
from serving.orders.routing import MOST_FAILURES, route_again
from serving.orders.sweeping import sweep
from tests.integration.conftest import Api
from tests.integration.orders import TIRELESS, count, open_shop, placed, seen, tell, what_is_due

pytestmark = pytest.mark.anyio

A_QUARTER = timedelta(minutes=15)
HERE: dict[str, Any] = {"country": "IT", "timezone": "Europe/Rome"}


@pytest.fixture
async def shop(api: Api) -> Api:
    """A shop with nine units in the store and nine in the warehouse."""
    await open_shop(api, S014=9, W001=9)
    return api


async def feed_places(api: Api, **more: Any) -> None:
    kinds = {"S014": "store", "W001": "warehouse"}
    answer = await api.feed(
        "locations", [{"location_id": place, "location_type": kind, **HERE, **more} for place, kind in kinds.items()]
    )
    assert answer["rejected"] == []


async def publish(api: Api, *rules: dict[str, Any]) -> None:
    document = {"strategy": {}, "rules": list(rules)}
    response = await api.client.post("/v1/rulesets/everything/publish", json=document)
    assert response.status_code == 201, response.text


async def states(api: Api, *names: str) -> list[str]:
    return [(await seen(api, name))["state"] for name in names]


async def test_an_order_that_found_every_location_full_is_sent_when_a_new_day_begins(shop: Api) -> None:
    await feed_places(shop, capacity_per_day=1)
    names = [f"A-{number}" for number in range(5)]
    made = [await placed(shop, name, backorder=True) for name in names]
    assert [order["state"] for order in made] == ["assigned", "assigned", *["backordered"] * 3]
    shop.clock.now = shop.clock.now.replace(hour=22, minute=59)  # in Rome the day ends at 23:00 UTC
    await what_is_due(shop)
    assert await states(shop, *names[2:]) == ["backordered"] * 3
    shop.clock.now = shop.clock.now.replace(hour=23, minute=0)
    await what_is_due(shop)
    assert await states(shop, *names) == [*["assigned"] * 4, "backordered"], "first come, first sent"
    shop.clock.now += timedelta(days=1)
    await what_is_due(shop)
    assert await states(shop, names[-1]) == ["assigned"]


async def test_however_many_locations_are_full_the_one_that_has_room_is_found(shop: Api) -> None:
    names = [f"X{n}" for n in range(MOST_ATTEMPTS + 3)]
    rows = [{"location_id": name, "location_type": "warehouse", **HERE, "capacity_per_day": 1} for name in names]
    await shop.feed("locations", rows)
    await count(shop, {"S014": 0, "W001": 0, **dict.fromkeys(names, 9)}, "2026-03-02T07:00:00Z")
    made = [await placed(shop, f"A-{n}", backorder=True) for n in range(len(names) + 1)]
    assert [order["state"] for order in made] == [*["assigned"] * len(names), "backordered"]
    shop.clock.now += A_QUARTER
    assert [await route_again(shop.service) for _ in range(2)] == [1, 0]
    await shop.feed("locations", [{**rows[-1], "capacity_per_day": 2}])
    shop.clock.now += A_QUARTER
    await what_is_due(shop)
    assert (await seen(shop, f"A-{len(names)}"))["shipments"][0]["location_id"] == names[-1]


async def test_however_many_locations_are_full_by_what_was_fed_an_order_finds_the_one_that_has_room(shop: Api) -> None:
    names = [f"X{n}" for n in range(MOST_ATTEMPTS + 3)]
    full = {"capacity_per_day": 5, "capacity_used": 5, "capacity_used_on": "2026-03-02"}
    await shop.feed(
        "locations", [{"location_id": name, "location_type": "warehouse", **HERE, **full} for name in names]
    )
    await count(shop, {"S014": 0, "W001": 3, **dict.fromkeys(names, 9)}, "2026-03-02T07:00:00Z")
    await publish(shop, {"id": "away", "where": 'location.id == "W001"', "adjust": 9})
    assert (await placed(shop, "A-1"))["shipments"][0]["location_id"] == "W001"


async def test_an_order_that_came_at_night_is_sent_when_a_location_opens(shop: Api) -> None:
    hours = {"mon": ["11:00-19:00"]}
    await feed_places(shop, opening_hours=hours)
    await publish(shop, {"id": "closed", "exclude": "!location.open_now"})
    assert (await placed(shop, "A-1", backorder=True))["state"] == "backordered"  # at 10:20 in Rome
    shop.clock.now += timedelta(minutes=39)
    await what_is_due(shop)
    assert await states(shop, "A-1") == ["backordered"]
    shop.clock.now += timedelta(minutes=1)
    await what_is_due(shop)
    assert await states(shop, "A-1") == ["assigned"]


async def test_an_order_that_rules_forbade_is_sent_within_a_quarter_of_an_hour_of_other_rules(shop: Api) -> None:
    await publish(shop, {"id": "nothing-today", "exclude": "true"})
    assert (await placed(shop, "A-1", backorder=True))["state"] == "backordered"
    await publish(shop)
    shop.clock.now += A_QUARTER
    await what_is_due(shop)
    assert await states(shop, "A-1") == ["assigned"]


async def test_a_reservation_that_found_no_room_is_held_once_there_is_some(shop: Api) -> None:
    await feed_places(shop, capacity_per_day=0)
    until = (shop.clock.now + timedelta(hours=1)).isoformat()
    await placed(shop, "A-1", backorder=True, expires_at=until)
    await feed_places(shop, capacity_per_day=1)
    shop.clock.now += A_QUARTER
    await what_is_due(shop)
    assert [shipment["state"] for shipment in (await seen(shop, "A-1"))["shipments"]] == ["reserved"]


async def test_an_order_that_waits_is_looked_at_once_a_quarter_of_an_hour(shop: Api) -> None:
    await placed(shop, "A-1", 20, backorder=True)
    await placed(shop, "A-2")
    assert await route_again(shop.service) == 0, "it was looked at when it came"
    for _ in range(3):
        shop.clock.now += A_QUARTER
        assert [await route_again(shop.service) for _ in range(2)] == [1, 0]


async def test_however_many_wait_each_has_its_turn_and_the_service_goes_on_in_between(
    shop: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "MOST_AT_ONCE", 2)
    await feed_places(shop, capacity_per_day=0)
    for name, quantity in {"A-1": 20, "A-2": 20, "A-3": 20, "B-1": 1, "B-2": 1, "B-3": 1}.items():
        await placed(shop, name, quantity, backorder=True)
    await shop.feed("locations", TIRELESS)
    shop.clock.now += A_QUARTER
    sent = []
    for _ in range(3):
        await sweep(shop.service)
        sent.append((await states(shop, "B-1", "B-2", "B-3")).count("assigned"))
    assert sent == [0, 1, 3]
    assert await states(shop, "A-1", "A-2", "A-3") == ["backordered"] * 3


async def test_where_a_quarter_of_an_hour_is_too_short_for_all_those_that_had_no_turn_come_first(
    shop: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "MOST_AT_ONCE", 2)
    await feed_places(shop, capacity_per_day=0)
    for name, quantity in {"A-1": 20, "A-2": 20, "B-1": 1, "B-2": 1}.items():
        await placed(shop, name, quantity, backorder=True)
    await shop.feed("locations", TIRELESS)
    sent = []
    for _ in range(2):  # the service manages two a quarter
        shop.clock.now += A_QUARTER
        await what_is_due(shop)
        sent.append(await states(shop, "B-1", "B-2"))
    assert sent == [["backordered"] * 2, ["assigned"] * 2]


async def test_an_order_that_locations_failed_too_often_waits_for_a_person_however_long(shop: Api) -> None:
    names = [f"X{n}" for n in range(MOST_FAILURES + 2)]
    rows = [{"location_id": name, "location_type": "warehouse", **HERE} for name in names]
    await shop.feed("locations", rows)
    await count(shop, {"S014": 0, "W001": 0, **dict.fromkeys(names, 1)}, "2026-03-02T07:00:00Z")
    await placed(shop, "A-1")
    for _ in range(MOST_FAILURES):
        await tell(shop, (await seen(shop, "A-1"))["shipments"][-1], "rejected", reason="no")
    shop.clock.now += timedelta(days=1)
    await what_is_due(shop)
    assert await states(shop, "A-1") == ["backordered"]
    assert (await shop.client.post("/v1/orders/A-1/route")).json()["state"] == "assigned"
