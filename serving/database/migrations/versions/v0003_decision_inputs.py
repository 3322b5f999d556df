"""The decision log keeps what a decision was made from, so that it can be made again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Decisions made before have nothing of it: they can be read and told, not made again."""
    op.create_table(
        "places",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_places"),
    )
    op.add_column("decisions", sa.Column("language", sa.Text()))
    op.add_column("decisions", sa.Column("options", sa.Integer()))
    op.add_column("decisions", sa.Column("decided_order", sa.LargeBinary()))
    op.add_column("decisions", sa.Column("stock", sa.LargeBinary()))
    op.add_column("decisions", sa.Column("places", sa.Text()))
