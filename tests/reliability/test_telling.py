"""A receiver that fails half of what it is told, for two hundred orders."""

import pytest

from tests.integration.conftest import Api
from tests.reliability.telling import told_whatever_happens

pytestmark = [pytest.mark.anyio, pytest.mark.reliability]


async def test_every_event_of_two_hundred_orders_arrives_in_order_whatever_the_receiver_does(api: Api) -> None:
    await told_whatever_happens(api, orders=200, slow=3)
