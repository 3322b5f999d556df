"""Writing a bundle."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.history import History
from features.statistics import STATISTICS
from features.trailing import means
from prediction.bundle import Bundle
from prediction.loading import sha256_of, verify_files
from prediction.manifest import MANIFEST_FILE, read_manifest
from tests.conftest import CUT
from training.errors import NotABundleError
from training.packing import golden_facts, trailing_as_of, write_bundle
from training.trained import Trained


def test_the_manifest_vouches_for_every_file(bundle_folder: Path) -> None:
    """And for nothing else."""
    manifest = read_manifest(bundle_folder)
    files = {path.name for path in bundle_folder.iterdir()} - {MANIFEST_FILE}
    assert set(manifest.files) == files
    assert all(sha256_of(bundle_folder / name) == digest for name, digest in manifest.files.items())


def test_the_manifest_says_what_the_bundle_was_trained_on(bundle_folder: Path, history: History) -> None:
    """The window of decisions, the libraries, and what the heads see."""
    manifest = read_manifest(bundle_folder)
    assert manifest.window.as_of == "2025-12-01T00:00:00+00:00"
    assert manifest.window.attempts == np.sum(history.attempts.decided_at < CUT)
    assert {"lightgbm", "numpy", "python"} <= set(manifest.libraries)
    assert set(manifest.features) == {"ready_hours", "transit_hours", "cost", "pick_failure"}


def test_the_state_that_is_packed_is_the_history_s_as_of_the_cut(history: History) -> None:
    """To the bit: a service goes on from where training stopped."""
    columns = dict(golden_facts(history, CUT))
    rows = np.flatnonzero(history.attempts.decided_at < CUT)[-len(columns["decided_at"]) :]
    places = {name: column[rows] for name, column in history.attempts.columns.items()}
    asked = {**places, "decided_at": columns["decided_at"]}
    state = trailing_as_of(history, CUT)
    packed = means(STATISTICS, state.as_of_now(asked, STATISTICS), state.heard_at(len(rows)), history.landmark)
    only_then = replace(history, attempts=replace(history.attempts, columns=asked))
    expected = only_then.attempt_columns(STATISTICS)
    for name, column in packed.items():
        assert np.array_equal(column, expected[name], equal_nan=True), name


def test_a_bundle_replaces_a_bundle(bundle: Bundle, trained: Trained, history: History, tmp_path: Path) -> None:
    """Whole, and byte for byte the same from the same heads; nothing of the old one stays."""
    folder = tmp_path / "bundle"
    write_bundle(bundle, trained.boosters, golden_facts(history, CUT), folder)
    first = json.loads((folder / MANIFEST_FILE).read_text())
    (folder / "old.txt").write_text("left over")
    write_bundle(bundle, trained.boosters, golden_facts(history, CUT), folder)
    verify_files(folder)
    assert json.loads((folder / MANIFEST_FILE).read_text()) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle"]
    assert not (folder / "old.txt").exists()


def test_a_bundle_is_never_written_over_anything_else(
    bundle: Bundle, trained: Trained, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped folder must not cost anybody their data; the current folder by any of its names neither."""
    (tmp_path / "orders.parquet").write_text("years of work")
    monkeypatch.chdir(tmp_path)
    # Web applications and browser extensions have a file of that name too.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / MANIFEST_FILE).write_text('{"name": "shop", "icons": []}')
    for folder in (tmp_path, Path(), tmp_path / "orders.parquet", tmp_path / "site"):
        with pytest.raises(NotABundleError, match=r"is not a bundle.*name another folder"):
            write_bundle(bundle, trained.boosters, golden_facts(history, CUT), folder)
    assert (tmp_path / "orders.parquet").read_text() == "years of work"


def test_an_empty_folder_may_become_a_bundle(
    bundle: Bundle, trained: Trained, history: History, tmp_path: Path
) -> None:
    """As made beforehand for it."""
    (tmp_path / "made").mkdir()
    verify_files(write_bundle(bundle, trained.boosters, golden_facts(history, CUT), tmp_path / "made"))
