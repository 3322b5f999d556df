"""What was promised to the customer of an order, and whether that was kept when it was placed."""

import sqlalchemy as sa
from alembic import op

from serving.database.types import Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Of earlier orders it stands in their requests alone."""
    op.add_column("orders", sa.Column("promised_at", Instant))
    op.add_column("orders", sa.Column("promise", sa.Text()))
