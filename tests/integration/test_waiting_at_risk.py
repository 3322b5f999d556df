"""Orders that no location can send are at risk too, and whoever hears of it is told a date that can be."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from serving.database.order_tables import order_events
from serving.wire import examples
from tests.integration.conftest import NOW, Api
from tests.integration.orders import count, placed, seen, tell
from tests.integration.test_promised_stock import asked, on_its_way
from tests.integration.test_promises_at_risk import HOUR, PROMISED, later, open_all_day, risks

STORE = {name: told for name, told in examples.ROWS["locations"][0].items() if name not in {"cut_offs", "closed_on"}}

pytestmark = pytest.mark.anyio


def as_told(api: Api) -> list[dict[str, Any]]:
    """What webhooks are told of orders at risk."""
    kept = select(order_events.c.data).where(order_events.c.kind == "order.at_risk")
    return api.service.database.read_now(lambda c: [orjson.loads(data) for data in c.execute(kept).scalars()])


async def test_a_promise_whose_only_location_refuses_is_at_risk_at_once(api: Api) -> None:
    await open_all_day(api, W001=5)
    order = await placed(api, "A", promised_at=PROMISED.isoformat())
    assert (await tell(api, order["shipments"][0], "rejected", reason="broken")).status_code == 200
    told = [(event["on_time"], event["new_promised_at"]) for event in as_told(api)]
    assert told == [(0.0, None)]
    for hours in (1, 70):
        await later(api, hours)
    assert len(await risks(api, "A")) == 1


async def test_what_is_offered_to_three_stores_is_as_sure_as_what_one_of_them_sends(api: Api) -> None:
    await open_all_day(api, W001=5)
    alike = {"location_type": "store", "country": "IT", "timezone": "Europe/Rome"}
    await api.feed("locations", [{"location_id": name, **alike} for name in ("S1", "S2", "S3")])
    for name, offer in (("A", None), ("B", {"locations": 3, "minutes": 600})):
        document = {"name": "everything", "strategy": {}, "offer": offer}
        assert (await api.client.post("/v1/rulesets/everything/publish", json=document)).status_code == 201
        api.clock.now = NOW
        await count(api, dict.fromkeys(("S1", "S2", "S3"), 0))
        await placed(api, name, promised_at=PROMISED.isoformat())
        await count(api, dict.fromkeys(("S1", "S2", "S3"), 5))
        await later(api, 30.5)
    assert [s["state"] for s in (await seen(api, "B"))["shipments"]] == ["withdrawn", "offered", "offered", "offered"]
    alone, offered = (event["on_time"] for event in as_told(api))
    assert offered == pytest.approx(alone)


async def test_an_order_that_waits_although_it_was_promised_is_at_risk_once_it_was_looked_for_again(api: Api) -> None:
    await open_all_day(api)
    await placed(api, "A", promised_at=PROMISED.isoformat(), backorder=True)
    assert await risks(api, "A") == []
    await later(api, 0.5)
    assert len(await risks(api, "A")) == 1


async def test_what_was_promised_to_wait_is_at_risk_when_its_stock_does_not_come(api: Api) -> None:
    await on_its_way(api, (1, timedelta(days=1)))
    promise = (await asked(api, 1))["promises"][0]
    to = {"country": "IT", "latitude": 45.47, "longitude": 9.19}
    line = {"line_id": "1", "sku": "A", "quantity": 1}
    order = {**examples.ORDER, "order_id": "P", "destination": to, "lines": [line], "promised_at": None}
    response = await api.client.post("/v1/orders", json={**order, "promise": promise["token"]})
    assert response.json()["promise"]["kept"], response.text
    await later(api, 23)
    assert await risks(api, "P") == []
    await later(api, 25)
    assert len(await risks(api, "P")) == 1


async def test_an_order_that_is_too_late_from_the_start_is_told_at_once(api: Api) -> None:
    await open_all_day(api, W001=5)
    await placed(api, "A", promised_at=(NOW + 30 * HOUR).isoformat())  # as likely as not
    await later(api, 0.01)
    assert len(await risks(api, "A")) == 1


async def new_promise(api: Api, hours: float) -> datetime:
    await later(api, hours)
    (told,) = as_told(api)
    return datetime.fromisoformat(told["new_promised_at"])


async def test_the_new_date_at_home_is_the_end_of_a_day_on_which_the_carrier_comes(api: Api) -> None:
    await open_all_day(api, W001=5)
    services = [{**row, "delivery_days": ["sat"]} for row in examples.ROWS["carrier-services"]]
    await api.feed("carrier-services", services)
    await placed(api, "A", promised_at=PROMISED.isoformat())
    assert await new_promise(api, 50) == datetime(2026, 3, 7, 23, tzinfo=UTC)  # Saturday's midnight in Rome


async def test_the_new_time_to_collect_is_one_at_which_the_store_is_open(api: Api) -> None:
    await open_all_day(api, S014=5)
    collected: dict[str, Any] = {
        "delivery_method": "click_and_collect",
        "collect_location_id": "S014",
        "destination": None,
    }
    await placed(api, "A", promised_at=(NOW + 10 * HOUR).isoformat(), **collected)
    await api.feed("locations", [{**STORE, "opening_hours": {"sat": ["10:00-20:00"]}}])
    assert await new_promise(api, 20) == datetime(2026, 3, 7, 9, tzinfo=UTC)
