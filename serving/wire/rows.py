"""Rows of the bulk feeds. A row is the whole record: an optional field left out means that it is missing."""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Annotated, Literal, TypeAlias
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from decision.calendars.opening import Weekday, minutes_of, span_of
from serving.wire.fields import (
    Amount,
    Attributes,
    Body,
    Country,
    Identifier,
    Latitude,
    Longitude,
    Positive,
    SourceSequence,
    Tags,
    Text,
    Units,
    When,
)

LocationType: TypeAlias = Literal["warehouse", "store", "supplier", "hub"]

_timezones = cache(available_timezones)


def _known_zone(name: str) -> str:
    if name not in _timezones():
        raise PydanticCustomError("unknown_zone", "not an IANA time zone, such as Europe/Rome")
    return name


def _start_of_hour(instant: datetime) -> datetime:
    if instant.timestamp() % 3600:
        raise PydanticCustomError("not_an_hour", "must be the start of an hour")
    return instant


def _checked(check: Callable[[str], object]) -> AfterValidator:
    """Return a check of a text that says in people's words what is wrong."""

    def validate(written: str) -> str:
        try:
            check(written)
        except ValueError as error:
            raise PydanticCustomError("not_so_written", "{problem}", {"problem": str(error)}) from None
        return written

    return AfterValidator(validate)


def _iso_day(written: str) -> None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        raise ValueError(f"{written!r} is not a day: write 2026-03-02")
    date.fromisoformat(written)


Hours: TypeAlias = Annotated[str, _checked(span_of), Field(examples=["09:00-13:00"])]
Clock: TypeAlias = Annotated[str, _checked(minutes_of), Field(examples=["16:00"])]
Day: TypeAlias = Annotated[str, _checked(_iso_day), Field(json_schema_extra={"format": "date"})]

OpeningHours: TypeAlias = Annotated[
    dict[Weekday, Annotated[list[Hours], Field(max_length=20)]],
    Field(description="local hours by weekday; a weekday left out is closed; hours may pass midnight"),
]
CutOffs: TypeAlias = Annotated[
    dict[Weekday, Clock],
    Field(description="last local time, by weekday, at which an order still counts for that day"),
]
ClosedOn: TypeAlias = Annotated[
    list[Day], Field(max_length=1000, description="single dates on which nothing is handed over")
]


class LocationRow(Body):
    """A place that holds stock."""

    location_id: Identifier
    location_type: LocationType
    name: Text | None = None
    country: Country
    region: Text | None = None
    postal_code: Text | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    timezone: Annotated[str, AfterValidator(_known_zone), Field(description="IANA zone", examples=["Europe/Rome"])]
    capacity_per_day: Amount | None = Field(default=None, description="shipments it can prepare in a day")
    capacity_used: Amount | None = Field(default=None, description="shipments it was given on `capacity_used_on`")
    capacity_used_on: Day | None = Field(
        default=None, validate_default=True, description="the local day that `capacity_used` counts"
    )
    backlog: Amount | None = Field(default=None, description="shipments decided for it and not ready yet")
    rating: Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)] | None = Field(
        default=None, description="how well it does, by any scale"
    )
    opening_hours: OpeningHours | None = None
    cut_offs: CutOffs | None = None
    closed_on: ClosedOn | None = None
    closed_on_public_holidays: bool | None = Field(default=None, description="of its country and region")
    tags: Tags | None = None
    attributes: Attributes | None = None

    @field_validator("capacity_used_on")
    @classmethod
    def _used_on_some_day(cls, day: str | None, info: ValidationInfo) -> str | None:
        if day is None and info.data.get("capacity_used") is not None:
            raise PydanticCustomError("day_missing", "needed with capacity_used: the local day that it counts")
        return day


class ProductRow(Body):
    """What is sold."""

    sku: Identifier
    category: Text | None = None
    weight_kg: Positive | None = Field(default=None, description="of one unit")
    volume_l: Positive | None = Field(default=None, description="of one unit, in litres")
    longest_side_cm: Positive | None = Field(default=None, description="of one unit, packed, in centimetres")
    hazmat: bool = False
    bulky: bool = False
    fragile: bool = False
    cold: bool = Field(default=False, description="must be kept cold")
    tags: Tags | None = None
    attributes: Attributes | None = None


class CarrierServiceRow(Body):
    """How parcels travel."""

    carrier_service_id: Identifier
    carrier: Text
    level: Text = Field(description="standard, express, …")
    location_type: LocationType | None = Field(default=None, description="the only type it serves; missing: all")
    max_weight_kg: Positive | None = Field(default=None, description="of one shipment")
    carbon_kg_per_shipment: Amount | None = Field(default=None, description="kg CO2e of one shipment")
    cut_offs: CutOffs | None = None
    delivery_days: Annotated[list[Weekday], Field(min_length=1)] | None = Field(
        default=None, description="weekdays on which it delivers; missing: all"
    )
    closed_on: ClosedOn | None = None
    closed_on_public_holidays: bool | None = Field(default=None, description="of the country and region it delivers to")
    attributes: Attributes | None = None


class StockRow(Body):
    """What one location recorded of one sku. Of two records of one `source` the higher `source_sequence` stays.

    Between sources, and where none is named, the later `counted_at` does. `on_hand` is everything in the building,
    picked for an order or not.
    """

    location_id: Identifier
    sku: Identifier
    counted_at: When
    on_hand: Units
    reserved: Annotated[Units, Field(description="by the source: not what Smista holds")] = 0
    safety_stock: Units = 0
    daily_demand: Amount | None = Field(default=None, description="units sold there in a usual day")
    markdown_risk: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="probability that the units there will have to be sold at a lower price"
    )
    source: Identifier | None = Field(
        default=None, description="who counts the sequence, such as a till or a warehouse system"
    )
    source_sequence: SourceSequence = Field(
        default=0, description="of this record within its source; without a source, among records of one instant"
    )


class InboundRow(Body):
    """What is on its way to a location. The row sent last under an `inbound_id` counts; a quantity of 0 ends it."""

    inbound_id: Identifier
    location_id: Identifier
    sku: Identifier
    quantity: Units
    expected_at: When


class FootfallRow(Body):
    """Visitors of a store in one hour."""

    location_id: Identifier
    hour_utc: Annotated[When, AfterValidator(_start_of_hour), Field(description="start of the hour")]
    visitors: Amount
