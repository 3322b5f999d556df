"""Columns of sets of texts, such as tags: each distinct set stored once, like the texts of `expressions.text`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expressions.text import NULL, Text


@dataclass(frozen=True)
class TextSets:
    """Sets as positions in ``sets``; the codes may have any shape. `NULL` stands for an empty set nobody told of."""

    codes: NDArray[np.intp]
    sets: Sequence[frozenset[str]]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def take(self, positions: Any) -> "TextSets":
        """Return the sets at ``positions`` (any NumPy index)."""
        return TextSets(self.codes[positions], self.sets)

    def contains(self, texts: Text) -> NDArray[np.bool_]:
        """Return where the set has the text; never where that is missing or unknown. The codes broadcast."""
        table = np.zeros((len(self.sets) + 1, len(texts.vocabulary) + 2), bool)
        for row, held in enumerate(self.sets):
            table[row, [texts.index[text] for text in held if text in texts.index]] = True
        return np.asarray(table[self.codes, texts.codes])

    def size(self) -> NDArray[np.float64]:
        """Return how many texts each set has."""
        return np.array([*(len(held) for held in self.sets), 0], float)[self.codes]


def encode_sets(sets: Iterable[Iterable[str] | None]) -> TextSets:
    """Return one row for each of ``sets``, a missing one being empty."""
    index: dict[frozenset[str], int] = {}
    codes = [NULL if held is None else index.setdefault(frozenset(held), len(index)) for held in sets]
    return TextSets(np.array(codes, np.intp), list(index))
