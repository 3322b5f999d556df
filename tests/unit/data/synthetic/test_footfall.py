"""Visitors of stores follow the rhythm of real shops."""

import numpy as np
import pandas as pd
import pytest

from data.synthetic import footfall
from data.synthetic.rossmann_facts import facts
from tests.shared_data import need_shared_data
from tests.unit.data.synthetic.conftest import Made


def test_stores_count_visitors_in_opening_hours_only(made: Made) -> None:
    hour = made.dataset.footfall["hour_utc"].dt.tz_convert("Europe/Rome").dt.hour
    assert hour.min() == 9
    assert hour.max() == 19
    assert set(made.dataset.footfall["location_id"].str[0]) == {"S"}


def test_mondays_are_busiest_and_shops_differ_in_size(made: Made) -> None:
    table = made.dataset.footfall
    weekday = table["hour_utc"].dt.tz_convert("Europe/Rome").dt.day_of_week
    by_weekday = table.groupby(weekday)["visitors"].mean()
    assert by_weekday.idxmax() == 0
    by_store = table.groupby("location_id")["visitors"].mean()
    assert by_store.max() > 1.5 * by_store.min()


def test_crowded_stores_take_longer_and_refuse_more(made: Made) -> None:
    stores = made.truth[(made.truth["location_type"] == "store") & (made.truth["service_level"] != "collect")]
    level = stores.groupby("location_id")["ready_mu"].transform("mean")
    crowded, calm = stores["footfall_ratio"] > 1.4, stores["footfall_ratio"] < 0.9
    assert (stores["ready_mu"] - level)[crowded].mean() > (stores["ready_mu"] - level)[calm].mean() + 0.1
    refused = stores["rejection_probability"]
    assert refused[crowded].mean() > 1.3 * refused[calm].mean()


def test_the_constants_are_the_facts_of_the_real_shops() -> None:
    real = facts(pd.read_parquet(need_shared_data("rossmann") / "rossmann.parquet"))
    assert real["median visitors per day"] == pytest.approx(footfall.MEDIAN_VISITORS_PER_DAY, abs=0.5)
    assert real["log-sd between stores"] == footfall.BETWEEN_STORES_LOG_SD
    weekday = real["weekday factor"]
    assert isinstance(weekday, dict)
    np.testing.assert_allclose(list(weekday.values()), footfall.WEEKDAY_FACTOR)
    assert real["saturday sd between stores"] == footfall.SATURDAY_BETWEEN_STORES_SD
    month = real["month factor"]
    assert isinstance(month, dict)
    np.testing.assert_allclose(list(month.values()), footfall.MONTH_FACTOR)
    assert real["promotion share"] == footfall.PROMOTION_SHARE
    assert real["day log-sd"] == footfall.DAY_LOG_SD
