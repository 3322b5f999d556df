"""What a customer pays by the fee table: free above X is free at X, and a fee that nobody tells is not the lowest."""

from typing import Any

import pytest

from tests.integration.conftest import Api
from tests.integration.test_promises_not_made import EXPRESS, STANDARD, WAREHOUSE, ask, open_shop

pytestmark = pytest.mark.anyio


async def open_with(api: Api, fees: list[Any], services: list[Any]) -> None:
    await open_shop(api, [WAREHOUSE], services, {"A": {"W": 500}}, promises={"fees": fees})


@pytest.mark.parametrize(("price", "units", "limit"), [(4.35, 100, 435), (50.0, 1, 50), (0.7, 21, 14.7), (1.1, 3, 3.3)])
@pytest.mark.parametrize("value", ["order.value", "line.value"])
async def test_free_from_a_value_is_free_at_that_value(
    api: Api, price: float, units: int, limit: float, value: str
) -> None:
    condition = f"lines.all(l, l.value >= {limit})" if value == "line.value" else f"order.value >= {limit}"
    await open_with(api, [{"fee": 0, "when": condition}, {"fee": 4.9}], [STANDARD])
    for more, fee in ((0.0, 0.0), (-0.01, 4.9)):
        line = {"sku": "A", "quantity": units, "unit_price": round(price + more, 2)}
        assert (await ask(api, [line], methods=["home"]))["promises"][0]["fee"] == fee


async def test_on_lists_as_in_baskets_a_fee_that_nobody_tells_is_not_the_lowest(api: Api) -> None:
    await open_with(api, [{"fee": 4.9, "level": "express"}], [STANDARD, EXPRESS])
    basket = await ask(api, [{"sku": "A"}], methods=["home"])
    assert [promise["service_level"] for promise in basket["promises"] if promise["cheapest"]] == ["express"]
    assert [promise["service_level"] for promise in basket["promises"]] == ["express", "standard"]
    page = {"currency": "EUR", "destination": {"country": "IT"}, "items": [{"sku": "A"}]}
    listed = (await api.client.post("/v1/promises/bulk", json=page)).json()["items"][0]
    assert listed["cheapest"]["service_level"] == "express"
