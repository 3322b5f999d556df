"""The steps of shipments that calibration follows, and what each decision was calibrated with."""

import sqlalchemy as sa
from alembic import op

from serving.database.types import Instant

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Of shipments that were assigned before nobody kept what was expected: they teach calibration nothing."""
    op.create_table(
        "shipment_steps",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("known_at", Instant, nullable=False),
        sa.Column("happened_at", sa.Float(53), nullable=False),
        sa.Column("expected", sa.Text()),
        sa.PrimaryKeyConstraint("position", name="pk_shipment_steps"),
    )
    op.create_index("ix_shipment_steps_known_at", "shipment_steps", ["known_at"])
    op.add_column("decisions", sa.Column("calibration", sa.Text()))
