"""A service that starts while its database is away promises by the network that was kept, and does nothing else."""

import re
import sqlite3
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from serving.errors import ConfigurationError
from serving.settings import Settings
from serving.state.kept_network import NETWORK_FILE, find_network, keep_network
from serving.wire import examples
from tests.integration.conftest import Api, running
from tests.integration.orders import count, open_shop, order, place

pytestmark = pytest.mark.anyio

BASKET = {**examples.BASKET, "lines": [{"sku": "SKU-1", "quantity": 1}]}
NEW = {**examples.ROWS["products"][0], "sku": "SKU-NEW"}


class Database:
    """A file that can be taken away and brought back."""

    def __init__(self, folder: Path) -> None:
        self.file, self._aside = folder / "database" / "smista.db", folder / "aside.db"
        self.settings = Settings(
            work_folder=folder / "work", database_url=f"sqlite:///{self.file}", promise_milliseconds=60_000
        )

    def take_away(self) -> None:
        self.file.rename(self._aside)
        self.file.mkdir()  # nothing can be opened there

    def bring_back(self) -> None:
        self.file.rmdir()
        self._aside.rename(self.file)


@pytest.fixture
async def database(tmp_path: Path) -> Database:
    """That of a shop whose network was kept."""
    database = Database(tmp_path)
    async with running(database.settings) as api:
        await open_shop(api, W001=50)
        keep_network(api.service)
    return database


async def test_a_network_that_the_version_before_kept_is_read(database: Database) -> None:
    """It knew no longest side of products."""
    path = database.settings.work_folder / NETWORK_FILE
    kept = path.read_bytes()
    path.write_bytes(re.sub(rb'"longest_side_cm":[^,}]*,', b"", kept))
    found = find_network(database.settings.work_folder)
    assert b"longest_side_cm" in kept
    assert found is not None
    assert found.products["SKU-1"].longest_side_cm is None


async def missing(api: Api) -> list[str]:
    answer = await api.client.get("/readyz")
    assert (answer.status_code == 200) == answer.json()["ready"]
    return [item["what"] for item in answer.json()["missing"]]


async def promised(api: Api, **more: Any) -> list[str]:
    """What is told to be wrong with promises, of which there are some."""
    headers = {"Idempotency-Key": "K-1"} if more else {}
    answer = await api.client.post("/v1/promises", json={**BASKET, **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["promises"]
    return list(answer.json()["degraded"])


async def refused(api: Api) -> bool:
    """Whether everything that needs the state of the database is answered with 503."""
    answers = [
        await api.decide(order("D-1")),
        await place(api, "A-1"),
        await api.client.put("/v1/products", json=[NEW]),
        await api.client.get("/v1/stock", params={"sku": "SKU-1"}),
        await api.client.get("/v1/rulesets"),
    ]
    return {answer.status_code for answer in answers} == {503}


async def test_nothing_but_promises_is_answered_before_the_database_that_is_back_was_read(database: Database) -> None:
    database.take_away()
    async with running(database.settings) as api:
        assert await missing(api) == ["database"]
        assert await refused(api)
        database.bring_back()
        assert await missing(api) == ["state"]
        assert await refused(api)
        assert await promised(api) == ["state_old"]
        held = await promised(api, hold={"delivery_method": "home"})
        assert held == ["state_old", "hold: the database does not answer"]

        api.service.catch_up()
        assert await missing(api) == []
        assert await promised(api) == []
        assert (await place(api, "A-1")).status_code == 201


async def test_a_service_whose_database_cannot_be_brought_up_to_date_does_not_get_ready(database: Database) -> None:
    rules = database.settings.work_folder / "rules.yaml"
    database.take_away()
    async with running(database.settings.model_copy(update={"rules": rules})) as api:
        database.bring_back()
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=r"rules\.yaml"):
                api.service.catch_up()
            assert await missing(api) == ["state"]
            assert await refused(api)
        rules.write_text("name: everything\n")
        api.service.catch_up()
        assert await missing(api) == []
        assert [ruleset.version for ruleset in api.service.live.snapshot.rulesets] == ["2"]


async def test_tables_that_are_not_brought_up_to_date_are_told_and_what_was_kept_stays(database: Database) -> None:
    kept = (database.settings.work_folder / NETWORK_FILE).read_bytes()
    database.take_away()
    async with running(database.settings.model_copy(update={"migrate_at_start": False})) as api:
        database.file.rmdir()  # an empty one comes back
        api.service.catch_up()
        assert await missing(api) == ["migrations"]
        assert await refused(api)
        assert await promised(api) == ["state_old"]
        keep_network(api.service)
    assert (database.settings.work_folder / NETWORK_FILE).read_bytes() == kept


async def test_what_was_kept_ends_with_the_database_s_own_state(database: Database) -> None:
    """The database that comes back is a backup: what was fed after it is not there."""
    backup = database.file.read_bytes()
    async with running(database.settings) as api:
        await api.feed("products", [NEW])
        await api.feed("stock", [{**examples.ROWS["stock"][0], "location_id": "W001", "sku": "SKU-NEW"}])
        later = await api.client.post("/v1/rulesets/later/publish", json={"name": "later"})
        assert later.status_code == 201
        await count(api, {"S014": 9})
        keep_network(api.service)
    database.take_away()
    async with running(database.settings) as api:
        assert "SKU-NEW" in api.service.live.snapshot.stock
        database.bring_back()
        database.file.write_bytes(backup)
        api.service.catch_up()
        snapshot = api.service.live.snapshot
        assert "SKU-NEW" not in snapshot.products
        assert {sku: record.on_hand.tolist() for sku, record in snapshot.stock.items()} == {"SKU-1": [50]}
        assert [ruleset.name for ruleset in snapshot.rulesets] == ["everything"]


async def test_what_was_kept_is_what_was_known(database: Database) -> None:
    kept = find_network(database.settings.work_folder)
    async with running(database.settings) as api:
        known = api.service.live.snapshot
    assert kept is not None
    assert not kept.is_read
    assert (kept.kept, dict(kept.products), kept.positions) == (known.kept, dict(known.products), known.positions)


def garbled(first: list[Any]) -> list[Any]:
    return [first[0], b64encode(b"not compressed").decode()]


def of_another_version(first: list[Any]) -> list[Any]:
    return [[[{"name": "everything", "rules": [{"id": "a", "foretell": "true"}]}, 1]], first[1]]


def of_another_kind(_first: list[Any]) -> list[Any]:
    return [None, ["places"]]


@pytest.mark.parametrize("damage", [garbled, of_another_version, of_another_kind])
async def test_a_kept_network_that_cannot_be_read_is_as_none_and_the_log_says_why(
    database: Database, damage: Callable[[list[Any]], list[Any]]
) -> None:
    file = database.settings.work_folder / NETWORK_FILE
    first, *parts = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join([orjson.dumps(damage(orjson.loads(first))), *parts]))
    database.take_away()
    with capture_logs() as logged, pytest.raises(OperationalError):
        async with running(database.settings):
            pass
    assert "the network that was kept cannot be read: it is as if none had been" in [line["event"] for line in logged]


async def test_a_database_that_answers_and_cannot_be_brought_up_to_date_stops_the_start(database: Database) -> None:
    """Another program's file: there is a network that was kept, and it hides nothing."""
    database.take_away()
    database.file.rmdir()
    with closing(sqlite3.connect(database.file)) as other:
        other.execute("CREATE TABLE locations (name TEXT)")
    with pytest.raises(OperationalError, match="already exists"):
        async with running(database.settings):
            pass
