"""The bound beside which promised dates are told: nobody keeps as many with fewer days."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.kept_promises import SETTINGS
from benchmarks.promise_dates import dates_by_price


@given(st.integers(0, 2**32 - 1))
def test_no_other_dates_keep_as_many_with_fewer_days(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parcels = rng.integers(1, 6)
    dates = np.sort(rng.integers(0, 9, (len(SETTINGS), parcels)), axis=0)
    stated = np.array(SETTINGS)
    for chosen in dates_by_price(list(dates)):
        kept = sum(stated[dates[:, row] == day].max() for row, day in enumerate(chosen))
        for _ in range(50):
            others = rng.integers(0, len(SETTINGS), parcels)
            if stated[others].sum() >= kept:
                assert dates[others, np.arange(parcels)].sum() >= chosen.sum()
