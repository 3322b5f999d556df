"""The tables of the network, its stock, rulesets and decisions.

``changed_in`` is the version of the state in which a row was last written (`database.versions`).
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)

from serving.database.types import POSITION, Instant

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"})


#: What has parts: tags, attributes, hours by weekday. Missing is NULL.
STRUCTURE: Final = JSON(none_as_null=True)


def _changed_in() -> Column[int]:
    return Column("changed_in", BigInteger, nullable=False, index=True)


state_version = Table(
    "state_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
)

locations = Table(
    "locations",
    metadata,
    Column("location_id", Text, primary_key=True),
    Column("location_type", Text, nullable=False),
    Column("name", Text),
    Column("country", Text, nullable=False),
    Column("region", Text),
    Column("postal_code", Text),
    Column("latitude", Float(53)),
    Column("longitude", Float(53)),
    Column("timezone", Text, nullable=False),
    Column("capacity_per_day", Float(53)),
    Column("capacity_used", Float(53)),
    Column("capacity_used_on", Text),
    Column("backlog", Float(53)),
    Column("rating", Float(53)),
    Column("opening_hours", STRUCTURE),
    Column("cut_offs", STRUCTURE),
    Column("closed_on", STRUCTURE),
    Column("closed_on_public_holidays", Boolean),
    Column("tags", STRUCTURE),
    Column("attributes", STRUCTURE),
    _changed_in(),
)

products = Table(
    "products",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("category", Text),
    Column("weight_kg", Float(53)),
    Column("volume_l", Float(53)),
    Column("longest_side_cm", Float(53)),
    Column("hazmat", Boolean, nullable=False),
    Column("bulky", Boolean, nullable=False),
    Column("fragile", Boolean, nullable=False, server_default=false()),
    Column("cold", Boolean, nullable=False, server_default=false()),
    Column("tags", STRUCTURE),
    Column("attributes", STRUCTURE),
    _changed_in(),
)

carrier_services = Table(
    "carrier_services",
    metadata,
    Column("carrier_service_id", Text, primary_key=True),
    Column("carrier", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("location_type", Text),
    Column("max_weight_kg", Float(53)),
    Column("carbon_kg_per_shipment", Float(53)),
    Column("cut_offs", STRUCTURE),
    Column("delivery_days", STRUCTURE),
    Column("closed_on", STRUCTURE),
    Column("closed_on_public_holidays", Boolean),
    Column("attributes", STRUCTURE),
    _changed_in(),
)

stock = Table(
    "stock",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("location_id", Text, primary_key=True),
    Column("counted_at", Instant, nullable=False),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("safety_stock", BigInteger, nullable=False),
    Column("daily_demand", Float(53)),
    Column("markdown_risk", Float(53)),
    Column("source_sequence", BigInteger, nullable=False),
    Column("source", Text, nullable=False, server_default=""),
    # What follows is not fed: only `database.stock_ledger` writes it.
    Column("held", BigInteger, nullable=False),
    Column("moved_at", Instant),
    Column("short_at", Instant),
    _changed_in(),
    sqlite_with_rowid=False,
)

#: What each source of a place counted last, but for the source whose count the row of ``stock`` shows.
stock_counts = Table(
    "stock_counts",
    metadata,
    Column("sku", Text, primary_key=True),
    Column("location_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("counted_at", Instant, nullable=False),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("safety_stock", BigInteger, nullable=False),
    Column("daily_demand", Float(53)),
    Column("markdown_risk", Float(53)),
    Column("source_sequence", BigInteger, nullable=False),
)

#: Append-only. ``on_hand`` and ``held`` are what the entry changed in the row of ``stock``; ``moved`` the units that
#: came or went at ``occurred_at``, told apart because a count from after that instant has them already.
stock_movements = Table(
    "stock_movements",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    Column("sku", Text, nullable=False),
    Column("location_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("moved", BigInteger, nullable=False),
    Column("on_hand", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text),
    Column("order_id", Text),
    Column("shipment_id", Text),
    Column("source", Text),
    Column("sequence", BigInteger),
    *(
        # Only what is looked up: most entries are counts, which have neither order nor source and move nothing.
        Index(name, *columns, unique=name.startswith("uq"), postgresql_where=text(only), sqlite_where=text(only))
        for name, columns, only in (
            ("ix_stock_movements_order_id", ("order_id",), "order_id IS NOT NULL"),
            ("ix_stock_movements_sku_location_id", ("sku", "location_id", "occurred_at"), "moved <> 0"),
            ("uq_stock_movements_source_sequence", ("source", "sequence"), "source IS NOT NULL"),
        )
    ),
)

inbound = Table(
    "inbound",
    metadata,
    Column("inbound_id", Text, primary_key=True),
    Column("sku", Text, nullable=False, index=True),
    Column("location_id", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("expected_at", Instant, nullable=False),
    _changed_in(),
)

footfall = Table(
    "footfall",
    metadata,
    Column("location_id", Text, primary_key=True),
    Column("hour_utc", Instant, primary_key=True),
    Column("visitors", Float(53), nullable=False),
    _changed_in(),
    Index("ix_footfall_hour_utc", "hour_utc"),
    sqlite_with_rowid=False,
)

rulesets = Table(
    "rulesets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("published_by", Text, nullable=False),
    _changed_in(),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("order_id", Text, nullable=False, index=True),
    Column("decided_at", Instant, nullable=False, index=True),
    Column("client", Text, nullable=False),
    Column("ruleset", Text, nullable=False),
    Column("bundle", Text, nullable=False),
    Column("digest", Text),
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    # What it was made from (`serving.decisions.inputs`); nothing in decisions made before this was kept.
    Column("language", Text),
    Column("options", Integer),
    Column("decided_order", LargeBinary),
    Column("stock", LargeBinary),
    Column("places", Text),
    Column("capacity", LargeBinary),
    # The last outcome that the bundle had learnt, where it had learnt any.
    Column("outcomes", BigInteger),
    # What the bundle was calibrated with, as the answer names it; nothing where as trained.
    Column("calibration", Text),
)

places = Table(
    "places",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("client", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("answered_at", Instant, nullable=False),
)
