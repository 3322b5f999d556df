"""Columns of text, each distinct text stored once: comparing them is comparing integers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Codes that stand for no text. Being negative they index the two cells after the end of a table.
NULL: Final = -1
UNKNOWN: Final = -2
#: The code, in one column, of a text that stands in none of its rows.
NOWHERE: Final = -3
#: Of one vocabulary; rules come and go while it stays.
_MOST_QUESTIONS: Final = 500
_NOT_ASKED: Final = -1


@dataclass(frozen=True)
class Text:
    """Texts as positions in ``vocabulary``, whose entries are distinct; the codes may have any shape.

    `NULL` marks a missing text, `UNKNOWN` a text that could not be computed.
    """

    codes: NDArray[np.intp]
    vocabulary: Sequence[str]
    _index: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
    _asked: dict[Any, tuple[NDArray[np.int8], bool]] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    @property
    def index(self) -> dict[str, int]:
        """Return text → code, built once and shared by everything taken from this column."""
        if len(self._index) < len(self.vocabulary):
            self._index.update((text, code) for code, text in enumerate(self.vocabulary))
        return self._index

    @property
    def alone(self) -> str | None:
        """Return the text that is the same for every row; ``None`` where there are rows or no text."""
        code = NULL if self.codes.ndim else int(self.codes)
        return self.vocabulary[code] if code >= 0 else None

    def take(self, positions: Any) -> "Text":
        """Return the texts at ``positions`` (any NumPy index)."""
        return Text(self.codes[positions], self.vocabulary, self._index, self._asked)

    def equals(self, other: "Text") -> NDArray[np.bool_]:
        """Return where both are the same text, or both missing; never where one is unknown."""
        texts, code = self._beside(other)
        if code is not None:
            return np.asarray(texts.codes == code)
        if self.vocabulary is other.vocabulary:
            return np.asarray((self.codes == other.codes) & (self.codes != UNKNOWN))
        if other.codes.ndim and len(other.vocabulary) > len(self.vocabulary):
            return other.equals(self)
        theirs = [self.index.get(text, NOWHERE) for text in other.vocabulary]
        table = np.array([*theirs, NOWHERE, NULL])
        return np.asarray(self.codes == table[other.codes])

    def differs(self, other: "Text") -> NDArray[np.bool_]:
        """Return where the texts surely differ, one missing text among them; never where one is unknown."""
        texts, code = self._beside(other)
        if code is not None:
            return np.asarray((texts.codes != code) & texts.is_known())
        return self.is_known() & other.is_known() & ~self.equals(other)

    def _beside(self, other: "Text") -> tuple["Text", int | None]:
        """Return the texts of a column and the code there of the one text that they are compared with.

        ``None`` for the code where neither is a single known text.
        """
        column, one = (self, other) if self.codes.ndim else (other, self)
        text = one.alone
        return column, None if text is None else column.index.get(text, NOWHERE)

    def answers(self, question: Callable[..., bool], texts: tuple[str, ...]) -> NDArray[np.int8]:
        """Return 1 or 0 for each row's ``question(text, *texts)``, 2 where there is no text.

        Asked once of each text that ever stands in a row: the answers are kept with the vocabulary.
        """
        asked, of_all = self._asked.get((question, texts)) or self._ask(question, texts)
        answers = asked[self.codes]
        if not of_all and answers.size and answers.min() == _NOT_ASKED:
            for code in np.unique(self.codes[answers == _NOT_ASKED]).tolist():
                asked[code] = question(self.vocabulary[code], *texts)
            answers = asked[self.codes]
        return np.asarray(answers)

    def _ask(self, question: Callable[..., bool], texts: tuple[str, ...]) -> tuple[NDArray[np.int8], bool]:
        """Return the answers by code, and whether of all texts: only where there are no more of them than rows."""
        of_all = len(self.vocabulary) <= self.codes.size
        known = [int(question(text, *texts)) if of_all else _NOT_ASKED for text in self.vocabulary]
        if len(self._asked) >= _MOST_QUESTIONS:
            self._asked.clear()
        self._asked[question, texts] = asked = np.array([*known, 2, 2], np.int8), of_all
        return asked

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
    columns = [place for place, text in enumerate(texts) if text.codes.ndim] or [0]
    others = [text for place, text in enumerate(texts) if place != columns[0]]
    written = [text.alone for text in others]
    if None not in written:
        before, after = written[: columns[0]], written[columns[0] :]
        return _each_of(lambda word: function(*before, word, *after), texts[columns[0]], absent, dtype)
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


def _each_of(function: Callable[[str], Any], column: Text, absent: Any, dtype: Any) -> NDArray[Any]:
    """Return what `each` does where only one text is a column."""
    words = len(column.vocabulary)
    results = np.full(words + 2, absent, dtype)
    if words <= column.codes.size:
        results[:words] = [function(word) for word in column.vocabulary]
    else:
        here = np.zeros(words + 2, bool)
        here[column.codes] = True
        for code in np.flatnonzero(here[:words]).tolist():
            results[code] = function(column.vocabulary[code])
    return np.asarray(results[column.codes])


def _arguments(texts: Sequence[Text], combination: int) -> list[str]:
    words = []
    for text in reversed(texts):
        combination, code = divmod(combination, len(text.vocabulary))
        words.append(text.vocabulary[code])
    return words[::-1]
