"""Two hundred clients want the last unit, two hundred times; pairs of requests with one key, ten thousand times."""

import pytest

from tests.integration.conftest import Api
from tests.integration.orders import TIRELESS, open_shop
from tests.integration.test_races import last_unit, pairs_with_one_key

pytestmark = [pytest.mark.anyio, pytest.mark.reliability]


async def test_the_last_unit_has_one_buyer_two_hundred_times(api: Api) -> None:
    await open_shop(api, S014=0, W001=0)
    await api.feed("locations", TIRELESS)
    await last_unit(api, clients=200, trials=200)


async def test_ten_thousand_pairs_with_one_key_get_the_same_bytes(api: Api) -> None:
    await open_shop(api, S014=50_000, W001=50_000)
    await api.feed("locations", TIRELESS)
    await pairs_with_one_key(api, 10_000)
