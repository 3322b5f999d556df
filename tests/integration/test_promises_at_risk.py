"""Orders on their way are watched: who waits too long is found out before the customer is disappointed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from serving.orders.sweeping import sweep
from serving.wire import examples
from tests.integration.conftest import NOW, Api
from tests.integration.orders import open_shop, placed, seen, stock, tell
from tests.integration.orders import order as an_order

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
#: Deliveries from the warehouse take 15 to 45 hours, from the store 10 to 30.
PROMISED = NOW + 60 * HOUR


async def open_all_day(api: Api, **units: int) -> None:
    await open_shop(api, **units)
    closing = {"opening_hours", "cut_offs", "closed_on_public_holidays", "closed_on"}
    rows = [{k: v for k, v in row.items() if k not in closing} for row in examples.ROWS["locations"]]
    await api.feed("locations", rows)


async def later(api: Api, hours: float) -> None:
    api.clock.now = NOW + hours * HOUR
    await sweep(api.service)


async def risks(api: Api, name: str) -> list[dict[str, Any]]:
    return [told for told in (await seen(api, name))["events"] if told["kind"] == "order.at_risk"]


async def test_each_step_is_told_until_when_it_may_wait(api: Api) -> None:
    await open_all_day(api, W001=5)
    order = await placed(api, "A", promised_at=PROMISED.isoformat())
    shipment = order["shipments"][0]
    accept_by, hand_over_by, ready_at = (
        datetime.fromisoformat(shipment[name]) for name in ("accept_by", "hand_over_by", "expected_ready_at")
    )
    assert NOW < accept_by < hand_over_by < PROMISED
    assert hand_over_by - ready_at == accept_by - NOW


async def test_a_place_that_is_closed_need_not_accept_before_it_opens(api: Api) -> None:
    await open_all_day(api, W001=5)
    closed = {"opening_hours": {"tue": ["08:00-20:00"], "wed": ["08:00-20:00"], "thu": ["08:00-20:00"]}}
    warehouse = next(row for row in examples.ROWS["locations"] if row["location_id"] == "W001")
    await api.feed("locations", [{**warehouse, **closed, "cut_offs": None, "closed_on": []}])
    shipment = (await placed(api, "A", promised_at=PROMISED.isoformat()))["shipments"][0]
    opens = datetime(2026, 3, 3, 7, tzinfo=UTC)
    accept_by, hand_over_by = (datetime.fromisoformat(shipment[name]) for name in ("accept_by", "hand_over_by"))
    assert opens < accept_by <= hand_over_by < PROMISED
    await later(api, 1)
    assert await risks(api, "A") == []


async def test_a_place_is_left_its_shipment_overnight_while_the_promise_is_still_sure(api: Api) -> None:
    """It is due when the place closes; it is taken elsewhere no sooner than from a place that never closes."""
    await open_all_day(api, W001=5)
    daily = {"opening_hours": {day: ["08:00-20:00"] for day in ("mon", "tue", "wed", "thu")}}
    warehouse = next(row for row in examples.ROWS["locations"] if row["location_id"] == "W001")
    await api.feed("locations", [{**warehouse, **daily, "cut_offs": None, "closed_on": []}])
    (shipment,) = (await placed(api, "A", promised_at=PROMISED.isoformat()))["shipments"]
    assert shipment["accept_by"] < shipment["hand_over_by"] == "2026-03-02T19:00:00Z"
    await later(api, 1)
    await stock(api, at=(NOW + HOUR / 2).isoformat(), S014=5)
    for hours in (10, 21):
        await later(api, hours)
        assert [s["location_id"] for s in (await seen(api, "A"))["shipments"]] == ["W001"]
        assert await risks(api, "A") == []
    await later(api, 30.5)
    assert [s["location_id"] for s in (await seen(api, "A"))["shipments"]] == ["W001", "S014"]


async def test_a_night_over_many_shipments_asks_no_more_of_the_database_than_one_over_few(api: Api) -> None:
    """All that could wait until the night is overdue then, and looked at in every sweep: its promise is still sure."""
    await open_all_day(api, W001=20)
    warehouse = next(row for row in examples.ROWS["locations"] if row["location_id"] == "W001")
    daily = {"opening_hours": {day: ["08:00-20:00"] for day in ("mon", "tue", "wed", "thu")}}
    await api.feed("locations", [{**warehouse, **daily, "cut_offs": None, "closed_on": []}])
    asked: list[str] = []
    event.listen(api.service.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))

    async def night_over(*names: str) -> int:
        for name in names:
            await placed(api, name, promised_at=PROMISED.isoformat())
        await later(api, 21)
        asked.clear()
        await later(api, 21.1)
        api.clock.now = NOW
        return len(asked)

    one = await night_over("A")
    assert await night_over("B", "C", "D", "E") == one


async def test_an_order_without_a_promise_is_not_at_risk(api: Api) -> None:
    await open_all_day(api, W001=5)
    await placed(api, "A")
    await later(api, 200)
    assert await risks(api, "A") == []


async def test_a_promise_at_risk_is_told_once_before_it_is_broken(api: Api) -> None:
    await open_all_day(api, W001=5)
    await placed(api, "A", promised_at=PROMISED.isoformat())
    await later(api, 21)
    assert await risks(api, "A") == []
    for hours in (31, 32, 50):
        await later(api, hours)
    assert [event["occurred_at"] for event in await risks(api, "A")] == ["2026-03-03T16:20:00Z"]


async def test_handed_over_in_time_nothing_is_at_risk(api: Api) -> None:
    await open_all_day(api, W001=5)
    order = await placed(api, "A", promised_at=PROMISED.isoformat())
    await later(api, 6)
    assert (await tell(api, order["shipments"][0], "handed_over")).status_code == 200
    await later(api, 36)
    assert await risks(api, "A") == []


async def test_where_another_location_keeps_the_promise_it_is_sent_from_there(api: Api) -> None:
    await open_all_day(api, W001=5)
    await placed(api, "A", promised_at=PROMISED.isoformat())
    await later(api, 1)
    await stock(api, at=(NOW + HOUR / 2).isoformat(), S014=5)
    await later(api, 30.5)
    order = await seen(api, "A")
    assert [(s["location_id"], s["state"]) for s in order["shipments"]] == [("W001", "withdrawn"), ("S014", "assigned")]
    assert order["state"] == "assigned"
    assert len(await risks(api, "A")) == 1
    held = {at["location_id"]: at["held"] for at in (await api.client.get("/v1/stock?sku=SKU-1")).json()["by_location"]}
    assert held == {"W001": 0, "S014": 1}


async def test_it_is_sent_from_where_the_promise_is_kept_though_a_plan_that_is_late_costs_less(api: Api) -> None:
    await open_all_day(api, W001=5)
    await placed(api, "A", promised_at=PROMISED.isoformat())
    await later(api, 1)
    dear = {"id": "dear", "where": 'location.type == "store"', "adjust": 50}
    document = {"name": "everything", "strategy": {}, "rules": [dear]}
    assert (await api.client.post("/v1/rulesets/everything/publish", json=document)).status_code == 201
    other = {"location_id": "W002", "location_type": "warehouse", "country": "IT", "timezone": "Europe/Rome"}
    await api.feed("locations", [other])
    await stock(api, at=(NOW + HOUR / 2).isoformat(), S014=5, W002=5)
    await later(api, 30.5)
    shipments = (await seen(api, "A"))["shipments"]
    assert [(s["location_id"], s["state"]) for s in shipments] == [("W001", "withdrawn"), ("S014", "assigned")]


async def test_it_stays_where_it_is_rather_than_going_in_part_from_where_that_would_be_in_time(api: Api) -> None:
    await open_all_day(api, W001=5)
    await placed(api, "A", 2, promised_at=PROMISED.isoformat())
    await later(api, 1)
    document = {"name": "everything", "strategy": {}, "limits": {"allow_partial": True}}
    assert (await api.client.post("/v1/rulesets/everything/publish", json=document)).status_code == 201
    await stock(api, at=(NOW + HOUR / 2).isoformat(), S014=1)
    await later(api, 30.5)
    (shipment,) = (await seen(api, "A"))["shipments"]
    assert (shipment["location_id"], shipment["state"]) == ("W001", "assigned")
    assert len(await risks(api, "A")) == 1


async def test_what_was_ready_in_time_waits_for_its_customer_without_being_at_risk(api: Api) -> None:
    await open_all_day(api, S014=5)
    collected: dict[str, Any] = {"delivery_method": "click_and_collect", "collect_location_id": "S014"}
    for name in ("in time", "too late", "never"):
        await placed(api, name, promised_at=PROMISED.isoformat(), **collected)
    (in_time,), (too_late,) = [(await seen(api, name))["shipments"] for name in ("in time", "too late")]
    await later(api, 3)
    assert (await tell(api, in_time, "ready")).status_code == 200
    for hours in (59, 61):
        await later(api, hours)
    assert (await tell(api, too_late, "ready")).status_code == 200
    await later(api, 100)
    assert [len(await risks(api, name)) for name in ("in time", "too late", "never")] == [0, 1, 1]
    assert (await tell(api, in_time, "collected")).json()["order_state"] == "completed"


async def test_it_counts_when_it_was_handed_over_not_when_that_was_told(api: Api) -> None:
    await open_all_day(api, W001=5)
    orders = [await placed(api, name, promised_at=PROMISED.isoformat()) for name in ("A", "B")]
    await later(api, 29)
    for order, happened_at in zip(orders, (NOW + HOUR, NOW + 29 * HOUR), strict=True):
        told = await tell(api, order["shipments"][0], "handed_over", occurred_at=happened_at.isoformat())
        assert told.status_code == 200
    await later(api, 46)
    assert [len(await risks(api, name)) for name in ("A", "B")] == [0, 1]


async def test_an_order_promised_for_the_last_day_of_the_calendar_is_watched_as_any(api: Api) -> None:
    await open_all_day(api, W001=5)
    order = await placed(api, "A", promised_at="9999-12-31T23:59:59Z")
    assert (await tell(api, order["shipments"][0], "handed_over")).status_code == 200
    await later(api, 40)
    assert await risks(api, "A") == []


async def test_a_plan_that_is_committed_after_its_dates_is_carried_out_and_at_risk(api: Api) -> None:
    await open_all_day(api, W001=5)
    decided = (await api.decide(an_order("A", promised_at=PROMISED.isoformat()))).json()
    api.clock.now = NOW + 100 * HOUR
    committed = await api.client.post(f"/v1/decisions/{decided['decision_id']}/commit", json={})
    assert committed.status_code == 201, committed.text
    await later(api, 101)
    assert len(await risks(api, "A")) == 1


async def test_a_line_taken_off_does_not_keep_the_rest_from_going_elsewhere(api: Api) -> None:
    """Nor the promises of other orders from being watched."""
    await open_all_day(api, W001=5)
    lines = [{"line_id": line_id, "sku": "SKU-1", "quantity": 1} for line_id in ("1", "2")]
    await placed(api, "A", promised_at=PROMISED.isoformat(), lines=lines)
    await placed(api, "B", promised_at=PROMISED.isoformat())
    assert (await api.client.patch("/v1/orders/A/lines/1", json={"quantity": 0})).status_code == 200
    await later(api, 1)
    await stock(api, at=(NOW + HOUR / 2).isoformat(), S014=1)
    await later(api, 30.5)
    order = await seen(api, "A")
    assert [(s["location_id"], s["state"]) for s in order["shipments"]] == [("W001", "withdrawn"), ("S014", "assigned")]
    assert [line["quantity"] for line in order["shipments"][1]["lines"]] == [1]
    assert len(await risks(api, "A")) == len(await risks(api, "B")) == 1


async def test_what_is_picked_already_stays_where_it_is(api: Api) -> None:
    await open_all_day(api, W001=5)
    order = await placed(api, "A", promised_at=PROMISED.isoformat())
    await tell(api, order["shipments"][0], "picked")
    await later(api, 1)
    await stock(api, at=(NOW + HOUR / 2).isoformat(), S014=5)
    await later(api, 30.5)
    assert [s["location_id"] for s in (await seen(api, "A"))["shipments"]] == ["W001"]
    assert len(await risks(api, "A")) == 1


@pytest.mark.parametrize("confidence", [0.5, 0.7, 0.9])
async def test_who_was_promised_no_more_than_likely_is_not_at_risk_at_once(api: Api, confidence: float) -> None:
    """But where it becomes much less likely than it was told, as anybody."""
    await open_all_day(api, W001=5)
    unsure = {"name": "everything", "strategy": {}, "promises": {"confidence": confidence}}
    assert (await api.client.post("/v1/rulesets/everything/publish", json=unsure)).status_code == 201
    basket = {**examples.BASKET, "lines": [{"sku": "SKU-1"}], "methods": ["ship_to_store"]}
    told = (await api.client.post("/v1/promises", json=basket)).json()["promises"][0]
    assert told["confidence"] < 0.95
    collect = {"delivery_method": "ship_to_store", "collect_location_id": told["collect_location_id"]}
    (shipment,) = (await placed(api, "A", **collect, promise=told["token"]))["shipments"]
    assert datetime.fromisoformat(shipment["accept_by"]) >= NOW
    assert shipment["hand_over_by"] >= shipment["expected_ready_at"]
    await later(api, 1 / 60)
    assert await risks(api, "A") == []
    await later(api, 44)
    assert len(await risks(api, "A")) == 1
