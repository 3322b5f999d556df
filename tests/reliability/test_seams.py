"""Whatever comes between what a change has read and what it writes: every pair of changes, on each database."""

import itertools

import pytest

from tests.integration.conftest import Api
from tests.integration.test_races import ACTIONS, every_seam

pytestmark = [pytest.mark.anyio, pytest.mark.reliability]


@pytest.mark.parametrize("first", ACTIONS)
async def test_at_every_seam_of_two_changes_there_is_one_outcome(api: Api, first: str) -> None:
    await every_seam(api, first, itertools.product(ACTIONS, (False, True)))
