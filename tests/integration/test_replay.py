"""Logged decisions are made again bit for bit, whatever was fed since; what was tampered with is found out."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import orjson
import pytest
from sqlalchemy import select, update

from serving.database.decision_log import LoggedDecision
from serving.database.tables import decisions, places, rulesets
from serving.decisions.replay import find_decision, replay
from serving.errors import ReplayError
from serving.wire import examples
from tests.integration.conftest import Api
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio
SKUS = [f"K{i}" for i in range(6)]
PLACES = [f"P{i}" for i in range(8)]
PREDICTOR = TablePredictor()
RULESET: dict[str, Any] = {
    "name": "all",
    "strategy": {"late_parcel": 6.0, "pick_failure": 8.0, "extra_parcel": 1.5},
    "limits": {"max_parcels": 2},
    "rules": [
        {"id": "busy", "exclude": "location.footfall > 500", "reason": "too many visitors"},
        {"id": "display", "where": 'location.type == "store"', "safety_stock": 1},
        {"id": "slow", "require": "prediction.delivery_p50_hours < 60"},
    ],
}


async def fed(api: Api, rng: np.random.Generator) -> None:
    """Feed something that changes what is decided."""
    kind = rng.choice(["stock", "locations", "footfall", "products", "ruleset", "hour"])
    if kind == "hour":
        api.clock.now += timedelta(minutes=47, microseconds=123_457)
        api.service.live.refresh_now()
    elif kind == "ruleset":
        document = {**RULESET, "strategy": {**RULESET["strategy"], "late_parcel": float(rng.integers(0, 20))}}
        assert (await api.client.post("/v1/rulesets/all/publish", json=document)).status_code == 201
    else:
        await api.feed(str(kind), ROWS[str(kind)](api, rng))


def location_rows(_api: Api, rng: np.random.Generator) -> list[dict[str, Any]]:
    return [
        {
            "location_id": place,
            "location_type": str(rng.choice(["store", "warehouse", "supplier"])),
            "name": f"Città {place}",
            "country": "IT",
            "latitude": 45 + float(rng.normal()),
            "longitude": 9 + float(rng.normal()),
            "timezone": "Europe/Rome",
            **({"capacity_per_day": float(rng.integers(1, 90))} if rng.random() < 0.5 else {}),
        }
        for place in PLACES
    ]


def stock_rows(api: Api, rng: np.random.Generator) -> list[dict[str, Any]]:
    return [
        {
            "location_id": str(p),
            "sku": str(sku),
            "on_hand": int(rng.integers(0, 5)),
            "counted_at": api.clock.now.isoformat(),
        }
        for p in PLACES
        for sku in rng.choice(SKUS, 3, replace=False)
    ]


def product_rows(_api: Api, rng: np.random.Generator) -> list[dict[str, Any]]:
    return [
        {"sku": sku, "category": "home", **({"weight_kg": float(rng.random())} if rng.random() < 0.7 else {})}
        for sku in SKUS
    ]


def footfall_rows(api: Api, rng: np.random.Generator) -> list[dict[str, Any]]:
    hour = api.clock.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    return [
        {"location_id": p, "hour_utc": hour.isoformat(), "visitors": float(rng.integers(0, 900))} for p in PLACES[:5]
    ]


ROWS: dict[str, Callable[[Api, np.random.Generator], list[dict[str, Any]]]] = {
    "locations": location_rows,
    "stock": stock_rows,
    "products": product_rows,
    "footfall": footfall_rows,
}


def asked(api: Api, rng: np.random.Generator, number: int) -> dict[str, Any]:
    """A random order."""
    collected = rng.random() < 0.2
    return {
        "order_id": f"W-{number}",
        "placed_at": api.clock.now.isoformat(),
        "currency": "EUR",
        "delivery_method": "click_and_collect" if collected else "home",
        **({"collect_location_id": str(rng.choice(PLACES))} if collected else {}),
        "destination": {"country": "IT", "latitude": 45.4, "longitude": 9.2},
        **({"promised_at": (api.clock.now + timedelta(hours=40)).isoformat()} if rng.random() < 0.7 else {}),
        "lines": [
            {"line_id": str(line), "sku": str(rng.choice(SKUS)), "quantity": int(rng.integers(1, 4)), "unit_price": 9.9}
            for line in range(int(rng.integers(1, 5)))
        ],
        "options": int(rng.integers(1, 6)),
        "language": str(rng.choice(["en", "it"])),
    }


@pytest.fixture
async def retailer(api: Api) -> Api:
    """The API with a small random network."""
    rng = np.random.default_rng(0)
    for name in ("locations", "products"):
        await api.feed(name, ROWS[name](api, rng))
    await api.feed("carrier-services", examples.ROWS["carrier-services"])
    await api.feed("stock", stock_rows(api, rng))
    return api


def logged(api: Api, decision_id: str) -> LoggedDecision:
    return find_decision(api.service.database, decision_id)


async def test_hundreds_of_decisions_are_made_again_bit_for_bit(retailer: Api) -> None:
    rng = np.random.default_rng(1)
    ids, answered = [], []
    for number in range(100):  # on each database
        if number % 5 == 0:
            await fed(retailer, rng)
        response = await retailer.decide(asked(retailer, rng, number))
        assert response.status_code == 201, response.text
        ids.append(response.json()["decision_id"])
        answered.append(response.json())
    assert {bool(one["options"]) for one in answered} == {True, False}
    assert {one["versions"]["ruleset"].split("@")[0] for one in answered} == {"default", "all"}
    assert any(one["relaxations"] for one in answered)
    for decision_id in ids:
        again = replay(retailer.service.database, logged(retailer, decision_id), PREDICTOR)
        assert again.same, again.differences
    kept = retailer.service.database.read_now(lambda connection: connection.execute(select(places.c.digest)).all())
    assert 1 < len(kept) < 60  # once per state, not once per decision


@pytest.fixture
async def decision_id(retailer: Api) -> str:
    """A decision under a published ruleset."""
    assert (await retailer.client.post("/v1/rulesets/all/publish", json=RULESET)).status_code == 201
    order = asked(retailer, np.random.default_rng(5), 1)
    response = await retailer.decide({**order, "delivery_method": "home", "lines": order["lines"][:1], "options": 5})
    assert response.json()["options"]
    return str(response.json()["decision_id"])


def altered(content: bytes, change: Callable[[Any], None]) -> bytes:
    """Kept bytes with something changed in them."""
    value = orjson.loads(zlib.decompress(content))
    change(value)
    return zlib.compress(orjson.dumps(value))


async def test_what_was_tampered_with_is_found_out(retailer: Api, decision_id: str) -> None:
    row, database = logged(retailer, decision_id), retailer.service.database
    assert row.stock is not None
    assert row.decided_order is not None

    def one_more(kept: Any) -> None:
        records, _coming = kept
        for record in records.values():
            record[1] = [units + 1 for units in record[1]]

    tampered = [
        replace(row, stock=altered(row.stock, one_more)),
        replace(row, decided_order=altered(row.decided_order, lambda order: order.update(channel="shop"))),
        replace(row, decided_at=row.decided_at + timedelta(microseconds=1)),
        replace(row, options=1),
        replace(row, language="it" if row.language == "en" else "en"),
        replace(row, answer=row.answer.replace(b'"rank":1', b'"rank":2')),
    ]
    for one in tampered:
        again = replay(database, one, PREDICTOR)
        assert not again.same
        assert again.differences
    assert replay(database, tampered[-1], PREDICTOR).differences == ("options[0].rank: 2 → 1",)


async def test_places_that_are_not_what_they_were_kept_as_are_found_out(retailer: Api, decision_id: str) -> None:
    row = logged(retailer, decision_id)

    def renamed(content: Any) -> None:
        content[0]["country"][1][-1] = "FR"

    def tamper(connection: Any) -> None:
        content = bytes(connection.execute(select(places.c.content).where(places.c.digest == row.places)).scalar_one())
        connection.execute(update(places).values(content=altered(content, renamed)))

    retailer.service.database.write_now(tamper)
    again = replay(retailer.service.database, row, PREDICTOR)
    assert not again.same
    assert str(row.places) in again.differences[0]


async def test_a_ruleset_that_was_altered_in_the_store_is_found_out(retailer: Api, decision_id: str) -> None:
    document = orjson.dumps({**RULESET, "strategy": {"late_parcel": 1.0}}).decode()
    retailer.service.database.write_now(
        lambda connection: connection.execute(update(rulesets).values(document=document))
    )
    again = replay(retailer.service.database, logged(retailer, decision_id), PREDICTOR)
    assert not again.same
    assert any(difference.startswith("versions.digest") for difference in again.differences)


async def test_another_bundle_is_refused(retailer: Api, decision_id: str) -> None:
    with pytest.raises(ReplayError, match="was made with bundle table@1; this one is table@2"):
        replay(retailer.service.database, logged(retailer, decision_id), TablePredictor(version="table@2"))


async def test_what_cannot_be_replayed_says_why(retailer: Api, decision_id: str) -> None:
    database, row = retailer.service.database, logged(retailer, decision_id)
    with pytest.raises(ReplayError, match="there is no decision 'nothing'"):
        find_decision(database, "nothing")
    with pytest.raises(ReplayError, match="before the log kept"):
        replay(database, replace(row, stock=None), PREDICTOR)
    with pytest.raises(ReplayError, match="ruleset all@9 is not in this database"):
        replay(database, replace(row, ruleset="all@9"), PREDICTOR)
    database.write_now(lambda connection: connection.execute(places.delete()))
    with pytest.raises(ReplayError, match="not kept here any more"):
        replay(database, row, PREDICTOR)
    assert database.read_now(lambda connection: connection.execute(select(decisions.c.places)).scalars().all())
