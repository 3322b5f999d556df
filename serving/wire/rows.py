"""Rows of the bulk feeds. A row is the whole record: an optional field left out means that it is missing."""

from datetime import datetime
from functools import cache
from typing import Annotated, Literal, TypeAlias
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from serving.wire.fields import Amount, Body, Country, Identifier, Latitude, Longitude, Positive, Text, Units, When

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


class ProductRow(Body):
    """What is sold."""

    sku: Identifier
    category: Text | None = None
    weight_kg: Positive | None = Field(default=None, description="of one unit")
    volume_l: Positive | None = Field(default=None, description="of one unit, in litres")
    hazmat: bool = False
    bulky: bool = False


class CarrierServiceRow(Body):
    """How parcels travel."""

    carrier_service_id: Identifier
    carrier: Text
    level: Text = Field(description="standard, express, …")
    location_type: LocationType | None = Field(default=None, description="the only type it serves; missing: all")
    max_weight_kg: Positive | None = Field(default=None, description="of one shipment")
    carbon_kg_per_shipment: Amount | None = Field(default=None, description="kg CO2e of one shipment")


class StockRow(Body):
    """What one location recorded of one sku. Of two records the later `counted_at` stays.

    `on_hand` is everything in the building, picked for an order or not. `source_sequence` decides between records of
    one instant.
    """

    location_id: Identifier
    sku: Identifier
    counted_at: When
    on_hand: Units
    reserved: Annotated[Units, Field(description="by the source: not what Smista holds")] = 0
    safety_stock: Units = 0
    source_sequence: Annotated[int, Field(ge=0, le=2**62)] = 0


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
