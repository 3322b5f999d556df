"""Bringing the tables up to date."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text


def configuration(connection: Connection | None = None) -> Config:
    """What Alembic needs to know; migrations run on ``connection``."""
    config = Config()
    config.set_main_option("script_location", "serving:database/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Upgrade the database to the newest tables. Processes that start together wait for one another."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('smista migrations'))"))
    if not is_current(connection):
        command.upgrade(configuration(connection), "head")


def is_current(connection: Connection) -> bool:
    """Whether the tables are those this version of the service was written for."""
    return MigrationContext.configure(connection).get_current_revision() == _newest()


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(configuration()).get_current_head()
