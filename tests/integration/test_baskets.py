"""Clients fight for shuffled baskets: the short form of `tests/reliability`."""

import pytest

from tests.integration.conftest import Api
from tests.reliability.baskets import shuffled_baskets

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_shuffled_baskets_neither_lock_each_other_out_nor_sell_too_much(api: Api) -> None:
    await shuffled_baskets(api, clients=32, goes_on=lambda asked: asked < 3)
