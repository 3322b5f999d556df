"""What locations tell of shipments, and the work that they are told of."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from serving.wire.fields import Amount, Body, Identifier, Text, Units, When

EventName = Literal[
    "accepted", "rejected", "picked", "short_picked", "ready", "handed_over", "delivered", "collected", "cancelled"
]


class PickedLineBody(Body):
    """Units found of one line."""

    line_id: Identifier
    picked: Units


class ShipmentEventBody(Body):
    """Something that happened to a shipment at its location, or on its way."""

    event: EventName
    occurred_at: When | None = Field(default=None, description="when it happened; none: now")
    reason: Text | None = Field(default=None, validate_default=True, description="needed for rejected and cancelled")
    lines: Annotated[list[PickedLineBody], Field(max_length=500)] = Field(
        default=[],
        validate_default=True,
        description="needed for short_picked: lines of which fewer units were found; may be told of rejected",
    )

    shipping_cost: Amount | None = Field(
        default=None,
        description="of the whole shipment, in the order's currency: with handed_over, delivered or collected",
    )
    handling_cost: Amount | None = Field(default=None, description="likewise: picking and packing")

    @field_validator("reason")
    @classmethod
    def _refusing_has_a_reason(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if reason is None and info.data.get("event") in {"rejected", "cancelled"}:
            raise PydanticCustomError("reason_missing", "needed when event is rejected or cancelled")
        return reason

    @field_validator("lines")
    @classmethod
    def _short_picks_say_what_was_found(cls, lines: list[PickedLineBody], info: ValidationInfo) -> list[PickedLineBody]:
        event = info.data.get("event")
        if event == "short_picked" and not lines:
            raise PydanticCustomError("lines_of_event", "needed when event is short_picked")
        if lines and event not in {"short_picked", "rejected"}:
            raise PydanticCustomError("lines_of_event", "are told with short_picked and rejected only")
        if len({line.line_id for line in lines}) < len(lines):
            raise PydanticCustomError("line_id_twice", "name each line once")
        return lines

    @field_validator("shipping_cost", "handling_cost")
    @classmethod
    def _costs_are_known_once_it_left(cls, cost: float | None, info: ValidationInfo) -> float | None:
        if cost is not None and info.data.get("event") not in {"handed_over", "delivered", "collected"}:
            raise PydanticCustomError("cost_of_event", "is told with handed_over, delivered and collected only")
        return cost


class TaskLineAnswer(BaseModel):
    """Units to pick."""

    line_id: str
    sku: str
    quantity: int


class TaskAnswer(BaseModel):
    """What one shipment asks of its location now; `next` is what can be told of it.

    `claim`: it is offered to others too, until `offered_until`, and the first to accept has it.
    """

    shipment_id: str
    order_id: str
    location_id: str
    carrier_service_id: str | None
    delivery_method: str
    to_do: Literal["claim", "accept", "pick", "pack", "hand_over"]
    assigned_at: datetime
    promised_at: datetime | None
    accept_by: datetime | None = Field(
        description="until when it has to be decided, confirmed and accepted: later, the promise is not sure enough"
    )
    hand_over_by: datetime | None = Field(
        description="later, the promise is not sure enough any more; while the location is open, as `accept_by`"
    )
    offered_until: datetime | None
    lines: list[TaskLineAnswer]
    next: list[str]


class TasksAnswer(BaseModel):
    """The work list of one location, the longest waiting first."""

    location_id: str
    tasks: list[TaskAnswer]
