"""Thirty-two clients fight for shuffled baskets for five minutes."""

import time

import pytest

from tests.integration.conftest import Api
from tests.reliability.baskets import shuffled_baskets

pytestmark = [pytest.mark.anyio, pytest.mark.reliability]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_shuffled_baskets_of_five_minutes_neither_lock_each_other_out_nor_sell_too_much(api: Api) -> None:
    end = time.monotonic() + 300
    await shuffled_baskets(api, clients=32, goes_on=lambda _: time.monotonic() < end)
