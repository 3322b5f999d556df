"""Databases that tests use one after the other, emptied: to make one, and its tables, takes longer than most tests."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
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


class KeptPostgres:
    """The database at ``url``, which nobody uses between two tests."""

    def __init__(self, url: str) -> None:
        """Touch nothing yet."""
        self.url = url
        #: Every table as the migrations leave it, with its rows; empty where the tables are not known to be those.
        self._made: dict[str, list[tuple[Any, ...]]] = {}

    def without_tables(self) -> str:
        """Its address, once nothing is in it."""
        self._made = {}
        with self._alone() as server:
            server.execute("DROP SCHEMA public CASCADE")
            server.execute("CREATE SCHEMA public")
        return self.url

    def with_tables(self) -> str:
        """Its address, once it is as the migrations leave it."""
        with self._alone() as server:
            if self._made and _tables(server) == list(self._made):
                self._empty(server)
                return self.url
        self.without_tables()
        make_tables(self.url)
        with self._alone() as server:
            self._made = {table: server.execute(_of("SELECT * FROM {}", table)).fetchall() for table in _tables(server)}
        return self.url

    def _empty(self, server: "psycopg.Connection[Any]") -> None:
        with server.transaction():
            for table, rows in self._made.items():
                server.execute(_of("DELETE FROM {}", table))
                for row in rows:
                    values = sql.SQL(", ").join(map(sql.Literal, row))
                    server.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(table), values))
            server.execute("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence")

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


def _of(statement: str, table: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table))
