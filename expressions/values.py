"""What expressions work on: numbers, texts, truths and sets of texts, one of each row, as functions of columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from expressions.sets import TextSets
from expressions.text import Text

#: Dotted name → column. Numbers: float64, NaN where missing. Truths: bool, or float64 1, 0, NaN. Texts: `Text`.
#: Sets of texts: `TextSets`. Lists: their fields' columns, by name.
Columns: TypeAlias = Mapping[str, Any]
Mask: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Number:
    """A number per row, NaN where unknown or missing. ``null`` tells where it is missing; ``None``: nowhere."""

    value: Callable[[Columns], Numbers]
    null: Callable[[Columns], Mask] | None = None


@dataclass(frozen=True)
class Word:
    """A text per row."""

    value: Callable[[Columns], Text]


@dataclass(frozen=True)
class Truth:
    """True, false or unknown per row. ``null`` as in `Number`."""

    true: Callable[[Columns], Mask]
    false: Callable[[Columns], Mask]
    null: Callable[[Columns], Mask] | None = None


@dataclass(frozen=True)
class WordSet:
    """A set of texts per row, never missing."""

    value: Callable[[Columns], TextSets]


Value: TypeAlias = Number | Word | Truth | WordSet


def constant(value: float | str | bool) -> Value:
    """Return ``value`` for every row."""
    if isinstance(value, bool):
        yes, no = np.bool_(value), np.bool_(not value)
        return Truth(lambda _: yes, lambda _: no)  # type: ignore[arg-type, return-value]  # 0-d masks
    if isinstance(value, str):
        text = Text(np.zeros((), np.intp), [value])
        return Word(lambda _: text)
    number = np.float64(value)
    return Number(lambda _: number)  # type: ignore[arg-type, return-value]  # a number of no dimension


def number_column(read: Callable[[Columns], Any]) -> Number:
    """Return the numbers that ``read`` finds in the columns."""
    return Number(read, lambda columns: np.isnan(read(columns)))


def word_column(read: Callable[[Columns], Any]) -> Word:
    """Return the texts that ``read`` finds in the columns."""
    return Word(read)


def set_column(read: Callable[[Columns], Any]) -> WordSet:
    """Return the sets of texts that ``read`` finds in the columns."""
    return WordSet(read)


def truth_column(read: Callable[[Columns], Any]) -> Truth:
    """Return the truth values that ``read`` finds in the columns."""

    def true(columns: Columns) -> Mask:
        column = read(columns)
        return column if column.dtype == bool else column == 1  # type: ignore[no-any-return]  # a column may be of any type

    def false(columns: Columns) -> Mask:
        column = read(columns)
        return ~column if column.dtype == bool else column == 0  # type: ignore[no-any-return]  # a column may be of any type

    def null(columns: Columns) -> Mask:
        return np.isnan(read(columns))  # type: ignore[no-any-return]  # a column may be of any type

    return Truth(true, false, null)
