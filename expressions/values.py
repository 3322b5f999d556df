"""What expressions work on: numbers, texts, truths and sets of texts, one of each row, as functions of columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from expressions.sets import TextSets
from expressions.text import Text

#: Dotted name → column. Numbers: float64, NaN where missing. Truths: bool, or float64 1, 0, NaN. Texts: `Text`.
#: Sets of texts: `TextSets`. Lists: their fields' columns, by name.
Columns: TypeAlias = Mapping[str, Any]
Mask: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64]


#: Where surely true, where surely false, and where missing.
States: TypeAlias = tuple[Mask, Mask, Mask]

#: Answers for every row.
EVERYWHERE: Final[Mask] = np.True_  # type: ignore[assignment]  # a mask of no dimension
NOWHERE: Final[Mask] = np.False_  # type: ignore[assignment]  # a mask of no dimension


@dataclass(frozen=True)
class Number:
    """A number per row, NaN where unknown or missing.

    ``told``: the numbers, and where they are missing; ``None`` where they never are.
    """

    value: Callable[[Columns], Numbers]
    told: Callable[[Columns], tuple[Numbers, Mask]] | None = None


@dataclass(frozen=True)
class Word:
    """A text per row."""

    value: Callable[[Columns], Text]


@dataclass(frozen=True)
class Truth:
    """True, false or unknown per row.

    Who needs one side asks ``true`` or ``false``. Who needs both asks ``states``, which computes once what they come
    of: asking for one after the other would double the work at every level of what is nested.
    """

    true: Callable[[Columns], Mask]
    false: Callable[[Columns], Mask]
    states: Callable[[Columns], States]


@dataclass(frozen=True)
class WordSet:
    """A set of texts per row, never missing."""

    value: Callable[[Columns], TextSets]


Value: TypeAlias = Number | Word | Truth | WordSet


def about(value: Callable[[Columns], Any], true: Callable[[Any], Mask], false: Callable[[Any], Mask]) -> Truth:
    """Return the truth, never missing, whose sides both come of ``value``."""

    def states(columns: Columns) -> States:
        found = value(columns)
        return true(found), false(found), NOWHERE

    return Truth(lambda c: true(value(c)), lambda c: false(value(c)), states)


def between(
    left: Callable[[Columns], Any],
    right: Callable[[Columns], Any],
    true: Callable[[Any, Any], Mask],
    false: Callable[[Any, Any], Mask],
) -> Truth:
    """Return the truth, never missing, whose sides both come of ``left`` and ``right``."""

    def states(columns: Columns) -> States:
        first, second = left(columns), right(columns)
        return true(first, second), false(first, second), NOWHERE

    return Truth(lambda c: true(left(c), right(c)), lambda c: false(left(c), right(c)), states)


def constant(value: float | str | bool) -> Value:
    """Return ``value`` for every row."""
    if isinstance(value, bool):
        yes, no = (EVERYWHERE, NOWHERE) if value else (NOWHERE, EVERYWHERE)
        return Truth(lambda _: yes, lambda _: no, lambda _: (yes, no, NOWHERE))
    if isinstance(value, str):
        text = Text(np.zeros((), np.intp), [value])
        return Word(lambda _: text)
    number = np.float64(value)
    return Number(lambda _: number)  # type: ignore[arg-type, return-value]  # a number of no dimension


def number_column(read: Callable[[Columns], Any]) -> Number:
    """Return the numbers that ``read`` finds in the columns."""

    def told(columns: Columns) -> tuple[Numbers, Mask]:
        column = read(columns)
        return column, np.isnan(column)

    return Number(read, told)


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

    def states(columns: Columns) -> States:
        column = read(columns)
        if column.dtype == bool:
            return column, ~column, NOWHERE
        return column == 1, column == 0, np.isnan(column)

    return Truth(true, false, states)
