"""No fault takes promises down, and none makes a date earlier: the short form of `tests/reliability`."""

from pathlib import Path

import pytest

from data.dataset import Dataset
from tests.integration.kept_databases import KeptPostgres
from tests.reliability.promise_faults import FAULTS, FAULTS_OF_A_SERVER, Fault, open_shop, the_name

BASKETS = 8


@pytest.mark.parametrize("fault", FAULTS, ids=the_name)
def test_promises_are_made_and_none_is_earlier_although(
    fault: Fault, retailer: Dataset, bundle_folder: Path, tmp_path: Path
) -> None:
    with open_shop(retailer, bundle_folder, tmp_path, baskets=BASKETS) as shop:
        fault(shop)


@pytest.mark.parametrize("fault", FAULTS_OF_A_SERVER, ids=the_name)
def test_promises_are_made_by_what_was_known_last_although(
    fault: Fault, retailer: Dataset, bundle_folder: Path, tmp_path: Path, kept_postgres: KeptPostgres
) -> None:
    url = kept_postgres.with_tables()
    with open_shop(retailer, bundle_folder, tmp_path, baskets=BASKETS, database_url=url) as shop:
        fault(shop)
