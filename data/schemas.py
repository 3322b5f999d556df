"""The canonical tables: every column with its type, unit and whether it may be missing.

A dataset is a folder with one Parquet file per table. Instants are timezone-aware UTC, money is a float in the
order's currency, and a column that may be missing says so with ``nullable=True``.
"""

from typing import Annotated, ClassVar, Final
from zoneinfo import available_timezones

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

Instant = Annotated[pd.DatetimeTZDtype, "us", "UTC"]

LOCATION_TYPES: Final = ("warehouse", "store", "supplier", "hub")
DELIVERY_METHODS: Final = ("home", "click_and_collect", "reserve_and_collect", "ship_to_store")
OUTCOMES: Final = ("delivered", "collected", "short_pick", "rejected", "cancelled", "lost", "open")
#: Outcomes that mean the location did not supply what was asked.
FAILED_OUTCOMES: Final = ("short_pick", "rejected")


class Table(pa.DataFrameModel):
    """What all tables share: only the declared columns, each of its declared type, and a key that tells rows apart."""

    #: Columns that together name one row.
    _key: ClassVar[tuple[str, ...]]

    class Config:
        """Undeclared columns are an error: a typo in a name must not lose a column."""

        strict = True
        ordered = True

    @pa.dataframe_check(error="an earlier row has the same key")
    @classmethod
    def duplicate_key(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Of several rows with one key the first counts."""
        return ~frame.duplicated(list(cls._key))


class Locations(Table):
    """Places that hold stock."""

    _key: ClassVar = ("location_id",)

    location_id: Series[str]
    location_type: Series[str] = pa.Field(isin=LOCATION_TYPES)
    name: Series[str] = pa.Field(nullable=True)
    country: Series[str] = pa.Field(str_length={"min_value": 2, "max_value": 2}, description="ISO 3166-1 alpha-2")
    region: Series[str] = pa.Field(nullable=True, description="state or province")
    postal_code: Series[str] = pa.Field(nullable=True)
    latitude: Series[float] = pa.Field(nullable=True, ge=-90, le=90)
    longitude: Series[float] = pa.Field(nullable=True, ge=-180, le=180)
    timezone: Series[str] = pa.Field(description="IANA zone")
    capacity_per_day: Series[float] = pa.Field(nullable=True, ge=0, description="shipments it can prepare in a day")

    @pa.check("timezone", error="must be the name of an IANA time zone")
    @classmethod
    def unknown_timezone(cls, timezone: "pd.Series[str]") -> "pd.Series[bool]":
        """Local hours can be told."""
        return timezone.isin(available_timezones())


class Products(Table):
    """What is sold."""

    _key: ClassVar = ("sku",)

    sku: Series[str]
    category: Series[str] = pa.Field(nullable=True, description="in the source's words")
    weight_kg: Series[float] = pa.Field(nullable=True, gt=0, description="of one unit")
    volume_l: Series[float] = pa.Field(nullable=True, gt=0, description="of one unit, in litres")
    longest_side_cm: Series[float] = pa.Field(nullable=True, gt=0, description="of one unit, packed, in centimetres")
    hazmat: Series[bool] = pa.Field(description="dangerous goods")
    bulky: Series[bool] = pa.Field(description="too big for an ordinary parcel")


class Orders(Table):
    """What customers asked for."""

    _key: ClassVar = ("order_id",)

    order_id: Series[str]
    customer_id: Series[str] = pa.Field(nullable=True, description="the same for all orders of one customer")
    placed_at: Series[Instant]
    channel: Series[str] = pa.Field(nullable=True, description="where the order came from: web, app, marketplace, …")
    payment_method: Series[str] = pa.Field(
        nullable=True, description="how the customer pays, in the source's word: credit_card, boleto, transfer, …"
    )
    currency: Series[str] = pa.Field(str_length={"min_value": 3, "max_value": 3}, description="ISO 4217")
    delivery_method: Series[str] = pa.Field(isin=DELIVERY_METHODS)
    country: Series[str] = pa.Field(str_length={"min_value": 2, "max_value": 2}, description="of the destination")
    region: Series[str] = pa.Field(nullable=True, description="of the destination")
    postal_code: Series[str] = pa.Field(nullable=True, description="of the destination")
    latitude: Series[float] = pa.Field(nullable=True, ge=-90, le=90, description="of the destination")
    longitude: Series[float] = pa.Field(nullable=True, ge=-180, le=180, description="of the destination")
    promised_at: Series[Instant] = pa.Field(nullable=True, description="end of the time promised to the customer")
    collect_location_id: Series[str] = pa.Field(nullable=True, description="where the customer collects")


class OrderLines(Table):
    """One row per line of an order."""

    _key: ClassVar = ("order_id", "line_id")

    order_id: Series[str]
    line_id: Series[str]
    sku: Series[str]
    quantity: Series[int] = pa.Field(ge=1)
    unit_price: Series[float] = pa.Field(nullable=True, ge=0, description="in the order's currency")


class CarrierServices(Table):
    """How parcels travel: carrier and level."""

    _key: ClassVar = ("carrier_service_id",)

    carrier_service_id: Series[str]
    carrier: Series[str]
    level: Series[str] = pa.Field(description="standard, express, … or collect, which travels nowhere")
    location_type: Series[str] = pa.Field(
        nullable=True, isin=LOCATION_TYPES, description="the only type of location it serves; missing: all"
    )
    max_weight_kg: Series[float] = pa.Field(nullable=True, gt=0, description="of one shipment")
    carbon_kg_per_shipment: Series[float] = pa.Field(nullable=True, ge=0, description="kg CO2e of one shipment")


class Stock(Table):
    """Snapshots of recorded stock: what the records said, right or wrong, from ``counted_at`` on."""

    _key: ClassVar = ("location_id", "sku", "counted_at")

    location_id: Series[str]
    sku: Series[str]
    counted_at: Series[Instant] = pa.Field(description="from when on the record said so")
    on_hand: Series[int] = pa.Field(ge=0, description="units")
    reserved: Series[int] = pa.Field(ge=0, description="units")
    safety_stock: Series[int] = pa.Field(ge=0, description="units")


class Footfall(Table):
    """Visitors of a store in one hour."""

    _key: ClassVar = ("location_id", "hour_utc")

    location_id: Series[str]
    hour_utc: Series[Instant] = pa.Field(description="start of the hour; known one hour later")
    visitors: Series[float] = pa.Field(ge=0)


class Fulfilments(Table):
    """One row per attempt to fulfil some lines of an order at a location."""

    _key: ClassVar = ("fulfilment_id",)

    fulfilment_id: Series[str]
    order_id: Series[str]
    location_id: Series[str]
    carrier_service_id: Series[str] = pa.Field(nullable=True, description="missing: collected, no carrier")
    decided_at: Series[Instant] = pa.Field(description="when this location was chosen")
    accepted_at: Series[Instant] = pa.Field(nullable=True, description="when the location took the order on")
    ready_at: Series[Instant] = pa.Field(nullable=True, description="handed to the carrier, or ready to collect")
    delivered_at: Series[Instant] = pa.Field(nullable=True, description="at the customer, or collected")
    outcome: Series[str] = pa.Field(isin=OUTCOMES)
    outcome_at: Series[Instant] = pa.Field(
        nullable=True,
        description="when the outcome was known; a source that does not say gives a safe late instant",
    )
    failure_reason: Series[str] = pa.Field(nullable=True, description="in the source's words")
    shipping_cost: Series[float] = pa.Field(nullable=True, ge=0, description="of the whole attempt; known when decided")
    handling_cost: Series[float] = pa.Field(nullable=True, ge=0, description="of the whole attempt; known when decided")
    propensity: Series[float] = pa.Field(
        nullable=True, gt=0, le=1, description="probability with which the policy chose it"
    )
    weight: Series[float] = pa.Field(gt=0, description="sampling weight: how many real attempts the row stands for")

    @pa.dataframe_check(
        description="accepted_at, decided_at",
        error="accepted_at lies before decided_at",
    )
    @classmethod
    def accepted_before_decided(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Nobody accepts what was not decided yet."""
        return ~(frame["accepted_at"] < frame["decided_at"])

    @pa.dataframe_check(description="ready_at, decided_at", error="ready_at lies before decided_at")
    @classmethod
    def ready_before_decided(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Nothing is ready before it was decided."""
        return ~(frame["ready_at"] < frame["decided_at"])

    @pa.dataframe_check(
        description="delivered_at, ready_at, decided_at",
        error="delivered_at lies before ready_at, or before decided_at",
    )
    @classmethod
    def delivered_before_ready(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """A parcel arrives after it left."""
        return ~((frame["delivered_at"] < frame["ready_at"]) | (frame["delivered_at"] < frame["decided_at"]))

    @pa.dataframe_check(
        description="outcome, outcome_at",
        error="the outcome is not open, but outcome_at is missing",
    )
    @classmethod
    def outcome_undated(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Without an instant nobody can tell from when on the outcome may be used."""
        return (frame["outcome"] == "open") | frame["outcome_at"].notna()

    @pa.dataframe_check(
        description="outcome_at, decided_at, delivered_at",
        error="outcome_at lies before decided_at, or before delivered_at",
    )
    @classmethod
    def known_too_early(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Nothing is known before it happens."""
        return ~((frame["outcome_at"] < frame["decided_at"]) | (frame["outcome_at"] < frame["delivered_at"]))


class FulfilmentLines(Table):
    """What each attempt was asked to supply."""

    _key: ClassVar = ("fulfilment_id", "line_id")

    fulfilment_id: Series[str]
    line_id: Series[str]
    sku: Series[str]
    quantity: Series[int] = pa.Field(ge=1, description="units asked")
    picked_quantity: Series[float] = pa.Field(nullable=True, ge=0, description="units found; missing: not recorded")

    @pa.dataframe_check(description="picked_quantity, quantity", error="picked_quantity is more than quantity")
    @classmethod
    def picked_too_many(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """Nobody picks more than was asked."""
        return ~(frame["picked_quantity"] > frame["quantity"])


#: File name (without ``.parquet``) of every table, in the order in which they are validated.
TABLES: Final[dict[str, type[Table]]] = {
    "locations": Locations,
    "products": Products,
    "carrier_services": CarrierServices,
    "orders": Orders,
    "order_lines": OrderLines,
    "stock": Stock,
    "footfall": Footfall,
    "fulfilments": Fulfilments,
    "fulfilment_lines": FulfilmentLines,
}

#: Tables a source may not have: a dataset without them has them empty.
OPTIONAL_TABLES: Final = ("stock", "footfall")

#: What a column holds where a source does not have it.
DEFAULTS: Final[dict[tuple[str, str], float]] = {("fulfilments", "weight"): 1.0}

#: Columns that together name one row of each table.
KEYS: Final[dict[str, tuple[str, ...]]] = {name: table._key for name, table in TABLES.items()}

#: (table, column) → (table, column): every value of the first must stand in the second.
REFERENCES: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("orders", "collect_location_id"): ("locations", "location_id"),
    ("order_lines", "order_id"): ("orders", "order_id"),
    ("order_lines", "sku"): ("products", "sku"),
    ("stock", "location_id"): ("locations", "location_id"),
    ("stock", "sku"): ("products", "sku"),
    ("footfall", "location_id"): ("locations", "location_id"),
    ("fulfilments", "order_id"): ("orders", "order_id"),
    ("fulfilments", "location_id"): ("locations", "location_id"),
    ("fulfilments", "carrier_service_id"): ("carrier_services", "carrier_service_id"),
    ("fulfilment_lines", "fulfilment_id"): ("fulfilments", "fulfilment_id"),
    ("fulfilment_lines", "sku"): ("products", "sku"),
}

#: The same for a key of two columns: a line of an attempt is a line of the attempt's order.
LINE_REFERENCE: Final = {("fulfilment_lines", "line_id"): ("order_lines", "line_id")}
