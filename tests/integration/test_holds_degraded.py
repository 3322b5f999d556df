"""A hold that cannot be had takes no date away: not without a bundle, with a broken one, or on a slow database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from features.facts import Columns
from serving.settings import Settings
from tests.integration.conftest import Api, running
from tests.integration.test_promises_not_made import STANDARD, WAREHOUSE, open_shop
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio

BASKET = {"currency": "EUR", "destination": {"country": "IT"}, "lines": [{"sku": "A"}], "methods": ["home"]}


async def hold(api: Api) -> dict[str, Any]:
    headers = {"Idempotency-Key": "basket-1"}
    response = await api.client.post("/v1/promises", json={**BASKET, "hold": True}, headers=headers)
    assert response.status_code == 200, response.text
    assert response.json()["promises"]
    return dict(response.json())


async def test_without_a_bundle_dates_are_told_and_nothing_is_held(api: Api) -> None:
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}})
    api.service.live.predictor = None
    answer = await hold(api)
    assert answer["hold"] is None
    assert answer["degraded"] == ["no_bundle", "hold: no bundle is in service"]


@dataclass(frozen=True)
class Broken(TablePredictor):
    """It cannot tell what anything costs."""

    def cost(self, facts: Columns) -> NoReturn:
        raise ArithmeticError(f"broken, asked about {facts.keys()}")


async def test_where_predictions_fail_dates_are_told_and_nothing_is_held(api: Api) -> None:
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}})
    api.service.live.predictor = Broken()
    answer = await hold(api)
    assert answer["hold"] is None
    assert answer["degraded"] == ["error", "hold: something went wrong"]


async def test_a_database_that_takes_too_long_is_not_waited_for_and_holds_once(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(work_folder=tmp_path, database_url=database_url, promise_milliseconds=60_000, hold_seconds=0.2)
    async with running(settings) as api:
        await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}})
        engine = api.service.database.engine.execution_options(smista_writes=True)
        with engine.begin() as busy:
            if engine.dialect.name == "postgresql":
                busy.exec_driver_sql("LOCK TABLE stock")
            answer = await hold(api)
            assert answer["hold"] is None
            assert answer["degraded"] == ["hold: the database does not answer"]
        await api.service.database.write(lambda _: None)  # what was begun has come to its end
        while (held := (await hold(api))["hold"]) is None:
            pass  # a busy machine may take longer than that again
        assert held["order"]["order_id"] == "basket-1"
        stock = (await api.client.get("/v1/stock", params={"sku": "A"})).json()
        assert stock["total"]["held"] == 1
