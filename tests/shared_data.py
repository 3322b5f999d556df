"""Where the real records lie that tests may read; they are no part of the project."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("SMISTA_SHARED_DATA", Path(__file__).parents[1].parent / "shared" / "data"))


def need_shared_data(name: str) -> Path:
    """The folder ``name`` of the real records; skips the test, saying so, where it is not there."""
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there (set SMISTA_SHARED_DATA to the folder that has {name})")
    return folder
