"""What rules may ask: tags, attributes, opening hours, cut-offs, capacity used, rating, demand, markdown risk."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_STRUCTURE = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Add the columns. Of what was fed before, nobody has told them yet."""
    for column in ("capacity_used", "backlog", "rating"):
        op.add_column("locations", sa.Column(column, sa.Float(precision=53), nullable=True))
    op.add_column("locations", sa.Column("capacity_used_on", sa.Text(), nullable=True))
    for column in ("opening_hours", "cut_offs", "tags", "attributes"):
        op.add_column("locations", sa.Column(column, _STRUCTURE, nullable=True))
    for column in ("fragile", "cold"):
        op.add_column("products", sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()))
    for column in ("tags", "attributes"):
        op.add_column("products", sa.Column(column, _STRUCTURE, nullable=True))
    for column in ("cut_offs", "attributes"):
        op.add_column("carrier_services", sa.Column(column, _STRUCTURE, nullable=True))
    for column in ("daily_demand", "markdown_risk"):
        op.add_column("stock", sa.Column(column, sa.Float(precision=53), nullable=True))
