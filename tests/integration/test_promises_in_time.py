"""Promises take only so long, and hold up nobody."""

import asyncio
from itertools import count
from pathlib import Path

import pytest

from serving.promises import in_time
from serving.settings import Settings
from tests.integration.conftest import Api, running
from tests.integration.test_promises_not_made import FARTHER, METHODS, STANDARD, STORE, ask, open_shop

pytestmark = pytest.mark.anyio


async def test_each_method_is_looked_at_before_a_second_store(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is time for four ways of seven."""
    settings = Settings(work_folder=tmp_path, database_url=database_url, promise_milliseconds=4.5)
    async with running(settings) as api:
        await open_shop(api, [STORE, FARTHER], [STANDARD], {"A": {"S": 5, "S2": 5}})
        monkeypatch.setattr(in_time, "perf_counter", (tick / 1000 for tick in count()).__next__)
        answer = await ask(api, [{"sku": "A"}])
    assert {promise["delivery_method"] for promise in answer["promises"]} == set(METHODS)
    assert {none["collect_location_id"] for none in answer["not_promised"]} == {"S2"}
    assert {none["cause"] for none in answer["not_promised"]} == {"not_in_time"}
    assert not answer["complete"]


async def test_an_easy_first_way_does_not_tell_how_long_the_others_take(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By it there would be time for four more at once: two are made, and then it is over."""
    settings = Settings(work_folder=tmp_path, database_url=database_url, promise_milliseconds=1.0)
    async with running(settings) as api:
        await open_shop(api, [STORE, FARTHER], [STANDARD], {"A": {"S": 5, "S2": 5}})
        monkeypatch.setattr(in_time, "perf_counter", iter([0.0, 0.0001, 0.0002, 0.002]).__next__)
        answer = await ask(api, [{"sku": "A"}])
    assert len(answer["promises"]) == 3
    assert not answer["complete"]


async def test_others_are_answered_while_a_large_basket_is_looked_at(api: Api) -> None:
    await open_shop(api, [STORE, FARTHER], [STANDARD], {sku: {"S": 9, "S2": 9} for sku in ("A", "B", "C")})
    lines = [{"sku": sku, "quantity": 1} for sku in ("A", "B", "C") for _ in range(4)]
    asked = asyncio.create_task(ask(api, lines))
    answered = []
    while not asked.done():
        answered.append((await api.client.get("/healthz")).status_code)
        await asyncio.sleep(0)
    assert (await asked)["promises"]
    assert answered.count(200) > 5
