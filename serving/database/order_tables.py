"""The tables of orders, their shipments and what these teach, and of the events that tell others."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from serving.database.tables import STRUCTURE, metadata
from serving.database.types import POSITION, Instant

capacity_used = Table(
    "capacity_used",
    metadata,
    Column("location_id", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("used", Integer, nullable=False),
    Column("changed_in", BigInteger, nullable=False, index=True),
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("state", Text, nullable=False, index=True),
    Column("client", Text, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("expires_at", Instant, index=True),
    Column("decision_id", Text),
    Column("request", LargeBinary, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("tried_in", BigInteger, nullable=False),
    Column("promised_at", Instant),
    Column("promise", Text),
    Column("at_risk_at", Instant),
    Column("tried_quarter", Instant),
)

#: ``waiting``: units of the line that no live shipment supplies.
order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("line_id", Text, primary_key=True),
    Column("sku", Text, nullable=False, index=True),
    Column("quantity", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
)

shipments = Table(
    "shipments",
    metadata,
    Column("shipment_id", Text, primary_key=True),
    Column("order_id", Text, nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("location_id", Text, nullable=False),
    Column("carrier_service_id", Text),
    Column("state", Text, nullable=False),
    Column("decision_id", Text, nullable=False),
    Column("capacity_day", Text, nullable=False),
    Column("expected_p50_at", Instant, nullable=False),
    Column("expected_p90_at", Instant, nullable=False),
    Column("pick_failure", Float(53), nullable=False),
    Column("assigned_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("offer_id", Text),
    Column("offer_minutes", Float(53)),
    Column("offer_stage", Text),
    Column("expected_ready_at", Instant),
    Column("accept_by", Instant),
    Column("hand_over_by", Instant),
    Column("ready_at", Instant),
    Column("outcome_at", Instant),
    Column("shipping_cost", Float(53)),
    Column("handling_cost", Float(53)),
    UniqueConstraint("order_id", "number", name="uq_shipments_order_id_number"),
    Index("ix_shipments_location_id", "location_id", "state"),
    Index("ix_shipments_state", "state", "changed_at"),
)

#: ``short``: units of the line that the location did not find.
shipment_lines = Table(
    "shipment_lines",
    metadata,
    Column("shipment_id", Text, primary_key=True),
    Column("line_id", Text, primary_key=True),
    Column("sku", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("short", BigInteger, nullable=False),
)

#: Append-only: every change of an order or a shipment. ``data`` is what webhooks are told, as JSON.
order_events = Table(
    "order_events",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("order_id", Text, nullable=False, index=True),
    Column("shipment_id", Text),
    Column("kind", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text),
    Column("versions", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

#: Append-only: what is known since shipments went as they did, one row for each observation of a measure. Positions are
#: committed in their order. A history that has the shipment knows it from ``history_at`` on; it was told here at
#: ``known_at``. ``facts``: those of `features.outcomes.KEY_FACTS`.
outcomes = Table(
    "outcomes",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    Column("shipment_id", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("history_at", Instant, nullable=False, index=True),
    Column("value", Float(53), nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("facts", STRUCTURE, nullable=False),
)

#: Append-only: the steps of shipments that calibration follows (`serving.orders.steps`), told here at ``known_at``.
#: Positions are committed in their order. ``happened_at`` in seconds since 1970 and ``expected``, with an assignment,
#: what the bundle said of it as JSON: so they are read fastest, and a calibration reads ten thousands. What it said of
#: costs is looked up when these are learnt (`serving.database.outcome_log`).
shipment_steps = Table(
    "shipment_steps",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    Column("shipment_id", Text, nullable=False, index=True),
    Column("stage", Text, nullable=False),
    Column("known_at", Instant, nullable=False, index=True),
    Column("happened_at", Float(53), nullable=False),
    Column("expected", Text),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("location_ids", Text, nullable=False, server_default="[]"),
)

#: One row for each event that one webhook is still to be told of, or could not be told.
deliveries = Table(
    "deliveries",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("order_id", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("dead", Boolean, nullable=False),
    Column("last_error", Text),
    Index("ix_deliveries_order_id", "webhook_id", "order_id", "position"),
)
