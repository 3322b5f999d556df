"""However tables are broken, every row is either kept or rejected with a reason, and what is kept is valid."""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data.conform import columns_of
from data.dataset import build_dataset, digest, load_dataset, write_dataset
from data.schemas import KEYS, REFERENCES
from tests.unit.data.small import small_tables, with_cell

#: Values of all sorts, of which each column takes some.
VALUES: tuple[Any, ...] = (
    None,
    "",
    "S1",
    "W2",
    "F1",
    "A",
    "store",
    "delivered",
    "open",
    "Europe/Rome",
    "IT",
    "EUR",
    "std",
    "-1",
    0,
    1,
    2,
    -1.5,
    float("nan"),
    float("inf"),
    True,
    pd.NaT,
    pd.Timestamp("2026-03-01T00:00:00Z"),
    pd.Timestamp("2027-03-01T00:00:00Z"),
)

_cells = st.sampled_from(
    [(name, row, column) for name, frame in small_tables().items() for row in range(len(frame)) for column in frame]
)
broken = st.lists(st.tuples(_cells, st.sampled_from(VALUES)), max_size=6)


def _break(breaks: list[tuple[tuple[str, int, str], Any]]) -> dict[str, pd.DataFrame]:
    tables = small_tables()
    for (table, row, column), value in breaks:
        tables = with_cell(tables, table, row, column, value)
    return tables


@settings(max_examples=20)
@given(broken)
def test_every_row_is_kept_or_rejected_and_what_is_kept_obeys_the_rules(breaks: list[Any]) -> None:
    tables = _break(breaks)
    dataset, rejected = build_dataset(tables)
    for name, frame in tables.items():
        gone = rejected[rejected["table"] == name]["row"]
        assert len(dataset.tables()[name]) + gone.nunique() == len(frame)
        assert gone.between(0, len(frame) - 1).all()
    assert rejected[["rule", "reason"]].notna().all(axis=None)
    _, again = build_dataset(dataset.tables())
    assert again.empty
    _check_rules(dataset.tables())


def _check_rules(kept: dict[str, pd.DataFrame]) -> None:
    """As plain Python reads them."""
    for name, frame in kept.items():
        assert not frame.duplicated(list(KEYS[name])).any()
        for column in columns_of(name):
            assert str(frame[column.name].dtype) == column.dtype
            assert column.nullable or frame[column.name].notna().all()
    for (name, reference), (other, key) in REFERENCES.items():
        assert set(kept[name][reference].dropna()) <= set(kept[other][key])
    for row in kept["fulfilments"].to_dict(orient="records"):
        told = [row[name] for name in ("decided_at", "ready_at", "delivered_at") if pd.notna(row[name])]
        assert told == sorted(told)
        assert row["outcome"] == "open" or pd.notna(row["outcome_at"])
    for row in kept["fulfilment_lines"].to_dict(orient="records"):
        assert pd.isna(row["picked_quantity"]) or 0 <= row["picked_quantity"] <= row["quantity"]


@settings(max_examples=5)
@given(broken)
def test_writing_and_loading_changes_nothing(breaks: list[Any]) -> None:
    dataset, rejected = build_dataset(_break(breaks))
    with tempfile.TemporaryDirectory() as name:
        write_dataset(dataset, Path(name), rejected)
        assert digest(load_dataset(Path(name))) == digest(dataset)
