"""``condition ? yes : no``: the condition is asked for both its sides at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from expressions.text import NULL, UNKNOWN, Text
from expressions.values import NOWHERE, Columns, Mask, Number, Numbers, States, Truth, Value, Word


def choose(condition: Truth, yes: Value, no: Value) -> Value:
    """``condition ? yes : no``; unknown where the condition is. Both sides are of the same type."""
    if isinstance(yes, Truth) and isinstance(no, Truth):
        return _choose_truth(condition, yes, no)
    if isinstance(yes, Number) and isinstance(no, Number):
        return _choose_number(condition, yes, no)
    assert isinstance(yes, Word)
    assert isinstance(no, Word)
    first, second = yes.value, no.value

    def text(columns: Columns) -> Text:
        so, not_so, _ = condition.states(columns)
        from_yes, codes = _one_vocabulary(first(columns), second(columns))
        return Text(np.where(so, from_yes.codes, np.where(not_so, codes, UNKNOWN)), from_yes.vocabulary)

    return Word(text)


def _choose_truth(condition: Truth, yes: Truth, no: Truth) -> Truth:
    def side(first: Callable[[Columns], Mask], second: Callable[[Columns], Mask]) -> Callable[[Columns], Mask]:
        def mask(columns: Columns) -> Mask:
            so, not_so, _ = condition.states(columns)
            return (so & first(columns)) | (not_so & second(columns))

        return mask

    def states(columns: Columns) -> States:
        so, not_so, _ = condition.states(columns)
        (t1, f1, n1), (t2, f2, n2) = yes.states(columns), no.states(columns)
        return (so & t1) | (not_so & t2), (so & f1) | (not_so & f2), (so & n1) | (not_so & n2)

    return Truth(side(yes.true, no.true), side(yes.false, no.false), states)


def _choose_number(condition: Truth, yes: Number, no: Number) -> Number:
    x, y = yes.value, no.value

    def value(columns: Columns) -> Numbers:
        so, not_so, _ = condition.states(columns)
        return np.where(so, x(columns), np.where(not_so, y(columns), np.nan))

    if yes.told is None and no.told is None:
        return Number(value)
    first, second = _told(yes), _told(no)

    def told(columns: Columns) -> tuple[Numbers, Mask]:
        so, not_so, _ = condition.states(columns)
        (these, n1), (those, n2) = first(columns), second(columns)
        return np.where(so, these, np.where(not_so, those, np.nan)), (so & n1) | (not_so & n2)

    return Number(value, told)


def _told(number: Number) -> Callable[[Columns], tuple[Numbers, Mask]]:
    return number.told or (lambda columns: (number.value(columns), NOWHERE))


def _one_vocabulary(first: Text, second: Text) -> tuple[Text, NDArray[np.intp]]:
    index = dict(first.index)
    table = np.array([*(index.setdefault(text, len(index)) for text in second.vocabulary), UNKNOWN, NULL])
    return Text(first.codes, list(index), index), table[second.codes]
