"""A made-up history: valid, the same for the same seed, and apart from its truth."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.dataset import digest, load_dataset
from data.errors import UnfinishedDatasetError
from data.synthetic.errors import TruthInsideDatasetError
from data.synthetic.generate import generate
from data.synthetic.presets import PRESETS
from simulation.truth import read_truth
from smista import app
from tests.unit.data.synthetic.conftest import SMALL, Made

SHORT = replace(SMALL, days=12)


def _generate(folder: Path, seed: int) -> dict[str, bytes]:
    """Make the short history and return the bytes of every file of it and of its truth."""
    for _ in generate(SHORT, seed, folder / "history", folder / "truth"):
        pass
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert _generate(tmp_path / "one", 3) == _generate(tmp_path / "two", 3)


def test_another_seed_gives_another_history(tmp_path: Path) -> None:
    _generate(tmp_path / "three", 3)
    _generate(tmp_path / "four", 4)
    assert digest(load_dataset(tmp_path / "three/history")) != digest(load_dataset(tmp_path / "four/history"))


def test_what_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    days = generate(SHORT, 3, tmp_path / "history", tmp_path / "truth")
    assert [next(days) for _ in range(3)] == [1, 2, 3]
    days.close()
    assert not list(tmp_path.glob("*/*"))


def test_what_is_interrupted_leaves_what_was_there_before(tmp_path: Path) -> None:
    before = _generate(tmp_path, 3)
    days = generate(SHORT, 4, tmp_path / "history", tmp_path / "truth")
    next(days)
    days.close()
    assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in sorted(tmp_path.rglob("*.*"))} == before


def test_a_history_that_is_being_written_is_not_loaded(tmp_path: Path) -> None:
    """Nor one whose writer was killed, which leaves the same files."""
    _generate(tmp_path, 3)
    days = generate(SHORT, 4, tmp_path / "history", tmp_path / "truth")
    next(days)
    with pytest.raises(UnfinishedDatasetError, match=r"history is not whole: .* interrupted \(.*orders\.parquet"):
        load_dataset(tmp_path / "history")
    with pytest.raises(UnfinishedDatasetError, match=r"truth is not whole: .*retailer\.json"):
        read_truth(tmp_path / "truth")
    assert list(days)[-1] == SHORT.days
    assert len(load_dataset(tmp_path / "history").orders)
    assert len(read_truth(tmp_path / "truth").fulfilments)


def test_where_the_disk_is_full_nothing_is_left(tmp_path: Path) -> None:
    """No file may have more than ten kilobytes here: the same error, at the same place."""
    tried = (
        "import resource, sys; from pathlib import Path; from datetime import date\n"
        "from data.synthetic.generate import generate; from data.synthetic.presets import Preset\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        f"size, out = {SHORT!r}, Path(sys.argv[1])\n"
        "list(generate(size, 1, out / 'history', out / 'truth'))\n"
    ).replace("datetime.date(", "date(")
    ended = subprocess.run([sys.executable, "-c", tried, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "File too large" in ended.stderr
    assert not list(tmp_path.glob("*/*"))


def test_nothing_of_the_truth_is_written_where_training_reads(made: Made) -> None:
    """Hidden parameters are neither a file of the dataset nor a column of one."""
    assert sorted(path.stem for path in made.folder.iterdir()) == sorted(made.dataset.tables())
    hidden = set(made.truth) - set(made.dataset.fulfilments) - {"location_type"}
    for table in made.dataset.tables().values():
        assert hidden.isdisjoint(table.columns)
    assert "true_on_hand" not in made.dataset.stock


@pytest.mark.parametrize("inside", ["history", "history/truth"])
def test_a_truth_inside_the_dataset_is_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(TruthInsideDatasetError, match="must not be the dataset folder"):
        next(generate(SHORT, 1, tmp_path / "history", tmp_path / inside))


def test_the_command_refuses_it_with_exit_code_2_and_says_why(tmp_path: Path) -> None:
    out = str(tmp_path / "history")
    result = CliRunner().invoke(app, ["data", "generate", "--out", out, "--truth", out])
    assert result.exit_code == 2
    assert "must not be the dataset folder" in result.output


def test_every_order_is_decided_and_what_failed_is_decided_again_elsewhere(made: Made) -> None:
    attempts = made.dataset.fulfilments.sort_values("decided_at")
    assert made.dataset.orders["order_id"].isin(attempts["order_id"]).mean() > 0.98
    failed = attempts[attempts["outcome"].isin(["short_pick", "rejected"])]
    assert len(failed) > 50
    again = failed.merge(attempts, on="order_id", suffixes=("", "_again"))
    again = again[again["decided_at_again"] > again["decided_at"]]
    assert failed["order_id"].isin(again["order_id"]).mean() > 0.9
    assert (again["location_id_again"] != again["location_id"]).all()
    assert (again["decided_at_again"] > again["outcome_at"]).any()


def test_history_ends_with_attempts_still_open(made: Made) -> None:
    attempts = made.dataset.fulfilments
    still = attempts[attempts["outcome"] == "open"]
    assert 0 < len(still) < 0.1 * len(attempts)
    assert still["delivered_at"].isna().all()
    assert still["outcome_at"].isna().all()
    end = attempts["decided_at"].max().ceil("D")
    assert (attempts[["ready_at", "delivered_at", "outcome_at"]].max() <= end).all()


def test_all_delivery_methods_and_service_levels_occur(made: Made) -> None:
    methods = made.dataset.orders["delivery_method"].value_counts(normalize=True)
    assert methods["home"] > 0.6
    assert set(methods.index) == {"home", "click_and_collect", "reserve_and_collect", "ship_to_store"}
    levels = made.truth.groupby("location_type")["service_level"].unique()
    assert set(levels["store"]) == {"standard", "express", "collect"}
    assert set(levels["warehouse"]) == {"standard", "express"}


@pytest.mark.slow
def test_the_demo_preset_is_valid_and_of_the_size_it_promises(tmp_path: Path) -> None:
    for _ in generate(PRESETS["demo"], 1, tmp_path / "demo", tmp_path / "demo-truth"):
        pass
    attempts = load_dataset(tmp_path / "demo").fulfilments
    assert 20_000 <= len(attempts) <= 40_000
