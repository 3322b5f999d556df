"""Orders are watched: until when each step may wait, and whether a promise was told to be at risk."""

import sqlalchemy as sa
from alembic import op

from serving.database.types import Instant

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Shipments assigned before are not watched: nothing tells when they should be handed over."""
    op.add_column("orders", sa.Column("at_risk_at", Instant))
    for column in ("expected_ready_at", "accept_by", "hand_over_by"):
        op.add_column("shipments", sa.Column(column, Instant))
