"""Days on which places are closed and carriers deliver."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nobody told such days before: every day counts."""
    for table in ("locations", "carrier_services"):
        op.add_column(table, sa.Column("closed_on", sa.JSON()))
        op.add_column(table, sa.Column("closed_on_public_holidays", sa.Boolean()))
    op.add_column("carrier_services", sa.Column("delivery_days", sa.JSON()))
