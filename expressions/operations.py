"""What expressions compile to: small NumPy functions over columns, each total, none raising.

An *unknown* value is what comes out of computing with something missing or of dividing by zero. Truth is
three-valued and kept as two questions, "surely true?" and "surely false?", each answered by one mask: `&&`, `||` and
`!` then need no third mask to absorb what is unknown (Kleene, *Introduction to Metamathematics*, 1952, §64), and only
the side that is asked for is ever computed.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from expressions.sets import TextSets
from expressions.text import NULL, UNKNOWN, Text
from expressions.values import Columns, Mask, Number, Numbers, Truth, Value, Word, WordSet

#: Answers for every row.
_EVERYWHERE: Final = np.ones((), np.bool_)
_NOWHERE: Final = np.zeros((), np.bool_)
# Not a < b is a >= b, but with NaN both are false: unknown.
OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_COMPARE: Final[dict[str, Any]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def both_sides(operand: Truth, columns: Columns) -> Numbers:
    """Return 1 where true, 0 where false, NaN where unknown."""
    return np.where(operand.true(columns), 1.0, np.where(operand.false(columns), 0.0, np.nan))


def invert(operand: Truth) -> Truth:
    """``!operand``."""
    return Truth(operand.false, operand.true)


def both(left: Truth, right: Truth) -> Truth:
    """``left && right``: false beside anything, unknown included, is false."""
    return Truth(_and(left.true, right.true), _or(left.false, right.false))


def either(left: Truth, right: Truth) -> Truth:
    """``left || right``: true beside anything, unknown included, is true."""
    return Truth(_or(left.true, right.true), _and(left.false, right.false))


# What is about the order alone is one value. Where it settles the matter, the other side is not computed; nothing
# raises, so nobody notices.


def _and(left: Callable[[Columns], Mask], right: Callable[[Columns], Mask]) -> Callable[[Columns], Mask]:
    def mask(columns: Columns) -> Mask:
        first = left(columns)
        if first.size == 1 and not first.item():
            return _NOWHERE
        return first & right(columns)

    return mask


def _or(left: Callable[[Columns], Mask], right: Callable[[Columns], Mask]) -> Callable[[Columns], Mask]:
    def mask(columns: Columns) -> Mask:
        first = left(columns)
        if first.size == 1 and first.item():
            return _EVERYWHERE
        return first | right(columns)

    return mask


def compare_numbers(sign: str, left: Number, right: Number) -> Truth:
    """``left < right`` and its kin; unknown beside a missing number."""
    so, not_so = _COMPARE[sign], _COMPARE[OPPOSITE[sign]]
    return Truth(lambda c: so(left.value(c), right.value(c)), lambda c: not_so(left.value(c), right.value(c)))


def compare_words(sign: str, left: Word, right: Word) -> Truth:
    """``left < right`` and its kin, by Unicode code point; unknown beside a missing text."""
    so, not_so = _COMPARE[sign], _COMPARE[OPPOSITE[sign]]

    def side(compare: Any) -> Callable[[Columns], Mask]:
        def mask(columns: Columns) -> Mask:
            first, second = left.value(columns), right.value(columns)
            known = (first.codes >= 0) & (second.codes >= 0)
            ranks, other = _ranks(first, second)
            return known & compare(ranks, other)  # type: ignore[no-any-return]

        return mask

    return Truth(side(so), side(not_so))


def _ranks(first: Text, second: Text) -> tuple[NDArray[Any], NDArray[Any]]:
    order = {text: rank for rank, text in enumerate(sorted({*first.vocabulary, *second.vocabulary}))}
    tables = (np.array([*(order[text] for text in side.vocabulary), 0, 0]) for side in (first, second))
    table, other = tables
    return table[first.codes], other[second.codes]


def equal_numbers(left: Number, right: Number) -> Truth:
    """``left == right``: two missing numbers are equal, one missing beside a known one is unknown."""
    left_null, right_null = left.null, right.null

    def true(columns: Columns) -> Mask:
        same: Mask = left.value(columns) == right.value(columns)
        if left_null and right_null:
            same = same | (left_null(columns) & right_null(columns))
        return same

    def false(columns: Columns) -> Mask:
        first, second = left.value(columns), right.value(columns)
        return (first < second) | (first > second)

    return Truth(true, false)


def equal_words(left: Word, right: Word) -> Truth:
    """``left == right``: a missing text equals a missing text and differs from every other."""

    return Truth(
        lambda c: left.value(c).equals(right.value(c)),
        lambda c: left.value(c).differs(right.value(c)),
    )


def equal_truths(left: Truth, right: Truth) -> Truth:
    """``left == right``: as for texts, a missing truth value equals only a missing one."""

    def states(columns: Columns) -> tuple[Any, ...]:
        never = np.bool_(False)
        return tuple(
            (side.true(columns), side.false(columns), side.null(columns) if side.null else never)
            for side in (left, right)
        )

    def true(columns: Columns) -> Mask:
        (t1, f1, n1), (t2, f2, n2) = states(columns)
        return (t1 & t2) | (f1 & f2) | (n1 & n2)  # type: ignore[no-any-return]

    def false(columns: Columns) -> Mask:
        (t1, f1, n1), (t2, f2, n2) = states(columns)
        return (t1 & (f2 | n2)) | (f1 & (t2 | n2)) | (n1 & (t2 | f2))  # type: ignore[no-any-return]

    return Truth(true, false)


def is_null(operand: Number | Word | Truth) -> Truth:
    """``operand == null``: always known for what stands in a column; a computed value is never missing."""
    if isinstance(operand, Word):
        return Truth(
            lambda c: operand.value(c).is_null(),
            lambda c: operand.value(c).codes >= 0,
        )
    null = operand.null
    known: Callable[[Columns], Mask]
    if isinstance(operand, Number):
        number = operand.value
        known = lambda c: ~np.isnan(number(c))  # noqa: E731 - one of two short forms
    else:
        true, false = operand.true, operand.false
        known = lambda c: true(c) | false(c)  # noqa: E731
    if null is None:
        return Truth(lambda c: np.zeros_like(known(c)), known)
    return Truth(null, known)


def numbers_in(operand: Number, items: list[float]) -> Truth:
    """``operand in [1, 2]``."""
    listed = np.array(items)
    return Truth(
        lambda c: np.isin(operand.value(c), listed),
        lambda c: np.isin(operand.value(c), listed, invert=True) & ~np.isnan(operand.value(c)),
    )


def words_in(operand: Word, items: list[str]) -> Truth:
    """``operand in ["a", "b"]``: a missing text is in no list."""

    def false(columns: Columns) -> Mask:
        text = operand.value(columns)
        return text.is_known() & ~text.is_in(items)

    return Truth(lambda c: operand.value(c).is_in(items), false)


def word_in_set(operand: Word, among: WordSet) -> Truth:
    """``operand in order.tags``: a missing text is in no set."""

    def false(columns: Columns) -> Mask:
        text = operand.value(columns)
        return text.is_known() & ~among.value(columns).contains(text)

    return Truth(lambda c: among.value(c).contains(operand.value(c)), false)


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


def choose(condition: Truth, yes: Value, no: Value) -> Value:
    """``condition ? yes : no``; unknown where the condition is. Both sides are of the same type."""
    if isinstance(yes, Truth) and isinstance(no, Truth):
        a, b = yes, no
        return Truth(
            lambda c: (condition.true(c) & a.true(c)) | (condition.false(c) & b.true(c)),
            lambda c: (condition.true(c) & a.false(c)) | (condition.false(c) & b.false(c)),
            _chosen_null(condition, a, b),
        )
    if isinstance(yes, Number) and isinstance(no, Number):
        x, y = yes.value, no.value
        return Number(
            lambda c: np.where(condition.true(c), x(c), np.where(condition.false(c), y(c), np.nan)),
            _chosen_null(condition, yes, no),
        )
    assert isinstance(yes, Word)
    assert isinstance(no, Word)
    first, second = yes.value, no.value

    def text(columns: Columns) -> Text:
        from_yes, codes = _one_vocabulary(first(columns), second(columns))
        mask, other = condition.true(columns), condition.false(columns)
        return Text(np.where(mask, from_yes.codes, np.where(other, codes, UNKNOWN)), from_yes.vocabulary)

    return Word(text)


def _chosen_null(condition: Truth, yes: Number | Truth, no: Number | Truth) -> Callable[[Columns], Mask] | None:
    sides = [(mask, side.null) for mask, side in ((condition.true, yes), (condition.false, no)) if side.null]
    if not sides:
        return None

    def null(columns: Columns) -> Mask:
        missing: Any = np.bool_(False)
        for mask, side_null in sides:
            missing = missing | (mask(columns) & side_null(columns))
        return missing  # type: ignore[no-any-return]

    return null


def _one_vocabulary(first: Text, second: Text) -> tuple[Text, NDArray[np.intp]]:
    index = dict(first.index)
    table = np.array([*(index.setdefault(text, len(index)) for text in second.vocabulary), UNKNOWN, NULL])
    return Text(first.codes, list(index), index), table[second.codes]


def for_lines(quantifier: str, body: Truth, listing: str) -> Truth:
    """``lines.exists(l, body)`` or ``lines.all(l, body)``; the body's item fields lie on one more leading axis."""

    def reduce(side: Callable[[Columns], Mask], every: bool) -> Callable[[Columns], Mask]:
        def mask(columns: Columns) -> Mask:
            items = len(next(iter(columns[listing].values())))
            answers = np.asarray(side(columns))
            if answers.ndim < ITEM_AXES:  # the body does not mention the item: the same for each
                answers = np.broadcast_to(answers, (items, *(1,) * (2 - answers.ndim), *answers.shape))
            return np.asarray(answers.all(axis=0) if every else answers.any(axis=0))

        return mask

    everywhere = quantifier == "all"
    return Truth(reduce(body.true, everywhere), reduce(body.false, not everywhere))


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
