"""Runs the migrations on the connection that `database.schema.migrate` hands over."""

from alembic import context

import serving.database.order_tables  # noqa: F401 (its tables belong to the same metadata)
from serving.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
