"""``POST /v1/promises`` as checkout uses it."""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

import pytest

from serving.wire import examples
from tests.integration.conftest import NOW, ON_ONE_DATABASE, Api

pytestmark = pytest.mark.anyio


async def open_shop(api: Api) -> None:
    for name, rows in examples.ROWS.items():
        assert (await api.feed(name, rows))["rejected"] == []
    rows = [
        {"location_id": place["location_id"], "sku": sku, "counted_at": "2026-03-02T09:10:00Z", "on_hand": 200}
        for place in examples.ROWS["locations"]
        for sku in ("SKU-1", "SKU-2")
    ]
    assert (await api.feed("stock", rows))["rejected"] == []
    response = await api.client.post("/v1/rulesets/everything/publish", json={"name": "everything", "strategy": {}})
    assert response.status_code == 201, response.text


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


async def order_of(api: Api, told: dict[str, Any], order_id: str, **more: Any) -> Any:
    """Order the basket with the token of what was ``told``."""
    body = {
        **{name: examples.BASKET[name] for name in ("currency", "destination")},
        "order_id": order_id,
        "placed_at": NOW.isoformat(),
        "delivery_method": told["delivery_method"],
        "collect_location_id": told["collect_location_id"],
        "lines": [{"line_id": str(at), **line} for at, line in enumerate(examples.BASKET["lines"], 1)],
        "promise": told["token"],
        **more,
    }
    return await api.client.post("/v1/orders", json=body)


async def test_an_order_that_brings_its_promise_keeps_it(api: Api) -> None:
    await open_shop(api)
    promise = (await promises(api))["promises"][0]
    response = await order_of(api, promise, "P-1")
    assert response.status_code == 201, response.text
    order = response.json()
    assert order["promise"]["kept"]
    assert order["promise"]["changed"] == []
    assert order["promise"]["on_time"] >= promise["confidence"] - 1e-9
    assert order["promised_at"] == order["promise"]["promised_at"] == promise["promised_at"]
    seen = (await api.client.get("/v1/orders/P-1")).json()
    assert seen["promise"] == order["promise"]


async def test_what_has_gone_since_is_told(api: Api) -> None:
    await open_shop(api)
    promise = next(p for p in (await promises(api))["promises"] if p["delivery_method"] == "home")
    gone = [
        {"location_id": place["location_id"], "sku": "SKU-1", "counted_at": "2026-03-02T09:19:00Z", "on_hand": 0}
        for place in examples.ROWS["locations"]
    ]
    assert (await api.feed("stock", gone))["rejected"] == []
    response = await order_of(api, promise, "P-2", backorder=True, language="it")
    assert response.status_code == 201, response.text
    told = response.json()["promise"]
    assert not told["kept"]
    assert "stock" in {change["code"] for change in told["changed"]}
    assert all("pezzi" in change["text"] for change in told["changed"] if change["code"] == "stock")
    refused = await order_of(api, promise, "P-3")
    assert refused.status_code == 409
    assert not refused.json()["decision"]["promise"]["kept"]


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"promised_at": "2026-03-09T00:00:00Z"}, "promised_at"),
        ({"service_level": "by-drone"}, "service_level"),
        ({"promise": "bm8gdG9rZW4"}, "promise"),
        ({"promise": "ü"}, "promise"),
    ],
)
async def test_what_contradicts_the_promise_is_refused_by_name(api: Api, more: dict[str, Any], field: str) -> None:
    await open_shop(api)
    promise = next(p for p in (await promises(api))["promises"] if p["delivery_method"] == "home")
    refused = await order_of(api, promise, "P-4", **more)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    "forged",
    [
        {"promised_at": "2026-03-09T00:00:00"},
        {"valid_until": "2026-03-09T00:00:00"},
        {"promised_at": "2900-03-09T00:00:00Z"},
        {"waits_until": "9999-12-31T00:00:00Z"},
        {"confidence": 2},
        {"units": [{"location_id": "S014", "carrier_service_id": None, "sku": "SKU-1", "units": 10**30}]},
    ],
)
async def test_a_token_that_nobody_can_have_been_told_is_refused(api: Api, forged: dict[str, Any]) -> None:
    await open_shop(api)
    promise = next(p for p in (await promises(api))["promises"] if p["delivery_method"] == "home")
    told = json.loads(base64.urlsafe_b64decode(promise["token"] + "===")[8:])
    content = json.dumps({**told, **forged}).encode()
    token = base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:8] + content).decode().rstrip("=")
    refused = await order_of(api, {**promise, "token": token}, "P-5")
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["promise"]


async def test_a_hold_without_a_name_is_named_by_its_key(api: Api) -> None:
    await open_shop(api)
    headers = {"Idempotency-Key": "basket-7"}
    told = [
        (await api.client.post("/v1/promises", json={**examples.BASKET, "hold": True}, headers=headers)) for _ in "12"
    ]
    assert told[0].content == told[1].content
    assert (told[0].json()["hold"]["rank"], told[0].json()["hold"]["order"]["order_id"]) == (1, "basket-7")
    unheld = await api.client.post("/v1/promises", json={**examples.BASKET, "hold": False})
    assert unheld.json()["hold"] is None


async def test_a_hold_is_an_order_until_the_promise_ends(api: Api) -> None:
    await open_shop(api)
    asked = {**examples.BASKET, "hold": {"order_id": "H-1"}}
    without_key = await api.client.post("/v1/promises", json=asked)
    assert without_key.status_code == 422
    assert without_key.json()["errors"][0]["field"] == "hold"
    headers = {"Idempotency-Key": "hold-1"}
    first = await api.client.post("/v1/promises", json=asked, headers=headers)
    again = await api.client.post("/v1/promises", json=asked, headers=headers)
    assert first.status_code == 200
    assert first.content == again.content
    held = first.json()["hold"]
    promise = first.json()["promises"][held["rank"] - 1]
    assert held["order"]["state"] == "reserved"
    assert held["order"]["expires_at"] == promise["valid_until"]
    assert held["order"]["promise"]["kept"]
    confirmed = await api.client.post("/v1/orders/H-1/confirm")
    assert confirmed.status_code == 200
    assert confirmed.json()["state"] == "assigned"


async def test_without_the_database_the_promise_is_still_told(api: Api) -> None:
    await open_shop(api)
    with api.service.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE idempotency_keys")
    asked = {**examples.BASKET, "hold": {"order_id": "H-2"}}
    answer = await api.client.post("/v1/promises", json=asked, headers={"Idempotency-Key": "hold-2"})
    assert answer.status_code == 200
    assert answer.json()["promises"]
    assert answer.json()["hold"] is None
    assert answer.json()["degraded"] == ["hold: the database does not answer"]


async def test_a_page_of_items_has_a_date_for_each(api: Api) -> None:
    await open_shop(api)
    items = [*examples.BASKETS["items"], {"sku": "NOBODY-KNOWS"}]
    response = await api.client.post("/v1/promises/bulk", json={**examples.BASKETS, "items": items})
    assert response.status_code == 200, response.text
    known, _, unknown = response.json()["items"]
    whole = await promises(api, lines=[examples.BASKET["lines"][0]], methods=["home"])
    assert known["earliest"]["promised_at"] == min(p["promised_at"] for p in whole["promises"])
    assert unknown["cause"] == "unknown_sku"
    assert unknown["reason"] == "sku 'NOBODY-KNOWS' is not known: feed it with PUT /v1/products"
    assert unknown["earliest"] is None


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("wrong", "quantity", "told"),
    [
        ({"quantity": 0}, 0, "quantity: "),
        ({"quantity": "1"}, None, "quantity: "),
        ({"quantity": 1.5}, None, "quantity: "),
        ({"qty": 2}, 1, "qty: "),
        ({"unit_price": -1.0, "group": ""}, 1, "unit_price: "),
    ],
)
async def test_a_wrong_item_is_answered_for_by_itself(api: Api, wrong: Any, quantity: int | None, told: str) -> None:
    await open_shop(api)
    good = examples.BASKETS["items"]
    page = {**examples.BASKETS, "items": [{"sku": "SKU-1", **wrong}, *good]}
    response = await api.client.post("/v1/promises/bulk", json=page)
    assert response.status_code == 200, response.text
    first, *others = response.json()["items"]
    assert (first["sku"], first["quantity"], first["cause"]) == ("SKU-1", quantity, "invalid")
    assert first["reason"].startswith(told)
    assert first["earliest"] is first["cheapest"] is first["collect"] is None
    alone = await api.client.post("/v1/promises/bulk", json=examples.BASKETS)
    assert others == alone.json()["items"]
    assert all(item["earliest"] for item in others)


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"items": []}, "items"),
        ({"items": {"sku": "SKU-1"}}, "items"),
        ({"items": [{"sku": "SKU-1"}, {"quantity": 1}]}, "items[1].sku"),
        ({"items": [{"sku": "SKU-1"}, {"sku": "", "quantity": 0}]}, "items[1].sku"),
        ({"items": [{"sku": "SKU-1"}, "SKU-1"]}, "items[1]"),
        ({"currency": "euros"}, "currency"),
    ],
)
async def test_a_page_that_is_wrong_as_a_whole_is_refused_by_name(api: Api, more: Any, field: str) -> None:
    await open_shop(api)
    refused = await api.client.post("/v1/promises/bulk", json={**examples.BASKETS, **more})
    assert refused.status_code == 422
    assert field in {error["field"] for error in refused.json()["errors"]}


async def test_promises_are_told_in_words(api: Api) -> None:
    await open_shop(api)
    english, italian = await promises(api), await promises(api, language="it")
    assert all(p["text"].startswith(("Delivered by ", "Ready to collect at ")) for p in english["promises"])
    assert all(p["text"].startswith(("Consegna entro ", "Pronto per il ritiro ")) for p in italian["promises"])
    assert all(p["reason"] for p in [*english["not_promised"], *italian["not_promised"]])


async def test_a_store_that_nobody_knows_is_named(api: Api) -> None:
    await open_shop(api)
    refused = await api.client.post("/v1/promises", json={**examples.BASKET, "collect_location_ids": ["NOWHERE"]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "collect_location_ids"


async def test_hundreds_of_promises_are_kept_or_say_why_not(api: Api) -> None:
    await open_shop(api)
    kept = 0
    for at in range(60):
        told = (await promises(api, methods=["home"]))["promises"][0]
        response = await order_of(api, told, f"M-{at}", backorder=True)
        assert response.status_code == 201, response.text
        promise = response.json()["promise"]
        assert promise["kept"] or promise["changed"]
        kept += promise["kept"]
    assert kept >= 25  # the rest found its store full for the day, and says so
