"""The service is killed under load: the short form of `tests/reliability`."""

from pathlib import Path

import pytest

from tests.reliability.killing import kill_under_load

pytestmark = pytest.mark.slow


def test_no_accepted_order_is_lost_or_doubled_when_the_service_is_killed(database_url: str, tmp_path: Path) -> None:
    kill_under_load(tmp_path, database_url, kills=1, orders_before_kill=5)
