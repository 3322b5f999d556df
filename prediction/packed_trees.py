"""LightGBM's trees as arrays of leaf masks, for `prediction.leaf_masks`. Needs Numba (extra ``speed``)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray
from prediction.leaf_masks import LEAVES, slot_of, sum_leaves

#: LightGBM's bits of a split's ``decision_type``.
_DEFAULT_LEFT: Final = 2
_MISSING_SHIFT: Final = 2
#: What a split takes for missing, so encoded: nothing (NaN is 0), 0 and NaN, NaN.
_NOTHING, _ZERO = 0, 1
#: LightGBM's 0 (``kZeroThreshold``, a 32-bit float).
_ZERO_BELOW: Final = float(np.float32(1e-35))


@dataclass(frozen=True, eq=False)
class PackedTrees:
    """Trees of at most `LEAVES` leaves, split by numbers. Implements `prediction.trees.Trees`.

    A *column* is a feature with one meaning of "missing"; ``feature``, ``missing`` (columns,). Splits of all trees one
    after the other: ``column``, ``threshold``, ``default_left``, masks ``left`` and ``right`` of the leaves on either
    side (splits,); those of tree *t* are from ``first[t]`` on (trees + 1,). ``values`` (trees, `LEAVES`): of its
    leaves, by `slot_of`.
    """

    features: int
    feature: NDArray[np.intp]
    missing: NDArray[np.intp]
    column: NDArray[np.intp]
    threshold: FloatArray
    default_left: NDArray[np.bool_]
    left: NDArray[np.uint64]
    right: NDArray[np.uint64]
    first: NDArray[np.intp]
    values: FloatArray

    def sums(self, rows: FloatArray) -> FloatArray:
        """See `prediction.trees.Trees.sums`. Raises ``ValueError`` when ``rows`` has not the model's features."""
        if rows.shape[1:] != (self.features,):
            raise ValueError(f"the trees take rows of {self.features} features, not of shape {rows.shape}")
        splits = (self.column, self.threshold, self.default_left, self.left, self.right, self.first)
        return np.asarray(sum_leaves(self._columns(rows), *splits, self.values))

    def _columns(self, rows: FloatArray) -> FloatArray:
        """Each column's numbers, NaN where missing; shape (columns, rows)."""
        columns = np.take(rows.T, self.feature, axis=0)
        for column in np.flatnonzero(self.missing == _NOTHING):
            columns[column, np.isnan(columns[column])] = 0.0
        for column in np.flatnonzero(self.missing == _ZERO):
            columns[column, np.abs(columns[column]) <= _ZERO_BELOW] = np.nan
        return columns


@dataclass(frozen=True)
class _Split:
    column: tuple[int, int]
    threshold: float
    default_left: bool
    left: int
    right: int


def packed_trees(model: str) -> PackedTrees | None:
    """Pack the trees of LightGBM's text ``model``.

    ``None`` for what leaf masks cannot hold: more than `LEAVES` leaves, categorical splits, linear leaves, several
    classes, averaged trees.
    """
    head, *trees = model.split("\nTree=")
    header = _fields(head)
    several = header["num_tree_per_iteration"] != "1" or "average_output" in head.splitlines()
    described = [_fields(tree) for tree in trees]
    if several or not all(_fits(tree) for tree in described):
        return None
    splits, first, values = [], [0], np.zeros((len(trees), LEAVES))
    for tree, row in zip(described, values, strict=True):
        leaves = np.array(tree["leaf_value"].split(), dtype=np.float64)
        order, of_tree = _splits(tree)
        row[[slot_of(position) for position in range(len(order))]] = leaves[order]
        splits += of_tree
        first.append(len(splits))
    columns = sorted({split.column for split in splits})
    position = {column: at for at, column in enumerate(columns)}
    return PackedTrees(
        features=int(header["max_feature_idx"]) + 1,
        feature=np.array([feature for feature, _ in columns], dtype=np.intp),
        missing=np.array([missing for _, missing in columns], dtype=np.intp),
        column=np.array([position[split.column] for split in splits], dtype=np.intp),
        threshold=np.array([split.threshold for split in splits], dtype=np.float64),
        default_left=np.array([split.default_left for split in splits], dtype=bool),
        left=np.array([split.left for split in splits], dtype=np.uint64),
        right=np.array([split.right for split in splits], dtype=np.uint64),
        first=np.array(first, dtype=np.intp),
        values=values,
    )


def _fields(text: str) -> dict[str, str]:
    return {name: value for name, is_field, value in (line.partition("=") for line in text.splitlines()) if is_field}


def _fits(tree: dict[str, str]) -> bool:
    return int(tree["num_leaves"]) <= LEAVES and tree["num_cat"] == "0" and tree["is_linear"] == "0"


def _splits(tree: dict[str, str]) -> tuple[list[int], list[_Split]]:
    """The tree's leaves from left to right, and its splits from the root down."""
    features, kinds = (_integers(tree[name]) for name in ("split_feature", "decision_type"))
    thresholds = [_beside_zero(float(number)) for number in tree["threshold"].split()]
    children = list(zip(_integers(tree["left_child"]), _integers(tree["right_child"]), strict=True))
    order: list[int] = []
    masks: dict[int, tuple[int, int]] = {}

    def leaves_below(child: int) -> int:
        # LightGBM counts splits from 0 up and leaves from -1 down.
        if child < 0:
            order.append(~child)
            return 1 << (len(order) - 1)
        left, right = children[child]
        masks[child] = leaves_below(left), leaves_below(right)
        return sum(masks[child])

    leaves_below(0 if children else -1)
    return order, [
        _Split((feature, kind >> _MISSING_SHIFT & 3), threshold, bool(kind & _DEFAULT_LEFT), *masks[split])
        for split, (feature, kind, threshold) in enumerate(zip(features, kinds, thresholds, strict=True))
    ]


def _beside_zero(threshold: float) -> float:
    """The threshold for numbers as they are: LightGBM takes those within `_ZERO_BELOW` of 0 for 0."""
    if abs(threshold) > _ZERO_BELOW:
        return threshold
    return _ZERO_BELOW if threshold >= 0 else float(np.nextafter(-_ZERO_BELOW, -np.inf))


def _integers(text: str) -> Iterator[int]:
    return map(int, text.split())
