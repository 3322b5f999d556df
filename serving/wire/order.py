"""The body of ``POST /v1/decisions``."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from decision.messages.catalogue import Language
from decision.rules.document import DeliveryMethod
from serving.wire.fields import (
    WHOLE,
    Amount,
    Attributes,
    Body,
    Country,
    Currency,
    Identifier,
    Latitude,
    Longitude,
    Tags,
    Text,
    When,
)
from serving.wire.promise_token import LONGEST


class DestinationBody(Body):
    """Where the order goes."""

    country: Country
    postal_code: Text | None = None
    region: Text | None = Field(default=None, description="state or province")
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class LineBody(Body):
    """Units of one product."""

    line_id: Identifier
    sku: Identifier = Field(description="as fed with `PUT /v1/products`")
    quantity: Annotated[int, Field(ge=1, le=100_000), WHOLE]
    unit_price: Amount | None = Field(default=None, description="in the order's currency")
    group: Identifier | None = Field(
        default=None, description="lines of one group ship together or not at all, as the parts of a set do"
    )
    tags: Tags = Field(default=[], description="beside those of the product")
    attributes: Attributes = Field(default={}, description="beside those of the product, in whose place they stand")


class OpenShipmentBody(Body):
    """A shipment to the same customer and address, not handed over yet, that lines of this order may join."""

    shipment_id: Identifier
    location_id: Identifier
    carrier_service_id: Identifier | None = Field(default=None, description="missing: collected without one")
    weight_kg: Amount | None = Field(default=None, description="of all that is in it")
    volume_l: Amount | None = Field(default=None, description="of all that is in it, in litres")
    value: Amount | None = Field(default=None, description="of all that is in it, in the order's currency")
    units: Annotated[int, Field(ge=1, le=1_000_000), WHOLE]
    lines: Annotated[int, Field(ge=1, le=10_000), WHOLE] = Field(description="order lines in it")
    longest_side_cm: Amount | None = Field(default=None, description="of the longest unit in it, in centimetres")


class OrderBody(Body):
    """An order to decide."""

    order_id: Identifier
    placed_at: When
    currency: Currency
    delivery_method: DeliveryMethod
    destination: DestinationBody | None = Field(
        default=None,
        validate_default=True,
        description="the customer's address, needed for home; any other order goes to the collecting location",
    )
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=500)]
    channel: Text | None = None
    payment_method: Text | None = Field(default=None, description="how the customer pays: card, transfer, …")
    customer_id: Identifier | None = None
    customer_tier: Text | None = Field(default=None, description="how the customer stands with the company")
    tags: Tags = Field(default=[], description="for rules to ask about")
    attributes: Attributes = Field(default={}, description="for rules to ask about, by name")
    open_shipments: Annotated[list[OpenShipmentBody], Field(max_length=100)] = Field(
        default=[], description="of this customer to this address, not handed over yet"
    )
    service_level: Text | None = Field(default=None, description="the only level of carrier services, as it was chosen")
    promised_at: When | None = Field(default=None, description="end of the time promised to the customer")
    promise: Annotated[str, Field(min_length=1, max_length=LONGEST)] | None = Field(
        default=None, description="`token` of a promise that was told: its date and level are those of the order"
    )
    collect_location_id: Identifier | None = Field(
        default=None, validate_default=True, description="where the customer collects; needed unless home"
    )
    options: Annotated[int, Field(ge=1, le=20), WHOLE] = Field(
        default=5, description="how many ranked plans to answer at most"
    )
    language: Language = Field(default="en", description="of the sentences in the answer")

    @field_validator("lines")
    @classmethod
    def _lines_have_their_own_numbers(cls, lines: list[LineBody]) -> list[LineBody]:
        seen: set[str] = set()
        for line in lines:
            if line.line_id in seen:
                raise PydanticCustomError(
                    "line_id_twice", "two lines have the line_id {line_id}", {"line_id": line.line_id}
                )
            seen.add(line.line_id)
        return lines

    @field_validator("destination")
    @classmethod
    def _home_has_an_address(cls, destination: DestinationBody | None, info: ValidationInfo) -> DestinationBody | None:
        if destination is None and info.data.get("delivery_method") == "home":
            raise PydanticCustomError("address_missing", "needed when delivery_method is home")
        return destination

    @field_validator("collect_location_id")
    @classmethod
    def _collecting_has_a_place(cls, location_id: str | None, info: ValidationInfo) -> str | None:
        method = info.data.get("delivery_method", "home")
        if location_id is None and method != "home":
            raise PydanticCustomError("place_missing", "needed when delivery_method is {method}", {"method": method})
        return location_id
