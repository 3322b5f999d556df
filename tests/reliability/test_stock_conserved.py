"""Stock is conserved, whatever happens to it: a thousand histories of fifty steps."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.reliability.stock_machine import StockMachine

pytestmark = pytest.mark.reliability


def test_stock_is_conserved_over_a_thousand_histories() -> None:
    run_state_machine_as_test(
        StockMachine,
        settings=settings(
            max_examples=1_000,
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
