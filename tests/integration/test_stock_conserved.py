"""Stock is conserved, whatever happens to it: the short form of `tests/reliability`."""

import pytest
from hypothesis import HealthCheck, settings

from tests.reliability.stock_machine import StockMachine

pytestmark = pytest.mark.slow

TestStockIsConserved = StockMachine.TestCase
TestStockIsConserved.settings = settings(
    max_examples=15,
    stateful_step_count=40,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
