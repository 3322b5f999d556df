"""A receiver that fails half of what it is told: the short form of `tests/reliability`."""

import pytest

from tests.integration.conftest import Api
from tests.reliability.telling import told_whatever_happens

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_every_event_arrives_in_order_whatever_the_receiver_does(api: Api) -> None:
    await told_whatever_happens(api, orders=5, slow=0)
