"""The features of one request: nothing is computed twice, nor for a line what follows from its candidate.

What follows from a location alone is remembered by the columns of the network, from one request to the next.

The definitions are those of `features.definitions` and `features.trailing`; only the order of the work is another.
"""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.coded import CodedColumns
from features.definitions import FEATURES, Vocabularies
from features.statistics import STATISTICS
from features.trailing import Statistic, TrailingSums, mean_of

FloatArray = NDArray[np.float64]

_BY_NAME: Final = {statistic.name: statistic for statistic in STATISTICS}
#: Column of a trailing mean → its statistic, and which of its half-lives.
_MEANS: Final = {
    statistic.column(days): (statistic, position)
    for statistic in STATISTICS
    for position, days in enumerate(statistic.half_lives_days)
}


class RequestFeatures:
    """Features as of now. Each is remembered by the columns it was computed from, until an outcome is observed."""

    def __init__(self, trailing: TrailingSums, vocabularies: Vocabularies) -> None:
        """Take trailing means from ``trailing``, as it stands when asked; codes from ``vocabularies``."""
        self._trailing = trailing
        self._vocabularies = vocabularies

    def matrix(self, names: tuple[str, ...], columns: CodedColumns) -> FloatArray:
        """The named features of every row of ``columns``, as `features.definitions.matrix` gives them."""
        return np.stack([self.column(name, columns) for name in names]).T

    def column(self, name: str, columns: CodedColumns) -> FloatArray:
        """One feature of every row of ``columns``; shape (rows,). Raises ``KeyError`` for an unknown name."""
        if name in _MEANS:
            statistic, position = _MEANS[name]
            return self._once(name, _read(statistic), lambda at: self._mean(statistic, at)[:, position], columns)
        feature = FEATURES[name]
        return self._once(name, feature.reads, lambda at: feature.compute(at, self._vocabularies), columns)

    def _mean(self, statistic: Statistic, columns: CodedColumns) -> FloatArray:
        return self._once(statistic, _read(statistic), lambda at: self._computed(statistic, at), columns)

    def _once(
        self,
        what: Hashable,
        reads: tuple[str, ...],
        compute: Callable[[CodedColumns], FloatArray],
        columns: CodedColumns,
    ) -> FloatArray:
        return columns.remembered((self, what), reads, compute, self._trailing.edition)

    def _computed(self, statistic: Statistic, columns: CodedColumns) -> FloatArray:
        towards = None if statistic.shrink_to is None else self._mean(_BY_NAME[statistic.shrink_to], columns)
        sums = self._trailing.as_of_now(columns, [statistic])[statistic.name]
        heard_at = np.array([self._trailing.last_heard_at(statistic.measure)])
        return mean_of(statistic, sums, towards, heard_at, self._trailing.landmark)


@cache
def _read(statistic: Statistic) -> tuple[str, ...]:
    """The columns that a trailing mean follows from: its key, and what it shrinks to."""
    towards = () if statistic.shrink_to is None else _read(_BY_NAME[statistic.shrink_to])
    return tuple({*statistic.key, *towards})
