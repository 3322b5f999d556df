"""The service is killed two hundred times under load."""

from pathlib import Path

import pytest

from tests.reliability.killing import kill_under_load

pytestmark = pytest.mark.reliability


def test_no_accepted_order_is_lost_or_doubled_by_two_hundred_kills(database_url: str, tmp_path: Path) -> None:
    kill_under_load(tmp_path, database_url, kills=200, orders_before_kill=20)
