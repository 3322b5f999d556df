"""`smista bench` as it is called."""

from pathlib import Path

from typer.testing import CliRunner

from smista import app


def test_without_the_olist_files_the_message_names_the_folder_and_the_option(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "olist", "--raw", str(tmp_path / "nowhere"), "--json"])
    assert result.exit_code == 1
    assert "--raw" in result.stderr
    assert "nowhere" in result.stderr
    assert result.stdout == ""
