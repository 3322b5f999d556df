"""An order as it is kept: its lines, and the shipments that supply them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from serving.database.locks import StockKey
from serving.orders.states import FAILED, LIVE, OPEN, OrderState, ShipmentState


@dataclass(frozen=True, slots=True)
class LineRecord:
    """Units of one order line. ``waiting``: those that no live shipment supplies."""

    line_id: str
    sku: str
    quantity: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ShipmentLineRecord:
    """Units of one order line in a shipment. ``short``: those that were not found."""

    line_id: str
    sku: str
    quantity: int
    short: int = 0

    @property
    def left(self) -> int:
        """Units that the shipment still supplies."""
        return self.quantity - self.short


@dataclass(frozen=True, slots=True)
class ShipmentRecord:
    """Some lines of one order at one location, the order's ``number``-th shipment.

    ``capacity_day``: local date (YYYY-MM-DD) on which it counts there. Shipments of one ``offer_id`` are, or were, the
    same units offered to several stores for ``offer_minutes`` of their opening hours; ``offer_stage``: the stage of the
    ruleset whose own offer it was. After ``accept_by`` and ``hand_over_by`` the promise is not sure enough any more.
    ``ready_at``: when it was handed to the carrier, or ready to collect; ``outcome_at``: when it was delivered,
    collected or failed. Costs are in the order's currency, where they were told.
    """

    shipment_id: str
    order_id: str
    number: int
    location_id: str
    carrier_service_id: str | None
    state: ShipmentState
    decision_id: str
    capacity_day: str
    expected_p50_at: datetime
    expected_p90_at: datetime
    pick_failure: float
    assigned_at: datetime
    changed_at: datetime
    lines: tuple[ShipmentLineRecord, ...]
    offer_id: str | None = None
    offer_minutes: float | None = None
    offer_stage: str | None = None
    expected_ready_at: datetime | None = None
    accept_by: datetime | None = None
    hand_over_by: datetime | None = None
    ready_at: datetime | None = None
    outcome_at: datetime | None = None
    shipping_cost: float | None = None
    handling_cost: float | None = None


def fetched_from(asked: Mapping[str, Any]) -> str | None:
    """The location where the customer fetches the order of this body; ``None`` for what is sent home."""
    return None if asked["delivery_method"] == "home" else str(asked["collect_location_id"])


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with its lines and all its shipments, those that failed too.

    ``request``: the body that placed it. ``failures``: shipments that locations failed. ``tried_in``: version of the
    state when a location was last looked for; ``tried_quarter``: the quarter of an hour, by its start.
    ``promised_at``: end of the time promised to the customer; ``promise``: of the promise that it was placed with, as
    JSON, whether it was kept then (`decision.promised.KeptPromise`); ``at_risk_at``: when it was told to be at risk.
    """

    order_id: str
    state: OrderState
    client: str
    placed_at: datetime
    received_at: datetime
    expires_at: datetime | None
    decision_id: str | None
    request: bytes
    failures: int
    tried_in: int
    tried_quarter: datetime
    lines: tuple[LineRecord, ...]
    shipments: tuple[ShipmentRecord, ...]
    promised_at: datetime | None = None
    promise: str | None = None
    at_risk_at: datetime | None = None

    @property
    def waiting(self) -> dict[str, int]:
        """Units that wait for a location, by line."""
        return {line.line_id: line.waiting for line in self.lines if line.waiting}

    @property
    def failed_at(self) -> frozenset[StockKey]:
        """Where the order's skus were not to be had, as (sku, location)."""
        return frozenset(
            (line.sku, shipment.location_id)
            for shipment in self.shipments
            for line in shipment.lines
            if shipment.state in FAILED or line.short
        )

    @property
    def not_found(self) -> frozenset[StockKey]:
        """The order's skus that locations looked for and did not find, as (sku, location)."""
        return frozenset(
            (line.sku, shipment.location_id) for shipment in self.shipments for line in shipment.lines if line.short
        )

    @property
    def passed_stages(self) -> frozenset[str]:
        """The stages whose own offers no store accepted."""
        states: dict[tuple[str, str], set[ShipmentState]] = {}
        for shipment in self.shipments:
            if shipment.offer_id is not None and shipment.offer_stage is not None:
                states.setdefault((shipment.offer_id, shipment.offer_stage), set()).add(shipment.state)
        refused = {ShipmentState.LAPSED, ShipmentState.REJECTED}
        return frozenset(stage for (_, stage), of_offer in states.items() if of_offer <= refused)

    def shipment(self, shipment_id: str) -> ShipmentRecord:
        """The shipment of that name, which is one of the order's."""
        return next(shipment for shipment in self.shipments if shipment.shipment_id == shipment_id)

    def is_fetched(self, shipment: ShipmentRecord) -> bool:
        """Whether the customer comes for it to its location, instead of its being sent."""
        return fetched_from(orjson.loads(self.request)) == shipment.location_id

    def alike(self, shipment: ShipmentRecord) -> list[ShipmentRecord]:
        """The shipments that stand for the same units now: those of one open offer, or ``shipment`` alone."""
        return [shipment, *self.others_open(shipment)] if shipment.state in OPEN else [shipment]

    def others_open(self, shipment: ShipmentRecord) -> list[ShipmentRecord]:
        """The other shipments of its offer that still stand for the same units."""
        return [
            known
            for known in self.shipments
            if known.offer_id is not None
            and known.offer_id == shipment.offer_id
            and known.state in OPEN
            and known.shipment_id != shipment.shipment_id
        ]

    def live(self) -> list[ShipmentRecord]:
        """The shipments that supply their lines, or will."""
        return [shipment for shipment in self.shipments if shipment.state in LIVE]
