"""The types of this language. There are few on purpose: every number is a double, as in a spreadsheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Kind(Enum):
    """Type of a value. The value is the word used in messages and in documentation."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "true or false"
    TEXTS = "set of texts"


@dataclass(frozen=True)
class ListOf:
    """A list whose items have typed fields, for ``lines.exists(l, l.hazmat)`` and ``size(lines)``."""

    fields: Mapping[str, Kind]


#: What an expression may mention: dotted name → type.
Names: TypeAlias = Mapping[str, Kind | ListOf]
