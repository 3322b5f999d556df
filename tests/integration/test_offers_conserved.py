"""Stock is conserved while shipments are offered to two locations at once: the short form of `tests/reliability`."""

import pytest
from hypothesis import HealthCheck, settings

from tests.reliability.offer_machine import OfferMachine

pytestmark = pytest.mark.slow

TestStockIsConservedWhileOffered = OfferMachine.TestCase
TestStockIsConservedWhileOffered.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
