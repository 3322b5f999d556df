"""One API on each database, fed and asked through its own HTTP calls."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from data.dataset import Dataset
from prediction.bundle import Bundle
from serving.app import create_app
from serving.service import Service
from serving.settings import Settings
from tests.integration.kept_databases import KeptPostgres, make_tables, postgres_database
from tests.unit.serving.table_predictor import TablePredictor

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)  # a Monday
#: For what no database has a part in, such as what is refused before one is asked.
ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind with today's tables, and nothing in them."""
    if request.param == "sqlite":
        made: Path = request.getfixturevalue("sqlite_with_tables")
        return f"sqlite:///{shutil.copyfile(made, tmp_path / 'smista.db')}"
    kept: KeptPostgres = request.getfixturevalue("kept_postgres")
    return kept.with_tables()


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'smista.db'}"
    kept: KeptPostgres = request.getfixturevalue("kept_postgres")
    return kept.without_tables()


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file to copy: its tables take longer to make than most tests."""
    file = tmp_path_factory.mktemp("sqlite") / "smista.db"
    make_tables(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def kept_postgres() -> Iterator[KeptPostgres]:
    """The database of all tests on PostgreSQL."""
    with postgres_database() as url:
        yield KeptPostgres(url)


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
