"""Stock on its way is promised while it can still come, and no promise is valid for longer than it stands."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.conftest import NOW, Api
from tests.integration.test_promises_not_made import SHELF, STANDARD, STORE, WAREHOUSE, ask, causes, open_shop

pytestmark = pytest.mark.anyio


async def on_its_way(api: Api, *expected: tuple[int, timedelta]) -> None:
    """Units of A, and how long it takes them from now."""
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 0}})
    rows = [
        {
            "inbound_id": str(at),
            "location_id": "W",
            "sku": "A",
            "quantity": units,
            "expected_at": (NOW + after).isoformat(),
        }
        for at, (units, after) in enumerate(expected)
    ]
    assert (await api.feed("inbound", rows))["rejected"] == []


async def asked(api: Api, quantity: int) -> dict[str, Any]:
    return await ask(api, [{"sku": "A", "quantity": quantity}], methods=["home"])


async def test_what_should_have_come_and_did_not_is_not_promised(api: Api) -> None:
    await on_its_way(api, (10, -timedelta(days=9)), (1, timedelta(days=2)))
    assert causes(await asked(api, 5)) == {"standard": "no_stock"}
    assert (await asked(api, 1))["promises"][0]["waits_until"] == (NOW + timedelta(days=2)).isoformat()[:-6] + "Z"


async def test_a_promise_is_not_valid_beyond_what_it_waits_for(api: Api) -> None:
    await on_its_way(api, (1, timedelta(minutes=5)), (1, timedelta(days=1)))
    told = (await asked(api, 2))["promises"][0]
    api.clock.now = datetime.fromisoformat(told["valid_until"])
    assert api.clock.now == NOW + timedelta(minutes=5, seconds=-1)
    body = {
        "order_id": "O-1",
        "placed_at": NOW.isoformat(),
        "currency": "EUR",
        "delivery_method": "home",
        "destination": {"country": "IT"},
        "lines": [{"line_id": "1", "sku": "A", "quantity": 2}],
        "promise": told["token"],
    }
    assert (await api.decide(body)).json()["promise"]["kept"]


async def test_a_promise_is_not_valid_beyond_what_rules_allow_at_that_hour(api: Api) -> None:
    rule = {
        "id": "night",
        "exclude": 'location.type == "warehouse"',
        "reason": "closed",
        "active": {"hours": "10:30-20:00"},
    }
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}}, rules=[rule])
    told = (await asked(api, 1))["promises"][0]
    assert told["valid_until"] == "2026-03-02T09:29:59Z"  # half past ten in Rome
    api.clock.now = datetime.fromisoformat(told["valid_until"])
    assert causes(await asked(api, 1)) == {}
    api.clock.now += timedelta(seconds=1)
    assert causes(await asked(api, 1)) == {"standard": "no_plan"}


async def test_what_is_on_its_way_to_a_store_can_be_collected_there_once_it_has_come(api: Api) -> None:
    await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"W": 0, "S": 0}})
    comes = (NOW + timedelta(days=2)).isoformat()
    row = {"inbound_id": "1", "location_id": "S", "sku": "A", "quantity": 3, "expected_at": comes}
    assert (await api.feed("inbound", [row]))["rejected"] == []
    promises = (await ask(api, [{"sku": "A"}], methods=SHELF))["promises"]
    assert {told["delivery_method"] for told in promises} == set(SHELF)
    for told in promises:
        assert (told["collect_location_id"], told["waits_until"]) == ("S", comes[:-6] + "Z")
        assert told["promised_at"] > told["waits_until"]
    assert set(causes(await ask(api, [{"sku": "A", "quantity": 4}], methods=SHELF)).values()) == {"no_store_has_it"}
