"""The key of a fresh installation."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from serving.errors import ConfigurationError
from serving.web.keys import development_key, digest


def test_starts_that_race_all_take_the_one_key_that_stays(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def start(_: int) -> str:
        barrier.wait()
        return development_key(tmp_path).sha256

    with ThreadPoolExecutor(8) as starts:
        taken = set(starts.map(start, range(8)))
    assert taken == {digest((tmp_path / "api-key").read_text().strip())}
    assert os.listdir(tmp_path) == ["api-key"], "nothing else is left behind"
    assert (tmp_path / "api-key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "api-key").write_text("mine\n")
    assert development_key(tmp_path).sha256 == digest("mine")


def test_an_empty_key_file_lets_nobody_in_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "api-key").write_text("\n")
    with pytest.raises(ConfigurationError, match=r"api-key is empty: delete it"):
        development_key(tmp_path)
