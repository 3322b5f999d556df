"""Databases that tests use one after the other, emptied: to make one, and its tables, takes longer than most tests."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.schema import migrate
from serving.settings import Settings
from tests.shared_data import skip_but_in_ci


def _server_url() -> str:
    return os.environ.get("SMISTA_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextmanager
def postgres_database() -> Iterator[str]:
    """An empty database on the PostgreSQL server; the test skips where none answers."""
    name = f"smista_test_{uuid.uuid4().hex}"
    try:
        server = psycopg.connect(_server_url(), autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        skip_but_in_ci(f"no PostgreSQL server answers (set SMISTA_TEST_POSTGRES_URL): {error}")
    with server:
        server.execute(f'CREATE DATABASE "{name}"')
        # No test lets the server itself crash: none needs to wait until a commit would outlive that.
        server.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        yield _server_url().rpartition("/")[0] + f"/{name}"
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def make_tables(url: str) -> None:
    """Today's tables in the database at ``url``."""
    database = Database(make_engine(Settings(database_url=url).database))
    database.write_now(migrate)
    database.close()


@dataclass(frozen=True)
class Contents:
    """What is in the tables of a database, as it is copied, and where its sequences stand."""

    rows: dict[str, bytes]
    sequences: list[tuple[str, int, bool]]


class KeptPostgres:
    """The database at ``url``, which nobody uses between two tests."""

    def __init__(self, url: str) -> None:
        """Touch nothing yet."""
        self.url = url
        #: Today's tables; empty where it is not known that those are there.
        self._tables: list[str] = []
        self._known: dict[str, Contents] = {}

    def without_tables(self) -> str:
        """Its address, once nothing is in it."""
        self._tables = []
        with self._alone() as server:
            server.execute("DROP SCHEMA public CASCADE")
            server.execute("CREATE SCHEMA public")
        return self.url

    def with_tables(self) -> str:
        """Its address, once it is as the migrations leave it."""
        return self.made("today's tables", make_tables)

    def made(self, name: str, make: Callable[[str], None]) -> str:
        """Its address, once it is as ``make`` leaves an empty database: with today's tables.

        It is asked to once for every ``name``.
        """
        if name in self._known:
            with self._alone() as server:
                if self._tables and _tables(server) == self._tables:
                    _fill(server, self._known[name])
                    return self.url
        self.without_tables()
        make(self.url)
        with self._alone() as server:
            self._tables = _tables(server)
            self._known[name] = _contents(server, self._tables)
        return self.url

    @contextmanager
    def _alone(self) -> "Iterator[psycopg.Connection[Any]]":
        """A connection, when all others are gone."""
        with psycopg.connect(self.url, autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            yield server


def _tables(server: "psycopg.Connection[Any]") -> list[str]:
    found = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return [name for (name,) in found]


def _contents(server: "psycopg.Connection[Any]", tables: list[str]) -> Contents:
    rows = {}
    for table in tables:
        with server.cursor().copy(_of("COPY {} TO STDOUT", table)) as copied:
            rows[table] = b"".join(copied)
    stand = "coalesce(last_value, start_value), last_value IS NOT NULL"
    return Contents(rows, server.execute(f"SELECT sequencename, {stand} FROM pg_sequences").fetchall())


def _fill(server: "psycopg.Connection[Any]", contents: Contents) -> None:
    stand = [sql.SQL("SELECT setval({}, {}, {})").format(*map(sql.Literal, at)) for at in contents.sequences]
    with server.transaction():
        # All at once: each question of its own would take several times as long.
        server.execute(sql.SQL("; ").join([*(_of("DELETE FROM {}", table) for table in contents.rows), *stand]))
        for table, rows in contents.rows.items():
            if rows:
                with server.cursor().copy(_of("COPY {} FROM STDIN", table)) as copied:
                    copied.write(rows)


def _of(statement: str, table: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table))
