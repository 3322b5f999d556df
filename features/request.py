"""The features of one request: nothing is computed twice, nor for a line what follows from its candidate.

What follows from a location alone is remembered by the columns of the network, from one request to the next.

The definitions are those of `features.definitions` and `features.trailing`; only the order of the work is another.
"""

from collections.abc import Callable
from copy import copy
from functools import lru_cache, partial
from typing import Final

import numpy as np

from features.coded import CodedColumns, Shape
from features.definitions import FEATURES, Vocabularies
from features.facts import FloatArray
from features.statistics import STATISTICS
from features.trailing import Statistic, mean_of
from features.trailing_sums import TrailingSums

_BY_NAME: Final = {statistic.name: statistic for statistic in STATISTICS}


def _sources(statistic: Statistic) -> tuple[str, ...]:
    """The columns that a trailing mean follows from: its key, and what it shrinks to."""
    towards = () if statistic.shrink_to is None else _sources(_BY_NAME[statistic.shrink_to])
    return tuple(sorted({*statistic.key, *towards}))


#: Column of a trailing mean → its statistic, and which of its half-lives.
_MEANS: Final = {
    statistic.column(days): (statistic, position)
    for statistic in STATISTICS
    for position, days in enumerate(statistic.half_lives_days)
}
#: Statistic, or feature → the columns that it follows from.
_READS: Final = {
    **{name: _sources(statistic) for name, statistic in _BY_NAME.items()},
    **{name: feature.reads for name, feature in FEATURES.items()},
    **{name: _sources(statistic) for name, (statistic, _) in _MEANS.items()},
}


class RequestFeatures:
    """Features as of now. Each is remembered by the columns it was computed from, until an outcome is observed."""

    def __init__(self, trailing: TrailingSums, vocabularies: Vocabularies) -> None:
        """Take trailing means from ``trailing``, as it stands when asked; codes from ``vocabularies``."""
        self._trailing = trailing
        self._vocabularies = vocabularies
        #: What columns remember is found under this.
        self._mark = object()

    def following(self, trailing: TrailingSums) -> "RequestFeatures":
        """The same features of another state of the sums.

        In columns that outlive a request, what is remembered of the one makes room for what is of the other.
        """
        other = copy(self)
        other._trailing = trailing
        return other

    def matrix(self, names: tuple[str, ...], columns: CodedColumns) -> FloatArray:
        """The named features of every row of ``columns``, as `features.definitions.matrix` gives them."""
        return self._block(names, columns).T

    def at_home(
        self, name: str, features: tuple[str, ...], compute: Callable[[CodedColumns], FloatArray], columns: CodedColumns
    ) -> FloatArray:
        """``compute``, which looks at nothing but ``features``, of every row of ``columns``; shape (rows,).

        It is computed once where all that they follow from is at home, and remembered there as ``name``.
        """
        return columns.remembered((self._mark, name), _reads_of(features), compute, self._trailing.edition)

    def _block(self, names: tuple[str, ...], columns: CodedColumns) -> FloatArray:
        """The named features, one row for each. Those of repeated columns are remembered there, together."""
        found = np.empty((len(names), columns.rows))
        for way, together, positions in _ways(names, columns.shape):
            if way is None:
                for position, name in zip(positions, together, strict=True):
                    found[position] = self.column(name, columns)
            else:
                others = columns.repeated[way]
                found[positions] = self._kept(together, others.columns).take(others.rows, axis=1)
        return found

    def _kept(self, names: tuple[str, ...], columns: CodedColumns) -> FloatArray:
        return columns.kept((self._mark, names), lambda at: self._block(names, at), self._trailing.edition)

    def column(self, name: str, columns: CodedColumns) -> FloatArray:
        """One feature of every row of ``columns``; shape (rows,). Raises ``KeyError`` for an unknown name."""
        if name in _MEANS:
            statistic, position = _MEANS[name]
            return self._once(name, lambda at: self._mean(statistic, at)[:, position], columns)
        feature = FEATURES[name]
        return self._once(name, lambda at: feature.compute(at, self._vocabularies), columns)

    def _mean(self, statistic: Statistic, columns: CodedColumns) -> FloatArray:
        return self._once(statistic.name, lambda at: self._computed(statistic, at), columns)

    def _once(self, name: str, compute: Callable[[CodedColumns], FloatArray], columns: CodedColumns) -> FloatArray:
        return columns.remembered((self._mark, name), _READS[name], compute, self._trailing.edition)

    def _computed(self, statistic: Statistic, columns: CodedColumns) -> FloatArray:
        towards = None if statistic.shrink_to is None else self._mean(_BY_NAME[statistic.shrink_to], columns)
        found = columns.remembered(
            (self._mark, statistic.key), statistic.key, partial(self._trailing.found, statistic), self._trailing.edition
        )
        sums = self._trailing.sums_at(statistic, found)
        return mean_of(sums, towards, self._trailing.prior_now(statistic))


@lru_cache(maxsize=256)
def _reads_of(features: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({column for name in features for column in _READS[name]}))


@lru_cache(maxsize=256)
def _ways(names: tuple[str, ...], shape: Shape) -> list[tuple[int | None, tuple[str, ...], list[int]]]:
    """Which of the repeated columns of such a shape have what features follow from, ``None`` for none of them.

    With each, the names of these features, and their positions among ``names``.
    """
    by_way: dict[int | None, list[int]] = {}
    for position, name in enumerate(names):
        path = shape.path(_READS[name])
        by_way.setdefault(path[0] if path else None, []).append(position)
    return [(way, tuple(names[at] for at in positions), positions) for way, positions in by_way.items()]
