"""`smista bench` as it is called."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from smista import app


@pytest.mark.parametrize("bench", ["olist", "promises"])
def test_without_the_olist_files_the_message_names_the_folder_and_the_option(bench: str, tmp_path: Path) -> None:
    """At once."""
    result = CliRunner().invoke(app, ["bench", bench, "--raw", str(tmp_path / "nowhere"), "--json"])
    assert result.exit_code == 1
    assert "--raw" in result.stderr
    assert "nowhere" in result.stderr
    assert result.stdout == ""
