"""Stock rows per second that the feed takes, beside the same rows written raw into a table of the same columns."""

import asyncio
import gc
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import numpy as np
import orjson
import psycopg

from benchmarks.databases import KINDS, Kind, fresh_database
from benchmarks.report import Figure, Report
from serving import bootstrap
from serving.feeds.checking import FEEDS, NDJSON
from serving.feeds.taking import take_feed
from serving.service import Service
from serving.settings import Settings

LOCATIONS: Final = 50
START: Final = datetime(2026, 3, 2, tzinfo=UTC)
Row = tuple[Any, ...]
#: Name and type, of PostgreSQL and of SQLite; the key is sku and location.
COLUMNS: Final = (
    ("sku", "text"),
    ("location_id", "text"),
    ("counted_at", "timestamptz"),
    ("on_hand", "bigint"),
    ("reserved", "bigint"),
    ("safety_stock", "bigint"),
    ("daily_demand", "double precision"),
    ("markdown_risk", "double precision"),
    ("source", "text"),
    ("source_sequence", "bigint"),
)
_STOCK: Final = next(feed for feed in FEEDS if feed.name == "stock")


def measure_feeds(rows: int, repeats: int, seed: int, postgres: str) -> Report:
    """Feed ``rows`` counts of new places, then as many of the same places, to each database.

    ``postgres``: URL of a server on which a database may be made. Medians over ``repeats``.
    """
    first, second = make_rows(rows, seed, hours=0), make_rows(rows, seed + 1, hours=12)
    figures: list[Figure] = []
    for kind in KINDS:
        raw = _raw_postgresql if kind == "postgresql" else _raw_sqlite
        seconds: list[dict[str, float]] = []
        for _ in range(repeats):
            with fresh_database(kind, postgres) as url:
                seconds.append({**raw(url, first), **_feed(url, first, second)})
        figures += _figures(kind, rows, {name: median(one[name] for one in seconds) for name in seconds[0]})
    return Report(f"Feeds: {rows:,} stock rows over {LOCATIONS} locations, rows per second", figures, seed, _LIBRARIES)


_LIBRARIES: Final = ("orjson", "psycopg", "sqlalchemy")


def make_rows(rows: int, seed: int, hours: int) -> list[Row]:
    """Counts of every sku at every location, shuffled, as tuples of `COLUMNS`."""
    rng = np.random.default_rng(seed)
    on_hand, second = rng.poisson(9, rows).tolist(), rng.integers(0, 36_000, rows).tolist()
    start = START + timedelta(hours=hours)
    made = [
        (
            f"SKU-{at // LOCATIONS:06}",
            f"S{at % LOCATIONS:03}",
            start + timedelta(seconds=second[at]),
            on_hand[at],
            0,
            1,
            round(on_hand[at] / 30, 2),
            None,
            "wms",
            at + hours * rows,
        )
        for at in range(rows)
    ]
    return [made[at] for at in rng.permutation(rows)]


def ndjson(rows: list[Row]) -> bytes:
    """The rows as a feed sends them."""
    names = [name for name, _ in COLUMNS]
    return b"\n".join(
        orjson.dumps(
            {name: value for name, value in zip(names, row, strict=True) if value is not None}, option=orjson.OPT_UTC_Z
        )
        for row in rows
    )


def _feed(url: str, first: list[Row], second: list[Row]) -> dict[str, float]:
    """Seconds from the bytes of the feed to the last commit, and until decisions see it."""
    with TemporaryDirectory() as folder:
        settings = Settings(work_folder=Path(folder), database_url=url)
        service = bootstrap.build(settings, None, lambda: START + timedelta(days=2))
        asyncio.run(_open(service, first))
        new, known = ndjson(first), ndjson(second)
        seconds = {
            "feed": _timed(lambda: asyncio.run(_take(service, new, len(first)))),
            "look": _timed(service.live.refresh_now),
            "known": _timed(lambda: asyncio.run(_take(service, known, len(second)))),
        }
        service.database.close()
        return seconds


async def _open(service: Service, rows: list[Row]) -> None:
    place = {"location_type": "store", "country": "IT", "timezone": "Europe/Rome"}
    skus, places = {row[0] for row in rows}, {row[1] for row in rows}
    network = {"locations": [{"location_id": name, **place} for name in places], "products": [{"sku": s} for s in skus]}
    for feed in FEEDS:
        if feed.name in network:
            await take_feed(service, feed, orjson.dumps(network[feed.name]), "application/json", "bench")
    service.live.refresh_now()


async def _take(service: Service, content: bytes, rows: int) -> None:
    taken = await take_feed(service, _STOCK, content, NDJSON[0], "bench")
    if taken.written != rows or taken.rejected:
        raise RuntimeError(f"{taken.written} of {rows} rows were written: {taken.rejected[:3]}")


def _raw_postgresql(url: str, rows: list[Row]) -> dict[str, float]:
    names = ", ".join(name for name, _ in COLUMNS)
    with psycopg.connect(url, autocommit=True) as connection:

        def copy(table: str) -> None:
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as into:
                for row in rows:
                    into.write_row(row)

        return _into_both(connection.execute, copy)


def _raw_sqlite(url: str, rows: list[Row]) -> dict[str, float]:
    written = [(*row[:2], row[2].strftime("%Y-%m-%d %H:%M:%S.%f"), *row[3:]) for row in rows]
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

        def insert(table: str) -> None:
            connection.execute("BEGIN")
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(COLUMNS))})", written)
            connection.execute("COMMIT")

        return _into_both(connection.execute, insert)
    finally:
        connection.close()


def _into_both(execute: Callable[[str], Any], write: Callable[[str], None]) -> dict[str, float]:
    """Seconds to write into a table with the key, and into one without any."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
    seconds = {}
    for name, key in (("raw", ", PRIMARY KEY (sku, location_id)"), ("raw_keyless", "")):
        execute(f"CREATE TABLE {name} ({columns}{key})")
        seconds[name] = _timed(lambda: write(name))  # noqa: B023 (called at once)
        execute(f"DROP TABLE {name}")
    return seconds


def _timed(work: Callable[[], Any]) -> float:
    gc.collect()
    start = perf_counter()
    work()
    return perf_counter() - start


def _figures(kind: Kind, rows: int, seconds: dict[str, float]) -> Iterator[Figure]:
    peer = "COPY" if kind == "postgresql" else "executemany"
    per_second = {name: rows / spent for name, spent in seconds.items()}
    peers = {peer: per_second["raw"], f"{peer}, no key": per_second["raw_keyless"]}
    yield Figure(f"feed_rows_per_second_{kind}", per_second["feed"], peers)
    yield Figure(
        f"feed_over_raw_{kind}",
        per_second["feed"] / per_second["raw"],
        {"of the table without a key": per_second["feed"] / per_second["raw_keyless"]},
        target="≥ 0.40",
    )
    yield Figure(f"known_rows_per_second_{kind}", per_second["known"])
    yield Figure(f"look_seconds_{kind}", seconds["look"])
