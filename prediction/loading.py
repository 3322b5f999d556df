"""Load a bundle only after it has been verified, and tried where a crash harms nobody."""

import hashlib
import subprocess
import sys
from pathlib import Path

from prediction.bundle import Bundle, read_bundle
from prediction.errors import BundleError
from prediction.golden import check_golden
from prediction.manifest import read_manifest

#: Reading models and predicting a few rows takes a second or two.
TRIAL_SECONDS = 60


def load_bundle(folder: Path) -> Bundle:
    """Return the bundle in ``folder`` once its files are those of its manifest and it predicts its golden rows.

    LightGBM's text parser is not memory-safe: the trial runs in a child process, where a broken model ends the child
    and not the service.

    Raises
    ------
    BundleError
        A file is missing or altered, or the trial failed.
    """
    verify_files(folder)
    trial = subprocess.run(
        [sys.executable, "-m", "prediction.loading", str(folder)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=TRIAL_SECONDS,
        check=False,
    )
    if trial.returncode:
        said = trial.stderr.strip().splitlines()
        reason = said[-1] if said else f"it ended with code {trial.returncode}"
        raise BundleError(f"{folder} failed its trial: {reason}")
    return read_bundle(folder)


def verify_files(folder: Path) -> None:
    """Compare every file with the manifest's sha256. Raises `BundleError` naming the file that differs."""
    for name, digest in read_manifest(folder).files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{folder} lacks {name}, which its manifest names.")
        if sha256_of(path) != digest:
            raise BundleError(f"{path} was altered: its sha256 is not the one in the manifest.")


def sha256_of(path: Path) -> str:
    """Sha256 of the file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Try the bundle in the folder given as the only argument."""
    folder = Path(sys.argv[1])
    check_golden(read_bundle(folder), folder)


if __name__ == "__main__":
    main()
