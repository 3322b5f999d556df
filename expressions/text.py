"""Columns of text, each distinct text stored once: comparing them is comparing integers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Codes that stand for no text. Being negative they index the two cells after the end of a table.
NULL: Final = -1
UNKNOWN: Final = -2
_NOWHERE: Final = -3


@dataclass(frozen=True)
class Text:
    """Texts as positions in ``vocabulary``, whose entries are distinct; the codes may have any shape.

    `NULL` marks a missing text, `UNKNOWN` a text that could not be computed.
    """

    codes: NDArray[np.intp]
    vocabulary: Sequence[str]
    _index: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    @property
    def index(self) -> dict[str, int]:
        """Return text → code, built once and shared by everything taken from this column."""
        if len(self._index) < len(self.vocabulary):
            self._index.update((text, code) for code, text in enumerate(self.vocabulary))
        return self._index

    def take(self, positions: Any) -> "Text":
        """Return the texts at ``positions`` (any NumPy index)."""
        return Text(self.codes[positions], self.vocabulary, self._index)

    def equals(self, other: "Text") -> NDArray[np.bool_]:
        """Return where both are the same text, or both missing; never where one is unknown."""
        if self.vocabulary is other.vocabulary:
            return np.asarray((self.codes == other.codes) & (self.codes != UNKNOWN))
        if len(other.vocabulary) > len(self.vocabulary):
            return other.equals(self)
        theirs = [self.index.get(text, _NOWHERE) for text in other.vocabulary]
        table = np.array([*theirs, _NOWHERE, NULL])
        return np.asarray(self.codes == table[other.codes])

    def is_in(self, texts: Iterable[str]) -> NDArray[np.bool_]:
        """Return where the text is one of ``texts``."""
        table = np.zeros(len(self.vocabulary) + 2, bool)
        table[[self.index[text] for text in texts if text in self.index]] = True
        return np.asarray(table[self.codes])

    def is_known(self) -> NDArray[np.bool_]:
        """Return where the text could be computed (a missing text is known to be missing)."""
        return np.asarray(self.codes != UNKNOWN)

    def is_null(self) -> NDArray[np.bool_]:
        """Return where the text is missing."""
        return np.asarray(self.codes == NULL)

    def decode(self) -> NDArray[Any]:
        """Return an object array: the texts, ``None`` where missing or unknown."""
        words = np.empty(len(self.vocabulary) + 2, object)
        words[: len(self.vocabulary)] = self.vocabulary
        return np.asarray(words[self.codes])


def encode(texts: Any, absent: int = NULL) -> Text:
    """Return the texts of any array-like of ``str`` and ``None`` (a float NaN counts as missing).

    Raises ``TypeError`` for anything else, naming it.
    """
    flat = np.asarray(texts, dtype=object)
    index: dict[str, int] = {}
    codes = np.empty(flat.size, np.intp)
    for position, text in enumerate(flat.ravel()):
        if isinstance(text, str):
            codes[position] = index.setdefault(text, len(index))
        elif text is None or text != text:  # noqa: PLR0124 - the one test for NaN that holds for every type
            codes[position] = absent
        else:
            raise TypeError(f"expected text, found {text!r}")
    return Text(codes.reshape(flat.shape), list(index), index)


def each(function: Callable[..., Any], texts: Sequence[Text], absent: Any, dtype: Any) -> NDArray[Any]:
    """Return ``function(*texts)`` of every row, called once per distinct combination; ``absent`` where one has no text.

    The texts' codes broadcast against each other.
    """
    columns = [text for text in texts if text.codes.ndim]
    if len(columns) <= 1 and all(text.codes >= 0 for text in texts if not text.codes.ndim):
        column = columns[0] if columns else texts[0]
        written = [None if text is column else text.vocabulary[int(text.codes)] for text in texts]
        return _each_of(function, column, written, absent, dtype)
    codes = np.broadcast_arrays(*(text.codes for text in texts))
    key = np.zeros(codes[0].shape, np.intp)
    for text, rows in zip(texts, codes, strict=True):
        key = key * len(text.vocabulary) + rows
    key = np.where(np.any([rows < 0 for rows in codes], axis=0), -1, key)
    distinct, inverse = np.unique(key, return_inverse=True)
    results = np.full(len(distinct), absent, dtype)
    for position, combination in enumerate(distinct.tolist()):
        if combination >= 0:
            results[position] = function(*_arguments(texts, combination))
    return np.asarray(results[inverse.reshape(key.shape)])


def _each_of(
    function: Callable[..., Any], column: Text, written: list[str | None], absent: Any, dtype: Any
) -> NDArray[Any]:
    """Return what `each` does where only one text is a column; ``written`` are all texts, that one being ``None``."""
    place = written.index(None)
    before, after = written[:place], written[place + 1 :]
    results = np.full(len(column.vocabulary) + 2, absent, dtype)
    here = np.zeros(len(results), bool)
    here[column.codes] = True
    for code in np.flatnonzero(here[: len(column.vocabulary)]).tolist():
        results[code] = function(*before, column.vocabulary[code], *after)
    return np.asarray(results[column.codes])


def _arguments(texts: Sequence[Text], combination: int) -> list[str]:
    words = []
    for text in reversed(texts):
        combination, code = divmod(combination, len(text.vocabulary))
        words.append(text.vocabulary[code])
    return words[::-1]
