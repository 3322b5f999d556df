"""What expressions compile to: small NumPy functions over columns, each total, none raising.

An *unknown* value is what comes out of computing with something missing or of dividing by zero. Truth is
three-valued and kept as two questions, "surely true?" and "surely false?", each answered by one mask: `&&`, `||` and
`!` then need no third mask to absorb what is unknown (Kleene, *Introduction to Metamathematics*, 1952, §64), and only
the side that is asked for is ever computed. Who needs both asks once for both: no part is computed twice.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from expressions.sets import TextSets
from expressions.text import Text
from expressions.values import (
    EVERYWHERE,
    NOWHERE,
    Columns,
    Mask,
    Number,
    Numbers,
    States,
    Truth,
    Word,
    WordSet,
    about,
    between,
)

# Not a < b is a >= b, but with NaN both are false: unknown.
OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_COMPARE: Final[dict[str, Any]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def both_sides(operand: Truth, columns: Columns) -> Numbers:
    """Return 1 where true, 0 where false, NaN where unknown."""
    true, false, _ = operand.states(columns)
    return np.where(true, 1.0, np.where(false, 0.0, np.nan))


def invert(operand: Truth) -> Truth:
    """``!operand``."""

    def states(columns: Columns) -> States:
        true, false, _ = operand.states(columns)
        return false, true, NOWHERE

    return Truth(operand.false, operand.true, states)


def both(left: Truth, right: Truth) -> Truth:
    """``left && right``: false beside anything, unknown included, is false."""

    def states(columns: Columns) -> States:
        true, false, _ = left.states(columns)
        if false.size == 1 and false.item():
            return NOWHERE, EVERYWHERE, NOWHERE
        also, nor, _ = right.states(columns)
        return true & also, false | nor, NOWHERE

    return Truth(_and(left.true, right.true), _or(left.false, right.false), states)


def either(left: Truth, right: Truth) -> Truth:
    """``left || right``: true beside anything, unknown included, is true."""
    return invert(both(invert(left), invert(right)))


# What is about the order alone is one value. Where it settles the matter, the other side is not computed; nothing
# raises, so nobody notices.


def _and(left: Callable[[Columns], Mask], right: Callable[[Columns], Mask]) -> Callable[[Columns], Mask]:
    def mask(columns: Columns) -> Mask:
        first = left(columns)
        if first.size == 1 and not first.item():
            return NOWHERE
        return first & right(columns)

    return mask


def _or(left: Callable[[Columns], Mask], right: Callable[[Columns], Mask]) -> Callable[[Columns], Mask]:
    def mask(columns: Columns) -> Mask:
        first = left(columns)
        if first.size == 1 and first.item():
            return EVERYWHERE
        return first | right(columns)

    return mask


def compare_numbers(sign: str, left: Number, right: Number) -> Truth:
    """``left < right`` and its kin; unknown beside a missing number."""
    return between(left.value, right.value, _COMPARE[sign], _COMPARE[OPPOSITE[sign]])


def compare_words(sign: str, left: Word, right: Word) -> Truth:
    """``left < right`` and its kin, by Unicode code point; unknown beside a missing text."""

    def side(compare: Any) -> Callable[[Text, Text], Mask]:
        def mask(first: Text, second: Text) -> Mask:
            known = (first.codes >= 0) & (second.codes >= 0)
            ranks, other = _ranks(first, second)
            return known & compare(ranks, other)  # type: ignore[no-any-return]

        return mask

    return between(left.value, right.value, side(_COMPARE[sign]), side(_COMPARE[OPPOSITE[sign]]))


def _ranks(first: Text, second: Text) -> tuple[NDArray[Any], NDArray[Any]]:
    order = {text: rank for rank, text in enumerate(sorted({*first.vocabulary, *second.vocabulary}))}
    tables = (np.array([*(order[text] for text in side.vocabulary), 0, 0]) for side in (first, second))
    table, other = tables
    return table[first.codes], other[second.codes]


def equal_numbers(left: Number, right: Number) -> Truth:
    """``left == right``: two missing numbers are equal, one missing beside a known one is unknown."""
    known = between(left.value, right.value, operator.eq, _unequal)
    if left.told is None or right.told is None:
        return known
    equal = between(left.told, right.told, _equal_or_missing, lambda first, second: _unequal(first[0], second[0]))
    return Truth(equal.true, known.false, equal.states)


def _unequal(first: Numbers, second: Numbers) -> Mask:
    return (first < second) | (first > second)


def _equal_or_missing(first: tuple[Numbers, Mask], second: tuple[Numbers, Mask]) -> Mask:
    same: Mask = first[0] == second[0]
    return same | (first[1] & second[1])


def equal_words(left: Word, right: Word) -> Truth:
    """``left == right``: a missing text equals a missing text and differs from every other."""
    return between(left.value, right.value, Text.equals, Text.differs)


def equal_truths(left: Truth, right: Truth) -> Truth:
    """``left == right``: as for texts, a missing truth value equals only a missing one."""

    def true(first: States, second: States) -> Mask:
        (t1, f1, n1), (t2, f2, n2) = first, second
        return (t1 & t2) | (f1 & f2) | (n1 & n2)

    def false(first: States, second: States) -> Mask:
        (t1, f1, n1), (t2, f2, n2) = first, second
        return (t1 & (f2 | n2)) | (f1 & (t2 | n2)) | (n1 & (t2 | f2))

    return between(left.states, right.states, true, false)


def is_null(column: Number | Word | Truth) -> Truth:
    """``column == null``: always known. Only of what stands in a column: a computed value is never missing."""
    if isinstance(column, Word):
        return about(column.value, Text.is_null, lambda text: text.codes >= 0)
    if isinstance(column, Number):
        return about(column.value, np.isnan, lambda numbers: ~np.isnan(numbers))
    return about(column.states, lambda states: states[2], lambda states: states[0] | states[1])


def numbers_in(operand: Number, items: list[float]) -> Truth:
    """``operand in [1, 2]``."""
    listed = np.array(items)
    return about(
        operand.value,
        lambda numbers: np.isin(numbers, listed),
        lambda numbers: np.isin(numbers, listed, invert=True) & ~np.isnan(numbers),
    )


def words_in(operand: Word, items: list[str]) -> Truth:
    """``operand in ["a", "b"]``: a missing text is in no list."""
    return about(operand.value, lambda text: text.is_in(items), lambda text: text.is_known() & ~text.is_in(items))


def word_in_set(operand: Word, among: WordSet) -> Truth:
    """``operand in order.tags``: a missing text is in no set."""
    return between(
        operand.value,
        among.value,
        lambda text, sets: sets.contains(text),
        lambda text, sets: text.is_known() & ~sets.contains(text),
    )


def size_of_set(operand: WordSet) -> Number:
    """``size(order.tags)``."""
    return Number(lambda c: operand.value(c).size())


def arithmetic(sign: str, left: Number, right: Number) -> Number:
    """``left + right`` and its kin. What is not finite, division by zero above all, is unknown.

    Whoever asks for values keeps NumPy from warning of that (`expressions.compiled.CompiledExpression`).
    """
    compute: Any = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign]

    def value(columns: Columns) -> Numbers:
        second = right.value(columns)
        if sign == "/":
            second = np.where(second == 0, np.nan, second)
        return compute(left.value(columns), second)  # type: ignore[no-any-return]

    return Number(value)


def negative(operand: Number) -> Number:
    """``-operand``."""
    return Number(lambda c: -operand.value(c))


def for_lines(quantifier: str, body: Truth, listing: str) -> Truth:
    """``lines.exists(l, body)`` or ``lines.all(l, body)``; the body's item fields lie on one more leading axis."""

    every = quantifier == "all"

    def over_items(answers: Mask, columns: Columns, every: bool) -> Mask:
        if answers.ndim < ITEM_AXES:  # the body does not mention the item: the same for each
            items = len(next(iter(columns[listing].values())))
            answers = np.broadcast_to(answers, (items, *(1,) * (2 - answers.ndim), *answers.shape))
        return np.asarray(answers.all(axis=0) if every else answers.any(axis=0))

    def states(columns: Columns) -> States:
        true, false, _ = body.states(columns)
        return over_items(true, columns, every), over_items(false, columns, not every), NOWHERE

    return Truth(
        lambda c: over_items(body.true(c), c, every), lambda c: over_items(body.false(c), c, not every), states
    )


#: Axes of an item's field inside ``exists`` and ``all``: item × line × candidate.
ITEM_AXES: Final = 3


def item_field(listing: str, field: str) -> Callable[[Columns], Any]:
    """Return how to read one field of a list's items, on their own leading axis."""

    def read(columns: Columns) -> Any:
        column = columns[listing][field]
        shape = (slice(None), *(None,) * (ITEM_AXES - 1))
        return column.take(shape) if isinstance(column, Text | TextSets) else column[shape]

    return read


def size_of_list(listing: str) -> Number:
    """``size(lines)``."""
    return Number(lambda c: np.float64(len(next(iter(c[listing].values())))))  # type: ignore[arg-type, return-value]
