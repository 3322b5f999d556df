"""Placing orders: decided, held and assigned at once; what is held is nobody else's."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from serving.database.order_tables import orders
from serving.wire import examples
from tests.integration.conftest import Api
from tests.integration.orders import (
    at,
    held_in_all,
    numbers,
    open_shop,
    order,
    place,
    placed,
    seen,
    stock,
    tell,
    what_is_due,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(api: Api) -> Api:
    """A shop with 4 units in the store and 5 in the warehouse."""
    await open_shop(api, S014=4, W001=5)
    return api


async def test_an_order_is_decided_held_and_assigned_at_once(shop: Api) -> None:
    made = await placed(shop, "A-1", 3)
    assert made["state"] == "assigned"
    (shipment,) = made["shipments"]
    assert shipment["state"] == "assigned"
    assert shipment["lines"] == [{"line_id": "1", "sku": "SKU-1", "quantity": 3, "short": 0}]
    assert (await shop.client.get(f"/v1/decisions/{made['decision_id']}")).status_code == 200
    events = (await seen(shop, "A-1"))["events"]
    assert [event["kind"] for event in events] == ["order.placed", "shipment.assigned", "order.assigned"]
    assert events[1]["versions"]["bundle"] == "table@1"
    assert {event["who"] for event in events} == {"development"}


async def test_what_is_held_is_not_promised_again(shop: Api) -> None:
    first = (await placed(shop, "A-1", 4))["shipments"][0]["location_id"]
    second = (await placed(shop, "A-2", 4))["shipments"][0]["location_id"]
    assert {first, second} == {"S014", "W001"}
    gone = await place(shop, "A-3", 4)
    assert (gone.status_code, gone.json()["type"]) == (409, "urn:smista:problem:out-of-stock")
    assert gone.json()["decision"]["options"] == []


async def test_the_last_unit_is_sold_once(shop: Api) -> None:
    await stock(shop, at="2026-03-02T07:00:00Z", S014=1, W001=0)
    responses = await asyncio.gather(*(place(shop, f"A-{n}") for n in range(20)))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 19
    assert numbers(await at(shop, "S014")) == (1, 1, 0)


async def test_units_that_a_rule_keeps_back_are_not_sold_in_a_race_either(shop: Api) -> None:
    await stock(shop, at="2026-03-02T07:00:00Z", S014=3, W001=0)
    rules = [{"id": "display", "safety_stock": 2}]
    await shop.client.post("/v1/rulesets/everything/publish", json={"strategy": {}, "rules": rules})
    responses = await asyncio.gather(*(place(shop, f"A-{n}") for n in range(5)))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 4


async def test_two_lines_of_one_sku_are_held_together(shop: Api) -> None:
    lines = [{"line_id": str(n), "sku": "SKU-1", "quantity": 2} for n in (1, 2)]
    made = await placed(shop, "A-1", lines=lines)
    held = {
        shipment["location_id"]: sum(line["quantity"] for line in shipment["lines"]) for shipment in made["shipments"]
    }
    assert sum(held.values()) == 4
    for location_id, units in held.items():
        assert (await at(shop, location_id))["held"] == units


async def test_one_of_the_ranked_plans_can_be_committed(shop: Api) -> None:
    decision = (await shop.decide(order("A-1", 2))).json()
    response = await shop.client.post(f"/v1/decisions/{decision['decision_id']}/commit", json={"rank": 2})
    assert response.status_code == 201, response.text
    (shipment,) = response.json()["shipments"]
    assert shipment["location_id"] == decision["options"][1]["shipments"][0]["location_id"]
    assert (await at(shop, shipment["location_id"]))["held"] == 2


async def test_a_plan_whose_stock_has_gone_is_refused_with_the_one_that_stands(shop: Api) -> None:
    decision = (await shop.decide(order("A-1", 3))).json()
    best = decision["options"][0]["shipments"][0]["location_id"]
    await stock(shop, at="2026-03-02T08:00:00Z", **{best: 0})
    refused = await shop.client.post(f"/v1/decisions/{decision['decision_id']}/commit", json={"rank": 1})
    assert refused.status_code == 409
    standing = refused.json()["decision"]
    other = standing["options"][0]["shipments"][0]["location_id"]
    assert other != best
    again = await shop.client.post(f"/v1/decisions/{standing['decision_id']}/commit", json={"rank": 1})
    assert again.status_code == 201
    assert again.json()["shipments"][0]["location_id"] == other


async def test_an_order_is_placed_once(shop: Api) -> None:
    await placed(shop, "A-1")
    again = await place(shop, "A-1")
    assert (again.status_code, again.json()["type"]) == (409, "urn:smista:problem:order-exists")
    assert await held_in_all(shop) == 1


async def test_a_repeated_request_gets_the_same_bytes_and_holds_once(shop: Api) -> None:
    async def once() -> tuple[int, bytes]:
        while True:
            response = await shop.client.post("/v1/orders", json=order("A-1"), headers={"Idempotency-Key": "k"})
            if response.json().get("type") != "urn:smista:problem:in-flight":
                return response.status_code, response.content

    answers = await asyncio.gather(*(once() for _ in range(10)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    other = await shop.client.post("/v1/orders", json=order("A-2"), headers={"Idempotency-Key": "k"})
    assert other.status_code == 422
    assert await held_in_all(shop) == 1


async def test_a_request_that_is_being_answered_is_not_answered_twice(shop: Api) -> None:
    shop.service.in_flight.add(("development", "k"))
    response = await shop.client.post("/v1/orders", json=order("A-1"), headers={"Idempotency-Key": "k"})
    assert (response.status_code, response.json()["type"]) == (409, "urn:smista:problem:in-flight")


async def test_an_order_whose_number_has_slashes_is_found_changed_and_cancelled(shop: Api) -> None:
    await placed(shop, "2026/03/A-1", 2, lines=[{"line_id": "1/a", "sku": "SKU-1", "quantity": 2}])
    path = "/v1/orders/2026%2F03%2FA-1"
    assert (await shop.client.get(path)).json()["order_id"] == "2026/03/A-1"
    less = await shop.client.patch(f"{path}/lines/1%2Fa", json={"quantity": 1})
    assert less.json()["lines"][0]["quantity"] == 1
    assert (await shop.client.post(f"{path}/confirm")).status_code == 200
    assert (await shop.client.delete(path)).json()["state"] == "cancelled"


async def test_a_cancelled_order_lets_its_units_go(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    response = await shop.client.delete("/v1/orders/A-1", params={"reason": "changed my mind"})
    assert response.json()["state"] == "cancelled"
    assert response.json()["shipments"][0]["state"] == "withdrawn"
    assert (await at(shop, shipment["location_id"]))["held"] == 0
    assert (await seen(shop, "A-1"))["events"][-1]["why"] == "changed my mind"
    assert (await shop.client.delete("/v1/orders/A-1")).status_code == 200
    assert (await at(shop, shipment["location_id"]))["held"] == 0


async def test_an_order_that_has_left_cannot_be_cancelled(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1"))["shipments"]
    await tell(shop, shipment, "handed_over")
    assert (await shop.client.delete("/v1/orders/A-1")).status_code == 409


async def test_a_reservation_ends_unless_it_is_confirmed(shop: Api) -> None:
    until = (shop.clock.now + timedelta(minutes=15)).isoformat()
    for name in ("A-1", "A-2"):
        made = await placed(shop, name, 2, expires_at=until)
        assert (made["state"], made["shipments"][0]["state"]) == ("reserved", "reserved")
    assert (await shop.client.get("/v1/tasks", params={"location": "S014"})).json()["tasks"] == []
    assert (await shop.client.post("/v1/orders/A-1/confirm")).json()["state"] == "assigned"
    shop.clock.now += timedelta(minutes=15)
    await what_is_due(shop)
    assert [(await seen(shop, name))["state"] for name in ("A-1", "A-2")] == ["assigned", "expired"]
    assert await held_in_all(shop) == 2
    assert (await shop.client.post("/v1/orders/A-2/confirm")).status_code == 409


async def test_a_line_is_amended_down_and_up(shop: Api) -> None:
    made = await placed(shop, "A-1", 3)
    first = made["shipments"][0]["location_id"]
    less = await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 1})
    assert less.json()["lines"] == [{"line_id": "1", "sku": "SKU-1", "quantity": 1, "waiting": 0}]
    assert (await at(shop, first))["held"] == 1
    await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 6})
    now = await seen(shop, "A-1")
    assert now["state"] == "assigned"
    assert await held_in_all(shop) == 6
    none = await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 0})
    assert none.json()["state"] == "cancelled"
    assert await held_in_all(shop) == 0


async def test_more_of_what_is_reserved_is_reserved_too(shop: Api) -> None:
    until = (shop.clock.now + timedelta(minutes=15)).isoformat()
    await placed(shop, "A-1", 3, expires_at=until)
    await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 5})
    now = await seen(shop, "A-1")
    assert (now["state"], now["lines"][0]["waiting"]) == ("reserved", 0)
    assert {shipment["state"] for shipment in now["shipments"]} == {"reserved"}
    assert await held_in_all(shop) == 5
    shop.clock.now += timedelta(minutes=15)
    await what_is_due(shop)
    assert (await seen(shop, "A-1"))["state"] == "expired"
    assert await held_in_all(shop) == 0


async def test_a_reservation_that_waits_for_stock_is_held_when_it_comes_and_ends_in_time(shop: Api) -> None:
    until = (shop.clock.now + timedelta(minutes=15)).isoformat()
    for name in ("A-1", "A-2"):
        made = await placed(shop, name, 20, backorder=True, expires_at=until)
        assert (made["state"], made["shipments"]) == ("reserved", [])
        await shop.client.patch(f"/v1/orders/{name}/lines/1", json={"quantity": 21})
        assert (await seen(shop, name))["state"] == "reserved"
    await stock(shop, at="2026-03-02T09:10:00Z", W001=25)
    assert [s["state"] for s in (await seen(shop, "A-1"))["shipments"]] == ["reserved"]
    assert await held_in_all(shop) == 21
    shop.clock.now += timedelta(minutes=15)
    await what_is_due(shop)
    for name in ("A-1", "A-2"):
        now = await seen(shop, name)
        assert (now["state"], now["events"][-1]["kind"]) == ("expired", "order.expired")
    assert await held_in_all(shop) == 0


async def test_reasons_and_instants_that_no_database_keeps_are_refused(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    answers = [
        await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 1, "reason": "a\0b"}),
        await shop.client.delete("/v1/orders/A-1", params={"reason": "a\0b"}),
        await tell(shop, shipment, "accepted", occurred_at="0001-01-01T00:00:00+14:00"),
        await place(shop, "A-2", expires_at="9999-12-31T23:59:59-14:00"),
    ]
    assert [answer.status_code for answer in answers] == [422] * 4
    assert (await seen(shop, "A-1"))["lines"][0]["quantity"] == 3


async def test_numbers_and_truths_are_none_when_they_are_written_as_something_else(shop: Api) -> None:
    """Each call names the field: nothing is taken, moved or told by a guess."""
    made = await placed(shop, "A-1", 3)
    (shipment,) = made["shipments"]
    basket, baskets = examples.BASKET, examples.BASKETS
    movement = {**examples.MOVEMENTS[0], "quantity": "5"}
    answers = [
        await place(shop, "A-2", backorder="true"),
        await place(shop, "A-2", expires_at=1772431200),
        await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": "1"}),
        await shop.client.post(f"/v1/decisions/{made['decision_id']}/commit", json={"rank": True}),
        await tell(shop, shipment, "delivered", shipping_cost="3.90"),
        await shop.client.post("/v1/promises", json={**basket, "stores": "1"}),
        await shop.client.post("/v1/promises", json={**basket, "hold": "true"}),
        await shop.client.post("/v1/promises/bulk", json={**baskets, "items": [{"sku": 1, "quantity": 1}]}),
    ]
    told = [(answer.status_code, [error["field"] for error in answer.json()["errors"]]) for answer in answers]
    fields = ["backorder", "expires_at", "quantity", "rank", "shipping_cost", "stores", "hold", "items[0].sku"]
    assert told == [(422, [field]) for field in fields]
    moved = (await shop.client.post("/v1/stock/movements", json=[movement])).json()
    assert [row["field"] for row in moved["rejected"]] == ["quantity"]


async def test_an_order_of_before_types_were_strict_is_decided_again_as_it_was_taken(shop: Api) -> None:
    """What was kept is not refused when somebody else is to be asked."""
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]

    def as_then(connection: Connection) -> None:
        request = connection.execute(select(orders.c.request)).scalar_one()
        sent = {**json.loads(request), "placed_at": 1772431200, "options": "5"}
        connection.execute(update(orders).values(request=json.dumps(sent).encode()))

    shop.service.database.write_now(as_then)
    await tell(shop, shipment, "rejected", reason="nobody here")
    assert [each["state"] for each in (await seen(shop, "A-1"))["shipments"]] == ["rejected", "assigned"]


async def test_picked_units_are_not_amended_away(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    await tell(shop, shipment, "picked")
    assert (await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 1})).status_code == 409
    assert (await shop.client.patch("/v1/orders/A-1/lines/9", json={"quantity": 1})).status_code == 404


async def test_a_location_is_given_no_more_than_its_day_can_bear(shop: Api) -> None:
    rows = [
        {
            "location_id": "S014",
            "location_type": "store",
            "country": "IT",
            "timezone": "Europe/Rome",
            "capacity_per_day": 1,
        },
        {
            "location_id": "W001",
            "location_type": "warehouse",
            "country": "IT",
            "timezone": "Europe/Rome",
            "capacity_per_day": 1,
        },
    ]
    await shop.feed("locations", rows)
    places = {(await placed(shop, f"A-{n}"))["shipments"][0]["location_id"] for n in (1, 2)}
    assert places == {"S014", "W001"}
    assert (await place(shop, "A-3")).status_code == 409
    await shop.client.delete("/v1/orders/A-1")
    assert (await place(shop, "A-4")).status_code == 201
    shop.clock.now += timedelta(days=1)
    assert (await place(shop, "A-5")).status_code == 201


async def test_a_chosen_plan_is_refused_where_the_feed_has_told_since_that_the_day_is_full(shop: Api) -> None:
    row = {"location_type": "store", "country": "IT", "timezone": "Europe/Rome", "capacity_per_day": 5}
    today = {"capacity_used": 4, "capacity_used_on": "2026-03-02"}
    await shop.feed("locations", [{**row, "location_id": "S014", **today}])
    decision = (await shop.client.post("/v1/decisions", json=order("A-1"))).json()
    rank = next(o["rank"] for o in decision["options"] if o["shipments"][0]["location_id"] == "S014")
    await shop.feed("locations", [{**row, "location_id": "S014", **today, "capacity_used": 5}])
    refused = await shop.client.post(f"/v1/decisions/{decision['decision_id']}/commit", json={"rank": rank})
    assert refused.status_code == 409
    assert refused.json()["decision"]["options"][0]["shipments"][0]["location_id"] == "W001"


async def test_an_order_that_may_wait_is_sent_when_stock_comes(shop: Api) -> None:
    made = await placed(shop, "A-1", 20, backorder=True)
    assert (made["state"], made["shipments"]) == ("backordered", [])
    await stock(shop, at="2026-03-02T08:00:00Z", W001=25)
    now = await seen(shop, "A-1")
    assert now["state"] == "assigned"
    assert now["shipments"][0]["location_id"] == "W001"


async def test_every_post_that_changes_state_takes_an_idempotency_key(shop: Api) -> None:
    reading = {"/v1/promises", "/v1/promises/bulk"}
    described = (await shop.client.get("/openapi.json")).json()["paths"]
    without = [
        path
        for path, calls in described.items()
        if "post" in calls and "Idempotency-Key" not in {p["name"] for p in calls["post"].get("parameters", [])}
    ]
    assert set(without) <= reading


async def test_routing_an_order_again_under_its_key_answers_the_same_and_does_nothing(shop: Api) -> None:
    await placed(shop, "A-1", 20, backorder=True)
    first, key = "/v1/orders/A-1/route", {"Idempotency-Key": "r-1"}
    waiting = await shop.client.post(first, headers=key)
    assert waiting.json()["state"] == "backordered"
    row = {"location_id": "W001", "sku": "SKU-1", "counted_at": "2026-03-02T08:00:00Z", "on_hand": 25}
    await shop.feed("stock", [row])  # it is routed at once
    assert (await shop.client.post(first, headers=key)).content == waiting.content
    assert (await shop.client.post(first)).json()["state"] == "assigned"
    await placed(shop, "A-2", 20, backorder=True)
    assert (await shop.client.post("/v1/orders/A-2/route", headers=key)).status_code == 422
    assert (await shop.client.post("/v1/orders/A-9/route")).status_code == 404


async def test_a_key_does_not_answer_a_request_that_gives_another_reason(shop: Api) -> None:
    await placed(shop, "A-1")
    key = {"Idempotency-Key": "c-1"}
    first = await shop.client.delete("/v1/orders/A-1", params={"reason": "changed mind"}, headers=key)
    again = await shop.client.delete("/v1/orders/A-1", params={"reason": "changed mind"}, headers=key)
    other = await shop.client.delete("/v1/orders/A-1", params={"reason": "too late"}, headers=key)
    assert (first.status_code, again.content, other.status_code) == (200, first.content, 422)


async def test_movements_sent_again_under_their_key_get_the_same_bytes(shop: Api) -> None:
    row = {"source": "till", "sequence": 1, "location_id": "S014", "sku": "SKU-1", "quantity": -1}
    rows = [{**row, "occurred_at": "2026-03-02T08:00:00Z", "reason": "sold"}]
    sent = [
        await shop.client.post("/v1/stock/movements", json=rows, headers={"Idempotency-Key": "m"}) for _ in range(2)
    ]
    assert sent[0].json()["accepted"] == 1
    assert sent[0].content == sent[1].content
    assert numbers(await at(shop, "S014")) == (3, 0, 3)
