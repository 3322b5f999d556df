"""The version of the state: one number that grows with every change, so that other processes notice it."""

from sqlalchemy import Connection, select, update

from serving.database.tables import state_version


def next_version(connection: Connection) -> int:
    """Take the next version for what this transaction writes.

    The row stays locked until the transaction ends: versions are committed in their order, and whoever has read
    version *n* has missed nothing below it.
    """
    statement = update(state_version).values(version=state_version.c.version + 1).returning(state_version.c.version)
    return int(connection.execute(statement).scalar_one())


def lock_version(connection: Connection) -> None:
    """Let nobody take a version until this transaction ends: what is written under this lock is committed in order."""
    connection.execute(select(state_version.c.version).with_for_update())


def current_version(connection: Connection) -> int:
    """The version of what has been committed."""
    return int(connection.execute(select(state_version.c.version)).scalar_one())
