"""What orders were decided on is kept: rules see what locations were given today, and every decision is made again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from serving.database.tables import decisions, places
from serving.decisions.replay import find_decision, replay
from tests.integration.conftest import Api
from tests.integration.orders import open_shop, order, place, placed, seen, stock, tell
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio
CALM: dict[str, Any] = {"strategy": {}, "rules": [{"id": "calm", "cap": 1, "where": 'location.type == "warehouse"'}]}


@pytest.fixture
async def capped(api: Api) -> Api:
    """A shop with five units in the warehouse only, which a rule lets have one parcel a day."""
    await open_shop(api, S014=0, W001=5)
    assert (await api.client.post("/v1/rulesets/everything/publish", json=CALM)).status_code == 201
    return api


async def test_a_cap_counts_what_orders_gave_the_location_today(capped: Api) -> None:
    await placed(capped, "A-1")
    full = await place(capped, "A-2")
    assert full.status_code == 409
    assert full.json()["decision"]["missing"][0]["rules"][0]["rule_id"] == "calm"
    assert (await capped.client.delete("/v1/orders/A-1")).status_code == 200
    await placed(capped, "A-3")  # what was given back may be given again


async def test_a_cap_begins_anew_with_the_day_of_the_location(capped: Api) -> None:
    capped.clock.now = capped.clock.now.replace(hour=22, minute=50)  # ten to midnight in Rome
    capped.service.live.refresh_now()
    await placed(capped, "A-1")
    assert (await place(capped, "A-2")).status_code == 409
    capped.clock.now += timedelta(minutes=15)
    capped.service.live.refresh_now()
    await placed(capped, "A-3")


async def test_decisions_that_orders_made_are_made_again_bit_for_bit(capped: Api) -> None:
    await placed(capped, "A-1", language="it", options=4)
    await stock(capped, at="2026-03-02T07:00:00Z", S014=6)
    (store,) = (await placed(capped, "A-2"))["shipments"]
    assert store["location_id"] == "S014"
    await capped.client.delete("/v1/orders/A-1")
    await tell(capped, store, "rejected", reason="closed")  # decided again, without the store
    assert (await seen(capped, "A-2"))["shipments"][-1]["location_id"] == "W001"
    asked = await capped.decide(order("A-4"))
    committed = await capped.client.post(f"/v1/decisions/{asked.json()['decision_id']}/commit", json={"rank": 1})
    assert committed.status_code == 201
    assert (await place(capped, "A-5", 9)).status_code == 409  # logged too: it can be committed
    database = capped.service.database
    made = database.read_now(lambda connection: connection.execute(select(decisions.c.decision_id)).scalars().all())
    assert len(made) == 5
    for decision_id in made:
        again = replay(database, find_decision(database, decision_id), TablePredictor())
        assert again.same, again.differences
    kept = database.read_now(lambda connection: connection.execute(select(places.c.digest)).all())
    assert len(kept) == 1  # the places, once: what they are given goes with each decision
