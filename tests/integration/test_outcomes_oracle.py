"""What the service learns of shipments is what a history of the same shipments would teach, value for value."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import isnan
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from data.dataset import build_dataset
from features.history import History, read_history
from features.outcomes import KEY_FACTS, OF_COSTS
from features.trailing import Observations
from serving.database.order_tables import outcomes
from serving.database.step_log import told_up_to
from serving.wire import examples
from tests.integration.conftest import Api
from tests.integration.orders import TIRELESS, open_shop, order, seen, tell

pytestmark = pytest.mark.anyio

#: Measures that are learnt in service.
LEARNT = ("ready_log_hours", "transit_log_hours", "delivery_log_hours", "cost_excess", "cost_waived", "pick_failure")
#: What is told of products here and in the tables of a history.
PRODUCT = ("sku", "category", "weight_kg", "volume_l", "longest_side_cm")
TWO_LINES = [
    {"line_id": "1", "sku": "SKU-1", "quantity": 1, "unit_price": 49.9},
    {"line_id": "2", "sku": "SKU-2", "quantity": 3},
]
COLLECTED: dict[str, Any] = {"delivery_method": "click_and_collect", "collect_location_id": "S014", "destination": None}


class Shop:
    """A shop whose orders and events are written down as a retailer would write them into its history."""

    def __init__(self, api: Api) -> None:
        """Nothing has happened yet."""
        self.api = api
        self.asked: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}

    async def place(self, name: str, *, apart: bool = False, **more: Any) -> dict[str, Any]:
        """Count what there is, and place an order of two lines; its first shipment.

        ``apart``: no place has both.
        """
        lacks = {("S014", "SKU-1"), ("W001", "SKU-2")} if apart else set()
        rows = [
            {
                "location_id": place,
                "sku": sku,
                "counted_at": self.api.clock.now.isoformat(),
                "on_hand": 0 if (place, sku) in lacks else 90,
            }
            for place in ("S014", "W001")
            for sku in ("SKU-1", "SKU-2")
        ]
        assert (await self.api.feed("stock", rows))["rejected"] == []
        self.asked[name] = {**order(name, lines=TWO_LINES), **more}
        response = await self.api.client.post("/v1/orders", json=self.asked[name])
        assert response.status_code == 201, response.text
        return dict(response.json()["shipments"][0])

    async def tell(
        self, shipment: dict[str, Any], event: str, *, after_hours: float, told_late_hours: float = 0, **more: Any
    ) -> None:
        """It happens so much later, and is told when it happens or later still; told twice, as networks do."""
        self.api.clock.now += timedelta(hours=after_hours, microseconds=123_457)
        happened = {"occurred_at": self.api.clock.now.isoformat(), **more}
        self.api.clock.now += timedelta(hours=told_late_hours)
        assert (await tell(self.api, shipment, event, **happened)).status_code == 200
        self.events.setdefault(shipment["shipment_id"], []).append({"event": event, **happened})
        if event != "short_picked":
            assert (await tell(self.api, shipment, event, **happened)).status_code == 200

    async def history(self) -> History:
        """The canonical tables of what was asked and told, as models see them."""
        attempts, lines = [], []
        for name in self.asked:
            for shipment in (await seen(self.api, name))["shipments"]:
                attempts.append(self.attempt(name, shipment))
                lines += list(self.lines(shipment))
        tables = {
            "locations": pd.DataFrame(examples.ROWS["locations"]).iloc[:, :9],
            "products": pd.DataFrame(examples.ROWS["products"])[list(PRODUCT)],
            "carrier_services": pd.DataFrame(examples.ROWS["carrier-services"])[
                ["carrier_service_id", "carrier", "level"]
            ],
            "orders": pd.DataFrame(list(map(self.order, self.asked))),
            "order_lines": pd.DataFrame(
                [{"order_id": name, **line} for name, asked in self.asked.items() for line in asked["lines"]]
            ),
            "fulfilments": pd.DataFrame(attempts),
            "fulfilment_lines": pd.DataFrame(lines),
        }
        tables["products"] = tables["products"].assign(hazmat=False, bulky=False)
        dataset, rejected = build_dataset(tables)
        assert rejected.empty, rejected
        return read_history(dataset)

    def order(self, name: str) -> dict[str, Any]:
        """A row of ``orders``: what is collected goes to the store."""
        asked = self.asked[name]
        store = examples.ROWS["locations"][0]
        to = asked["destination"] or {part: store[part] for part in ("country", "region", "postal_code")}
        return {
            **{part: asked.get(part) for part in ("order_id", "currency", "delivery_method", "collect_location_id")},
            "placed_at": pd.Timestamp(asked["placed_at"]),
            "latitude": store["latitude"],
            "longitude": store["longitude"],
            **to,
        }

    def attempt(self, name: str, shipment: dict[str, Any]) -> dict[str, Any]:
        """A row of ``fulfilments``: the events of one shipment."""
        row: dict[str, Any] = {
            "fulfilment_id": shipment["shipment_id"],
            "order_id": name,
            "location_id": shipment["location_id"],
            "carrier_service_id": shipment["carrier_service_id"],
            "decided_at": pd.Timestamp(shipment["assigned_at"]),
            "outcome": "open",
        }
        collected = self.asked[name]["delivery_method"] == "click_and_collect"
        for told in self.events.get(shipment["shipment_id"], []):
            at, event = pd.Timestamp(told["occurred_at"]), told["event"]
            row |= {cost: told[cost] for cost in ("shipping_cost", "handling_cost") if cost in told}
            if event == ("ready" if collected else "handed_over"):
                row["ready_at"] = at
            if event in {"delivered", "collected"}:
                row |= {"delivered_at": at, "outcome": event, "outcome_at": at}
            if event in {"rejected", "cancelled"}:
                row |= {"outcome": event, "outcome_at": at}
            if event == "short_picked" and not any(line["picked"] for line in told["lines"]):
                row |= {"outcome": "short_pick", "outcome_at": at}
        return row

    def lines(self, shipment: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Rows of ``fulfilment_lines``: what was found of each line, where anybody counted."""
        told = self.events.get(shipment["shipment_id"], [])
        counted = {line["line_id"]: line["picked"] for event in told for line in event.get("lines", [])}
        blind = any(event["event"] == "rejected" and "lines" not in event for event in told)
        for line in shipment["lines"]:
            yield {
                "fulfilment_id": shipment["shipment_id"],
                **{part: line[part] for part in ("line_id", "sku", "quantity")},
                "picked_quantity": None if blind else float(counted.get(line["line_id"], line["quantity"])),
            }


@pytest.fixture
async def shop(api: Api) -> Shop:
    """A shop with a tireless store and warehouse."""
    await open_shop(api)
    await api.feed("locations", TIRELESS)
    return Shop(api)


def rows_of(made: Observations) -> Counter[tuple[Any, ...]]:
    """Observations as rows, whatever their order: when it is known, value, weight and the facts of its keys."""
    columns = [made.known_at.tolist(), made.value.tolist(), made.weight.tolist()]
    return Counter(zip(*columns, *(made.columns[fact].tolist() for fact in KEY_FACTS), strict=True))


def kept(shop: Shop) -> dict[str, Counter[tuple[Any, ...]]]:
    """What the service keeps, as such rows by measure."""
    found: dict[str, Counter[tuple[Any, ...]]] = {measure: Counter() for measure in LEARNT}
    for row in shop.api.service.database.read_now(lambda connection: connection.execute(select(outcomes)).all()):
        facts = (row.facts[fact] for fact in KEY_FACTS)
        found[row.measure][row.history_at.timestamp(), row.value, row.weight, *facts] += 1
    return found


async def everything_happens(shop: Shop) -> None:
    """A shipment goes every way that it can."""
    sent = await shop.place("sent home, with its costs")
    await shop.tell(sent, "accepted", after_hours=1)
    await shop.tell(sent, "ready", after_hours=2)
    await shop.tell(sent, "handed_over", after_hours=3, shipping_cost=4.9, handling_cost=1.2)
    await shop.tell(sent, "delivered", after_hours=40)

    billed = await shop.place("billed when it arrived")
    await shop.tell(billed, "handed_over", after_hours=2)
    await shop.tell(billed, "delivered", after_hours=50, shipping_cost=7.35)

    in_part = await shop.place("found in part")
    await shop.tell(in_part, "short_picked", after_hours=1, lines=[{"line_id": "2", "picked": 1}])
    await shop.tell(in_part, "handed_over", after_hours=2)
    await shop.tell(in_part, "delivered", after_hours=30)

    fetched = await shop.place("fetched", **COLLECTED)
    await shop.tell(fetched, "ready", after_hours=2)
    await shop.tell(fetched, "collected", after_hours=20, shipping_cost=0.0, handling_cost=0.8)

    silent = await shop.place("fetched from a store that tells the end alone", **COLLECTED)
    await shop.tell(silent, "collected", after_hours=9)

    given_away = await shop.place("sent for nothing")
    await shop.tell(given_away, "handed_over", after_hours=3, shipping_cost=0.0, handling_cost=0.0)

    nothing = [{"line_id": "1", "picked": 0}, {"line_id": "2", "picked": 0}]
    await shop.tell(await shop.place("not found"), "short_picked", after_hours=1, lines=nothing)
    await shop.tell(await shop.place("refused"), "rejected", after_hours=1, reason="flooded")
    lacking = [{"line_id": "1", "picked": 0}]
    await shop.tell(await shop.place("lacking"), "rejected", after_hours=1, reason="gone", lines=lacking)
    await shop.tell(await shop.place("given up"), "cancelled", after_hours=1, reason="the lorry burnt")
    await shop.tell(await shop.place("under way"), "handed_over", after_hours=5, told_late_hours=7)
    await shop.place("not begun")
    shop.api.clock.now += timedelta(minutes=1)
    await shop.tell(await shop.place("in two parcels", apart=True), "handed_over", after_hours=3)


async def test_every_way_a_shipment_can_go_teaches_what_its_history_would(shop: Shop) -> None:
    await everything_happens(shop)
    history = await shop.history()
    learnt = kept(shop)
    for measure in LEARNT:
        assert learnt[measure] == rows_of(history.observations[measure]), measure
    failures = learnt["pick_failure"]
    assert {value for _, value, *_ in failures} == {0.0, 1.0}
    assert [len(history.observations[measure]) for measure in OF_COSTS] == [3, 1]
    assert len(history.attempts) == len(shop.asked) + 6  # what failed was sent from elsewhere, or a part of it


def shipments_of(history: History) -> set[tuple[Any, ...]]:
    """Attempts: what a bundle is asked about, and when each was decided, ready, delivered, or ended otherwise."""
    attempts = history.attempts
    asked = (attempts.columns[name] for name in ("location_id", "decided_at", "weight_kg", "units"))
    instants = (attempts.decided_at, attempts.ready_at, attempts.delivered_at, attempts.ended_at)
    return set(zip(attempts.fulfilment_id, *asked, *map(known, instants), strict=True))


def known(instants: Any) -> list[float | None]:
    """The instants; NaN is equal to nothing."""
    return [None if isnan(instant) else instant for instant in instants]


async def test_calibration_follows_every_shipment_as_its_history_would(shop: Shop) -> None:
    """What the bundle was asked about it at its assignment, and what came of it; of those under way, that they are."""
    await everything_happens(shop)
    told = shop.api.service.database.read_now(
        lambda connection: told_up_to(connection, shop.api.clock.now + timedelta(days=1), 10_000)
    )
    followed = {
        (one.shipment_id, said["group"], said["clock"], *said["hours"]["delivery_hours"], *known(one[2:]))
        for one, said in ((one, one.expected) for one in told)
    }
    assert followed == shipments_of(await shop.history())
    assert len({one[3:5] for one in followed}) == 4  # some are parts of their orders
    assert any(one[6:] == (None, None, None) for one in followed)


async def test_what_is_told_late_is_known_late_and_dated_when_it_happened(shop: Shop) -> None:
    """A decision may use it from when it was told; a bundle of after it happened has it from its history."""
    shipment = await shop.place("A-1")
    await shop.tell(shipment, "handed_over", after_hours=5, told_late_hours=7)
    (row, *_) = shop.api.service.database.read_now(lambda connection: connection.execute(select(outcomes)).all())
    assert row.known_at == shop.api.clock.now
    assert row.history_at == shop.api.clock.now - timedelta(hours=7)


async def test_times_that_contradict_each_other_teach_nothing(shop: Shop) -> None:
    """A history with such rows would be refused; they are told by a clock that is wrong."""
    yesterday = datetime.fromisoformat("2026-03-01T09:00:00Z").isoformat()
    early = await shop.place("handed over before it was assigned")
    await tell(shop.api, early, "handed_over", occurred_at=yesterday)
    assert sum(map(len, kept(shop).values())) == 0
    back = await shop.place("delivered before it was handed over")
    await shop.tell(back, "handed_over", after_hours=5)
    told = sum(rows.total() for rows in kept(shop).values())
    await tell(shop.api, back, "delivered", occurred_at=(shop.api.clock.now - timedelta(hours=1)).isoformat())
    assert sum(rows.total() for rows in kept(shop).values()) == told
