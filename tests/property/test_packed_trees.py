"""Packed trees say to the bit what LightGBM's Booster says."""

from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from prediction.leaf_masks import LEAVES, slot_of
from prediction.packed_trees import packed_trees
from prediction.trees import BoosterTrees, fastest_trees

FloatArray = NDArray[np.float64]
FEATURES = 5
ODD = [0.0, -0.0, 1e-36, -1e-36, 1e-35, 1e300, -1e300, np.inf, -np.inf, np.nan]


def history(rng: np.random.Generator, rows: int, blanks: float) -> tuple[FloatArray, FloatArray]:
    """Features of several kinds (dense, few values, mostly zero, coded, constant), some missing; and a target."""
    features = np.stack(
        [
            rng.normal(0, 100, rows),
            rng.integers(0, 4, rows) / 3,
            np.where(rng.random(rows) < 0.7, 0.0, rng.normal(0, 1, rows)),
            rng.integers(0, 12, rows).astype(np.float64),
            np.full(rows, 7.0),
        ],
        axis=1,
    )
    target = np.sin(features[:, 0] / 50) + features[:, 1] * (features[:, 3] % 3) + rng.normal(0, 0.1, rows)
    features[rng.random(features.shape) < blanks] = np.nan
    return features, target


def grown(parameters: dict[str, Any], features: FloatArray, target: FloatArray, rounds: int, **named: Any) -> Any:
    parameters = {"verbose": -1, "min_data_in_leaf": 3, "seed": 1, "num_threads": 1, **parameters}
    return lightgbm.train(parameters, lightgbm.Dataset(features, target, **named), rounds)


def asked(rng: np.random.Generator, features: FloatArray, rows: int) -> FloatArray:
    """Rows like those of a request: some columns equal in long runs, odd numbers here and there."""
    found = features[rng.integers(0, len(features), rows)]
    for column in range(found.shape[1]):
        if rng.random() < 0.4:
            found[:, column] = np.repeat(found[:: max(rows // 3, 1), column], max(rows // 3, 1))[:rows]
    odd = rng.random(found.shape) < 0.03
    found[odd] = rng.choice(ODD, odd.sum())
    return found


@given(
    seed=st.integers(0, 2**32 - 1),
    leaves=st.integers(2, LEAVES),
    rounds=st.integers(1, 8),
    blanks=st.sampled_from([0.0, 0.02, 0.4]),
    missing=st.sampled_from([{}, {"zero_as_missing": True}, {"use_missing": False}]),
    # LightGBM takes no constraints with the last.
    objective=st.sampled_from(["regression", "huber", "regression_l1"]),
    increasing=st.booleans(),
    rows=st.sampled_from([0, 1, 7, 511, 512, 513, 1500]),
)
def test_packed_trees_sum_to_the_bits_of_the_booster(
    *,
    seed: int,
    leaves: int,
    rounds: int,
    blanks: float,
    missing: dict[str, bool],
    objective: str,
    increasing: bool,
    rows: int,
) -> None:
    rng = np.random.default_rng(seed)
    features, target = history(rng, 400, blanks)
    parameters = {"num_leaves": leaves, "objective": objective, **missing}
    if increasing and objective != "regression_l1":
        parameters["monotone_constraints"] = [1, 0, 0, 1, 0]
    booster = grown(parameters, features, target, rounds)
    packed = packed_trees(booster.model_to_string())
    assert packed is not None
    wanted = asked(rng, features, rows)
    # A number that is a threshold belongs on the left.
    for row, split in enumerate(rng.integers(0, len(packed.threshold), rows // 2) if len(packed.threshold) else []):
        wanted[row, packed.feature[packed.column[split]]] = packed.threshold[split]
    expected = booster.predict(wanted, raw_score=True, num_threads=1) if rows else np.zeros(0)
    assert packed.sums(wanted).tobytes() == expected.tobytes()
    assert packed.sums(np.asfortranarray(wanted)).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        pytest.param({"num_leaves": LEAVES + 1}, {}, id="more leaves than a word has bits"),
        pytest.param({"min_data_per_group": 1}, {"categorical_feature": [3]}, id="categories"),
        pytest.param({"linear_tree": True}, {}, id="linear leaves"),
        pytest.param({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, {}, id="averaged trees"),
    ],
)
def test_what_cannot_be_packed_is_left_to_the_booster(parameters: dict[str, Any], named: dict[str, Any]) -> None:
    features, target = history(np.random.default_rng(3), 2000, 0.02)
    booster = grown(parameters, features, target, 4, **named)
    assert packed_trees(booster.model_to_string()) is None
    trees = fastest_trees(booster)
    assert isinstance(trees, BoosterTrees)
    assert trees.sums(features).tobytes() == booster.predict(features, raw_score=True, num_threads=1).tobytes()


def test_rows_of_another_model_are_refused() -> None:
    features, target = history(np.random.default_rng(3), 200, 0.02)
    packed = packed_trees(grown({}, features, target, 2).model_to_string())
    assert packed is not None
    with pytest.raises(ValueError, match="5 features"):
        packed.sums(features[:, 1:])


def test_every_leaf_has_a_slot_of_its_own() -> None:
    assert sorted(slot_of(leaf) for leaf in range(LEAVES)) == list(range(LEAVES))
