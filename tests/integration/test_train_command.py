"""`smista train` and `smista backtest`, as a data scientist types them."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from features.facts import FACTS
from features.history import History
from prediction.golden import predictions
from prediction.loading import load_bundle
from smista import app
from tests.made_once import made_once
from training.packing import golden_facts
from training.tracking import CHALLENGER, CHAMPION, EXPERIMENT, connect, local_uri, registered

pytestmark = pytest.mark.usefixtures("few_trees")

ROOT = Path(__file__).parents[2]
#: Early: the less there is to train on, the sooner the test ends.
AS_OF = "2025-11-10"


def smista(*arguments: str | Path) -> Result:
    """Run one command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def empty_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands are typed that come to nothing."""
    return tmp_path_factory.mktemp("empty-desk")


@pytest.fixture(autouse=True)
def _at_the_empty_desk(empty_desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(empty_desk)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def desk(retailer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two trainings were made, one after the other."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)
            for seed in ("1", "2"):
                done = smista("train", "--data", retailer_folder, "--as-of", AS_OF, "--seed", seed, "--json")
                assert done.exit_code == 0, done.output
                Path(f"{seed}.json").write_text(done.stdout)

    return made_once("desk", make, tmp_path_factory)


@pytest.fixture
def trainings(desk: Path) -> list[dict[str, Any]]:
    """The documents that they printed."""
    return [json.loads((desk / f"{seed}.json").read_text()) for seed in ("1", "2")]


@pytest.fixture
def runs(desk: Path) -> list[mlflow.entities.Run]:
    """Their runs in MLflow, the first one first."""
    mlflow.set_tracking_uri(local_uri(desk / ".smista"))
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"]))


def test_the_first_training_is_the_champion_and_the_second_its_challenger(trainings: list[dict[str, Any]]) -> None:
    """Each document names the version, the alias and the figures; standard output has nothing else."""
    assert [document["version"] for document in trainings] == ["smista@1", "smista@2"]
    assert [document["alias"] for document in trainings] == [CHAMPION, CHALLENGER]
    assert 0.5 < trainings[0]["figures"]["delivery_hours_coverage"] <= 1


def test_the_registered_model_has_both_aliases(desk: Path, runs: list[mlflow.entities.Run]) -> None:
    """One model, two versions."""
    assert len(runs) == 2
    mlflow.set_tracking_uri(local_uri(desk / ".smista"))
    client = mlflow.MlflowClient()
    for alias, version in ((CHAMPION, "1"), (CHALLENGER, "2")):
        assert str(client.get_model_version_by_alias("smista", alias).version) == version


def test_a_run_keeps_parameters_metrics_and_what_it_was_trained_on(
    runs: list[mlflow.entities.Run], trainings: list[dict[str, Any]]
) -> None:
    """So that two runs can be compared."""
    for run, document, seed in zip(runs, trainings, ("1", "2"), strict=True):
        assert run.info.status == "FINISHED"
        assert run.data.params["seed"] == seed
        assert run.data.params["as_of"] == "2025-11-10T00:00:00+00:00"
        assert "cost.learning_rate" in run.data.params
        assert run.data.metrics == pytest.approx(document["figures"])
        assert run.data.tags["data_digest"].startswith("sha256:")


def test_a_run_keeps_plots_and_a_model_card(desk: Path, runs: list[mlflow.entities.Run]) -> None:
    """The card says what the model is, what it was measured to do, and its limits."""
    mlflow.set_tracking_uri(local_uri(desk / ".smista"))
    client = mlflow.MlflowClient()
    plots = {Path(found.path).name for found in client.list_artifacts(runs[0].info.run_id, "plots")}
    assert {
        "calibration.png",
        "interval_width.png",
        "error_by_lane.png",
        "error_by_location_type.png",
        "error_by_week.png",
        "importance_cost_log_mean.png",
    } <= plots
    card = mlflow.artifacts.load_text(f"runs:/{runs[0].info.run_id}/model_card.md")
    assert "# smista@1" in card
    assert "delivery_hours_coverage" in card
    assert "## Limits" in card


def test_mlflow_loads_the_champion_and_predicts_what_the_bundle_predicts(
    desk: Path, runs: list[mlflow.entities.Run], history: History
) -> None:
    """By its alias, with a signature, to the bit."""
    assert runs
    mlflow.set_tracking_uri(local_uri(desk / ".smista"))
    model = mlflow.pyfunc.load_model(f"models:/smista@{CHAMPION}")
    signature = model.metadata.signature
    assert signature.inputs.input_names() == [fact.name for fact in FACTS]
    assert "delivery_hours_p90" in signature.outputs.input_names()
    facts = golden_facts(history, 1_765_756_800.0)
    served = model.predict(pd.DataFrame(dict(facts)))
    champion = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/smista@{CHAMPION}")
    (folder,) = (path.parent for path in Path(champion).rglob("manifest.json"))
    assert served.to_dict("list") == predictions(load_bundle(folder), facts)


def test_a_version_deleted_in_mlflow_is_not_given_again(
    retailer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow counts on, and so do bundles: decisions name them by version, and the alias is that of the new model."""
    monkeypatch.chdir(tmp_path)
    connect(None, tmp_path / ".smista")
    with registered("smista") as taken:
        mlflow.MlflowClient().delete_model_version("smista", taken.version)
    done = smista("train", "--data", retailer_folder, "--as-of", AS_OF, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["version"] == load_bundle(tmp_path / ".smista" / "bundle").version == "smista@2"
    assert str(mlflow.MlflowClient().get_model_version_by_alias("smista", CHAMPION).version) == "2"


def test_the_bundle_of_the_last_training_is_where_serving_looks(desk: Path, trainings: list[dict[str, Any]]) -> None:
    """Verified and tried."""
    assert load_bundle(desk / ".smista" / "bundle").version == trainings[-1]["version"]


def test_a_mistyped_folder_is_refused_before_training(desk: Path, retailer_folder: Path) -> None:
    """Exit code 1: the folder holds something else."""
    done = smista("train", "--data", retailer_folder, "--out", desk)
    assert done.exit_code == 1
    assert "is not a bundle" in done.stderr
    assert (desk / ".smista" / "bundle" / "manifest.json").is_file()


def test_what_cannot_be_written_or_registered_is_said_before_training(
    empty_desk: Path, retailer_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was a traceback, after minutes."""
    (empty_desk / "file").write_text("mine")
    done = smista("train", "--data", retailer_folder, "--out", Path("file") / "bundle")
    assert done.exit_code == 1
    assert f"{Path('file') / 'bundle'} cannot be made: {empty_desk / 'file'} is a file." in done.stderr
    window = ("--from", "2025-12-02", "--to", "2025-12-04")
    done = smista("backtest", "--data", retailer_folder, *window, "--out", Path("file") / "x.parquet")
    assert done.exit_code == 1
    assert "File exists: 'file'" in done.stderr
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "ftp://nowhere")
    done = smista("train", "--data", retailer_folder, "--out", "never")
    assert done.exit_code == 1
    assert "MLFLOW_TRACKING_URI cannot be used: " in done.stderr
    assert "fitting" not in done.stderr


def test_a_backtest_writes_predictions_beside_what_was_observed(retailer_folder: Path, history: History) -> None:
    """Every attempt decided on the two days and between them; one JSON document on standard output."""
    out = Path("predictions") / "december.parquet"
    window = ("--from", "2025-12-02", "--to", "2025-12-04")
    done = smista("backtest", "--data", retailer_folder, *window, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert "fitting" in done.stderr
    predicted = pd.read_parquet(out)
    assert document["rows"] == len(predicted) > 50
    assert document["file"] == str(out)
    # The history ends on the 21st, when nearly all of these had arrived.
    assert document["under_way"] == 0
    assert "still under way" not in done.stderr
    assert document["figures"]["delivery_hours_rows"] == predicted["observed_delivery_hours"].notna().sum()
    local = predicted["decided_at"].dt.tz_convert("Europe/Rome").dt.strftime("%Y-%m-%d")
    assert sorted(local.unique()) == ["2025-12-02", "2025-12-03", "2025-12-04"]
    wanted = {"order_id", "location_id", "decided_at", "ready_hours_p50", "cost", "pick_failure", "observed_cost"}
    assert wanted | {f"delivery_hours_p{level}" for level in (10, 50, 90)} <= set(predicted.columns)
    assert set(predicted["fulfilment_id"]) <= set(history.attempts.fulfilment_id)
    assert np.isfinite(predicted["delivery_hours_p50"]).all()


def test_a_backtest_of_the_last_days_says_that_the_slow_are_missing_from_its_figures(retailer_folder: Path) -> None:
    """Of what was decided shortly before a history ends only the fast have arrived: figures of these flatter."""
    window = ("--from", "2025-12-19", "--to", "2025-12-21")
    done = smista("backtest", "--data", retailer_folder, *window, "--out", "last.parquet", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["under_way"] > document["rows"] / 4
    assert f"{document['under_way']} of {document['rows']} attempts were still under way" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "2025-09-02", "--to", "2025-09-03"), "take a later cut or a longer history"),
        (
            ("--from", "2031-01-01", "--to", "2031-01-02"),
            "to predict. Decisions of this history lie from 2025-09-01 to 2025-12-21",
        ),
    ],
)
def test_a_window_without_enough_history_exits_with_1_and_says_why(
    retailer_folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    """The answer is no."""
    done = smista("backtest", "--data", retailer_folder, *arguments, "--out", "never.parquet")
    assert done.exit_code == 1
    assert message in done.stderr
    assert not Path("never.parquet").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "2025-12-04", "--to", "2025-12-02"),
        ("--from", "soon", "--to", "2025-12-02"),
        ("--from", "2025-12-02", "--to", "2025-12-04", "--retrain", "hourly"),
        ("--from", "2025-12-02"),
        ("--from", "2025-12-02", "--to", "2025-12-04", "--seed", "-1"),
        ("--from", "2025-12-02", "--to", "2025-12-04", "--out", "."),
    ],
    ids=["the end before the beginning", "no date", "an unknown rhythm", "no end", "no seed", "a folder for a file"],
)
def test_wrong_use_exits_with_2(retailer_folder: Path, arguments: tuple[str, ...]) -> None:
    """Before anything is read."""
    assert smista("backtest", "--data", retailer_folder, "--out", "never.parquet", *arguments).exit_code == 2


def test_a_name_that_no_registry_takes_is_wrong_use(retailer_folder: Path) -> None:
    """Not an error after minutes of training."""
    done = smista("train", "--data", retailer_folder, "--name", "the shop's")
    assert done.exit_code == 2
    assert "--name is made of letters" in done.stderr


@pytest.mark.parametrize("as_of", ["2025-09-01T02:00:00+02:00", "2020-01-01", "0001-01-01"])
def test_a_cut_before_the_history_says_when_the_history_is(retailer_folder: Path, as_of: str) -> None:
    """An offset counts: the first is the midnight (UTC) with which the history begins."""
    done = smista("train", "--data", retailer_folder, "--as-of", as_of, "--out", "never")
    assert done.exit_code == 1, done.output
    assert "nothing was decided before that instant. Decisions of this history lie from 2025-09-01 to" in done.stderr


@pytest.mark.parametrize("as_of", ["2025-09-05", "2025-10-01"])
def test_a_cut_too_soon_after_the_history_begins_says_what_it_is_too_early_for(
    retailer_folder: Path, as_of: str
) -> None:
    done = smista("train", "--data", retailer_folder, "--as-of", as_of, "--out", "never")
    assert done.exit_code == 1, done.output
    assert "the cut is too early: training is measured on the 28 days before it" in done.stderr


@pytest.mark.parametrize("command", ["train", "backtest"])
def test_a_folder_without_data_exits_with_1(tmp_path: Path, command: str) -> None:
    """And says what a dataset is."""
    window = ("--from", "2025-12-02", "--to", "2025-12-04", "--out", "x.parquet") if command == "backtest" else ()
    done = smista(command, "--data", tmp_path / "nowhere", *window)
    assert done.exit_code == 1
    assert "is not a folder" in done.stderr


@pytest.mark.slow
def test_who_ends_the_page_of_mlflow_ends_its_server(desk: Path, tmp_path: Path) -> None:
    (tmp_path / ".smista").mkdir()
    shutil.copy(desk / ".smista" / "mlflow.db", tmp_path / ".smista")  # to make its tables takes longer than to start
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "smista", "mlflow", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            assert any("Uvicorn running" in line for line in process.stderr)
            process.terminate()
            process.communicate(timeout=60)  # the pipe ends with the last process that could write to it
        finally:
            process.kill()
