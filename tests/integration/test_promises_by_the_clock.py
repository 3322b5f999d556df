"""Promises by models that know the hour: while a promise is valid, the clock alone breaks none."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from data.dataset import Dataset
from demo import rows_of
from tests.integration.conftest import ON_ONE_DATABASE, Api
from tests.reliability.promise_faults import NOW, baskets_of

pytestmark = pytest.mark.anyio

BASKETS = 20


async def open_shop(api: Api, retailer: Dataset) -> None:
    """Count what lay where it lay then."""
    known = retailer.stock[retailer.stock["counted_at"] < NOW]
    stock = known.sort_values("counted_at").groupby(["location_id", "sku"]).tail(1)
    assert (await api.feed("stock", rows_of(stock)))["rejected"] == []


async def promises(api: Api, basket: Any) -> list[dict[str, Any]]:
    response = await api.client.post("/v1/promises", json=basket)
    assert response.status_code == 200, response.text
    return list(response.json()["promises"])


async def decided(api: Api, basket: Any, told: dict[str, Any]) -> dict[str, Any]:
    """What a decision on the basket says of the promise that it brings."""
    order = {
        **{name: basket[name] for name in ("currency", "destination")},
        "order_id": "asked",
        "placed_at": api.clock.now.isoformat(),
        "delivery_method": told["delivery_method"],
        "collect_location_id": told["collect_location_id"],
        "lines": [{"line_id": str(at), **line} for at, line in enumerate(basket["lines"], 1)],
        "promise": told["token"],
    }
    response = await api.decide(order)
    assert response.status_code == 201, response.text
    return dict(response.json()["promise"])


@ON_ONE_DATABASE
async def test_an_order_keeps_its_promise_at_any_instant_at_which_it_is_valid(
    retailer_api: Api, retailer: Dataset
) -> None:
    await open_shop(retailer_api, retailer)
    rng, kept = random.Random(7), 0
    for basket in baskets_of(retailer, BASKETS):
        asked_at = NOW + timedelta(seconds=rng.randrange(7 * 86_400))
        retailer_api.clock.now = asked_at
        for told in await promises(retailer_api, basket):
            left = datetime.fromisoformat(told["valid_until"]) - asked_at
            retailer_api.clock.now = asked_at + rng.choice([0.0, rng.random(), 1.0]) * left
            answer = await decided(retailer_api, basket, told)
            assert answer["kept"], answer
            kept += 1
    assert kept > 2 * BASKETS


@ON_ONE_DATABASE
async def test_who_asks_again_while_a_promise_is_valid_is_told_no_later_date(
    retailer_api: Api, retailer: Dataset
) -> None:
    await open_shop(retailer_api, retailer)
    rng, compared = random.Random(11), 0
    for basket in baskets_of(retailer, BASKETS):
        retailer_api.clock.now = asked_at = NOW + timedelta(seconds=rng.randrange(7 * 86_400))
        told = {_way(one): one for one in await promises(retailer_api, basket)}
        for minutes in (5, 10, 14):
            retailer_api.clock.now = asked_at + timedelta(minutes=minutes)
            for one in await promises(retailer_api, basket):
                before = told.get(_way(one))
                if before and datetime.fromisoformat(before["valid_until"]) >= retailer_api.clock.now:
                    assert one["promised_on"] <= before["promised_on"], (asked_at, basket, one)
                    compared += 1
    assert compared > 4 * BASKETS


def _way(told: dict[str, Any]) -> tuple[str, ...]:
    return told["delivery_method"], told["service_level"], told["collect_location_id"]
