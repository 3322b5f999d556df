"""Why a way of delivery has no date: each method that was asked for has one or says why not, and what it says is so."""

from pathlib import Path
from typing import Any

import pytest

from serving.settings import Settings
from tests.integration.conftest import Api, running

pytestmark = pytest.mark.anyio

HERE = {"country": "IT", "timezone": "Europe/Rome", "latitude": 45.46, "longitude": 9.19}
WAREHOUSE = {**HERE, "location_id": "W", "location_type": "warehouse"}
STORE = {**HERE, "location_id": "S", "location_type": "store"}
FARTHER = {**STORE, "location_id": "S2", "latitude": 45.6}
STANDARD = {"carrier_service_id": "std", "carrier": "Corriere", "level": "standard"}
EXPRESS = {**STANDARD, "carrier_service_id": "exp", "level": "express", "location_type": "warehouse"}
SHELF = ("click_and_collect", "reserve_and_collect")
METHODS = ("home", *SHELF, "ship_to_store")


async def open_shop(
    api: Api, places: list[Any], services: list[Any], units: dict[str, dict[str, int]], **rules: Any
) -> None:
    """``units``: by sku and location."""
    feeds = {"locations": places, "products": [{"sku": sku} for sku in ("A", "B", "C")], "carrier-services": services}
    feeds["stock"] = [
        {"location_id": place, "sku": sku, "counted_at": "2026-03-02T09:00:00Z", "on_hand": count}
        for sku, places_of in units.items()
        for place, count in places_of.items()
    ]
    for name, rows in feeds.items():
        assert (await api.feed(name, rows))["rejected"] == []
    published = await api.client.post("/v1/rulesets/r/publish", json={"name": "r", **rules})
    assert published.status_code == 201, published.text


async def ask(api: Api, lines: list[Any], **more: Any) -> dict[str, Any]:
    to = {"country": "IT", "latitude": 45.47, "longitude": 9.19}
    asked = {"currency": "EUR", "destination": to, "lines": lines, **more}
    response = await api.client.post("/v1/promises", json=asked)
    assert response.status_code == 200, response.text
    return dict(response.json())


def causes(answer: dict[str, Any]) -> dict[str, str]:
    return {none["service_level"] or none["delivery_method"]: none["cause"] for none in answer["not_promised"]}


async def test_where_no_store_is_near_every_way_to_collect_says_so(api: Api) -> None:
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}})
    assert causes(await ask(api, [{"sku": "A"}])) == dict.fromkeys(METHODS[1:], "no_location_near")


async def test_to_an_address_without_coordinates_too(api: Api) -> None:
    await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"S": 5}})
    answer = await ask(api, [{"sku": "A"}], destination={"country": "IT"})
    assert causes(answer) == dict.fromkeys(METHODS[1:], "no_coordinates")
    assert "the address has no latitude and longitude" in answer["not_promised"][0]["reason"]


async def test_who_asks_for_no_store_is_not_told_that_none_is_near(api: Api) -> None:
    await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"S": 5}})
    assert causes(await ask(api, [{"sku": "A"}], stores=0)) == dict.fromkeys(METHODS[1:], "no_store_asked")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Home delivery by standard: no date. Line 1: W-closed takes out W (Closed for works)."),
        ("it", "Consegna a domicilio con standard: nessuna data. Riga 1: la regola W-closed esclude W (Chiuso)."),
    ],
)
async def test_the_rule_that_leaves_no_way_is_named_with_its_reason(api: Api, language: str, told: str) -> None:
    rule = {"id": "W-closed", "exclude": 'location.id == "W"', "reason": {"en": "Closed for works", "it": "Chiuso"}}
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}}, rules=[rule])
    (none,) = (await ask(api, [{"sku": "A"}], methods=["home"], language=language))["not_promised"]
    assert (none["cause"], none["line_ids"], none["reason"]) == ("no_plan", ["1"], told)
    assert [rule["rule_id"] for rule in none["missing"][0]["rules"]] == ["W-closed"]


async def test_units_that_are_too_few_are_counted(api: Api) -> None:
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}, "B": {"W": 9}})
    (none,) = (await ask(api, [{"sku": "B"}, {"sku": "A", "quantity": 40}], methods=["home"]))["not_promised"]
    assert none["reason"] == (
        "Home delivery by standard: no date. Line 2: no location has all 40 units: at most 5 at one location (W)."
    )
    assert (none["missing"][0]["available"], none["missing"][0]["short"]) == (5, 35)


async def test_more_parcels_than_are_allowed_are_told(api: Api) -> None:
    await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"W": 5}, "B": {"S": 5}}, limits={"max_parcels": 1})
    (none,) = (await ask(api, [{"sku": "A"}, {"sku": "B"}], methods=["home"]))["not_promised"]
    assert none["reason"] == (
        "Home delivery by standard: no date. Lines 1 and 2: it could be sent, but all lines together need more than "
        "1 parcel(s)."
    )


async def test_where_no_store_near_has_it_that_is_said(api: Api) -> None:
    await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"W": 5}})
    answer = await ask(api, [{"sku": "A"}])
    assert causes(answer) == dict.fromkeys(SHELF, "no_store_has_it")
    assert answer["not_promised"][0]["reason"] == (
        "Click & collect: no date, because none of the nearest stores has all of it."
    )


async def test_without_any_carrier_home_delivery_says_so(api: Api) -> None:
    await open_shop(api, [WAREHOUSE], [], {"A": {"W": 5}})
    assert causes(await ask(api, [{"sku": "A"}], methods=["home"])) == {"home": "nothing_travels"}


async def test_what_is_in_stock_where_express_does_not_come_is_not_out_of_stock(api: Api) -> None:
    await open_shop(api, [WAREHOUSE, STORE], [STANDARD, EXPRESS], {"A": {"S": 5}, "B": {"W": 5}})
    answer = await ask(api, [{"sku": "A"}, {"sku": "B"}], methods=["home"])
    assert causes(answer) == {"express": "nothing_travels"}
    assert answer["not_promised"][0]["reason"] == (
        "Home delivery by express: no date, because no carrier service brings line 1 from where it is in stock."
    )


async def test_the_nearest_store_that_has_as_many_as_are_asked_for_is_promised(api: Api) -> None:
    await open_shop(api, [STORE, FARTHER], [STANDARD], {"A": {"S": 1, "S2": 3}})
    answer = await ask(api, [{"sku": "A", "quantity": 2}, {"sku": "A", "quantity": 1}], methods=SHELF, stores=1)
    assert {promise["collect_location_id"] for promise in answer["promises"]} == {"S2"}
    assert answer["not_promised"] == []
    item = {"currency": "EUR", "destination": {"country": "IT", "latitude": 45.47, "longitude": 9.19}}
    page = await api.client.post("/v1/promises/bulk", json={**item, "items": [{"sku": "A", "quantity": 3}]})
    assert page.json()["items"][0]["collect"]["collect_location_id"] == "S2"


async def test_where_rules_let_goods_be_sent_to_the_store_the_nearest_need_not_have_them(api: Api) -> None:
    await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"W": 5}}, collect_from="anywhere")
    answer = await ask(api, [{"sku": "A"}], methods=SHELF)
    assert {promise["collect_location_id"] for promise in answer["promises"]} == {"S"}
    assert causes(answer) == {}


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("en", "line 1 is out of stock.", "lines 1 and 2 are out of stock."),
        ("it", "la riga 1 è esaurita.", "le righe 1 e 2 sono esaurite."),
    ],
)
async def test_one_line_is_told_and_two_are(api: Api, language: str, one: str, two: str) -> None:
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}})
    for lines, told in (([{"sku": "B"}, {"sku": "A"}], one), ([{"sku": "B"}, {"sku": "C"}, {"sku": "A"}], two)):
        answer = await ask(api, lines, methods=["home"], language=language)
        assert answer["not_promised"][0]["reason"].endswith(told)


async def test_however_little_time_there_is_one_way_is_promised(database_url: str, tmp_path: Path) -> None:
    settings = Settings(work_folder=tmp_path, database_url=database_url, promise_milliseconds=1e-6)
    async with running(settings) as api:
        await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"W": 5, "S": 5}})
        answer = await ask(api, [{"sku": "A"}])
    assert [promise["delivery_method"] for promise in answer["promises"]] == ["home"]
    assert set(causes(answer).values()) == {"not_in_time"}
    assert not answer["complete"]


async def test_however_little_time_there_is_the_way_that_is_to_be_held_is(database_url: str, tmp_path: Path) -> None:
    settings = Settings(work_folder=tmp_path, database_url=database_url, promise_milliseconds=1e-6, hold_seconds=60)
    async with running(settings) as api:
        await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"W": 5, "S": 5}})
        api.client.headers["Idempotency-Key"] = "H"
        answer = await ask(api, [{"sku": "A"}], hold={"delivery_method": "click_and_collect"})
    assert [promise["delivery_method"] for promise in answer["promises"]] == ["click_and_collect"]
    assert answer["hold"]["order"]["state"] == "reserved"
