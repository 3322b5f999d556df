"""Many clients who take scarce baskets, and give them back, each with the skus in another order."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx
from sqlalchemy import select

from serving.database.tables import stock_movements
from tests.integration.conftest import Api
from tests.integration.orders import TIRELESS, open_shop, order
from tests.integration.test_races import more_processes

SKUS = [f"B{number}" for number in range(8)]
UNITS = 12
#: Whether a shopper who has asked for so many baskets asks for another.
GoesOn: TypeAlias = Callable[[int], bool]


@dataclass
class Shopper:
    """Takes baskets until there is none, then gives its oldest back: there is never enough for everybody."""

    client: httpx.AsyncClient
    name: str
    chance: random.Random
    statuses: Counter[int] = field(default_factory=Counter)
    kept: list[str] = field(default_factory=list)

    async def shop(self, goes_on: GoesOn) -> None:
        """Go on while ``goes_on`` says so."""
        for number in itertools.takewhile(goes_on, itertools.count()):
            wanted = order(f"{self.name}-{number}", lines=self._lines())
            response = await self.client.post("/v1/orders", json=wanted)
            self.statuses[response.status_code] += 1
            if response.status_code == 201:
                self.kept.append(wanted["order_id"])
            elif self.kept:
                response = await self.client.delete(f"/v1/orders/{self.kept.pop(0)}")
                self.statuses[response.status_code] += 1

    def _lines(self) -> list[dict[str, object]]:
        skus = self.chance.sample(SKUS, self.chance.randint(2, 5))
        return [{"line_id": str(n), "sku": sku, "quantity": self.chance.randint(1, 2)} for n, sku in enumerate(skus)]


async def shuffled_baskets(api: Api, *, clients: int, goes_on: GoesOn) -> None:
    """Let ``clients`` shop through four processes; no request fails, and at no entry of the ledger too much is held."""
    await open_shop(api)
    await api.feed("locations", TIRELESS)
    await api.feed("products", [{"sku": sku} for sku in SKUS])
    counted = {"location_id": "W001", "counted_at": "2026-03-02T06:00:00Z", "on_hand": UNITS}
    await api.feed("stock", [{**counted, "sku": sku} for sku in SKUS])
    async with more_processes(api, 4) as processes:
        through = itertools.cycle(processes)
        shoppers = [Shopper(next(through), f"C{number}", random.Random(number)) for number in range(clients)]
        await asyncio.gather(*(shopper.shop(goes_on) for shopper in shoppers))
    statuses = sum((shopper.statuses for shopper in shoppers), Counter[int]())
    print(f"{clients} clients: {dict(statuses)}")  # noqa: T201 (pytest shows it with -s)
    assert {201, 409} <= statuses.keys() <= {200, 201, 409}, statuses
    assert _most_held(api) <= UNITS
    kept = [await api.client.get(f"/v1/orders/{name}") for shopper in shoppers for name in shopper.kept]
    sold = Counter[str]()
    for line in itertools.chain.from_iterable(answer.json()["lines"] for answer in kept):
        sold[line["sku"]] += line["quantity"]
    for sku in SKUS:
        total = (await api.client.get("/v1/stock", params={"sku": sku})).json()["total"]
        assert (total["held"], total["atp"]) == (sold[sku], UNITS - sold[sku])


def _most_held(api: Api) -> int:
    """The most units of one sku that were held at any time, by the ledger."""
    table = stock_movements.c
    entries = api.service.database.read_now(
        lambda c: c.execute(select(table.sku, table.held).where(table.sku.in_(SKUS)).order_by(table.position)).all()
    )
    held = Counter[str]()
    most = 0
    for sku, units in entries:
        held[sku] += units
        most = max(most, held[sku])
    return most
