"""How changes of orders and shipments are told in the log of events."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from serving.database.order_log import OrderEvent
from serving.orders.records import OrderRecord, ShipmentRecord
from serving.orders.states import OrderState, ShipmentEvent

#: Every kind of event.
KINDS: Final = frozenset(
    {
        *(f"order.{state}" for state in (*OrderState, "placed", "amended", "at_risk")),
        *(f"shipment.{event}" for event in (*ShipmentEvent, "reserved", "assigned", "amended")),
        "offer.lapsed",
    }
)


#: Who does what happens by itself.
WHO: Final = "smista"


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, when and why."""

    who: str
    at: datetime
    why: str | None = None


def state_event(order: OrderRecord, by: By) -> OrderEvent:
    """The order is in the state that it is in now."""
    return order_event(order, f"order.{order.state}", by)


def order_event(order: OrderRecord, kind: str, by: By) -> OrderEvent:
    """``kind`` happened to the order."""
    return OrderEvent(order.order_id, kind, by.at, by.who, told(order), why=by.why)


def shipment_event(shipment: ShipmentRecord, kind: str, by: By, occurred_at: datetime | None = None) -> OrderEvent:
    """``kind`` happened to the shipment."""
    told = told_shipment(shipment)
    return OrderEvent(shipment.order_id, kind, occurred_at or by.at, by.who, told, shipment.shipment_id, by.why)


def told(order: OrderRecord) -> dict[str, Any]:
    """An order, as events tell it."""
    return {"order_id": order.order_id, "state": order.state, "lines": [asdict(line) for line in order.lines]}


def told_offer(offer_id: str, offered: Sequence[ShipmentRecord]) -> dict[str, Any]:
    """An offer that nobody accepted, as events tell it."""
    return {
        "order_id": offered[0].order_id,
        "offer_id": offer_id,
        "location_ids": [shipment.location_id for shipment in offered],
        "lines": told_shipment(offered[0])["lines"],
    }


def told_shipment(shipment: ShipmentRecord) -> dict[str, Any]:
    """A shipment, as events tell it."""
    return {
        "order_id": shipment.order_id,
        "shipment_id": shipment.shipment_id,
        "location_id": shipment.location_id,
        "carrier_service_id": shipment.carrier_service_id,
        "state": shipment.state,
        "offer_id": shipment.offer_id,
        "lines": [asdict(line) for line in shipment.lines],
    }
