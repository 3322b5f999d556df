"""The command line as a whole."""

from collections.abc import Iterator

import pytest
import structlog

import smista


@pytest.fixture
def logs_as_found() -> Iterator[None]:
    """Logging is of the whole process: put it back."""
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs_as_found")
def test_what_is_logged_while_a_command_answers_is_not_in_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads the one JSON document on standard output."""
    smista.log_to_standard_error()
    structlog.get_logger().warning("no lanes there")
    told = capsys.readouterr()
    assert told.out == ""
    assert "no lanes there" in told.err
