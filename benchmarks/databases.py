"""Empty databases to measure on."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, TypeAlias

import psycopg

from benchmarks.errors import BenchmarkError

Kind: TypeAlias = Literal["postgresql", "sqlite"]
KINDS: Final[tuple[Kind, ...]] = ("postgresql", "sqlite")


@contextmanager
def fresh_database(kind: Kind, server: str) -> Iterator[str]:
    """URL of an empty database, gone afterwards. ``server``: URL of a PostgreSQL database, beside which it is made.

    Raises `BenchmarkError` where no server answers.
    """
    if kind == "sqlite":
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'smista.db'}"
        return
    name = f"smista_bench_{uuid.uuid4().hex}"
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=3)
    except psycopg.Error as error:  # what is no URL has an error of its own
        raise BenchmarkError(f"no PostgreSQL server answers at --postgres: {error}") from error
    with connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server.rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
