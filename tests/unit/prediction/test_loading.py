"""A bundle is loaded only when it is whole, unaltered and predicts what it predicted when it was trained."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prediction.loading
from features.history import History
from prediction.errors import BundleError
from prediction.golden import check_golden, predictions
from prediction.lanes import LANES_FILE
from prediction.loading import load_bundle, sha256_of, try_in_child, verify_files
from prediction.manifest import GOLDEN_FILE, MANIFEST_FILE
from prediction.reading import read_bundle
from tests.conftest import CUT
from training.packing import bundle_of, golden_facts
from training.trained import Trained, score

CENTRE = "transit_hours.centre.txt"


@pytest.fixture
def copy(bundle_folder: Path, tmp_path: Path) -> Path:
    """A bundle that a test may damage."""
    return Path(shutil.copytree(bundle_folder, tmp_path / "bundle"))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what the manifest says."""
    path = folder / MANIFEST_FILE
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Put other bytes into a file, and vouch for them in the manifest."""
    (folder / name).write_bytes(content)
    change_manifest(folder, lambda manifest: manifest["files"].update({name: sha256_of(folder / name)}))


def test_a_loaded_bundle_predicts_to_the_bit_what_the_trained_one_did(
    history: History, trained: Trained, bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For attempts it never saw, and wherever the command was started."""
    monkeypatch.chdir(bundle_folder.parent)
    try_in_child(Path(bundle_folder.name))
    loaded = load_bundle(Path(bundle_folder.name))
    in_memory = bundle_of(
        trained, score(history, trained), name="small", bundle_version="1", currency="EUR", digest="sha256:0"
    )
    later = golden_facts(history, CUT + 14 * 86_400)
    assert predictions(loaded, later) == predictions(in_memory, later)
    assert loaded.version == "small@1"


@pytest.mark.parametrize("name", [CENTRE, "trailing.npz", "under_way.npz", GOLDEN_FILE])
def test_an_altered_file_is_named(copy: Path, name: str) -> None:
    """One byte is enough; the message says what to do."""
    path = copy / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=rf"{name} was altered.*Copy the bundle again, or train again"):
        load_bundle(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    """And what to do."""
    (copy / CENTRE).unlink()
    with pytest.raises(BundleError, match=rf"lacks {CENTRE}.*Copy the bundle again, or train again"):
        verify_files(copy)


@pytest.mark.parametrize("name", [CENTRE, "trailing.npz", "under_way.npz", GOLDEN_FILE])
def test_a_manifest_vouches_for_all_that_is_read(copy: Path, name: str) -> None:
    """What it does not name could be anything."""
    change_manifest(copy, lambda manifest: manifest["files"].pop(name))
    with pytest.raises(BundleError, match=rf"does not vouch for {name}.*Copy the bundle again, or train again"):
        load_bundle(copy)


def test_a_file_that_is_no_part_of_the_bundle_is_named(copy: Path) -> None:
    """Half of another bundle was copied over it, or somebody keeps his notes there."""
    (copy / "notes.txt").write_text("mine")
    (copy / "models").mkdir()
    with pytest.raises(BundleError, match=r"has models, notes.txt, which its manifest does not name: remove"):
        load_bundle(copy)


def test_a_desktop_or_a_mount_may_leave_hidden_files_in_a_bundle(copy: Path) -> None:
    """Nobody reads them: a look into the folder kept the service from starting."""
    (copy / ".DS_Store").write_bytes(b"\0")
    (copy / "..data").mkdir()
    verify_files(copy)


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_lanes_that_are_none_are_refused_although_the_manifest_vouches_for_them(copy: Path, content: bytes) -> None:
    """Nobody would notice before the day on which nothing else is left to promise by."""
    rewrite(copy, LANES_FILE, content)
    with pytest.raises(BundleError, match=r"lanes.json is not a table of lanes. Copy the bundle again, or train again"):
        load_bundle(copy)


def test_a_bundle_may_have_no_lanes(copy: Path) -> None:
    """Dates are promised by the last resort then, where it cannot be read."""
    (copy / LANES_FILE).unlink()
    change_manifest(copy, lambda manifest: manifest["files"].pop(LANES_FILE))
    assert load_bundle(copy).version == "small@1"


@pytest.mark.parametrize("as_of", ["yesterday", "2025-12-01T00:00:00"])
def test_a_cut_that_is_no_instant_is_refused(copy: Path, as_of: str) -> None:
    """The service would fall over it later."""
    change_manifest(copy, lambda manifest: manifest["window"].update(as_of=as_of))
    with pytest.raises(BundleError, match=r"(?s)is not a manifest of format 11.*window.as_of"):
        load_bundle(copy)


def test_a_manifest_that_is_nested_without_end_is_refused(copy: Path) -> None:
    """It ended the service."""
    (copy / MANIFEST_FILE).write_text("[" * 100_000)
    with pytest.raises(BundleError, match=r"is not a manifest of format 11"):
        load_bundle(copy)


def test_a_folder_that_is_no_bundle_is_refused_with_a_word_on_what_makes_one(tmp_path: Path) -> None:
    """An empty folder, and none at all."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BundleError, match=r"cannot be read.*`smista train` writes"):
            load_bundle(folder)


def test_another_format_is_refused_by_its_number(copy: Path) -> None:
    """A bundle of an older or newer version."""
    change_manifest(copy, lambda manifest: manifest.update(format=99))
    with pytest.raises(BundleError, match=r"is of format 99; this version reads format 11. Train again"):
        load_bundle(copy)


def test_another_format_is_refused_by_its_number_although_its_fields_are_others(copy: Path) -> None:
    """What a newer version adds must not hide why it cannot be read."""
    change_manifest(copy, lambda manifest: manifest.update(format=6, hats=3))
    with pytest.raises(BundleError, match=r"is of format 6; this version reads format 11. Train again"):
        load_bundle(copy)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": "one"}', "not json"])
def test_a_manifest_that_is_none_is_refused(copy: Path, content: str) -> None:
    """Half a file, or another one."""
    (copy / MANIFEST_FILE).write_text(content)
    with pytest.raises(BundleError, match=r"is not a manifest of format 11. Copy the bundle again, or train again"):
        load_bundle(copy)


def test_changed_golden_predictions_are_told_by_the_head(copy: Path) -> None:
    """As other library versions would change them."""
    golden = json.loads((copy / GOLDEN_FILE).read_text())
    golden["predictions"]["cost"][0] += 1e-9
    rewrite(copy, GOLDEN_FILE, json.dumps(golden).encode())
    with pytest.raises(BundleError, match=r"predicts other cost for its golden rows.*Train again"):
        load_bundle(copy)


def test_a_changed_calibration_is_found_by_the_golden_rows(copy: Path) -> None:
    """The manifest's own content is vouched for by what it predicts."""

    def change(manifest: dict[str, Any]) -> None:
        for levels in manifest["calibration"]["ready_hours"]:
            levels[14] += 1e-6

    change_manifest(copy, change)
    with pytest.raises(BundleError, match="predicts other ready_hours_p50"):
        check_golden(read_bundle(copy), copy)


@pytest.mark.parametrize("damage", ["truncated", "wild child"])
def test_a_broken_model_ends_a_child_process_and_not_this_one(copy: Path, damage: str) -> None:
    """LightGBM's parser crashes on such files: the service must live on."""
    content = (copy / CENTRE).read_text()
    if damage == "truncated":
        content = content[: len(content) // 2]
    else:
        start = content.index("left_child=") + len("left_child=")
        content = content[:start] + "99999999 " + content[start:].split(" ", 1)[1]
    rewrite(copy, CENTRE, content.encode())
    with pytest.raises(BundleError, match=r"failed its trial: .*(crashed|LightGBMError)"):
        load_bundle(copy)


def test_the_same_files_are_tried_once_wherever_they_lie_and_others_are_tried(
    bundle_folder: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that starts again on them need not wait."""
    load_bundle(bundle_folder)
    monkeypatch.setattr(prediction.loading, "TRIAL_SECONDS", 0.01)
    assert load_bundle(copy).version == "small@1"
    change_manifest(copy, lambda manifest: manifest.update(seed=99))
    for _ in range(2):  # that a trial failed is no reason to trust
        with pytest.raises(BundleError, match="failed its trial"):
            load_bundle(copy)


def test_a_bundle_that_does_not_answer_in_time_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial may hang as well as crash."""
    monkeypatch.setattr(prediction.loading, "TRIAL_SECONDS", 0.01)
    with pytest.raises(BundleError, match=r"did not end within 0.01 seconds"):
        try_in_child(copy)
