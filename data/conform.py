"""Bring a table to the declared columns and types, keeping note of every cell that cannot be brought there."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from data.errors import ColumnError
from data.findings import find, join_findings, told
from data.local_time import beyond_calendar
from data.schemas import DEFAULTS, KEYS, TABLES

#: What a column is, as told by its declared type.
TEXT, NUMBER, WHOLE, TRUTH, INSTANT = "text", "number", "whole number", "true or false", "instant"

_KINDS: Final = {"string[pyarrow]": TEXT, "str": TEXT, "float64": NUMBER, "int64": WHOLE, "bool": TRUTH}
_DTYPES: Final = {TEXT: "str", NUMBER: "float64", WHOLE: "int64", TRUTH: "bool", INSTANT: "datetime64[us, UTC]"}
#: How a text ends that says its offset from UTC: after a time of day, for 31-12-2026 has none.
OFFSET: Final = re.compile(r"[T ]\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$")
BEYOND_CALENDAR: Final = "lies beyond the calendar, whose years are 1 to 9999"
_TRUTHS: Final = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


@dataclass(frozen=True)
class Column:
    """A declared column: ``kind`` is one of the five above."""

    name: str
    kind: str
    nullable: bool
    meaning: str

    @property
    def dtype(self) -> str:
        """Name of the pandas dtype."""
        return _DTYPES[self.kind]


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    """The declared columns of ``table``, in order."""
    return tuple(
        Column(str(name), _KINDS.get(str(column.dtype), INSTANT), bool(column.nullable), column.description or "")
        for name, column in TABLES[table].to_schema().columns.items()
    )


def required_columns(table: str) -> tuple[str, ...]:
    """Names of the columns of ``table`` that every source must give."""
    return tuple(
        column.name for column in columns_of(table) if not column.nullable and (table, column.name) not in DEFAULTS
    )


def empty_table(table: str) -> pd.DataFrame:
    """``table`` with its columns and dtypes, and no rows."""
    return pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in columns_of(table)})


def conform(table: str, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``frame`` with the declared columns and dtypes, and the findings: cells that are missing or unreadable.

    Faulty cells hold a placeholder: their rows are meant to be removed. Columns that may be missing, or have
    a default, are added where they are absent. Blank text counts as missing.

    Raises
    ------
    ColumnError
        A column is lacking, unknown, or of a type that cannot be read row by row.
    """
    _check_names(table, frame)
    rows = len(frame)
    key = KEYS[table]
    conformed: dict[str, pd.Series[Any]] = {}
    findings = []
    for column in columns_of(table):
        if column.name not in frame:
            conformed[column.name] = pd.Series([DEFAULTS.get((table, column.name))] * rows, dtype=column.dtype)
            continue
        raw = _plain(frame[column.name])
        values, unreadable, reason = _READERS[column.kind](f"{table}.{column.name}", raw)
        missing = (raw.isna() | _blank(raw)) & (not column.nullable)
        findings += [
            find(table, frame, missing, key=key, column=column.name, rule="missing", reason="must not be missing"),
            find(table, frame, unreadable, key=key, column=column.name, rule="unreadable", reason=reason),
        ]
        conformed[column.name] = values
    return pd.DataFrame(conformed), join_findings(findings)


def _check_names(table: str, frame: pd.DataFrame) -> None:
    names = [column.name for column in columns_of(table)]
    lacking = [name for name in required_columns(table) if name not in frame]
    if lacking:
        raise ColumnError(
            f"{table} lacks the column(s) {', '.join(lacking)}. Columns found: {', '.join(map(str, frame))}."
        )
    unknown = [str(name) for name in frame if name not in names]
    if unknown:
        raise ColumnError(
            f"{table} has column(s) that nobody knows: {', '.join(unknown)}. Remove or rename them; "
            f"the columns are {', '.join(names)}."
        )


def _plain(raw: "pd.Series[Any]") -> "pd.Series[Any]":
    """Without its index, and categories as the values they stand for."""
    values = raw.reset_index(drop=True)
    return values.astype(values.cat.categories.dtype) if isinstance(values.dtype, pd.CategoricalDtype) else values


def _is_text(raw: "pd.Series[Any]") -> bool:
    return pd.api.types.is_string_dtype(raw.dtype) or pd.api.types.is_object_dtype(raw.dtype)


def _blank(raw: "pd.Series[Any]") -> "pd.Series[bool]":
    if not _is_text(raw):
        return pd.Series(False, index=raw.index)
    if raw.dtype == "str":
        return raw.str.strip().eq("")
    return raw.map(lambda value: isinstance(value, str) and not value.strip()).astype(bool)


_Read = tuple["pd.Series[Any]", "pd.Series[bool]", str]


def _read_text(_: str, raw: "pd.Series[Any]") -> _Read:
    reason = "is not text"
    if pd.api.types.is_integer_dtype(raw.dtype):
        return raw.astype("str"), pd.Series(False, index=raw.index), reason
    if not _is_text(raw):
        return pd.Series([None] * len(raw), dtype="str"), raw.notna(), reason
    if raw.dtype == "str":
        return raw.mask(_blank(raw)), pd.Series(False, index=raw.index), reason
    unreadable = raw.map(lambda value: not isinstance(value, str | int) or isinstance(value, bool)) & raw.notna()
    return raw.mask(unreadable | _blank(raw)).astype("str"), unreadable.astype(bool), reason


def _to_numbers(raw: "pd.Series[Any]") -> "pd.Series[float]":
    if pd.api.types.is_bool_dtype(raw.dtype) or not (pd.api.types.is_numeric_dtype(raw.dtype) or _is_text(raw)):
        # pandas would count times and spans in nanoseconds.
        return pd.Series(np.nan, index=raw.index)
    return pd.to_numeric(raw, errors="coerce").astype("float64")


def _read_number(_: str, raw: "pd.Series[Any]") -> _Read:
    numbers = _to_numbers(raw)
    numbers = numbers.where(np.isfinite(numbers))
    return numbers, numbers.isna() & raw.notna() & ~_blank(raw), "is not a finite number"


def _read_whole(_: str, raw: "pd.Series[Any]") -> _Read:
    reason = "is not a whole number"
    if raw.dtype == "int64":
        return raw, pd.Series(False, index=raw.index), reason
    numbers = _to_numbers(raw)
    whole = (numbers % 1 == 0) & (numbers.abs() < 2**53)
    return numbers.where(whole, 1.0).astype("int64"), ~whole & raw.notna() & ~_blank(raw), reason


def _read_truth(_: str, raw: "pd.Series[Any]") -> _Read:
    if raw.dtype == "bool":
        return raw, pd.Series(False, index=raw.index), ""
    truths = raw.map(lambda value: _TRUTHS.get((told(value) or "").strip().lower())).astype("object")
    unreadable = truths.isna() & raw.notna() & ~_blank(raw)
    return (truths == True).astype("bool"), unreadable, "is neither true nor false"  # noqa: E712 (None must be False)


def _read_instant(where: str, raw: "pd.Series[Any]") -> _Read:
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        beyond = beyond_calendar(raw)
        return raw.mask(beyond).dt.tz_convert("UTC").dt.as_unit("us"), beyond, BEYOND_CALENDAR
    reason = "is not an instant with its offset from UTC, such as 2026-03-02T09:14:00Z"
    if pd.api.types.is_datetime64_dtype(raw.dtype):
        raise ColumnError(
            f"{where} holds times without a time zone. Store instants in UTC, or import them by a mapping."
        )
    if not _is_text(raw):
        return pd.Series([None] * len(raw), dtype=_DTYPES[INSTANT]), raw.notna(), reason
    texts = raw.map(lambda value: value.isoformat() if isinstance(value, datetime) and not pd.isna(value) else value)
    told = texts.map(lambda text: isinstance(text, str) and bool(OFFSET.search(text.strip()))).astype(bool)
    instants = pd.to_datetime(texts.where(told), errors="coerce", utc=True, format="ISO8601").dt.as_unit("us")
    instants = instants.mask(beyond_calendar(instants))
    return instants, instants.isna() & raw.notna() & ~_blank(raw), reason


_READERS: Final[dict[str, Callable[[str, "pd.Series[Any]"], _Read]]] = {
    TEXT: _read_text,
    NUMBER: _read_number,
    WHOLE: _read_whole,
    TRUTH: _read_truth,
    INSTANT: _read_instant,
}
