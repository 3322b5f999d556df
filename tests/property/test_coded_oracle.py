"""Coding text changes nothing but the time: against doing everything row by row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.coded import Coded, CodedColumns, distinct_codes, factorised, joined
from features.places import PLACES, SEPARATOR, join_keys
from prediction.trees import runs

texts = st.sampled_from([None, "", "a", "b", "IT", "20121", "x y"])
tables = st.lists(st.tuples(texts, texts, texts, texts), max_size=40)


@given(tables)
def test_joined_keys_are_those_of_each_row_alone(rows: list[tuple[str | None, ...]]) -> None:
    columns = {
        name: np.array([row[at] for row in rows], dtype=object) for at, name in enumerate(PLACES["lane"].sources)
    }
    expected = [SEPARATOR.join("" if part is None else part for part in row) for row in rows]
    coded = CodedColumns({}, {name: factorised(column) for name, column in columns.items()}, PLACES)
    assert joined(columns, PLACES["lane"].sources, join_keys).column().tolist() == expected
    assert coded["lane"].tolist() == expected
    assert {name: coded[name].tolist() for name in columns} == {name: c.tolist() for name, c in columns.items()}


@given(st.lists(st.integers(-5, 5) | st.integers(-(2**40), 2**40), max_size=60))
def test_distinct_codes_are_what_sorting_finds(values: list[int]) -> None:
    column = np.array(values, dtype=np.intp)
    distinct, codes = distinct_codes(column)
    expected, expected_codes = np.unique(column, return_inverse=True)
    assert distinct.tolist() == expected.tolist()
    assert codes.tolist() == expected_codes.tolist()


@given(
    arrays(
        np.float64, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.sampled_from([0.0, -0.0, np.nan, 1.5])
    )
)
def test_runs_of_equal_rows_give_every_row_back(rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    firsts, run = runs(rows)
    assert rows[firsts][run].tobytes() == rows.tobytes()


def test_columns_of_unequal_length_are_refused() -> None:
    texts_ = {"sku": Coded(np.array(["a"], dtype=object), np.zeros(2, dtype=np.intp))}
    with pytest.raises(ValueError, match="length"):
        CodedColumns({"units": np.zeros(3)}, texts_, PLACES)
