"""Plans are the best there are: on small instances the ranking equals trying everything."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.money import IMPOSSIBLE
from decision.plans import Plan, Problem, best_plans


def instance(seed: int, coarse: bool) -> tuple[Problem, np.ndarray[Any, Any], int]:
    """Return a random problem whose costs grow with the set, its true values, and how many plans to ask for."""
    rng = np.random.default_rng(seed)
    lines, count = int(rng.integers(1, 7)), int(rng.integers(1, 9 if seed % 3 else 17))
    single = rng.integers(1, 4, (lines, count)) * 10**9 if coarse else rng.integers(1, 10**10, (lines, count))
    other = rng.integers(-3, 3, count) * 10**8
    usable = rng.random((lines, count)) < rng.uniform(0.3, 1.0)
    bound = np.full((1 << lines, count), IMPOSSIBLE, np.int64)
    true = bound.copy()
    for mask in range(1, 1 << lines):
        members = [line for line in range(lines) if mask >> line & 1]
        rows = np.flatnonzero(usable[members].all(axis=0))
        bound[mask, rows] = single[members][:, rows].max(axis=0) + other[rows]
        dearer = single[members][:, rows].sum(axis=0) - single[members][:, rows].max(axis=0)
        true[mask, rows] = bound[mask, rows] + (dearer * rng.choice([0.0, 0.5, 1.0])).astype(np.int64)
    scored = np.bitwise_count(np.arange(1 << lines))[:, None].repeat(count, axis=1) <= 1
    limit = int(rng.integers(1, lines + 1)) if rng.random() < 0.5 else None
    left_out = int(rng.integers(1, 10)) * 10**9 if rng.random() < 0.4 else IMPOSSIBLE
    problem = Problem(lines, bound < IMPOSSIBLE, bound, scored, lambda sets, rows: true[sets, rows], limit, left_out)
    return problem, true, int(rng.integers(1, 8))


def everything(problem: Problem, true: np.ndarray[Any, Any]) -> list[Plan]:
    """Return all plans, ordered as `decision.plans` says: total, parcels, sum of positions, shipments."""
    count = true.shape[1]
    choices = [*range(count), *([-1] if problem.left_out < IMPOSSIBLE else [])]
    ranked = []
    for assignment in itertools.product(choices, repeat=problem.lines):
        sets: dict[int, int] = {}
        for line, candidate in enumerate(assignment):
            sets[candidate] = sets.get(candidate, 0) | 1 << line
        left_out = sets.pop(-1, 0)
        shipments = sorted(((mask, candidate) for candidate, mask in sets.items()), key=lambda s: s[0] & -s[0])
        if not shipments or any(true[s] >= IMPOSSIBLE for s in shipments):
            continue
        if problem.max_parcels is not None and len(shipments) > problem.max_parcels:
            continue
        total = sum(int(true[s]) for s in shipments) + (left_out.bit_count() * problem.left_out if left_out else 0)
        key = (total, len(shipments), sum(candidate for _, candidate in shipments), tuple(shipments), left_out)
        ranked.append((key, Plan(total, tuple(shipments), left_out)))
    return [plan for _, plan in sorted(ranked, key=lambda pair: pair[0])]


def check(seed: int, coarse: bool) -> None:
    """Compare one instance."""
    problem, true, count = instance(seed, coarse)
    if (true.shape[1] + 1) ** problem.lines > 20_000:
        return
    assert best_plans(problem, count) == everything(problem, true)[:count]


@given(st.integers(0, 10**9), st.booleans())
@settings(max_examples=150, deadline=None)
def test_ranking_equals_trying_everything(seed: int, coarse: bool) -> None:
    check(seed, coarse)


@pytest.mark.slow
@given(st.integers(0, 10**9), st.booleans())
@settings(max_examples=5_000, deadline=None)
def test_ranking_equals_trying_everything_five_thousand_times(seed: int, coarse: bool) -> None:
    check(seed, coarse)
