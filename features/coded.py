"""Text columns as positions in their distinct values, so that what follows from a text is found once per value.

The candidates of one order share a destination, few skus and few carriers; keys and codes of thousands of rows are
those of a few hundred combinations. What is computed here is equal, text for text, to computing it row by row.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.facts import Columns, FloatArray, TextColumn

#: Makes one text of each row's texts: takes the sources' columns, gives a column; any text may be missing.
Derive = Callable[..., list[str | None]]
_DENSE = 8
#: Up to so many texts are looked at one by one: work on whole arrays takes longer to begin than that.
_FEW = 32


@dataclass(frozen=True, eq=False)
class Coded:
    """A text column: row ``i`` holds ``values[codes[i]]``. Not every value need occur, and one may occur twice."""

    values: TextColumn
    codes: NDArray[np.intp]
    _index: dict[str, int] = field(default_factory=dict, repr=False)

    def take(self, rows: NDArray[np.intp]) -> "Coded":
        """The texts at ``rows``."""
        return Coded(self.values, self.codes[rows], self._index)

    @property
    def index(self) -> Mapping[str, int]:
        """Text → its last position in ``values``, a missing text as "": built once, shared by all that is taken."""
        if not self._index:  # other threads see none of it, or all
            self._index.update({text or "": at for at, text in enumerate(self.values.tolist())})
        return self._index

    def column(self) -> TextColumn:
        """The texts themselves; shape (rows,)."""
        return self.values[self.codes]


@dataclass(frozen=True)
class Derived:
    """A text column that follows from the text columns ``sources``, row by row."""

    sources: tuple[str, ...]
    derive: Derive


@dataclass(frozen=True, eq=False)
class Repeated:
    """Columns, some of whose rows come again: ``rows`` are positions in them, in any order and number."""

    columns: "CodedColumns"
    rows: NDArray[np.intp]


class CodedColumns(Mapping[str, NDArray[Any]]):
    """Columns whose text is coded. What was computed from them is remembered, for as long as they live.

    They may repeat rows of other columns, beside which they have their own: the lines that one candidate may send share
    all that is known of the candidate, those of one location all that it has of their sku. What follows from the others
    alone is at `home` there: it is computed and remembered there, once for all rows that repeat it.
    """

    def __init__(
        self,
        numbers: Mapping[str, FloatArray],
        texts: Mapping[str, Coded],
        derived: Mapping[str, Derived],
        *repeated: Repeated,
    ) -> None:
        """Columns of ``derived`` are computed when first asked for. Raises ``ValueError`` for unequal lengths."""
        lengths = {len(column) for column in numbers.values()} | {len(text.codes) for text in texts.values()}
        lengths |= {len(others.rows) for others in repeated}
        if len(lengths) > 1:
            raise ValueError(f"columns differ in length: {sorted(lengths)} rows")
        self.rows = max(lengths, default=0)
        self._numbers = dict(numbers)
        self._texts = dict(texts)
        self._derived = derived
        self.repeated = repeated
        sources = frozenset((name, column.sources) for name, column in derived.items())
        self.shape: Shape = _shape(
            frozenset([*numbers, *texts]), sources, tuple(others.columns.shape for others in repeated)
        )
        self._homes: dict[Path, Repeated] = {}
        self._joined: dict[tuple[tuple[str, ...], Derive], Coded] = {}
        self._remembered: dict[Hashable, tuple[int, NDArray[Any]]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The column as an array. Raises ``KeyError`` when there is none."""
        if name in self._numbers:
            return self._numbers[name]
        home = self.home((name,))
        return self.coded(name).column() if home is None else home.columns[name][home.rows]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a column; none is made to say so."""
        return name in self.shape.known

    def __iter__(self) -> Iterator[str]:
        """Names of the columns."""
        return iter(sorted(self.shape.known))

    def __len__(self) -> int:
        """How many columns."""
        return len(self.shape.known)

    def coded(self, name: str) -> Coded:
        """A text column. Raises ``KeyError`` when there is none."""
        if name in self._texts:
            return self._texts[name]
        if name in self._derived:
            return self.joined(self._derived[name].sources, self._derived[name].derive)
        home = self.home((name,))
        if home is None:
            raise KeyError(name)
        return home.columns.coded(name).take(home.rows)

    def joined(self, names: tuple[str, ...], derive: Derive) -> Coded:
        """``derive`` of the texts in ``names``, row by row."""
        wanted = (names, derive)
        if wanted not in self._joined:
            home = self.home(names)
            if home is None:
                self._joined[wanted] = _join([self.coded(name) for name in names], derive)
            else:
                self._joined[wanted] = home.columns.joined(names, derive).take(home.rows)
        return self._joined[wanted]

    def remembered(
        self,
        key: Hashable,
        sources: tuple[str, ...],
        compute: Callable[["CodedColumns"], NDArray[Any]],
        edition: int = 0,
    ) -> NDArray[Any]:
        """``compute`` of these columns, row by row from the columns ``sources``: once for every ``key``.

        What was computed in another ``edition`` is forgotten.
        """
        home = self.home(sources)
        if home is None:
            return self.kept(key, compute, edition)
        return home.columns.kept(key, compute, edition).take(home.rows, axis=0)

    def kept(self, key: Hashable, compute: Callable[["CodedColumns"], NDArray[Any]], edition: int) -> NDArray[Any]:
        """The same, computed and remembered here."""
        known = self._remembered.get(key)
        if known is None or known[0] != edition:
            known = self._remembered[key] = edition, compute(self)
        return known[1]

    def home(self, names: tuple[str, ...]) -> Repeated | None:
        """The farthest columns that have all of ``names``, and which of their rows these are; ``None``: these here."""
        path = self.shape.path(names)
        return self.at(path) if path else None

    def at(self, path: "Path") -> Repeated:
        """The columns at the end of ``path`` (not the empty one), and which of their rows these are."""
        if path not in self._homes:
            first, *others = path
            way = self.repeated[first]
            if others:
                on = way.columns.at(tuple(others))
                way = Repeated(on.columns, on.rows[way.rows])
            self._homes[path] = way
        return self._homes[path]


#: From columns to others: which of the repeated ones, of these which, and so on.
Path = tuple[int, ...]


class Shape:
    """Which columns there are, and where: what columns have in common that were made alike."""

    def __init__(
        self, own: frozenset[str], derived: frozenset[tuple[str, tuple[str, ...]]], repeated: tuple["Shape", ...]
    ) -> None:
        """``own`` columns, those ``derived`` from others with their sources, and the shapes of those repeated."""
        known = own.union(*(others.known for others in repeated))
        own |= {
            name
            for name, sources in derived
            if known.issuperset(sources) and (name not in known or not own.isdisjoint(sources))
        }
        self.known: frozenset[str] = known | own
        self._own = own
        self._repeated = repeated
        self._paths: dict[tuple[str, ...], Path] = {}

    def path(self, names: tuple[str, ...]) -> Path:
        """The way to the farthest columns that have all of ``names``."""
        if names not in self._paths:
            self._paths[names] = self._find(names)
        return self._paths[names]

    def _find(self, names: tuple[str, ...]) -> Path:
        if self._own.isdisjoint(names):
            for position, others in enumerate(self._repeated):
                if others.known.issuperset(names):
                    return position, *others.path(names)
        return ()


_shape = lru_cache(maxsize=256)(Shape)


def coded(columns: Columns, name: str) -> Coded:
    """One text column, coded."""
    return columns.coded(name) if isinstance(columns, CodedColumns) else factorised(columns[name])


def joined(columns: Columns, names: tuple[str, ...], derive: Derive) -> Coded:
    """``derive`` of the texts in ``names``, row by row."""
    if isinstance(columns, CodedColumns):
        return columns.joined(names, derive)
    return _join([factorised(columns[name]) for name in names], derive)


def at_home(columns: Columns, reads: tuple[str, ...], compute: Callable[[Columns], FloatArray]) -> FloatArray:
    """``compute`` of ``columns``, row by row from the columns that it ``reads``: where these are at home, and once."""
    return columns.remembered(compute, reads, compute) if isinstance(columns, CodedColumns) else compute(columns)


def distinct_codes(values: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The distinct of ``values``, ascending, and which of them each value is; what ``np.unique`` gives."""
    lowest, highest = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if highest - lowest > _DENSE * len(values):
        distinct, codes = np.unique(values, return_inverse=True)
        return distinct, codes
    # Marking what occurs costs less than sorting, as long as there is little between.
    occurs = np.zeros(highest - lowest + 1, dtype=bool)
    occurs[values - lowest] = True
    distinct = np.flatnonzero(occurs)
    position = np.zeros(len(occurs), dtype=np.intp)
    position[distinct] = np.arange(len(distinct))
    return distinct + lowest, position[values - lowest]


def factorised(column: TextColumn) -> Coded:
    """The texts of ``column``, coded."""
    if len(column) <= _FEW:
        return _one_by_one([text if isinstance(text, str) else None for text in column])
    codes, values = pd.factorize(column)
    # Missing texts have code -1, which finds the last value.
    return Coded(np.append(np.asarray(values, dtype=object), np.array([None])), codes)


def _join(parts: Sequence[Coded], derive: Derive) -> Coded:
    if len(parts[0].codes) <= _FEW:
        return _one_by_one(derive(*(part.column().tolist() for part in parts)))
    sizes = [len(part.values) for part in parts]
    combined = np.ravel_multi_index([part.codes % size for part, size in zip(parts, sizes, strict=True)], sizes)
    distinct, codes = distinct_codes(combined)
    positions = np.unravel_index(distinct, sizes)
    sources = [part.values[at].tolist() for part, at in zip(parts, positions, strict=True)]
    return Coded(_texts(derive(*sources)), codes)


def _one_by_one(texts: list[str | None]) -> Coded:
    distinct: dict[str | None, int] = {}
    codes = [distinct.setdefault(text, len(distinct)) for text in texts]
    return Coded(_texts([*distinct]), np.array(codes, np.intp))


def _texts(values: list[str | None]) -> TextColumn:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
