"""Scoring only the shipments that matter gives the plans that scoring everything gives, and asks for fewer rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.money import IMPOSSIBLE
from decision.plans.k_best import best_plans
from decision.plans.problem import Problem
from tests.property.test_plans_oracle import digits

Table = np.ndarray[Any, Any]


def instance(rng: np.random.Generator) -> tuple[Problem, Table]:
    """Return a random problem in which portions of one block are scored, and the true money of every shipment.

    What is not scored shows what the dearest of its portions costs; in truth it is more, by a little or by much.
    """
    blocks, count = int(rng.integers(1, 6)), int(rng.integers(1, 200))
    radices = tuple(int(radix) for radix in np.where(rng.random(blocks) < 0.8, 2, rng.integers(3, 5, blocks)))
    size = int(np.prod(radices))
    base, unit = rng.integers(1, 5 * 10**9, count), rng.integers(1, 2 * 10**9, (blocks, count))
    grain = int(rng.choice([1, 10**9]))  # coarse money makes ties
    money = np.empty((size, count), np.int64)
    for load in range(size):
        money[load] = (base + (np.array(digits(radices, load))[:, None] * unit).max(axis=0)) // grain * grain
    scored = np.array([sum(digit > 0 for digit in digits(radices, load)) <= 1 for load in range(size)])
    more = rng.integers(0, int(rng.choice([2, 10, 5 * 10**9])), (size, count)) // grain * grain
    true = money + np.where(scored[:, None], 0, more)
    feasible = rng.random((size, count)) < rng.uniform(0.1, 0.9)
    feasible[0] = False
    left_out = np.where(scored, rng.integers(1, 10**10, size), IMPOSSIBLE)
    left_out[0] = IMPOSSIBLE
    pair = rng.integers(0, count, 2).tolist()

    def fits(shipments: tuple[tuple[int, int], ...]) -> bool:
        return pair[0] == pair[1] or not set(pair) <= {candidate for _, candidate in shipments}

    return Problem(
        radices,
        np.arange(count),
        feasible,
        money,
        np.repeat(scored[:, None], count, axis=1),
        lambda loads, candidates: true[loads, candidates],
        int(rng.integers(1, 5)) if rng.random() < 0.4 else None,
        left_out if rng.random() < 0.4 else None,
        fits if rng.random() < 0.5 else None,
    ), true


def check(seed: int) -> tuple[int, int]:
    """Compare both ways on one instance; return the rows that each asks for."""
    rng = np.random.default_rng(seed)
    problem, true = instance(rng)
    count = int(rng.integers(1, 8))
    asked: list[tuple[int, int]] = []

    def score(loads: Any, candidates: Any) -> Table:
        asked.extend(zip(loads.tolist(), candidates.tolist(), strict=True))
        return np.asarray(true[loads, candidates])

    everything = replace(problem, money=true, scored=np.ones_like(problem.scored))
    unknown = problem.feasible & ~problem.scored
    lazily = best_plans(replace(problem, money=problem.money.copy(), scored=problem.scored.copy(), score=score), count)
    assert lazily == best_plans(everything, count)
    assert len(set(asked)) == len(asked)
    assert all(unknown[row] for row in asked)
    return len(asked), int(unknown.sum())


@given(st.integers(0, 10**9))
@settings(max_examples=100)
def test_equals_scoring_everything_up_front(seed: int) -> None:
    check(seed)


@pytest.mark.slow
def test_equals_scoring_everything_up_front_on_two_thousand_instances_with_fewer_rows() -> None:
    rows = np.array([check(seed) for seed in range(2_000)])
    lazily, everything = rows.sum(axis=0)
    assert lazily < everything / 2
