"""The engine: how each database is opened."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from serving.errors import ConfigurationError

_SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON")

#: A server that has vanished, and cannot say so, is given up after so long (seconds; ``tcp_user_timeout``: ms). By its
#: own timeouts the system would wait for a quarter of an hour, and longer where nothing was sent. Compiling a statement
#: takes PostgreSQL longer than any of ours.
_POSTGRESQL = {
    "connect_timeout": 10,
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "options": "-c jit=off",
}


def make_engine(url: str) -> Engine:
    """An engine for ``url`` (SQLite or PostgreSQL), set up so that both behave alike.

    SQLite runs in WAL mode: readers never wait, a crash of the process loses nothing, a power cut may lose the last
    commits but never damages the file. Raises `ConfigurationError` for a URL that names neither database.
    """
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ConfigurationError("SQLite needs a file: write sqlite:///folder/smista.db")
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername == "postgresql+psycopg":
        return create_engine(parsed, pool_pre_ping=True, connect_args=_POSTGRESQL)
    raise ConfigurationError(f"{parsed.drivername} is not supported: use sqlite:///… or postgresql://…")


def parsed_url(url: str) -> URL:
    """The parts of ``url``. Raises `ConfigurationError` where it is none."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError("the database URL cannot be read: write sqlite:///file or postgresql://…") from error


def _open_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction control starts none before a SELECT; we begin them ourselves below.
    connection.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a reader that turned writer would fail when somebody wrote in between.
    writes = connection.get_execution_options().get("smista_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
