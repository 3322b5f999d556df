"""One API on each database, fed and asked through its own HTTP calls."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import psycopg
import pytest

from data.dataset import Dataset
from prediction.bundle import Bundle
from serving.app import create_app
from serving.service import Service
from serving.settings import Settings
from tests.shared_data import skip_but_in_ci
from tests.unit.serving.table_predictor import TablePredictor

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)  # a Monday


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Api:
    """One running service; ``client`` carries the key of a fresh installation."""

    client: httpx.AsyncClient
    service: Service
    clock: Clock = field(default_factory=Clock)

    async def feed(self, name: str, rows: list[Any]) -> dict[str, Any]:
        response = await self.client.put(f"/v1/{name}", json=rows)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def decide(self, order: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.client.post("/v1/decisions", json=order, headers=headers)


def _postgres_server() -> str:
    return os.environ.get("SMISTA_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'smista.db'}"
        return
    url: str = request.getfixturevalue("kept_postgres")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        server.execute("DROP SCHEMA public CASCADE")
        server.execute("CREATE SCHEMA public")
    yield url


@pytest.fixture(scope="session")
def kept_postgres() -> Iterator[str]:
    """One database on the PostgreSQL server, emptied for each test: to make another takes longer than most tests."""
    with postgres_database() as url:
        yield url


@contextmanager
def postgres_database() -> Iterator[str]:
    """An empty database on the PostgreSQL server; the test skips where none answers."""
    name = f"smista_test_{uuid.uuid4().hex}"
    try:
        server = psycopg.connect(_postgres_server(), autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        skip_but_in_ci(f"no PostgreSQL server answers (set SMISTA_TEST_POSTGRES_URL): {error}")
    with server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield _postgres_server().rpartition("/")[0] + f"/{name}"
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    """A fresh service on an empty database, with predictions from a table."""
    settings = Settings(work_folder=tmp_path, database_url=database_url, promise_milliseconds=60_000, hold_seconds=60)
    async with running(settings) as api:
        yield api


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Api]:
    """A service with predictions from a table."""
    clock = Clock()
    app = create_app(settings, TablePredictor(), clock)
    service: Service = app.state.service
    key = (settings.work_folder / "api-key").read_text().strip()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://smista.test",
        headers={"Authorization": f"Bearer {key}"},
    ) as client:
        yield Api(client, service, clock)
    service.database.close()


@pytest.fixture
async def retailer_api(database_url: str, tmp_path: Path, retailer: Dataset, bundle: Bundle) -> AsyncIterator[Api]:
    """The small retailer, served with the bundle that was trained on its history."""
    clock = Clock()
    app = create_app(Settings(work_folder=tmp_path, database_url=database_url), bundle, clock)
    headers = {"Authorization": f"Bearer {(tmp_path / 'api-key').read_text().strip()}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://smista.test", headers=headers) as client:
        api = Api(client, app.state.service, clock)
        for name in ("locations", "products", "carrier_services"):
            table = getattr(retailer, name).drop(columns="capacity_per_day", errors="ignore")
            rows = [{k: v for k, v in row.items() if not pd.isna(v)} for row in table.to_dict("records")]
            assert (await api.feed(name.replace("_", "-"), rows))["rejected"] == []
        published = await client.post("/v1/rulesets/all/publish", json={"name": "all", "strategy": {}})
        assert published.status_code == 201
        yield api
    app.state.service.database.close()
