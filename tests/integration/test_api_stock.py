"""What there is of a product in the whole network, and the movements that change it."""

from typing import Any

import pytest
from sqlalchemy import func, select

from serving.database.tables import stock_movements
from tests.integration.conftest import Api
from tests.integration.orders import at, numbers, open_shop, placed, seen, stock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(api: Api) -> Api:
    """A shop with 4 units in the store and 5 in the warehouse."""
    await open_shop(api, S014=4, W001=5)
    return api


def movement(sequence: int, quantity: int, at: str = "2026-03-02T08:00:00Z", **more: Any) -> dict[str, Any]:
    row = {"source": "till", "sequence": sequence, "location_id": "S014", "sku": "SKU-1", "quantity": quantity}
    return {**row, "occurred_at": at, **more}


async def move(api: Api, *rows: Any) -> dict[str, Any]:
    response = await api.client.post("/v1/stock/movements", json=list(rows))
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_the_network_wide_view_adds_up(shop: Api) -> None:
    (shipment,) = (await placed(shop, "A-1", 2))["shipments"]
    row = {"inbound_id": "PO-1", "location_id": "W001", "sku": "SKU-1", "quantity": 7}
    await shop.feed("inbound", [{**row, "expected_at": "2026-03-05T08:00:00Z"}])
    view = (await shop.client.get("/v1/stock", params={"sku": "SKU-1"})).json()
    assert view["total"] == {"on_hand": 9, "reserved": 0, "held": 2, "safety_stock": 0, "inbound": 7, "atp": 7}
    assert {kind: units["on_hand"] for kind, units in view["by_type"].items()} == {"store": 4, "warehouse": 5}
    here = next(place for place in view["by_location"] if place["location_id"] == shipment["location_id"])
    assert (here["held"], here["atp"]) == (2, here["on_hand"] - 2)
    warehouse = next(place for place in view["by_location"] if place["location_id"] == "W001")
    assert warehouse["expected"] == [{"inbound_id": "PO-1", "quantity": 7, "expected_at": "2026-03-05T08:00:00Z"}]
    assert (await shop.client.get("/v1/stock", params={"sku": "SKU-9"})).status_code == 404


async def test_movements_change_what_is_on_hand_and_what_decisions_see(shop: Api) -> None:
    answer = await move(shop, movement(1, -1), movement(2, 3))
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (2, 0, [])
    assert numbers(await at(shop, "S014")) == (6, 0, 6)
    assert list(shop.service.live.snapshot.network.stock["SKU-1"].on_hand) == [6, 5]


async def test_a_movement_told_twice_counts_once(shop: Api) -> None:
    await move(shop, movement(1, -1))
    answer = await move(shop, movement(1, -1), movement(2, -1), movement(2, -1))
    assert (answer["received"], answer["accepted"], answer["duplicates"]) == (3, 1, 2)
    assert numbers(await at(shop, "S014")) == (2, 0, 2)


async def test_a_movement_that_the_count_saw_is_not_counted_again(shop: Api) -> None:
    await move(shop, movement(1, -1, at="2026-03-02T05:00:00Z"))
    assert numbers(await at(shop, "S014")) == (4, 0, 4)
    await move(shop, movement(2, -1, at="2026-03-02T07:00:00Z"))
    await stock(shop, at="2026-03-02T06:30:00Z", S014=10)
    assert numbers(await at(shop, "S014")) == (9, 0, 9)


async def test_each_bad_movement_is_named_and_the_good_are_taken(shop: Api) -> None:
    await move(shop, movement(1, -1))
    answer = await move(
        shop,
        movement(2, 0),
        movement(3, 1),
        movement(1, -2),
        movement(4, 1, sku="SKU-9"),
        movement(5, 1, at="2027-01-01T00:00:00Z"),
    )
    assert answer["received"] == 5
    assert answer["accepted"] == 1
    assert [(row["index"], row["field"]) for row in answer["rejected"]] == [
        (0, "quantity"),
        (2, "sequence"),
        (3, "sku"),
        (4, "occurred_at"),
    ]


async def test_every_movement_sent_is_accepted_known_or_named(shop: Api) -> None:
    nameless = {key: value for key, value in movement(3, 1).items() if key != "sequence"}
    answer = await move(shop, movement(1, -1), movement(1, -1), nameless)
    assert (answer["received"], answer["accepted"], answer["duplicates"], len(answer["rejected"])) == (3, 1, 1, 1)


async def test_what_nobody_counted_can_move(shop: Api) -> None:
    await shop.feed("products", [{"sku": "SKU-3"}])
    await move(shop, movement(1, 5, sku="SKU-3"))
    view = (await shop.client.get("/v1/stock", params={"sku": "SKU-3"})).json()
    assert (view["total"]["atp"], view["by_location"][0]["counted_at"]) == (5, None)


async def test_an_order_that_waits_is_sent_when_units_come(shop: Api) -> None:
    await placed(shop, "A-1", 6, backorder=True)
    await move(shop, movement(1, 2))
    assert (await seen(shop, "A-1"))["state"] == "assigned"


@pytest.mark.parametrize("known", [0, 1, 100])
async def test_a_feed_of_new_places_with_one_known_among_them_counts_them_all(shop: Api, known: int) -> None:
    await shop.feed("products", [{"sku": f"N-{number:03}"} for number in range(200)])
    row = {"location_id": "S014", "counted_at": "2026-03-02T06:00:00Z"}
    rows = [{**row, "sku": f"N-{number:03}", "on_hand": number} for number in range(200)]
    await shop.feed("stock", [{**rows[known], "on_hand": 1_000}])
    await shop.feed("stock", [{**row, "sku": rows[known]["sku"], "on_hand": 7, "counted_at": "2026-03-02T08:00:00Z"}])
    answer = await shop.feed("stock", rows)
    assert (answer["accepted"], answer["outdated"]) == (200, 1)
    expected = {str(row["sku"]): row["on_hand"] for row in rows} | {str(rows[known]["sku"]): 7}
    shown = shop.service.live.snapshot.network.stock
    assert {sku: int(shown[sku].on_hand[0]) for sku in expected} == expected
    table = stock_movements.c
    told = select(table.sku, func.sum(table.on_hand)).where(table.sku.startswith("N-")).group_by(table.sku)
    assert dict(shop.service.database.read_now(lambda c: [tuple(row) for row in c.execute(told)])) == expected
