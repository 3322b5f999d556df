"""Where the real records lie that tests may read; they are no part of the project."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

SHARED_DATA = Path(os.environ.get("SMISTA_SHARED_DATA", Path(__file__).parents[1].parent / "shared" / "data"))


def need_shared_data(name: str) -> Path:
    """The folder ``name`` of the real records; skips the test, saying so, where it is not there."""
    folder = SHARED_DATA / name
    if not folder.is_dir():
        skip_but_in_ci(f"{folder} is not there (set SMISTA_SHARED_DATA to the folder that has {name})")
    return folder


def skip_but_in_ci(reason: str) -> NoReturn:
    """Skip the test for ``reason``; fail it where ``CI`` is set: there everything is meant to be at hand."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
