"""`smista serve` as a process of its own."""

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import smista
from serving.wire import examples

ROOT = Path(__file__).parents[2]
#: Processes that begin with all modules of the service: to load them takes longer than to see that a setting is wrong.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["serving.app"])


def _serve(work_folder: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "smista", "serve", *options],
        cwd=ROOT,
        env={**os.environ, "SMISTA_WORK_FOLDER": str(work_folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _serve_here(work_folder: Path, options: tuple[str, ...]) -> None:
    """Be such a process, whose errors are in the folder."""
    os.environ["SMISTA_WORK_FOLDER"] = str(work_folder)
    with (work_folder / "errors").open("w") as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
    sys.argv = ["smista", "serve", *options]
    smista.main()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", httpx.Client]]:
    """A newcomer's service: nothing set, its key in the work folder."""
    port = _free_port()
    process = _serve(tmp_path, "--port", str(port))
    transport = httpx.HTTPTransport(retries=12)  # connecting is tried again with growing pauses until it listens
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        client.headers["Authorization"] = f"Bearer {(tmp_path / 'api-key').read_text().strip()}"
        yield process, client
    process.kill()
    process.communicate()


def test_a_newcomer_s_service_is_fed_says_what_is_missing_and_stops_when_told(
    served: tuple["subprocess.Popen[str]", httpx.Client],
) -> None:
    process, client = served
    for name, rows in examples.ROWS.items():
        assert client.put(f"/v1/{name}", json=rows).json()["rejected"] == []
    assert [item["what"] for item in client.get("/readyz").json()["missing"]] == ["bundle"]
    refused = client.post("/v1/decisions", json=examples.ORDER)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:smista:problem:not-ready")
    assert client.get("/docs").status_code == 200

    client.close()
    process.send_signal(signal.SIGTERM)
    said, logged = process.communicate(timeout=20)
    assert process.returncode in {0, -signal.SIGTERM}
    assert "api-key" in said
    lines = [json.loads(line) for line in logged.splitlines()]
    fed = next(line for line in lines if line["event"] == "request" and line["path"] == "/v1/stock")
    assert (fed["method"], fed["status"]) == ("PUT", 200)
    assert fed["request_id"]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--database", "mysql://localhost/x"), 2, "use sqlite:///… or postgresql://…"),
        (("--rules", "no/such/file.yaml"), 2, "no/such/file.yaml"),
        (("--port", "99999"), 2, "less than or equal to 65535"),
        (("--database", f"sqlite:///{__file__}"), 1, "the database cannot be used: file is not a database"),
        (("--database", f"sqlite:///{__file__}/x.db"), 1, "File exists"),
        (("--database", "postgresql://127.0.0.1:1/x"), 1, "Connection refused"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(
    tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    process = PROCESSES.Process(target=_serve_here, args=(tmp_path, options))
    process.start()
    process.join(60)
    errors = (tmp_path / "errors").read_text()
    assert process.exitcode == code
    assert said in errors
    assert "Traceback" not in errors
