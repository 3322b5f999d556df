"""The bodies that place, hold and change orders, and how an order is told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field

from serving.orders.records import OrderRecord, ShipmentRecord
from serving.wire.answer import KeptPromiseAnswer
from serving.wire.fields import WHOLE, Body, Remark, When
from serving.wire.order import OrderBody

_Expiry = Annotated[
    When | None,
    Field(description="units are held until then, unless the order is confirmed; none: it is confirmed as it is"),
]


class NewOrderBody(OrderBody):
    """An order to decide, to hold and to assign."""

    expires_at: _Expiry = None
    backorder: bool = Field(
        default=False, description="take the order though nothing can supply it now: it waits for stock"
    )


class CommitBody(Body):
    """Which of the ranked plans of a decision is to be carried out."""

    rank: Annotated[int, Field(ge=1, le=20), WHOLE] = 1
    expires_at: _Expiry = None


class AmendBody(Body):
    """Another quantity of one line; 0 takes the line off."""

    quantity: Annotated[int, Field(ge=0, le=100_000), WHOLE]
    reason: Remark | None = None


class OrderLineAnswer(BaseModel):
    """One line. `waiting`: units that no location supplies yet."""

    line_id: str
    sku: str
    quantity: int
    waiting: int


class OrderShipmentLineAnswer(BaseModel):
    """Units of one line in a shipment; `short`: those that were not found."""

    line_id: str
    sku: str
    quantity: int
    short: int


class OrderShipmentAnswer(BaseModel):
    """Some lines at one location, in the order of assignment; those that failed too."""

    shipment_id: str
    order_id: str
    number: int = Field(description="1 for the order's first shipment")
    location_id: str
    carrier_service_id: str | None
    state: str
    decision_id: str
    capacity_day: str = Field(description="local date on which it counts as the location's work")
    expected_p50_at: datetime
    expected_p90_at: datetime
    pick_failure: float
    assigned_at: datetime
    changed_at: datetime
    lines: list[OrderShipmentLineAnswer]
    offer_id: str | None = Field(description="shipments with the same one are the same units, offered to several")
    offer_minutes: float | None = Field(description="how long it is offered, in opening hours")
    offer_stage: str | None = Field(description="the stage of the ruleset whose own offer it is")
    expected_ready_at: datetime | None = Field(description="when it should be handed over, or ready to collect")
    accept_by: datetime | None = Field(
        description="until when it has to be decided, confirmed and accepted: later, the promise is not sure enough"
    )
    hand_over_by: datetime | None = Field(
        description="later, the promise is not sure enough any more; while the location is open, as `accept_by`"
    )
    ready_at: datetime | None = Field(description="when it was handed to the carrier, or ready to collect")
    outcome_at: datetime | None = Field(description="when it was delivered, collected or failed")
    shipping_cost: float | None = Field(description="as it was told")
    handling_cost: float | None = Field(description="as it was told")


class OrderEventAnswer(BaseModel):
    """Something that happened to the order."""

    event_id: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    who: str
    why: str | None
    shipment_id: str | None
    versions: dict[str, str]


class OrderAnswer(BaseModel):
    """An order as it stands. `events` are told by `GET` only.

    `promise`: whether the promise that it brought was kept when it was placed; null where it brought none.
    """

    order_id: str
    state: str
    placed_at: datetime
    received_at: datetime
    expires_at: datetime | None
    decision_id: str | None
    promised_at: datetime | None
    promise: KeptPromiseAnswer | None
    lines: list[OrderLineAnswer]
    shipments: list[OrderShipmentAnswer]
    events: list[OrderEventAnswer] | None = None


class ShipmentEventAnswer(BaseModel):
    """A shipment after what was told of it, and the order it belongs to."""

    shipment: OrderShipmentAnswer
    order_state: str


def order_bytes(order: OrderRecord, events: Sequence[Mapping[str, Any]] | None = None) -> bytes:
    """What `OrderAnswer` describes, as JSON."""
    told = {name: getattr(order, name) for name in OrderAnswer.model_fields if name != "events"}
    told["promise"] = None if order.promise is None else orjson.Fragment(order.promise)
    return orjson.dumps(told if events is None else {**told, "events": events}, option=orjson.OPT_UTC_Z)


def shipment_bytes(shipment: ShipmentRecord, order: OrderRecord) -> bytes:
    """What `ShipmentEventAnswer` describes, as JSON."""
    return orjson.dumps({"shipment": shipment, "order_state": order.state}, option=orjson.OPT_UTC_Z)
