"""Until when units are held: an instant that is still to come."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.conftest import Api
from tests.integration.orders import held_in_all, open_shop, order, place

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(api: Api) -> Api:
    """A shop with 5 units in the store and 5 in the warehouse."""
    await open_shop(api, S014=5, W001=5)
    return api


async def test_a_reservation_that_would_have_ended_already_is_refused(shop: Api) -> None:
    decision_id = (await shop.decide(order("A-1"))).json()["decision_id"]
    for until in (shop.clock.now, shop.clock.now - timedelta(days=365)):
        past: dict[str, Any] = {"expires_at": until.isoformat()}
        for answer in (
            await place(shop, "A-1", backorder=True, **past),
            await shop.client.post(f"/v1/decisions/{decision_id}/commit", json=past),
        ):
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "expires_at")
    assert await held_in_all(shop) == 0
    assert (await shop.client.get("/v1/orders/A-1")).status_code == 404


async def test_a_reservation_that_was_answered_is_answered_again_after_its_end(shop: Api) -> None:
    until, key = (shop.clock.now + timedelta(minutes=1)).isoformat(), {"Idempotency-Key": "k"}
    wanted = order("A-1", expires_at=until)
    first = await shop.client.post("/v1/orders", json=wanted, headers=key)
    shop.clock.now += timedelta(minutes=2)
    again = await shop.client.post("/v1/orders", json=wanted, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
