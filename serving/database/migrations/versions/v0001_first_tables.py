"""The first tables: network feeds, rulesets, the decision log, idempotency keys."""

import sqlalchemy as sa
from alembic import op

from serving.database.types import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "carrier_services",
        sa.Column("carrier_service_id", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("location_type", sa.Text(), nullable=True),
        sa.Column("max_weight_kg", sa.Float(precision=53), nullable=True),
        sa.Column("carbon_kg_per_shipment", sa.Float(precision=53), nullable=True),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("carrier_service_id", name="pk_carrier_services"),
    )
    op.create_index("ix_carrier_services_changed_in", "carrier_services", ["changed_in"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("ruleset", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_decided_at", "decisions", ["decided_at"], unique=False)
    op.create_index("ix_decisions_order_id", "decisions", ["order_id"], unique=False)
    op.create_table(
        "footfall",
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("hour_utc", Instant(), nullable=False),
        sa.Column("visitors", sa.Float(precision=53), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("location_id", "hour_utc", name="pk_footfall"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_footfall_changed_in", "footfall", ["changed_in"], unique=False)
    op.create_index("ix_footfall_hour_utc", "footfall", ["hour_utc"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client", "key", name="pk_idempotency_keys"),
    )
    op.create_table(
        "locations",
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("location_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Float(precision=53), nullable=True),
        sa.Column("longitude", sa.Float(precision=53), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("capacity_per_day", sa.Float(precision=53), nullable=True),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("location_id", name="pk_locations"),
    )
    op.create_index("ix_locations_changed_in", "locations", ["changed_in"], unique=False)
    op.create_table(
        "products",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("weight_kg", sa.Float(precision=53), nullable=True),
        sa.Column("volume_l", sa.Float(precision=53), nullable=True),
        sa.Column("hazmat", sa.Boolean(), nullable=False),
        sa.Column("bulky", sa.Boolean(), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name="pk_products"),
    )
    op.create_index("ix_products_changed_in", "products", ["changed_in"], unique=False)
    op.create_table(
        "rulesets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_rulesets"),
    )
    op.create_index("ix_rulesets_changed_in", "rulesets", ["changed_in"], unique=False)
    op.create_table(
        "state_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_state_version"),
    )
    op.create_table(
        "stock",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("counted_at", Instant(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("safety_stock", sa.BigInteger(), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "location_id", name="pk_stock"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_stock_changed_in", "stock", ["changed_in"], unique=False)
    op.execute("INSERT INTO state_version (id, version) VALUES (1, 0)")
