"""The functions of the language: what they take, what they give, how they run.

Each works on whole columns and calls Python once per distinct text. Beside a missing text all are unknown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import re2  # type: ignore[import-untyped]  # ships no types

from expressions.kinds import Kind
from expressions.operations import size_of_set
from expressions.text import UNKNOWN, Text, each, encode
from expressions.values import Columns, Number, Truth, Value, Word, about

#: No text that a function makes is longer: repeated replacing could otherwise grow without end.
MAX_TEXT: Final = 10_000
_DECIMAL: Final = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", re.ASCII)

#: What a question about texts answers where one is missing.
_NEITHER: Final = 2

Build: TypeAlias = Callable[..., Value]


@dataclass(frozen=True)
class Function:
    """A function's arguments (a target before the dot counts first) and how to build it from compiled ones.

    ``constants`` of the last arguments must be written as literals: a pattern is checked before use.
    """

    takes: tuple[Kind, ...]
    build: Build
    constants: int = 0


def question(test: Callable[..., bool]) -> Build:
    """Return a builder of a truth value from texts."""

    def build(*words: Word) -> Truth:
        def answers(columns: Columns) -> Any:
            first, *others = texts = [word.value(columns) for word in words]
            alone = [text for other in others if (text := other.alone) is not None]
            if len(alone) == len(others):
                return first.answers(test, tuple(alone))
            return each(test, texts, _NEITHER, np.int8)

        return about(answers, lambda told: told == 1, lambda told: told == 0)

    return build


def transformation(change: Callable[..., str | None]) -> Build:
    """Return a builder of a text from texts; unknown where ``change`` answers ``None``."""

    def build(*words: Word) -> Word:
        return Word(lambda c: _short(each(change, [word.value(c) for word in words], None, object)))

    return build


def measure(of: Callable[[str], float]) -> Build:
    """Return a builder of a number from one text."""
    return lambda word: Number(lambda c: each(of, [word.value(c)], np.nan, float))


def _short(texts: Any) -> Text:
    text = encode(texts, absent=UNKNOWN)
    if any(len(word) > MAX_TEXT for word in text.vocabulary):
        codes = np.array([UNKNOWN if len(word) > MAX_TEXT else code for code, word in enumerate(text.vocabulary)])
        return Text(np.where(text.codes >= 0, codes[text.codes], text.codes), text.vocabulary)
    return text


def _replace(text: str, old: str, new: str) -> str | None:
    grown = len(text) + text.count(old) * (len(new) - len(old))
    return text.replace(old, new) if grown <= MAX_TEXT else None


def _substring(word: Word, start: float, end: float | None = None) -> Word:
    def cut(text: str) -> str | None:
        stop = len(text) if end is None else int(end)
        return text[int(start) : stop] if 0 <= start <= stop <= len(text) else None

    return transformation(cut)(word)  # type: ignore[return-value]  # a transformation builds a word


def _split(word: Word, separator: str, index: float) -> Word:
    def part(text: str) -> str | None:
        parts = text.split(separator) if separator else [*text]  # as in CEL: by nothing, into its characters
        return parts[int(index)] if 0 <= index < len(parts) else None

    return transformation(part)(word)  # type: ignore[return-value]  # a transformation builds a word


def _matches(word: Word, pattern: str) -> Value:
    options = re2.Options()
    options.max_mem = 1 << 18
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        told = error.args[0]
        raise ValueError(f"not a pattern: {told.decode() if isinstance(told, bytes) else told}") from None
    return question(lambda text: compiled.search(text) is not None)(word)


def _number(text: str) -> float:
    return float(text) if _DECIMAL.fullmatch(text) else np.nan


def _string(number: Number) -> Word:
    def write(columns: Columns) -> Text:
        values = np.asarray(number.value(columns), float)
        distinct, inverse = np.unique(values, return_inverse=True)
        words: Sequence[str | None] = [_written(value) for value in distinct.tolist()]
        return encode(np.array([*words, None], object)[inverse.reshape(values.shape)], absent=UNKNOWN)

    return Word(write)


def _written(value: float) -> str | None:
    if not np.isfinite(value):
        return None
    return str(int(value)) if value == int(value) else repr(value)


_TEXT, _NUMBER = Kind.TEXT, Kind.NUMBER
_TWO_TEXTS: Final = (_TEXT, _TEXT)

#: Written after a text: ``sku.startsWith("A")``. One name may take different numbers of arguments.
METHODS: Final[dict[str, tuple[Function, ...]]] = {
    "startsWith": (Function(_TWO_TEXTS, question(str.startswith)),),
    "endsWith": (Function(_TWO_TEXTS, question(str.endswith)),),
    "contains": (Function(_TWO_TEXTS, question(lambda text, part: part in text)),),
    "matches": (Function(_TWO_TEXTS, _matches, constants=1),),
    "size": (Function((_TEXT,), measure(len)), Function((Kind.TEXTS,), size_of_set)),
    "trim": (Function((_TEXT,), transformation(str.strip)),),
    "upper": (Function((_TEXT,), transformation(str.upper)),),
    "lower": (Function((_TEXT,), transformation(str.lower)),),
    "replace": (Function((_TEXT, _TEXT, _TEXT), transformation(_replace)),),
    "substring": (
        Function((_TEXT, _NUMBER), _substring, constants=1),
        Function((_TEXT, _NUMBER, _NUMBER), _substring, constants=2),
    ),
    "split": (Function((_TEXT, _TEXT, _NUMBER), _split, constants=2),),
}

#: Written before a parenthesis: ``size(sku)``.
FUNCTIONS: Final[dict[str, tuple[Function, ...]]] = {
    "size": METHODS["size"],
    "double": (Function((_TEXT,), measure(_number)), Function((_NUMBER,), lambda number: number)),
    "string": (Function((_NUMBER,), _string), Function((_TEXT,), lambda word: word)),
}

#: ``a + b`` of two texts.
concatenate: Final = transformation(lambda first, second: first + second)
