"""``POST /v1/promises`` as checkout uses it."""

from datetime import datetime
from typing import Any

import pytest

from serving.wire import examples
from tests.integration.conftest import NOW, Api

pytestmark = pytest.mark.anyio


async def open_shop(api: Api) -> None:
    for name, rows in examples.ROWS.items():
        assert (await api.feed(name, rows))["rejected"] == []


async def promises(api: Api, **more: Any) -> dict[str, Any]:
    response = await api.client.post("/v1/promises", json={**examples.BASKET, **more})
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_each_way_of_delivery_has_a_date_or_says_why_not(api: Api) -> None:
    await open_shop(api)
    answer = await promises(api)
    ways = {(p["delivery_method"], p["service_level"]) for p in [*answer["promises"], *answer["not_promised"]]}
    assert ("home", "standard") in ways
    assert {"click_and_collect", "reserve_and_collect", "ship_to_store"} <= {method for method, _ in ways}
    assert answer["complete"]
    assert answer["degraded"] == []
    for promise in answer["promises"]:
        promised = datetime.fromisoformat(promise["promised_at"])
        assert datetime.fromisoformat(promise["valid_until"]) > NOW
        assert (
            datetime.fromisoformat(promise["earliest_at"]) <= datetime.fromisoformat(promise["likely_at"]) <= promised
        )
        assert promise["confidence"] >= 0.95
