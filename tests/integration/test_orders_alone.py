"""What goes wrong with one order is told in the log, and holds none of the others up."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from serving.database.order_tables import orders, shipments
from serving.orders.alone import alone
from serving.orders.routing import MOST_AT_ONCE, MOST_FAILURES
from serving.orders.sweeping import sweep
from tests.integration.conftest import NOW, ON_ONE_DATABASE, Api
from tests.integration.orders import open_shop, placed, seen, stock

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


def keep(api: Api, order_id: str, **columns: Any) -> None:
    """Write over what is kept of an order, as a failing disk would."""
    of_order = update(orders).where(orders.c.order_id == order_id)
    api.service.database.write_now(lambda connection: connection.execute(of_order.values(columns)))


async def swept(api: Api, hours: float) -> list[str]:
    """Whose errors a sweep after so many hours logged."""
    api.clock.now = NOW + hours * HOUR
    with capture_logs() as logged:
        await sweep(api.service)
    return [entry["order_id"] for entry in logged if entry["log_level"] == "error"]


async def test_an_order_that_cannot_be_read_keeps_none_from_being_watched(api: Api) -> None:
    await open_shop(api, W001=5)
    for name in ("A", "B"):
        await placed(api, name, promised_at=(NOW + 60 * HOUR).isoformat())
    keep(api, "A", promise="{")
    assert await swept(api, 59) == ["A"]

    async def at_risk(name: str) -> bool:
        return any(event["kind"] == "order.at_risk" for event in (await seen(api, name))["events"])

    assert await at_risk("B")
    keep(api, "A", promise=None)
    assert await swept(api, 59.1) == []
    assert await at_risk("A")


async def test_a_shipment_in_a_state_that_nobody_knows_keeps_no_other_order_from_being_watched(api: Api) -> None:
    """A newer version may have written it, while both run."""
    await open_shop(api, W001=5)
    for name in ("A", "B"):
        await placed(api, name, promised_at=(NOW + 60 * HOUR).isoformat())
    of_a = update(shipments).where(shipments.c.order_id == "A").values(state="lent")
    api.service.database.write_now(lambda connection: connection.execute(of_a))
    keep(api, "A", failures=MOST_FAILURES)
    assert await swept(api, 59) == ["A"]
    assert any(told["kind"] == "order.at_risk" for told in (await seen(api, "B"))["events"])


async def test_an_order_that_cannot_be_read_keeps_none_from_being_sent_when_stock_has_come(api: Api) -> None:
    await open_shop(api)
    for name in ("A", "B"):
        assert (await placed(api, name, 2, backorder=True))["state"] == "backordered"
    keep(api, "A", request=b"{")
    api.clock.now = NOW + HOUR
    await stock(api, at=(NOW + HOUR / 2).isoformat(), W001=5)
    assert set(await swept(api, 1)) == {"A"}
    assert [(await seen(api, name))["state"] for name in ("A", "B")] == ["backordered", "assigned"]


@ON_ONE_DATABASE
async def test_however_many_orders_cannot_be_read_the_others_have_their_turn(api: Api) -> None:
    """As many as are tried at once are tried again and again, and nothing after them."""
    await open_shop(api)
    broken = [f"A{number}" for number in range(MOST_AT_ONCE)]
    for name in (*broken, "B"):
        assert (await placed(api, name, 2, backorder=True))["state"] == "backordered"
    for name in broken:
        keep(api, name, request=b"{")
    api.clock.now = NOW + HOUR
    await stock(api, at=(NOW + HOUR / 2).isoformat(), W001=5)
    await swept(api, 1)
    assert (await seen(api, "B"))["state"] == "assigned"
    await swept(api, 1.01)  # what B holds has changed the stock once more
    assert await swept(api, 1.02) == []
    assert set(await swept(api, 1.25)) == set(broken), "in the next quarter of an hour"


def test_a_database_that_is_away_is_away_for_every_order() -> None:
    with pytest.raises(OperationalError), alone("A"):
        raise OperationalError("SELECT 1", {}, ConnectionError("away"))
