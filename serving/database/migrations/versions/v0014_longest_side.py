"""Products tell their longest side."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Of products that were fed before it is not known."""
    op.add_column("products", sa.Column("longest_side_cm", sa.Float(precision=53)))
