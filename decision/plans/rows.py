"""Constraints of a model in the making, as HiGHS takes them."""

from collections.abc import Iterable

import highspy
import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Floats, Ints


class Rows:
    """Constraints in the making: ``lower`` ≤ Σ values · columns ≤ ``upper``."""

    def __init__(self) -> None:
        self.sizes, self.indices, self.values = list[NDArray[np.intp]](), list[Ints](), list[Floats]()
        self.lower, self.upper = list[Floats](), list[Floats]()

    def add(self, indices: Iterable[int], values: Iterable[float], lower: float, upper: float) -> None:
        """Add one row."""
        columns = np.fromiter(indices, np.int64)
        self._append(np.array([len(columns)]), columns, np.fromiter(values, float), lower, upper)

    def add_pairs(
        self, columns: tuple[Ints, Ints], values: tuple[Floats | float, Floats | float], lower: float, upper: float
    ) -> None:
        """Add rows of two columns each."""
        count = len(columns[0])
        weights = np.stack([np.broadcast_to(value, (count,)) for value in values], axis=1).ravel()
        self._append(np.full(count, 2), np.stack(columns, axis=1).ravel(), weights, lower, upper)

    def _append(self, sizes: NDArray[np.intp], columns: Ints, values: Floats, lower: float, upper: float) -> None:
        self.sizes.append(sizes)
        self.indices.append(columns)
        self.values.append(values)
        self.lower.append(np.full(len(sizes), lower))
        self.upper.append(np.full(len(sizes), upper))

    def give_to(self, lp: highspy.HighsLp) -> None:
        """Write the rows into ``lp``."""
        sizes = np.concatenate(self.sizes)
        lp.num_row_ = len(sizes)
        lp.row_lower_, lp.row_upper_ = np.concatenate(self.lower), np.concatenate(self.upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(sizes)])
        lp.a_matrix_.index_ = np.concatenate(self.indices)
        lp.a_matrix_.value_ = np.concatenate(self.values)
