"""Tasks offered to several stores: the first to accept has it, the others see it vanish."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from serving.database.order_tables import capacity_used
from serving.database.tables import stock_movements
from serving.decisions.replay import find_decision, replay
from serving.orders.states import HOLDING
from tests.integration.conftest import Api
from tests.integration.orders import at, count, held_in_all, numbers, open_shop, order, placed, seen, tell, what_is_due
from tests.integration.test_races import Seams, more_processes
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio
STORES = ("S1", "S2", "S3")
STORE = {"location_type": "store", "country": "IT", "timezone": "Europe/Rome"}
OFFER = {"locations": 3, "minutes": 30}
#: Stores first; where none accepts, whoever can.
STORES_FIRST = [{"name": "stores", "require": 'location.type == "store"', "offer": OFFER}, {"name": "anywhere"}]


async def publish(api: Api, **ruleset: Any) -> None:
    response = await api.client.post("/v1/rulesets/everything/publish", json={"strategy": {}, **ruleset})
    assert response.status_code == 201, response.text


@pytest.fixture
async def shop(api: Api) -> Api:
    """Five units in each of three stores that are alike, and in a warehouse."""
    await open_shop(api)
    await api.feed("locations", [{"location_id": name, **STORE, "capacity_per_day": 100} for name in STORES])
    await count(api, {**dict.fromkeys(STORES, 5), "W001": 5, "S014": 0})
    await publish(api, stages=STORES_FIRST)
    return api


async def to_do(api: Api, location_id: str) -> list[tuple[str, str]]:
    answer = (await api.client.get("/v1/tasks", params={"location": location_id})).json()
    return [(task["order_id"], task["to_do"]) for task in answer["tasks"]]


def by_location(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The newest shipment of each location."""
    return {shipment["location_id"]: shipment for shipment in made["shipments"]}


def given(api: Api, location_id: str) -> int:
    table = capacity_used.c
    used = select(func.coalesce(func.sum(table.used), 0)).where(table.location_id == location_id)
    return int(api.service.database.read_now(lambda connection: connection.execute(used).scalar_one()))


async def check(api: Api, name: str) -> dict[str, Any]:
    """What the order says, what is held, what locations were given and the ledger agree; an offer counts once."""
    now = await seen(api, name)
    holding = [shipment for shipment in now["shipments"] if shipment["state"] in HOLDING]
    units: dict[str, int] = {}
    for place in (*STORES, "W001"):
        here = [shipment for shipment in holding if shipment["location_id"] == place]
        left = {s["shipment_id"]: sum(line["quantity"] - line["short"] for line in s["lines"]) for s in here}
        assert (await at(api, place))["held"] == sum(left.values()), (place, now)
        assert given(api, place) == len(here), (place, now)
        offered = [shipment for shipment in here if shipment["state"] in {"offered", "reserved"}]
        names = {s["shipment_id"]: s["offer_id"] for s in offered if s["offer_id"] is not None}
        units |= {names.get(shipment_id, shipment_id): of_it for shipment_id, of_it in left.items()}
    (line,) = now["lines"]
    wanted = 0 if now["state"] in {"cancelled", "expired"} else line["quantity"]
    assert sum(units.values()) + line["waiting"] == wanted, now
    table = stock_movements.c
    sums = select(table.location_id, func.sum(table.held)).group_by(table.location_id)
    for place, held_in_ledger in api.service.database.read_now(lambda c: c.execute(sums).all()):
        assert (await at(api, place))["held"] == held_in_ledger
    return now


async def test_a_task_is_offered_and_the_first_to_accept_has_it(shop: Api) -> None:
    made = await placed(shop, "A-1", 2)
    assert made["state"] == "offered"
    offered = by_location(made)
    assert set(offered) == set(STORES)
    assert {shipment["state"] for shipment in made["shipments"]} == {"offered"}
    for store in STORES:
        assert await to_do(shop, store) == [("A-1", "claim")]
        assert numbers(await at(shop, store)) == (5, 2, 3)
    assert await held_in_all(shop) == 6, "the units are held once at each"
    await check(shop, "A-1")
    assert (await tell(shop, offered["S2"], "accepted")).json()["order_state"] == "assigned"
    assert [await to_do(shop, store) for store in STORES] == [[], [("A-1", "pick")], []]
    late = await tell(shop, offered["S1"], "accepted")
    assert (late.status_code, late.json()["type"]) == (409, "urn:smista:problem:already-taken")
    assert "already taken by S2" in late.json()["detail"]
    assert (await tell(shop, offered["S2"], "accepted")).status_code == 200  # told twice
    now = await check(shop, "A-1")
    assert [event["kind"] for event in now["events"]] == [
        "order.placed",
        *["shipment.offered"] * 3,
        "order.offered",
        "shipment.claimed",
        *["shipment.withdrawn"] * 2,
        "order.assigned",
    ]
    assert now["events"][1]["versions"]["ruleset"] == "everything@2"
    assert {event["why"] for event in now["events"] if event["kind"] == "shipment.withdrawn"} == {"taken by S2"}


async def test_a_store_that_refuses_leaves_the_offer_to_the_others(shop: Api) -> None:
    offered = by_location(await placed(shop, "A-1"))
    await tell(shop, offered["S1"], "rejected", reason="no")
    now = await check(shop, "A-1")
    assert (now["state"], by_location(now)["S1"]["state"]) == ("offered", "rejected")
    await tell(shop, offered["S2"], "rejected", reason="no")
    await tell(shop, offered["S3"], "accepted")
    assert (await check(shop, "A-1"))["state"] == "assigned"


async def test_when_all_refuse_the_next_stage_decides(shop: Api) -> None:
    offered = by_location(await placed(shop, "A-1"))
    await shop.feed("locations", [{"location_id": "S4", **STORE}])
    await count(shop, {"S4": 5})  # a store as good as the others: but that stage is over
    for store in STORES:
        await tell(shop, offered[store], "rejected", reason="no")
    now = await seen(shop, "A-1")
    assert now["shipments"][3]["state"] == "assigned"
    decision = (await shop.client.get(f"/v1/decisions/{now['shipments'][3]['decision_id']}")).json()
    assert decision["stage"] == "anywhere"


async def test_an_offer_that_nobody_accepts_lapses_and_the_next_stage_decides(shop: Api) -> None:
    await placed(shop, "A-1")
    shop.clock.now += timedelta(minutes=29)
    await what_is_due(shop)
    assert (await seen(shop, "A-1"))["state"] == "offered"
    shop.clock.now += timedelta(minutes=1)
    await what_is_due(shop)
    now = await check(shop, "A-1")
    assert [(s["location_id"], s["state"]) for s in now["shipments"]] == [
        *((store, "lapsed") for store in STORES),
        ("W001", "assigned"),
    ]
    lapsed = [event for event in now["events"] if event["kind"] == "offer.lapsed"]
    assert [(event["who"], event["why"]) for event in lapsed] == [("smista", "nobody accepted within 30 minutes")]
    decision = (await shop.client.get(f"/v1/decisions/{now['shipments'][3]['decision_id']}")).json()
    assert decision["stage"] == "anywhere"
    database = shop.service.database
    again = replay(database, find_decision(database, decision["decision_id"]), TablePredictor())
    assert again.same, again.differences
    late = await tell(shop, by_location(now)["S1"], "accepted")
    assert (late.status_code, late.json()["type"]) == (409, "urn:smista:problem:conflict")


async def test_the_rulesets_own_offer_goes_on_without_those_who_let_it_lapse(shop: Api) -> None:
    await publish(shop, offer={"locations": 2, "minutes": 30})
    await count(shop, {"W001": 0}, "2026-03-02T07:00:00Z")
    first = set(by_location(await placed(shop, "A-1")))
    assert len(first) == 2
    shop.clock.now += timedelta(minutes=30)
    await what_is_due(shop)
    (last,) = set(STORES) - first
    now = await check(shop, "A-1")
    assert (by_location(now)[last]["state"], now["state"]) == ("assigned", "assigned"), "one alone is given the task"


async def test_only_orders_that_the_ruleset_means_are_offered(shop: Api) -> None:
    await publish(shop, offer={**OFFER, "when": "order.units > 2"})
    await count(shop, {"W001": 0}, "2026-03-02T07:00:00Z")
    assert (await placed(shop, "A-1", 2))["state"] == "assigned"
    assert (await placed(shop, "A-2", 3))["state"] == "offered"


async def test_a_collected_order_is_offered_to_nobody(shop: Api) -> None:
    await publish(shop, offer=OFFER)
    made = await placed(shop, "A-1", delivery_method="click_and_collect", collect_location_id="S2")
    assert [(s["location_id"], s["state"]) for s in made["shipments"]] == [("S2", "assigned")]


async def test_what_a_warehouse_sends_is_offered_to_nobody(shop: Api) -> None:
    await publish(shop, offer=OFFER, rules=[{"id": "dear", "where": 'location.type == "store"', "adjust": 50}])
    made = await placed(shop, "A-1")
    assert [(s["location_id"], s["state"]) for s in made["shipments"]] == [("W001", "assigned")]


async def test_stores_that_lack_units_or_may_not_are_not_offered_them(shop: Api) -> None:
    await count(shop, {"S1": 1}, "2026-03-02T07:00:00Z")
    assert set(by_location(await placed(shop, "A-1", 2))) == {"S2", "S3"}
    rules = [{"id": "not-s3", "exclude": 'location.id == "S3"'}]
    await publish(shop, stages=STORES_FIRST, rules=rules)
    assert set(by_location(await placed(shop, "A-2", 1))) == {"S1", "S2"}


async def test_a_reserved_order_is_offered_once_it_is_confirmed(shop: Api) -> None:
    until = (shop.clock.now + timedelta(minutes=60)).isoformat()
    made = await placed(shop, "A-1", 2, expires_at=until)
    assert {shipment["state"] for shipment in made["shipments"]} == {"reserved"}
    assert await to_do(shop, "S1") == []
    shop.clock.now += timedelta(minutes=40)
    await what_is_due(shop)
    confirmed = (await shop.client.post("/v1/orders/A-1/confirm")).json()
    assert (confirmed["state"], {s["state"] for s in confirmed["shipments"]}) == ("offered", {"offered"})
    await what_is_due(shop)
    assert (await check(shop, "A-1"))["state"] == "offered", "the time begins with the offer"
    await shop.client.delete("/v1/orders/A-1")
    ended = await placed(shop, "A-2", 2, expires_at=(shop.clock.now + timedelta(minutes=5)).isoformat())
    assert len(ended["shipments"]) == 3
    shop.clock.now += timedelta(minutes=5)
    await what_is_due(shop)
    assert (await check(shop, "A-2"))["state"] == "expired"


async def test_amending_changes_the_offer_everywhere(shop: Api) -> None:
    await placed(shop, "A-1", 3)
    assert (await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 1})).status_code == 200
    now = await check(shop, "A-1")
    assert [shipment["lines"][0]["quantity"] for shipment in now["shipments"]] == [1, 1, 1]
    assert (await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 0})).json()["state"] == "cancelled"
    await check(shop, "A-1")
    assert await held_in_all(shop) == 0


async def test_a_committed_plan_is_offered_to_those_who_can_still_have_it(shop: Api) -> None:
    decision = (await shop.decide(order("A-1", 2))).json()
    (planned,) = decision["options"][0]["shipments"]
    others = [other["location_id"] for other in planned["offer"]["others"]]
    assert {planned["location_id"], *others} == set(STORES)
    assert f"offered to {others[0]} and {others[1]} too" in decision["options"][0]["explanation"]
    await count(shop, {others[0]: 0}, "2026-03-02T08:00:00Z")
    made = (await shop.client.post(f"/v1/decisions/{decision['decision_id']}/commit", json={"rank": 1})).json()
    assert [s["location_id"] for s in made["shipments"]] == [planned["location_id"], others[1]]
    await check(shop, "A-1")


async def test_the_time_of_an_offer_passes_while_stores_are_open(shop: Api) -> None:
    opening = {"S1": {"tue": ["09:00-12:00"]}, "S2": {"tue": ["09:30-12:00"]}, "S3": {"mon": ["10:00-20:00"]}}
    await shop.feed("locations", [{"location_id": name, **STORE, "opening_hours": opening[name]} for name in STORES])
    await placed(shop, "A-1")  # Monday 10:20 in Rome
    tasks = (await shop.client.get("/v1/tasks", params={"location": "S1"})).json()["tasks"]
    assert tasks[0]["offered_until"] == "2026-03-03T09:00:00Z"
    shop.clock.now += timedelta(hours=23, minutes=39)
    await what_is_due(shop)
    assert (await seen(shop, "A-1"))["state"] == "offered"
    shop.clock.now += timedelta(minutes=1)
    await what_is_due(shop)
    assert (await seen(shop, "A-1"))["state"] == "assigned"


async def _lapse(api: Api, _: dict[str, Any]) -> None:
    api.clock.now += timedelta(minutes=30)
    await what_is_due(api)


async def _accept(store: str, api: Api, made: dict[str, Any]) -> httpx.Response:
    return await tell(api, by_location(made)[store], "accepted")


async def _reject(api: Api, made: dict[str, Any]) -> httpx.Response:
    return await tell(api, by_location(made)["S1"], "rejected", reason="no")


Action = Callable[[Api, dict[str, Any]], Awaitable[Any]]
ACTIONS: dict[str, Action] = {
    "accept": partial(_accept, "S1"),
    "accept elsewhere": partial(_accept, "S2"),
    "lapse": _lapse,
    "reject": _reject,
    "cancel": lambda api, made: api.client.delete(f"/v1/orders/{made['order_id']}"),
    "less": lambda api, made: api.client.patch(f"/v1/orders/{made['order_id']}/lines/1", json={"quantity": 1}),
}


@pytest.mark.parametrize("first", ACTIONS)
async def test_whatever_happens_to_an_offer_at_once_there_is_one_outcome(shop: Api, first: str) -> None:
    """Each other action comes between what ``first`` has read and what it writes."""
    for number, (second, action) in enumerate(ACTIONS.items()):
        made = await placed(shop, f"A-{number}", 2)
        assert made["state"] == "offered"
        seams = Seams(shop.service.database, 0, partial(action, shop, made))
        await ACTIONS[first](shop, made)
        seams.close()
        assert seams.reached
        now = await check(shop, f"A-{number}")
        kinds = [event["kind"] for event in now["events"]]
        assert kinds.count("shipment.claimed") <= 1, second
        assert "shipment.claimed" not in kinds or "offer.lapsed" not in kinds, second
        working = [shipment for shipment in now["shipments"] if shipment["state"] in {"accepted", "assigned"}]
        assert len(working) <= 1, (second, "nobody works in vain")
        await shop.client.delete(f"/v1/orders/A-{number}")
        assert await held_in_all(shop) == 0


async def test_of_two_that_accept_at_once_one_has_it_and_the_other_is_told(shop: Api) -> None:
    made = await placed(shop, "A-1", 2)
    others: list[httpx.Response] = []

    async def accept_first() -> None:
        others.append(await _accept("S2", shop, made))

    seams = Seams(shop.service.database, 0, accept_first)
    late = await _accept("S1", shop, made)
    seams.close()
    assert [answer.status_code for answer in others] == [200]
    assert (late.status_code, late.json()["type"]) == (409, "urn:smista:problem:already-taken")
    assert await to_do(shop, "S1") == []


async def test_three_stores_in_three_processes_accept_at_once(shop: Api) -> None:
    async with more_processes(shop, 3) as processes:
        for trial in range(3):
            made = by_location(await placed(shop, f"A-{trial}"))
            sent = [
                client.post(f"/v1/shipments/{made[store]['shipment_id']}/events", json={"event": "accepted"})
                for client, store in zip(processes, STORES, strict=True)
            ]
            answers = await asyncio.gather(*sent)
            assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
            winner = STORES[[answer.status_code for answer in answers].index(200)]
            assert (await tell(shop, made[winner], "handed_over")).status_code == 200
    assert await held_in_all(shop) == 0
