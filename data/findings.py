"""Findings: what was wrong with which row, in words. The same columns for rejected rows and for corrected ones."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from data.local_time import in_utc

#: table · row (position in the incoming table, from 0) · key (``column=value`` of the row's key) · column ·
#: value (as it came) · rule (its short name) · reason (in words).
FINDING_COLUMNS: Final = ("table", "row", "key", "column", "value", "rule", "reason")

_NOTHING: Final = pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in FINDING_COLUMNS})


def no_findings() -> pd.DataFrame:
    """An empty table of findings."""
    return _NOTHING.copy()


def are_findings(frame: pd.DataFrame) -> bool:
    """Whether ``frame`` has the columns of findings, and in them what findings have."""
    if list(frame) != list(FINDING_COLUMNS) or not pd.api.types.is_integer_dtype(frame["row"].dtype):
        return False
    texts = frame.drop(columns="row")
    return all(texts[name].dtype == "str" or texts[name].isna().all() for name in texts)


def find(
    table: str,
    frame: pd.DataFrame,
    wrong: "pd.Series[bool]",
    *,
    key: Sequence[str],
    column: str,
    rule: str,
    reason: str,
) -> pd.DataFrame:
    """One finding per row of ``frame`` where ``wrong`` holds.

    ``column`` names the column at fault (several, joined by commas, when the rule is about several).
    """
    # Unlike an index, positions always name one row.
    rows = wrong.to_numpy(dtype=bool).nonzero()[0]
    if not len(rows):
        return no_findings()
    faulty = frame.iloc[rows]
    return pd.DataFrame(
        {
            "table": pd.Series([table] * len(rows), dtype="str"),
            "row": pd.Series(rows, dtype="int64"),
            "key": _named_values(faulty, key),
            "column": pd.Series([column] * len(rows), dtype="str"),
            "value": _values(faulty, column.split(", ")),
            "rule": pd.Series([rule] * len(rows), dtype="str"),
            "reason": pd.Series([reason] * len(rows), dtype="str"),
        }
    )


def join_findings(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All findings, in the order given."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else no_findings()


def told(value: Any) -> str | None:
    """A cell as it reads, ``None`` when it is missing; a list in a cell is not missing."""
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else str(value)


def _named_values(frame: pd.DataFrame, columns: Sequence[str]) -> "pd.Series[str]":
    """``order_id=A-1, line_id=2`` for every row."""
    return pd.Series(
        [
            ", ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True))
            for row in _cells(frame, columns)
        ],
        dtype="str",
    )


def _values(frame: pd.DataFrame, columns: Sequence[str]) -> "pd.Series[str]":
    """The values themselves; missing when all are."""
    return pd.Series(
        [None if all(cell == "" for cell in row) else ", ".join(row) for row in _cells(frame, columns)], dtype="str"
    )


def _cells(frame: pd.DataFrame, columns: Sequence[str]) -> list[tuple[str, ...]]:
    texts = [[told(value) or "" for value in in_utc(frame[name])] for name in columns]
    return list(zip(*texts, strict=True))
