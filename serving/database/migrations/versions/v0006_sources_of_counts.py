"""Counts know their source; indexes of the ledger hold only the entries that are looked up by them."""

import sqlalchemy as sa
from alembic import op

from serving.database.types import Instant

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Counts fed so far are of no named source. The ledger's entries stay as they are."""
    op.add_column("stock", sa.Column("source", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "stock_counts",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("counted_at", Instant(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("safety_stock", sa.BigInteger(), nullable=False),
        sa.Column("daily_demand", sa.Float(precision=53), nullable=True),
        sa.Column("markdown_risk", sa.Float(precision=53), nullable=True),
        sa.Column("source_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "location_id", "source", name="pk_stock_counts"),
    )
    op.drop_index("ix_stock_movements_order_id", table_name="stock_movements")
    op.drop_index("ix_stock_movements_sku_location_id", table_name="stock_movements")
    with op.batch_alter_table("stock_movements") as ledger:
        ledger.drop_constraint("uq_stock_movements_source_sequence", type_="unique")
    for name, columns, only, unique in (
        ("ix_stock_movements_order_id", ["order_id"], "order_id IS NOT NULL", False),
        ("ix_stock_movements_sku_location_id", ["sku", "location_id", "occurred_at"], "moved <> 0", False),
        ("uq_stock_movements_source_sequence", ["source", "sequence"], "source IS NOT NULL", True),
    ):
        op.create_index(
            name,
            "stock_movements",
            columns,
            unique=unique,
            postgresql_where=sa.text(only),
            sqlite_where=sa.text(only),
        )
