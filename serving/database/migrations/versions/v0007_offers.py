"""Shipments that are offered to several stores; what waits for an answer is found by its state."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what an offer is, and the index."""
    op.add_column("shipments", sa.Column("offer_id", sa.Text()))
    op.add_column("shipments", sa.Column("offer_minutes", sa.Float(53)))
    op.add_column("shipments", sa.Column("offer_stage", sa.Text()))
    op.create_index("ix_shipments_state", "shipments", ["state", "changed_at"])
