"""Movements of stock as sources tell them, and stock as it is told."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, field_validator
from pydantic_core import PydanticCustomError

from serving.wire.feed import RejectedRow
from serving.wire.fields import MOST_UNITS, WHOLE, Body, Identifier, SourceSequence, Text, When


class MovementRow(Body):
    """Units that came to a location, or (negative) left it, for any reason but a shipment of Smista's."""

    source: Identifier = Field(description="who counts the sequence, such as a till or a warehouse system")
    sequence: SourceSequence = Field(description="of this movement within its source")
    location_id: Identifier
    sku: Identifier
    quantity: Annotated[int, Field(ge=-MOST_UNITS, le=MOST_UNITS), WHOLE]
    occurred_at: When
    reason: Text | None = None

    @field_validator("quantity")
    @classmethod
    def _something_moved(cls, quantity: int) -> int:
        if quantity == 0:
            raise PydanticCustomError("nothing_moved", "must not be 0")
        return quantity


class MovementsAnswer(BaseModel):
    """Every row sent is accepted, known from before (`duplicates`), or listed in `rejected`."""

    received: int
    accepted: int
    duplicates: int = Field(description="source and sequence were known: they changed nothing")
    rejected: list[RejectedRow]


class InboundAnswer(BaseModel):
    """Units on their way."""

    inbound_id: str
    quantity: int
    expected_at: datetime


class StockTotals(BaseModel):
    """Units. `atp`, available to promise, is the sum of what each location can promise: one that lacks takes nothing
    from the others."""

    on_hand: int
    reserved: int
    held: int
    safety_stock: int
    inbound: int
    atp: int


class LocationStock(StockTotals):
    """What one location has. `short_at`: when a pick failed since the count: nothing is promised until the next."""

    location_id: str
    location_type: str
    counted_at: datetime | None
    short_at: datetime | None
    expected: list[InboundAnswer]


class StockAnswer(BaseModel):
    """One sku in the whole network."""

    sku: str
    total: StockTotals
    by_type: dict[str, StockTotals]
    by_location: list[LocationStock]
