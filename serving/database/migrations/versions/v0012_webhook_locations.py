"""A webhook may be narrowed to locations."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Those that there are go on being told of every location."""
    op.add_column("webhooks", sa.Column("location_ids", sa.Text(), nullable=False, server_default="[]"))
