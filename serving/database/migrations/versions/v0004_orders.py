"""Orders, shipments, the ledger of stock, events and who is told of them."""

import sqlalchemy as sa
from alembic import op

from serving.database.types import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create them; what was recorded of stock so far opens its ledger."""
    op.create_table(
        "capacity_used",
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("location_id", "day", name="pk_capacity_used"),
    )
    op.create_index("ix_capacity_used_changed_in", "capacity_used", ["changed_in"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("dead", sa.Boolean(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("webhook_id", "position", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_due_at", "deliveries", ["due_at"], unique=False)
    op.create_index("ix_deliveries_order_id", "deliveries", ["webhook_id", "order_id", "position"], unique=False)
    op.create_table(
        "inbound",
        sa.Column("inbound_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("expected_at", Instant(), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("inbound_id", name="pk_inbound"),
    )
    op.create_index("ix_inbound_changed_in", "inbound", ["changed_in"], unique=False)
    op.create_index("ix_inbound_sku", "inbound", ["sku"], unique=False)
    op.create_table(
        "order_events",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_order_events"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index("ix_order_events_order_id", "order_events", ["order_id"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "line_id", name="pk_order_lines"),
    )
    op.create_index("ix_order_lines_sku", "order_lines", ["sku"], unique=False)
    op.create_table(
        "orders",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("placed_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("decision_id", sa.Text(), nullable=True),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("tried_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
    )
    op.create_index("ix_orders_expires_at", "orders", ["expires_at"], unique=False)
    op.create_index("ix_orders_state", "orders", ["state"], unique=False)
    op.create_table(
        "shipment_lines",
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("short", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shipment_id", "line_id", name="pk_shipment_lines"),
    )
    op.create_table(
        "shipments",
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("carrier_service_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("capacity_day", sa.Text(), nullable=False),
        sa.Column("expected_p50_at", Instant(), nullable=False),
        sa.Column("expected_p90_at", Instant(), nullable=False),
        sa.Column("pick_failure", sa.Float(precision=53), nullable=False),
        sa.Column("assigned_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shipment_id", name="pk_shipments"),
        sa.UniqueConstraint("order_id", "number", name="uq_shipments_order_id_number"),
    )
    op.create_index("ix_shipments_location_id", "shipments", ["location_id", "state"], unique=False)
    op.create_index("ix_shipments_order_id", "shipments", ["order_id"], unique=False)
    op.create_table(
        "stock_movements",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("shipment_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("position", name="pk_stock_movements"),
        sa.UniqueConstraint("source", "sequence", name="uq_stock_movements_source_sequence"),
    )
    op.create_index("ix_stock_movements_order_id", "stock_movements", ["order_id"], unique=False)
    op.create_index(
        "ix_stock_movements_sku_location_id", "stock_movements", ["sku", "location_id", "occurred_at"], unique=False
    )
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhooks"),
    )
    op.add_column("decisions", sa.Column("capacity", sa.LargeBinary(), nullable=True))
    op.add_column("stock", sa.Column("source_sequence", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("stock", sa.Column("held", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("stock", sa.Column("moved_at", Instant(), nullable=True))
    op.add_column("stock", sa.Column("short_at", Instant(), nullable=True))
    op.execute(
        "INSERT INTO stock_movements "
        "(sku, location_id, kind, occurred_at, recorded_at, moved, on_hand, held, who, why) "
        "SELECT sku, location_id, 'count', counted_at, counted_at, 0, on_hand, 0, 'migration', 'opening balance' "
        "FROM stock ORDER BY sku, location_id"
    )
