"""Stock is conserved, whatever happens to it: a thousand histories of fifty steps."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.reliability.offer_machine import OfferMachine
from tests.reliability.stock_machine import StockMachine

pytestmark = pytest.mark.reliability


@pytest.mark.parametrize("machine", [StockMachine, OfferMachine])
def test_stock_is_conserved_over_a_thousand_histories(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=1_000,
            stateful_step_count=50,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
