"""Custom attributes: what a company knows of its orders, products, locations and services that the engine does not.

Values come as they were fed; their types are declared in the ruleset. A value of another type counts as missing.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from expressions.kinds import Kind
from expressions.text import Text, encode

#: Custom attributes of one thing, as fed: name → text, number or truth value.
Custom: TypeAlias = Mapping[str, str | float | bool]
#: The words with which a ruleset declares types.
TYPES: Final[dict[str, Kind]] = {"text": Kind.TEXT, "number": Kind.NUMBER, "truth": Kind.TRUTH}


def typed(things: Iterable[Custom | None], name: str, kind: Kind) -> Any:
    """Return the attribute ``name`` of each thing as a column of expressions, one row per thing."""
    values = [None if custom is None else custom.get(name) for custom in things]
    return text_column(values) if kind is Kind.TEXT else figures(values, kind)


def text_column(values: Iterable[Any]) -> Text:
    """Return the texts among ``values``."""
    return encode([value if isinstance(value, str) else None for value in values])


def figures(values: Iterable[Any], kind: Kind) -> NDArray[np.float64]:
    """Return the numbers, or the truth values as 1 and 0, among ``values``; NaN for all else."""
    wanted: Any = bool if kind is Kind.TRUTH else (int, float)
    return np.array([float(value) if _is(value, wanted) else np.nan for value in values])


def _is(value: Any, wanted: Any) -> bool:
    """Return whether ``value`` is of the type; to Python a truth value is a number, here it is not."""
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool)) and math.isfinite(value)
