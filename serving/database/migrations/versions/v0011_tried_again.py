"""Orders that wait are tried again as time passes: in which quarter of an hour each was tried last."""

import sqlalchemy as sa
from alembic import op

from serving.database.types import Instant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """What waits already is tried when the service starts: it was last tried, as far as is known, when it came."""
    op.add_column("orders", sa.Column("tried_quarter", Instant))
    op.execute("UPDATE orders SET tried_quarter = received_at")
