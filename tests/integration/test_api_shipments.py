"""What locations do with their shipments, and where the units go when a location fails."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from decision.rules.document import NOT_FOUND_ODDS
from serving.database.tables import stock_movements
from serving.decisions.replay import find_decision, replay
from serving.orders.routing import MOST_FAILURES
from serving.wire import examples
from tests.integration.conftest import Api
from tests.integration.orders import at, count, numbers, open_shop, placed, seen, stock, tell, what_is_due
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(api: Api) -> Api:
    """A shop with 5 units in the store and 5 in the warehouse."""
    await open_shop(api, S014=5, W001=5)
    return api


async def tasks(api: Api, location_id: str) -> list[tuple[str, str]]:
    answer = (await api.client.get("/v1/tasks", params={"location": location_id})).json()
    return [(task["order_id"], task["to_do"]) for task in answer["tasks"]]


def elsewhere(location_id: str) -> str:
    return {"S014": "W001", "W001": "S014"}[location_id]


async def test_a_shipment_goes_from_task_to_delivered(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    here = shipment["location_id"]
    for to_do, event in [("accept", "accepted"), ("pick", "picked"), ("pack", "ready"), ("hand_over", "handed_over")]:
        assert await tasks(shop, here) == [("A-1", to_do)]
        assert numbers(await at(shop, here)) == (5, 2, 3)
        assert (await tell(shop, shipment, event)).status_code == 200
    assert await tasks(shop, here) == []
    assert numbers(await at(shop, here)) == (3, 0, 3)
    assert (await tell(shop, shipment, "delivered")).json()["order_state"] == "completed"


async def test_a_task_says_until_when_its_steps_may_wait_for_the_promise_to_be_kept(shop: Api) -> None:
    basket = {**examples.BASKET, "lines": [{"sku": "SKU-1"}], "methods": ["home"]}
    told = (await shop.client.post("/v1/promises", json=basket)).json()["promises"][0]
    level = {"service_level": told["service_level"]}
    (shipment,) = (await placed(shop, "A-1", promise=told["token"], **level))["shipments"]
    (task,) = (await shop.client.get("/v1/tasks", params={"location": shipment["location_id"]})).json()["tasks"]
    assert task["promised_at"] == told["promised_at"]
    assert (task["accept_by"], task["hand_over_by"]) == (shipment["accept_by"], shipment["hand_over_by"])
    assert task["hand_over_by"] is not None


async def test_a_collected_order_leaves_its_store_with_the_customer(shop: Api) -> None:
    made = await placed(shop, "A-1", 2, delivery_method="click_and_collect", collect_location_id="S014")
    (shipment,) = made["shipments"]
    assert shipment["location_id"] == "S014"
    await tell(shop, shipment, "ready")
    assert (await tell(shop, shipment, "collected")).json()["order_state"] == "completed"
    assert numbers(await at(shop, "S014")) == (3, 0, 3)


async def test_what_is_sent_home_is_not_collected_at_its_store(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    for event in ("accepted", "picked", "ready"):
        refused = await tell(shop, shipment, "collected")
        assert refused.status_code == 409
        assert event in refused.json()["detail"]
        assert "withdrawn" not in refused.json()["detail"]  # nobody can tell that
        assert "handed_over" in refused.json()["detail"]
        assert "collected" not in refused.json()["detail"]
        (task,) = (await shop.client.get("/v1/tasks", params={"location": shipment["location_id"]})).json()["tasks"]
        assert "collected" not in task["next"]
        await tell(shop, shipment, event)
    assert numbers(await at(shop, shipment["location_id"])) == (5, 2, 3)
    await tell(shop, shipment, "handed_over")
    assert (await tell(shop, shipment, "collected")).json()["order_state"] == "completed", "at the carrier's"


async def test_what_is_sent_to_its_store_is_not_collected_where_it_comes_from(shop: Api) -> None:
    await stock(shop, "2026-03-02T08:00:00Z", S014=0)
    made = await placed(shop, "A-1", 2, delivery_method="ship_to_store", collect_location_id="S014")
    (shipment,) = made["shipments"]
    assert shipment["location_id"] == "W001"
    await tell(shop, shipment, "ready")
    (task,) = (await shop.client.get("/v1/tasks", params={"location": "W001"})).json()["tasks"]
    assert task["next"] == ["handed_over", "cancelled"]
    assert (await tell(shop, shipment, "collected")).status_code == 409
    assert numbers(await at(shop, "W001")) == (5, 2, 3)
    await tell(shop, shipment, "handed_over")
    assert (await tell(shop, shipment, "collected")).json()["order_state"] == "completed", "in the store"


async def test_the_same_event_told_twice_changes_nothing_more(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    for _ in range(2):
        assert (await tell(shop, shipment, "handed_over")).status_code == 200
    assert numbers(await at(shop, shipment["location_id"])) == (3, 0, 3)
    assert [event["kind"] for event in (await seen(shop, "A-1"))["events"]].count("shipment.handed_over") == 1


async def test_what_a_shipment_cost_is_told_with_an_event_and_counts_as_it_was_first_told(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    for wrong in ({"event": "picked", "shipping_cost": 1.0}, {"event": "handed_over", "handling_cost": -1.0}):
        refused = await shop.client.post(f"/v1/shipments/{shipment['shipment_id']}/events", json=wrong)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] in {"shipping_cost", "handling_cost"}
    costs: list[tuple[str, dict[str, float], tuple[float | None, float | None]]] = [
        ("handed_over", {"handling_cost": 1.2}, (None, 1.2)),
        ("delivered", {"shipping_cost": 4.9}, (4.9, 1.2)),
        ("delivered", {"shipping_cost": 9.9, "handling_cost": 9.9}, (4.9, 1.2)),
    ]
    for event, cost, known in costs:
        now = (await tell(shop, shipment, event, **cost)).json()["shipment"]
        assert (now["shipping_cost"], now["handling_cost"]) == known


@pytest.mark.parametrize("picked", [0, 1])
async def test_a_short_pick_told_twice_is_taken_once(shop: Api, picked: int) -> None:
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    told = [await tell(shop, shipment, "short_picked", lines=[{"line_id": "1", "picked": picked}]) for _ in range(2)]
    assert [answer.status_code for answer in told] == [200, 200]
    assert told[0].json()["shipment"] == told[1].json()["shipment"]
    now = await seen(shop, "A-1")
    assert [event["kind"] for event in now["events"]].count("shipment.short_picked") == 1
    assert [s["lines"][0]["quantity"] for s in now["shipments"]] == [3, 3 - picked]


async def test_what_cannot_happen_any_more_is_refused(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    await tell(shop, shipment, "handed_over")
    refused = await tell(shop, shipment, "rejected", reason="too late")
    assert refused.status_code == 409
    assert "delivered" in refused.json()["detail"]
    assert (await tell(shop, {"shipment_id": "nothing"}, "accepted")).status_code == 404
    assert (await tell(shop, shipment, "rejected")).json()["errors"][0]["field"] == "reason"


async def test_a_rejected_shipment_goes_elsewhere_at_once_and_never_back(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    here = shipment["location_id"]
    await tell(shop, shipment, "rejected", reason="flooded")
    now = await seen(shop, "A-1")
    assert [(s["location_id"], s["state"]) for s in now["shipments"]] == [
        (here, "rejected"),
        (elsewhere(here), "assigned"),
    ]
    assert numbers(await at(shop, here)) == (5, 0, 5)
    await tell(shop, now["shipments"][1], "rejected", reason="flooded too")
    assert (await seen(shop, "A-1"))["state"] == "backordered"
    await stock(shop, at="2026-03-02T08:00:00Z", **{here: 50})
    assert (await seen(shop, "A-1"))["state"] == "backordered"


async def test_what_was_not_found_is_sent_from_elsewhere_and_not_promised_until_counted(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    here = shipment["location_id"]
    answer = await tell(shop, shipment, "short_picked", lines=[{"line_id": "1", "picked": 1}])
    assert answer.json()["shipment"]["state"] == "picked"
    now = await seen(shop, "A-1")
    assert now["state"] == "assigned"
    assert [(s["location_id"], s["lines"][0]["quantity"], s["lines"][0]["short"]) for s in now["shipments"]] == [
        (here, 3, 2),
        (elsewhere(here), 2, 0),
    ]
    assert numbers(await at(shop, here)) == (5, 1, 0)
    await stock(shop, at="2026-03-02T09:00:00Z", **{here: 5})
    assert numbers(await at(shop, here)) == (5, 1, 0), "counted before the pick failed"
    shop.clock.now += timedelta(hours=1)
    await stock(shop, at="2026-03-02T10:00:00Z", **{here: 2})
    assert numbers(await at(shop, here)) == (2, 1, 1)


async def test_a_shipment_of_which_nothing_is_found_ends(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    answer = await tell(shop, shipment, "short_picked", lines=[{"line_id": "1", "picked": 0}])
    assert answer.json()["shipment"]["state"] == "short"
    assert await tasks(shop, shipment["location_id"]) == []


@pytest.mark.parametrize(
    "line", [{"line_id": "1", "picked": 3}, {"line_id": "1", "picked": 4}, {"line_id": "7", "picked": 0}]
)
async def test_a_short_pick_that_makes_no_sense_is_refused(shop: Api, line: dict[str, object]) -> None:
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    assert (await tell(shop, shipment, "short_picked", lines=[line])).status_code == 422
    assert numbers(await at(shop, shipment["location_id"])) == (5, 3, 2)


async def test_a_click_and_collect_order_stays_in_its_store(shop: Api) -> None:
    made = await placed(shop, "A-1", 2, delivery_method="click_and_collect", collect_location_id="S014")
    await tell(shop, made["shipments"][0], "rejected", reason="closed")
    assert (await seen(shop, "A-1"))["state"] == "backordered"


async def test_a_click_and_collect_order_is_sent_to_its_store_where_the_ruleset_says_so(shop: Api) -> None:
    stages = [
        {"name": "own", "require": "location.id == order.collect_location_id"},
        {"name": "sent"},
    ]
    rules = {"strategy": {}, "collect_from": "anywhere", "stages": stages}
    assert (await shop.client.post("/v1/rulesets/everything/publish", json=rules)).status_code == 201
    made = await placed(shop, "A-1", 2, delivery_method="click_and_collect", collect_location_id="S014")
    assert [shipment["location_id"] for shipment in made["shipments"]] == ["S014"]
    await tell(shop, made["shipments"][0], "rejected", reason="closed")
    now = await seen(shop, "A-1")
    assert (now["state"], now["shipments"][-1]["location_id"]) == ("assigned", "W001")
    assert now["shipments"][-1]["carrier_service_id"] == "std"


async def test_what_a_location_fails_while_no_bundle_is_there_is_sent_once_there_is_one(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1"))["shipments"]
    bundle, shop.service.live.predictor = shop.service.live.predictor, None
    await tell(shop, shipment, "rejected", reason="flooded")
    await what_is_due(shop)
    assert (await seen(shop, "A-1"))["state"] == "backordered"
    shop.service.live.predictor = bundle
    await what_is_due(shop)
    assert (await seen(shop, "A-1"))["state"] == "assigned"


async def test_a_task_is_not_late_on_a_day_on_which_its_location_is_closed(shop: Api) -> None:
    service = shop.service
    object.__setattr__(service, "settings", service.settings.model_copy(update={"accept_within_minutes": 30}))
    here = {"country": "IT", "timezone": "Europe/Rome", "closed_on": ["2026-03-02"]}
    await shop.feed("locations", [{"location_id": "S014", "location_type": "store", **here}])
    await stock(shop, at="2026-03-02T08:00:00Z", W001=0)
    await placed(shop, "A-1")
    await stock(shop, at="2026-03-02T09:00:00Z", W001=5)
    for later, locations in [({"hours": 14}, ["S014"]), ({"hours": 14, "minutes": 10}, ["S014", "W001"])]:
        shop.clock.now = shop.clock.now.replace(hour=9, minute=20) + timedelta(**later)
        await what_is_due(shop)
        assert [s["location_id"] for s in (await seen(shop, "A-1"))["shipments"]] == locations


async def test_after_too_many_failures_an_order_waits(shop: Api) -> None:
    row = {"location_type": "warehouse", "country": "IT", "timezone": "Europe/Rome"}
    names = [f"X{n}" for n in range(MOST_FAILURES + 2)]
    await shop.feed("locations", [{"location_id": name, **row} for name in names])
    await count(shop, dict.fromkeys(names, 1))
    await placed(shop, "A-1")
    for _ in range(MOST_FAILURES):
        await tell(shop, (await seen(shop, "A-1"))["shipments"][-1], "rejected", reason="no")
    now = await seen(shop, "A-1")
    assert (now["state"], len(now["shipments"])) == ("backordered", MOST_FAILURES)


async def test_a_location_that_says_nothing_loses_the_shipment(shop: Api) -> None:
    service = shop.service
    object.__setattr__(service, "settings", service.settings.model_copy(update={"accept_within_minutes": 30}))
    (shipment,) = (await placed(shop, "A-1"))["shipments"]
    (taken,) = (await placed(shop, "A-2"))["shipments"]
    await tell(shop, taken, "accepted")
    shop.clock.now += timedelta(minutes=30)
    await what_is_due(shop)
    now = await seen(shop, "A-1")
    assert [(s["location_id"], s["state"]) for s in now["shipments"]] == [
        (shipment["location_id"], "rejected"),
        (elsewhere(shipment["location_id"]), "assigned"),
    ]
    assert len((await seen(shop, "A-2"))["shipments"]) == 1


async def test_a_task_given_in_the_evening_is_not_late_in_the_night(shop: Api) -> None:
    service = shop.service
    object.__setattr__(service, "settings", service.settings.model_copy(update={"accept_within_minutes": 30}))
    shop.clock.now = shop.clock.now.replace(hour=18, minute=20)  # Monday 19:20 in Rome: S014 closes at 19:30
    await stock(shop, at="2026-03-02T18:00:00Z", W001=0)
    await placed(shop, "A-1")
    await stock(shop, at="2026-03-02T18:19:00Z", W001=5)
    for later, state in [({"hours": 12}, "assigned"), ({"days": 4, "hours": 14, "minutes": 59}, "assigned")]:
        shop.clock.now = shop.clock.now.replace(day=2, hour=18, minute=20) + timedelta(**later)
        await what_is_due(shop)
        assert [s["state"] for s in (await seen(shop, "A-1"))["shipments"]] == [state], later
    shop.clock.now += timedelta(minutes=1)  # Saturday 10:20: it has been open for thirty minutes
    await what_is_due(shop)
    now = await seen(shop, "A-1")
    assert [(s["location_id"], s["state"]) for s in now["shipments"]] == [("S014", "rejected"), ("W001", "assigned")]


async def test_what_a_location_cancels_goes_elsewhere_at_once(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    here = shipment["location_id"]
    await tell(shop, shipment, "accepted")
    await tell(shop, shipment, "picked")
    answer = await tell(shop, shipment, "cancelled", reason="the lorry broke down")
    assert answer.json()["shipment"]["state"] == "cancelled"
    now = await seen(shop, "A-1")
    assert [(s["location_id"], s["state"]) for s in now["shipments"]] == [
        (here, "cancelled"),
        (elsewhere(here), "assigned"),
    ]
    assert numbers(await at(shop, here)) == (5, 0, 5)


async def test_the_promise_is_kept_when_any_plan_can(shop: Api) -> None:
    row = {"location_type": "store", "country": "IT", "timezone": "Europe/Rome"}
    await shop.feed("locations", [{"location_id": "S015", **row}])
    await count(shop, {"S015": 5})
    on_time = {"name": "on-time", "require": "prediction.delivery_p90_hours <= order.promised_in_hours"}
    dear = {"id": "dear", "where": 'location.type == "store"', "adjust": 50}
    document = {"strategy": {}, "rules": [dear], "stages": [on_time, {"name": "late"}]}
    assert (await shop.client.post("/v1/rulesets/everything/publish", json=document)).status_code == 201
    promised = (shop.clock.now + timedelta(hours=36)).isoformat()  # stores take 28 hours, the warehouse 42
    (first,) = (await placed(shop, "A-1", promised_at=promised))["shipments"]
    assert first["location_id"] != "W001"
    await tell(shop, first, "rejected", reason="no")
    second = (await seen(shop, "A-1"))["shipments"][-1]
    assert {first["location_id"], second["location_id"]} == {"S014", "S015"}, "the warehouse is cheaper, and late"
    await tell(shop, second, "rejected", reason="no")
    assert (await seen(shop, "A-1"))["shipments"][-1]["location_id"] == "W001"


async def test_a_store_may_refuse_because_units_are_not_there(shop: Api) -> None:
    await stock(shop, at="2026-03-02T07:00:00Z", W001=0)
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    await stock(shop, at="2026-03-02T08:00:00Z", W001=5)
    lines = [{"line_id": "1", "picked": 1}]
    assert (await tell(shop, shipment, "accepted", lines=lines)).status_code == 422
    answer = await tell(shop, shipment, "rejected", reason="two are missing", lines=lines)
    assert answer.json()["shipment"]["lines"] == [{"line_id": "1", "sku": "SKU-1", "quantity": 3, "short": 2}]
    now = await seen(shop, "A-1")
    assert [(s["location_id"], s["state"]) for s in now["shipments"]] == [("S014", "rejected"), ("W001", "assigned")]
    assert now["shipments"][1]["lines"][0]["quantity"] == 3
    assert numbers(await at(shop, "S014")) == (5, 0, 0), "not promised until it is counted again"


async def test_after_a_failed_pick_the_same_sku_is_riskier_in_other_stores(shop: Api) -> None:
    row = {"location_type": "store", "country": "IT", "timezone": "Europe/Rome"}
    await shop.feed("locations", [{"location_id": "S015", **row}])
    await count(shop, {"S015": 5})
    await stock(shop, at="2026-03-02T07:00:00Z", W001=0)
    (shipment,) = (await placed(shop, "A-1"))["shipments"]
    await tell(shop, shipment, "short_picked", lines=[{"line_id": "1", "picked": 0}])
    again = (await seen(shop, "A-1"))["shipments"][-1]
    assert again["location_id"] not in {shipment["location_id"], "W001"}
    odds = NOT_FOUND_ODDS * 0.05 / 0.95
    assert again["pick_failure"] == pytest.approx(odds / (1 + odds))
    decision = (await shop.client.get(f"/v1/decisions/{again['decision_id']}")).json()
    assert decision["options"][0]["shipments"][0]["not_found"] == ["SKU-1"]
    assert "was not found elsewhere" in decision["options"][0]["explanation"]
    database = shop.service.database
    assert replay(database, find_decision(database, again["decision_id"]), TablePredictor()).same


async def test_the_log_says_who_did_what_when_why_and_by_which_versions(shop: Api) -> None:
    begun = shop.clock.now
    (shipment,) = (await placed(shop, "A-1", 3))["shipments"]
    shop.clock.now += timedelta(minutes=5)
    told_at = (begun + timedelta(minutes=3)).isoformat()
    await tell(shop, shipment, "rejected", reason="flooded", occurred_at=told_at)
    await shop.client.patch("/v1/orders/A-1/lines/1", json={"quantity": 2, "reason": "one is enough"})
    await shop.client.delete("/v1/orders/A-1", params={"reason": "none after all"})
    events = (await seen(shop, "A-1"))["events"]
    decision = f"decision {shipment['decision_id']}"
    assert [(event["kind"], event["who"], event["why"]) for event in events] == [
        ("order.placed", "development", decision),
        ("shipment.assigned", "development", decision),
        ("order.assigned", "development", decision),
        ("shipment.rejected", "development", "flooded"),
        ("order.backordered", "development", "flooded"),
        ("shipment.assigned", "smista", "flooded"),
        ("order.assigned", "smista", "flooded"),
        ("order.amended", "development", "one is enough"),
        ("shipment.amended", "development", "one is enough"),
        ("shipment.withdrawn", "development", "none after all"),
        ("order.cancelled", "development", "none after all"),
    ]
    for event in events:
        decided = event["kind"] in {"order.placed", "shipment.assigned", "order.assigned"}
        assert set(event["versions"]) == ({"ruleset", "bundle", "digest"} if decided else set()), event
    rejected = events[3]
    assert datetime.fromisoformat(rejected["occurred_at"]) == begun + timedelta(minutes=3)
    assert datetime.fromisoformat(rejected["recorded_at"]) == begun + timedelta(minutes=5)
    table = stock_movements.c
    entries = shop.service.database.read_now(
        lambda c: c.execute(
            select(table.kind, table.who, table.why).where(table.order_id == "A-1").order_by(table.position)
        ).all()
    )
    assert [tuple(entry) for entry in entries] == [
        ("hold", "development", decision),
        ("release", "development", "flooded"),
        ("hold", "smista", "flooded"),
        ("release", "development", "one is enough"),
        ("release", "development", "none after all"),
    ]


async def test_a_count_from_before_a_hand_over_does_not_bring_the_units_back(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    here = shipment["location_id"]
    shop.clock.now += timedelta(hours=1)
    await tell(shop, shipment, "handed_over", occurred_at="2026-03-02T10:00:00Z")
    await stock(shop, at="2026-03-02T09:30:00Z", **{here: 5})
    assert numbers(await at(shop, here)) == (3, 0, 3)
    await stock(shop, at="2026-03-02T10:10:00Z", **{here: 4})
    assert numbers(await at(shop, here)) == (4, 0, 4)


async def test_a_hand_over_told_after_the_count_that_saw_it_is_not_taken_off_twice(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    here = shipment["location_id"]
    shop.clock.now += timedelta(hours=1)
    await stock(shop, at="2026-03-02T10:10:00Z", **{here: 3})
    assert numbers(await at(shop, here)) == (3, 2, 1)
    await tell(shop, shipment, "handed_over", occurred_at="2026-03-02T10:00:00Z")
    assert numbers(await at(shop, here)) == (3, 0, 3)


async def test_what_left_by_a_slow_clock_before_it_was_ordered_is_not_sold_again(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    await tell(shop, shipment, "handed_over", occurred_at="2026-03-02T05:59:00Z")  # counted at 06:00, ordered at 09:20
    assert numbers(await at(shop, shipment["location_id"])) == (3, 0, 3)


async def test_what_was_not_found_by_a_slow_clock_is_not_promised_either(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    lines = [{"line_id": "1", "picked": 0}]
    await tell(shop, shipment, "short_picked", lines=lines, occurred_at="2026-03-02T05:59:00Z")
    assert numbers(await at(shop, shipment["location_id"])) == (5, 0, 0)
