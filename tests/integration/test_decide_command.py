"""`smista decide`: a logged decision is told in either language and made again, from the shell."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

import prediction.loading
from serving.app import create_app
from serving.database.tables import decisions
from serving.service import Service
from serving.settings import Settings
from serving.wire import examples
from smista import app
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def decision_id(tmp_path: Path) -> str:
    """A decision of a service that has ended, logged in its work folder."""
    smista = create_app(Settings(work_folder=tmp_path), TablePredictor())
    service: Service = smista.state.service
    key = (tmp_path / "api-key").read_text()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(smista), base_url="http://smista.test", headers={"Authorization": f"Bearer {key}"}
    ) as client:
        for name, rows in examples.ROWS.items():
            assert (await client.put(f"/v1/{name}", json=rows)).status_code == 200
        made = await client.post("/v1/decisions", json=examples.ORDER)
    service.database.close()
    return str(made.json()["decision_id"])


def run(tmp_path: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["decide", *words], env={"SMISTA_WORK_FOLDER": str(tmp_path), "COLUMNS": "200"})


async def test_a_decision_is_told_in_the_language_asked_for(tmp_path: Path, decision_id: str) -> None:
    as_answered = run(tmp_path, "explain", decision_id)
    assert as_answered.exit_code == 0, as_answered.output
    assert as_answered.stdout.startswith("No plan stands. The order could be fulfilled without the rule")
    assert run(tmp_path, "explain", decision_id, "--language", "it").stdout.startswith("Nessun piano è possibile.")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("explain", "nothing"), "there is no decision 'nothing'"),
        (("explain", "nothing", "--language", "fr"), "choose en or it"),
        (("explain", "nothing", "--database", "sqlite:///nowhere/smista.db"), "there is no database nowhere/smista.db"),
        (("explain", "nothing", "--database", "oracle://db"), "is not supported"),
        (("explain", "nothing", "--database", "the old one"), "the database URL cannot be read"),
        (("explain", "nothing", "--database", f"sqlite:///{__file__}"), "cannot be read: file is not a database"),
        (("explain", "nothing", "--database", "postgresql://127.0.0.1:1/x"), "Connection refused"),
        (("replay", "nothing"), "say with which bundle"),
        (("replay", "nothing", "--bundle", "nowhere"), "there is no decision 'nothing'"),
    ],
)
async def test_wrong_use_exits_two_and_says_why(
    tmp_path: Path, decision_id: str, words: tuple[str, ...], why: str
) -> None:
    assert decision_id
    refused = run(tmp_path, *words)
    assert refused.exit_code == 2
    assert why in refused.stderr


async def test_a_folder_that_is_no_bundle_exits_two(tmp_path: Path, decision_id: str) -> None:
    refused = run(tmp_path, "replay", decision_id, "--bundle", str(tmp_path))
    assert refused.exit_code == 2
    assert "manifest.json" in refused.stderr


async def test_a_replay_says_whether_the_answer_is_the_same(
    tmp_path: Path, decision_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bundle is a table here; that real ones are loaded is tested where they are trained.
    monkeypatch.setattr(prediction.loading, "load_bundle", lambda _folder: TablePredictor())
    same = run(tmp_path, "replay", decision_id, "--bundle", "folder")
    assert same.exit_code == 0, same.output
    assert "the same answer, bit for bit" in same.stdout
    service: Service = create_app(Settings(work_folder=tmp_path)).state.service
    service.database.write_now(lambda connection: connection.execute(update(decisions).values(options=1)))
    service.database.close()
    other = run(tmp_path, "replay", decision_id, "--bundle", "folder")
    assert other.exit_code == 1
    assert "versions.digest" in other.stdout
    as_json = run(tmp_path, "replay", decision_id, "--bundle", "folder", "--json")
    assert '"same": false' in as_json.stdout
