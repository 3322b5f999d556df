"""Everything that changes stock, in any order, against a model that counts by hand."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, func, insert, select

from decision.calendars.open_times import OpenTimes
from decision.calendars.working_days import WorkingDays
from decision.decision import Delivery, Option, Shipment, ShipmentLine
from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.order_store import find_order
from serving.database.stock_batch import counts_of
from serving.database.stock_counts import count
from serving.database.stock_ledger import available
from serving.database.stock_sources import take_movements
from serving.database.tables import locations, stock, stock_movements
from serving.errors import ConflictError, StockGoneError
from serving.orders import assigning, changes, happening
from serving.orders.assigning import Assignment
from serving.orders.events import By
from serving.orders.records import LineRecord, OrderRecord, ShipmentRecord
from serving.orders.states import AT_LOCATION, HOLDING, LIVE, OWN, OrderState, ShipmentEvent, ShipmentState, possible
from serving.orders.writing import change_order, write
from tests.integration.kept_databases import make_tables

SKUS, PLACES = ("A", "B"), ("L1", "L2")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALWAYS = OpenTimes(None, ZoneInfo("UTC"), WorkingDays().works)
Key = tuple[str, str]
#: Lines of (sku, units), the location that is to send them, and whether they are only reserved.
_Basket: TypeAlias = tuple[list[tuple[str, int]], str, bool]
_BASKET = st.tuples(
    st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 3)), min_size=1, max_size=3),
    st.sampled_from(PLACES),
    st.booleans(),
)
#: Its location is to tell what happens next.
_ITS_TURN = (ShipmentState.OFFERED, *AT_LOCATION)
_TOLD = [event for event in ShipmentEvent if event not in OWN and event is not ShipmentEvent.SHORT_PICKED]


@cache
def _with_tables() -> bytes:
    """A database file without rows: to make its tables takes longer than most runs."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "stock.db"
        make_tables(f"sqlite:///{file}")
        return file.read_bytes()


class StockMachine(RuleBasedStateMachine):
    """Orders of one to three lines (a sku may come twice) on two skus at two locations."""

    def __init__(self) -> None:
        """A fresh database."""
        super().__init__()
        self.folder = TemporaryDirectory()
        file = Path(self.folder.name) / "stock.db"
        file.write_bytes(_with_tables())
        self.database = Database(make_engine(f"sqlite:///{file}"))
        self.now = START
        self.names: list[str] = []
        self.sequence = 0
        #: The model: the newest count of each place, and every movement, in units.
        self.counted: dict[Key, tuple[datetime, int]] = {}
        self.moved: dict[Key, list[tuple[datetime, int]]] = defaultdict(list)

    def teardown(self) -> None:
        """Let go of the database."""
        self.database.close()
        self.folder.cleanup()

    @initialize(
        units=st.lists(st.integers(0, 9), min_size=4, max_size=4), baskets=st.lists(_BASKET, min_size=2, max_size=4)
    )
    def open_shop(self, units: list[int], baskets: list[_Basket]) -> None:
        """Count everything once, and let the first come: without orders there is little to see."""
        rows = [
            {"location_id": place, "location_type": "store", "country": "IT", "timezone": "UTC"} for place in PLACES
        ]
        self.database.write_now(lambda c: c.execute(insert(locations), [{**row, "changed_in": 0} for row in rows]))
        keys = [(sku, place) for sku in SKUS for place in PLACES]
        for (sku, place), on_hand in zip(keys, units, strict=True):
            self.count_stock(sku, place, on_hand, 0)
        for basket in baskets:
            self.place(basket)

    @rule(minutes=st.integers(1, 60))
    def time_passes(self, minutes: int) -> None:
        """Reservations whose time is over end."""
        self.now += timedelta(minutes=minutes)
        for name in self.names:
            self._change(name, partial(changes.expire, by=self._by()))

    @rule(sku=st.sampled_from(SKUS), place=st.sampled_from(PLACES), on_hand=st.integers(0, 8), ago=st.integers(0, 90))
    def count_stock(self, sku: str, place: str, on_hand: int, ago: int) -> None:
        """A count of some minutes ago comes in."""
        counted_at = self.now - timedelta(minutes=ago)
        row = {
            "sku": sku,
            "location_id": place,
            "counted_at": counted_at,
            "on_hand": on_hand,
            "reserved": 0,
            "safety_stock": 0,
            "source_sequence": 0,
        }
        self.database.write_now(lambda c: count(c, counts_of([row]).newest(), "feed", self.now))
        known = self.counted.get((sku, place))
        if known is None or counted_at >= known[0]:
            self.counted[sku, place] = counted_at, on_hand

    @rule(
        sku=st.sampled_from(SKUS),
        to=st.sampled_from(PLACES),
        units=st.integers(1, 3),
        ago=st.integers(0, 90),
        twice=st.booleans(),
    )
    def transfer(self, sku: str, to: str, units: int, ago: int, twice: bool) -> None:
        """Units went from one location to the other some minutes ago; the message may come twice."""
        occurred_at = self.now - timedelta(minutes=ago)
        rows = []
        for place in PLACES:
            self.sequence += 1
            quantity = units if place == to else -units
            rows.append(
                {
                    "source": "wms",
                    "sequence": self.sequence,
                    "sku": sku,
                    "location_id": place,
                    "quantity": quantity,
                    "occurred_at": occurred_at,
                    "reason": "transfer",
                }
            )
            self.moved[sku, place].append((occurred_at, quantity))
        for _ in range(2 if twice else 1):
            self.database.write_now(lambda c: take_movements(c, list(enumerate(rows)), "feed", self.now))

    @rule(basket=_BASKET)
    def place(self, basket: _Basket) -> None:
        """Somebody orders, all of it from one location."""
        lines, place, reserve = basket
        name = f"O{len(self.names)}"
        before = self._available(place)
        wanted: dict[str, int] = defaultdict(int)
        for sku, units in lines:
            wanted[sku] += units
        order = OrderRecord(
            order_id=name,
            state=OrderState.RESERVED if reserve else OrderState.BACKORDERED,
            client="checkout",
            placed_at=self.now,
            received_at=self.now,
            expires_at=self.now + timedelta(minutes=30) if reserve else None,
            decision_id=None,
            request=orjson.dumps({"delivery_method": "click_and_collect", "collect_location_id": place}),
            failures=0,
            tried_in=0,
            tried_quarter=self.now,
            lines=tuple(LineRecord(str(n), sku, units, units) for n, (sku, units) in enumerate(lines)),
            shipments=(),
        )
        plan = self._plan(place, tuple((str(n), sku, units) for n, (sku, units) in enumerate(lines)))
        try:
            self.database.write_now(lambda c: write(c, assigning.placed(order, plan, self._by()), self._by()))
        except StockGoneError:
            assert any(units > before[sku] for sku, units in wanted.items()), "there was enough"
        else:
            assert all(units <= before[sku] for sku, units in wanted.items()), "sold what was not there"
            self.names.append(name)

    @precondition(lambda self: self.names)
    @rule(data=st.data(), place=st.sampled_from(PLACES))
    def route(self, data: st.DataObject, place: str) -> None:
        """Units that wait are given to a location."""
        order = self._order(data.draw(st.sampled_from(self.names)))
        if order.state is not OrderState.BACKORDERED:
            return
        units = tuple((line.line_id, line.sku, line.waiting) for line in order.lines if line.waiting)
        plan = self._plan(place, units)
        self._change(order.order_id, lambda known: assigning.assign(known, plan, self._by()))

    @precondition(lambda self: self.names)
    @rule(data=st.data(), quantity=st.integers(0, 4))
    def amend(self, data: st.DataObject, quantity: int) -> None:
        """A line becomes another quantity."""
        order = self._order(data.draw(st.sampled_from(self.names)))
        line = data.draw(st.sampled_from(order.lines))
        self._change(order.order_id, lambda known: changes.amend(known, line.line_id, quantity, self._by()))

    @precondition(lambda self: self.names)
    @rule(data=st.data(), what=st.sampled_from(["confirm", "cancel"]))
    def confirm_or_cancel(self, data: st.DataObject, what: str) -> None:
        """The customer decides."""
        name = data.draw(st.sampled_from(self.names))
        self._change(name, partial(changes.confirm if what == "confirm" else changes.cancel, by=self._by()))

    @precondition(lambda self: self._shipments(AT_LOCATION))
    @rule(data=st.data(), ago=st.integers(0, 30))
    def short_pick(self, data: st.DataObject, ago: int) -> None:
        """A location finds less of a line than it should."""
        order, shipment = data.draw(st.sampled_from(self._shipments(AT_LOCATION)))
        line = data.draw(st.sampled_from([line for line in shipment.lines if line.left]))
        found = data.draw(st.integers(0, line.left - 1))
        self._tell(order, shipment, ShipmentEvent.SHORT_PICKED, ago, {line.line_id: found})

    @precondition(lambda self: self._shipments(_ITS_TURN))
    @rule(data=st.data(), ago=st.integers(0, 30))
    def go_on(self, data: st.DataObject, ago: int) -> None:
        """A location tells what can happen next to a shipment that it has."""
        order, shipment = data.draw(st.sampled_from(self._shipments(_ITS_TURN)))
        can = possible(shipment.state, fetched=order.is_fetched(shipment))
        event = data.draw(st.sampled_from([event for event in can if event in _TOLD]))
        self._tell(order, shipment, event, ago, {})

    @precondition(lambda self: self.names)
    @rule(data=st.data(), event=st.sampled_from(_TOLD), ago=st.integers(0, 30))
    def tell(self, data: st.DataObject, event: ShipmentEvent, ago: int) -> None:
        """A location tells of any shipment, whether it can happen to it or not."""
        order = self._order(data.draw(st.sampled_from(self.names)))
        if order.shipments:
            self._tell(order, data.draw(st.sampled_from(order.shipments)), event, ago, {})

    def _shipments(self, states: Collection[ShipmentState]) -> list[tuple[OrderRecord, ShipmentRecord]]:
        orders = map(self._order, self.names)
        return [(order, shipment) for order in orders for shipment in order.shipments if shipment.state in states]

    def _tell(
        self, order: OrderRecord, shipment: ShipmentRecord, event: ShipmentEvent, ago: int, picked: dict[str, int]
    ) -> None:
        occurred_at = self.now - timedelta(minutes=ago)
        done = self._change(
            order.order_id,
            partial(
                happening.happened,
                shipment_id=shipment.shipment_id,
                event=event,
                by=self._by(),
                occurred_at=occurred_at,
                picked=picked,
            ),
        )
        leaves = event in {ShipmentEvent.HANDED_OVER, ShipmentEvent.COLLECTED} and shipment.state in AT_LOCATION
        if done and leaves:
            for line in shipment.lines:
                left_at = max(occurred_at, shipment.assigned_at)
                self.moved[line.sku, shipment.location_id].append((left_at, -line.left))

    @invariant()
    def stock_is_what_the_model_says(self) -> None:
        """On hand is the newest count and what moved since; held is what live shipments have at their locations."""
        rows = self._rows()
        held: dict[Key, int] = defaultdict(int)
        for order in map(self._order, self.names):
            for shipment in order.shipments:
                for line in shipment.lines:
                    held[line.sku, shipment.location_id] += line.left if shipment.state in HOLDING else 0
        for key, (counted_at, on_hand) in self.counted.items():
            expected = on_hand + sum(units for at, units in self.moved[key] if at > counted_at)
            assert rows[key].on_hand == expected, key
            assert rows[key].held == held[key] >= 0, key

    @invariant()
    def the_ledger_sums_to_the_rows(self) -> None:
        """Nothing changes stock without an entry."""
        table = stock_movements.c
        sums = self.database.read_now(
            lambda c: c.execute(
                select(table.sku, table.location_id, func.sum(table.on_hand), func.sum(table.held)).group_by(
                    table.sku, table.location_id
                )
            ).all()
        )
        assert {(sku, place): (on_hand, held) for sku, place, on_hand, held in sums} == {
            key: (row.on_hand, row.held) for key, row in self._rows().items()
        }

    @invariant()
    def every_unit_ordered_is_supplied_or_waits(self) -> None:
        """No unit of an order is lost or doubled."""
        for order in map(self._order, self.names):
            if order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
                assert not any(shipment.state in LIVE for shipment in order.shipments)
                continue
            for line in order.lines:
                supplied = sum(
                    known.left
                    for shipment in order.shipments
                    for known in shipment.lines
                    if shipment.state in LIVE and known.line_id == line.line_id
                )
                assert supplied + line.waiting == line.quantity, (order.order_id, line)

    def _rows(self) -> dict[Key, Any]:
        rows = self.database.read_now(lambda c: c.execute(select(stock)).all())
        return {(row.sku, row.location_id): row for row in rows}

    def _available(self, place: str) -> dict[str, int]:
        rows = self._rows()
        return {sku: available(rows[sku, place]) for sku in SKUS}

    def _order(self, name: str) -> OrderRecord:
        def find(connection: Connection) -> OrderRecord:
            order = find_order(connection, name)
            assert order is not None
            return order

        return self.database.read_now(find)

    def _change(self, name: str, doing: Any) -> bool:
        """Whether it was possible."""
        try:
            self.database.write_now(lambda c: change_order(c, name, doing, self._by()))
        except (ConflictError, StockGoneError):
            return False
        return True

    def _by(self) -> By:
        return By("test", self.now)

    def _plan(self, place: str, lines: tuple[tuple[str, str, int], ...]) -> Assignment:
        shipment = Shipment(
            location_id=place,
            location_name=None,
            location_type="store",
            carrier_service_id=None,
            distance_km=None,
            lines=tuple(ShipmentLine(*line) for line in lines),
            delivery=Delivery(self.now, self.now, self.now, None),
            pick_failure=0.0,
            terms={},
        )
        option = Option(1, 0.0, 0.0, 0.0, "", {}, (shipment,))
        return Assignment(option, "decision", {}, {}, {place: self.now.date().isoformat()}, {place: ALWAYS}, {})
