"""Features follow from facts."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from features.coded import Coded
from features.definitions import FEATURES, encode, matrix
from features.facts import FACTS, Columns, check_facts
from features.statistics import MEASURES, STATISTICS


def facts(**changed: list[Any]) -> dict[str, NDArray[Any]]:
    """Two rows of facts, or as many as are given, some of them changed."""
    rows = max((len(values) for values in changed.values()), default=2)
    columns: dict[str, NDArray[Any]] = {
        fact.name: np.full(rows, None, dtype=object) if fact.is_text else np.full(rows, np.nan) for fact in FACTS
    }
    for name, values in changed.items():
        columns[name] = np.array(values, dtype=columns[name].dtype)
    return columns


def feature(name: str, columns: Columns) -> list[float]:
    """One feature of every row."""
    return list(FEATURES[name].compute(columns, {}))


def test_the_same_region_is_one_in_the_same_country_and_unknown_where_a_region_is() -> None:
    """MI is Milan's in Italy and Michigan in the United States; two unknown regions are not the same one."""
    columns = {
        "location_country": np.array(["IT", "IT", "IT", "IT", "IT"], dtype=object),
        "location_region": np.array(["MI", "MI", "MI", None, None], dtype=object),
        "destination_country": np.array(["IT", "IT", "US", "IT", "IT"], dtype=object),
        "destination_region": np.array(["MI", "RM", "MI", "MI", None], dtype=object),
    }
    assert feature("same_region", columns) == pytest.approx([1, 0, 0, np.nan, np.nan], nan_ok=True)


def test_load_is_days_of_work_in_hand() -> None:
    """A location without a known capacity, or with none, has no known load."""
    columns = {"backlog": np.array([6.0, 6.0, 6.0]), "capacity_per_day": np.array([12.0, 0.0, np.nan])}
    assert feature("load", columns) == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)


def test_a_ratio_is_missing_where_there_is_nothing_to_divide_by() -> None:
    """A parcel of no known volume has no density; one of no units weighs nothing in particular each."""
    columns = {
        "weight_kg": np.array([6.0, 6.0, np.nan]),
        "volume_l": np.array([12.0, np.nan, 12.0]),
        "units": np.array([3.0, 0.0, 3.0]),
    }
    assert feature("weight_per_unit", columns) == pytest.approx([2.0, np.nan, np.nan], nan_ok=True)
    assert feature("density", columns) == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)


def test_spare_units_may_be_negative() -> None:
    """Recorded stock below what is asked says something."""
    assert feature("spare_units", {"on_hand": np.array([1.0]), "units": np.array([3.0])}) == [-2.0]


def test_weekday_and_hour_are_local() -> None:
    """Monday 00:30 in Rome is still Sunday by UTC."""
    columns = facts(decided_at=[1_767_569_400.0] * 2, location_timezone=["Europe/Rome", "UTC"])
    assert feature("weekday", columns) == [0.0, 6.0]
    assert feature("hour_of_day", columns) == [0.5, 23.5]


def test_a_postal_code_is_the_number_of_its_leading_digits() -> None:
    """However the rest is written; a code that begins with a letter, or none at all, is missing."""
    codes = ["01310-100", "20121", "1012 AB", "SW1A 1AA", None, ""]
    columns = facts(destination_postal_code=codes, location_postal_code=codes[::-1])
    numbers = [1310, 20121, 1012, np.nan, np.nan, np.nan]
    assert feature("destination_postal_number", columns) == pytest.approx(numbers, nan_ok=True)
    assert feature("location_postal_number", columns) == pytest.approx(numbers[::-1], nan_ok=True)


def test_text_that_training_did_not_know_is_a_missing_number() -> None:
    """And so is missing text."""
    texts = Coded(np.array(["b", "c", None], dtype=object), np.arange(3))
    assert encode(texts, {"a": 0, "b": 1}) == pytest.approx([1, np.nan, np.nan], nan_ok=True)


def test_the_matrix_has_the_named_features_in_the_order_of_their_names() -> None:
    """Rows by names."""
    columns = facts(weight_kg=[1, 2], units=[3, 4])
    assert matrix(("units", "weight_kg"), columns, {}).tolist() == [[3, 1], [4, 2]]


def test_an_unknown_feature_is_an_error() -> None:
    """Never a column of zeros."""
    with pytest.raises(KeyError, match="shoe_size"):
        matrix(("shoe_size",), facts(), {})


def test_every_statistic_is_of_a_known_measure_and_comes_after_the_one_it_shrinks_to() -> None:
    """Means are computed in this order."""
    seen: dict[str, tuple[float, ...]] = {}
    for statistic in STATISTICS:
        assert statistic.measure in MEASURES
        if statistic.shrink_to is not None:
            assert seen[statistic.shrink_to] == statistic.half_lives_days
        seen[statistic.name] = statistic.half_lives_days


def test_facts_that_lack_a_column_or_differ_in_length_are_refused_by_name() -> None:
    """The caller learns which."""
    complete = facts()
    assert check_facts(complete) == 2
    with pytest.raises(ValueError, match=r"lack the column.*weight_kg"):
        check_facts({name: column for name, column in complete.items() if name != "weight_kg"})
    with pytest.raises(ValueError, match="differ in length"):
        check_facts({**complete, "units": np.zeros(3)})
