"""What was expected of a shipment is looked up when its cost is told."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Of shipments that were assigned before nothing was expected of their costs: they teach nothing of it."""
    op.create_index("ix_shipment_steps_shipment_id", "shipment_steps", ["shipment_id"])
