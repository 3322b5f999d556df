"""Runs the migrations on the connection that `database.schema.migrate` hands over."""

from alembic import context

from serving.database.order_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
