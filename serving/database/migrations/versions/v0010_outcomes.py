"""What shipments teach: when each was ready and how it ended, what it cost, and the observations that follow."""

import sqlalchemy as sa
from alembic import op

from serving.database.types import Instant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """What happened before is not learnt; of shipments on their way it is known when they were handed over."""
    op.create_table(
        "outcomes",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("known_at", Instant, nullable=False),
        sa.Column("history_at", Instant, nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("weight", sa.Float(53), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_history_at", "outcomes", ["history_at"])
    op.add_column("decisions", sa.Column("outcomes", sa.BigInteger()))
    for column in ("ready_at", "outcome_at"):
        op.add_column("shipments", sa.Column(column, Instant))
    for column in ("shipping_cost", "handling_cost"):
        op.add_column("shipments", sa.Column(column, sa.Float(53)))
    op.execute(
        """
        UPDATE shipments SET ready_at = (
          SELECT min(event.occurred_at) FROM order_events AS event
          WHERE event.order_id = shipments.order_id AND event.shipment_id = shipments.shipment_id
            AND event.kind = 'shipment.handed_over'
        ) WHERE state = 'handed_over'
        """
    )
