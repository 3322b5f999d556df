"""From source to a checked, typed, compiled expression."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from expressions.checking import ARITHMETIC, KINDS, Scope, compile_part, error_at
from expressions.kinds import Kind, ListOf, Names
from expressions.operations import both_sides
from expressions.source import parse
from expressions.syntax import Part, simplify
from expressions.values import Columns, Truth, Value, Word

_NOTHING: Final = nullcontext()


@dataclass(frozen=True)
class CompiledExpression:
    """An expression ready to run over columns.

    Columns are given by dotted name (`expressions.values.Columns`) and broadcast against each other;
    only those in ``names`` are read, of a list only the fields told there. ``part``: what was written, checked.
    ``computes``: whether numbers are computed on the way.
    """

    source: str
    kind: Kind
    names: Mapping[str, Kind | ListOf]
    part: Part
    computes: bool
    _value: Value

    @property
    def _quiet(self) -> AbstractContextManager[object]:
        """Keep NumPy from warning of what is not finite (it is unknown), where numbers are computed: it takes time."""
        return np.errstate(all="ignore") if self.computes else _NOTHING

    def is_true(self, columns: Columns) -> NDArray[np.bool_]:
        """Return where the condition is surely true: neither false nor unknown. Of kind ``TRUTH`` only."""
        assert isinstance(self._value, Truth)
        with self._quiet:
            return np.asarray(self._value.true(columns))

    def is_false(self, columns: Columns) -> NDArray[np.bool_]:
        """Return where the condition is surely false: neither true nor unknown. Of kind ``TRUTH`` only."""
        assert isinstance(self._value, Truth)
        with self._quiet:
            return np.asarray(self._value.false(columns))

    def values(self, columns: Columns) -> NDArray[Any]:
        """Return the values: float64 (NaN unknown), texts as an object array, truths as float64 1, 0 and NaN.

        ``None`` in the object array stands for missing and unknown.
        """
        with self._quiet:
            if isinstance(self._value, Word):
                return self._value.value(columns).decode()
            if isinstance(self._value, Truth):
                return both_sides(self._value, columns)
            numbers = np.asarray(self._value.value(columns), float)
            return np.where(np.isfinite(numbers), numbers, np.nan)


def compile_expression(source: str, names: Names, kind: Kind | None = None) -> CompiledExpression:
    """Check ``source`` against the ``names`` it may use and compile it; ``kind``: the type it must have.

    Raises `ExpressionError` with line and column for anything outside the language: unknown names (with the nearest
    valid one), operands of the wrong type, sources too long or too deep.
    """
    scope = Scope(names)
    part = simplify(parse(source))
    value = compile_part(part, scope)
    found = KINDS[type(value)]
    if found is Kind.TEXTS:
        raise error_at(part.at, 'a set of texts is only asked with in: "a" in order.tags')
    if kind is not None and found is not kind:
        raise error_at(part.at, f"this must be a {kind.value}, but it is a {found.value}")
    return CompiledExpression(source, found, scope.used, part, bool(scope.signs & ARITHMETIC), value)
