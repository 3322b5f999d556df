"""A model's trees at work, by the fastest way that is installed. All ways give the same bits."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray

if TYPE_CHECKING:
    import lightgbm


class Trees(Protocol):
    """The trees of one model."""

    def sums(self, rows: FloatArray) -> FloatArray:
        """Sum of the trees' values for each of ``rows`` (rows, features); shape (rows,).

        The values are added in the order of the trees, starting from 0, on the caller's thread.
        """


def fastest_trees(booster: "lightgbm.Booster") -> Trees:
    """The trees of ``booster``: packed where Numba is installed (extra ``speed``) and can take them, or as they are."""
    if find_spec("numba") is not None:
        # Importing it loads Numba, and compiles when that was never done.
        from prediction.packed_trees import packed_trees  # noqa: PLC0415 - an optional extra

        packed = packed_trees(booster.model_to_string())
        if packed is not None:
            return packed
    return BoosterTrees(booster)


class BoosterTrees:
    """Trees as LightGBM runs them."""

    def __init__(self, booster: "lightgbm.Booster") -> None:
        """Run ``booster``."""
        self._booster = booster

    def sums(self, rows: FloatArray) -> FloatArray:
        """See `Trees.sums`."""
        if not len(rows):
            return np.zeros(0)
        firsts, run = runs(rows)
        raw = self._booster.predict(rows[firsts], raw_score=True, num_threads=1)
        return np.asarray(raw, dtype=np.float64)[run]


def runs(rows: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first of each run of equal rows, and the run of each row.

    Candidates of one location follow one another and differ in their service: a model that does not see the service
    sees equal rows, which need be asked once. Rows are equal when their bits are.
    """
    bits = np.ascontiguousarray(rows).view(np.int64)
    starts_run = np.ones(len(rows), dtype=bool)
    starts_run[1:] = (bits[1:] != bits[:-1]).any(axis=1)
    return np.flatnonzero(starts_run), np.cumsum(starts_run) - 1
