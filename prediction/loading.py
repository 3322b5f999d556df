"""Load a bundle only after it has been verified, and tried where a crash harms nobody."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from prediction.bundle import Bundle
from prediction.errors import AGAIN, BundleError, LanesError
from prediction.golden import check_golden
from prediction.lanes import LANES_FILE, read_lanes
from prediction.manifest import MANIFEST_FILE, read_manifest
from prediction.reading import FILES, read_bundle

#: The sha256 of every manifest whose bundle passed its trial: the same files need no other one in this process.
_PASSED: Final[set[str]] = set()
#: Reading models and predicting a few rows takes a second or two.
TRIAL_SECONDS = 60


def load_bundle(folder: Path) -> Bundle:
    """Return the bundle in ``folder`` once its files are those of its manifest and it predicts its golden rows.

    LightGBM's text parser is not memory-safe: the trial runs in a child process, where a broken model ends the child
    and not the service. It is held once for the same files, as long as this process runs.

    Raises
    ------
    BundleError
        A file is missing, altered or a stranger's, or the trial failed.
    """
    verify_files(folder)
    verify_lanes(folder)
    manifest = sha256_of(folder / MANIFEST_FILE)
    if manifest not in _PASSED:
        try_in_child(folder)
        _PASSED.add(manifest)
    return read_bundle(folder)


def try_in_child(folder: Path) -> None:
    """Read the bundle and predict its golden rows in a process of its own. Raises `BundleError` when that fails."""
    try:
        trial = subprocess.run(
            # The child works elsewhere: a relative path would name another folder there.
            [sys.executable, "-m", "prediction.loading", str(folder.resolve())],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            # A parser that has lost its way prints any bytes.
            errors="replace",
            timeout=TRIAL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BundleError(
            f"{folder} failed its trial: it did not end within {TRIAL_SECONDS} seconds. {AGAIN}"
        ) from error
    if trial.returncode < 0:
        raise BundleError(f"{folder} failed its trial: it crashed ({signal.Signals(-trial.returncode).name}). {AGAIN}")
    if trial.returncode:
        raise BundleError(f"{folder} failed its trial: {trial.stderr.strip().splitlines()[-1]}")


def verify_files(folder: Path) -> None:
    """Compare every file with the manifest's sha256, which must be there for all that are read and all that are there.

    Hidden ones, such as desktops and mounts leave anywhere, are nobody's: they are not read, and not looked at.

    Raises `BundleError` naming the file that differs.
    """
    files = read_manifest(folder).files
    if unnamed := sorted(FILES - files.keys()):
        raise BundleError(f"{folder / MANIFEST_FILE} does not vouch for {', '.join(unnamed)}. {AGAIN}")
    if strangers := sorted({path.name for path in folder.glob("[!.]*")} - files.keys() - {MANIFEST_FILE}):
        raise BundleError(
            f"{folder} has {', '.join(strangers)}, which its manifest does not name: remove what is no part."
        )
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{folder} lacks {name}, which its manifest names. {AGAIN}")
        if sha256_of(path) != digest:
            raise BundleError(f"{path} was altered: its sha256 is not the one in the manifest. {AGAIN}")


def verify_lanes(folder: Path) -> None:
    """Read the bundle's lanes, where it has any: they are what promises rest on when nothing else can be read.

    Raises `BundleError` when they cannot be used.
    """
    try:
        if (folder / LANES_FILE).exists():
            read_lanes(folder)
    except LanesError as error:
        raise BundleError(f"{error} {AGAIN}") from error


def sha256_of(path: Path) -> str:
    """Sha256 of the file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Try the bundle in the folder given as the only argument."""
    # LightGBM loads scikit-learn where that is installed, for learners that nobody asks for here: it is told that there
    # is none, and the trial takes half the time.
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # how Python is told that a module is not there
    folder = Path(sys.argv[1])
    check_golden(read_bundle(folder), folder)


if __name__ == "__main__":
    main()
