"""Plans are the best there are: on small instances the ranking equals trying everything."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.money import IMPOSSIBLE
from decision.plans.k_best import best_plans
from decision.plans.problem import Plan, Problem

Table = np.ndarray[Any, Any]


def digits(radices: tuple[int, ...], load: int) -> list[int]:
    """Return the digits of a load."""
    found = []
    for radix in radices:
        load, digit = divmod(load, radix)
        found.append(digit)
    return found


def instance(seed: int, coarse: bool) -> tuple[Problem, Table, int]:
    """Return a random problem, its true values (never below what it shows), and how many plans to ask for."""
    rng = np.random.default_rng(seed)
    blocks = int(rng.integers(1, 6))
    radices = tuple(int(radix) for radix in np.where(rng.random(blocks) < 0.7, 2, rng.integers(3, 6, blocks)))
    count, size = int(rng.integers(1, 7)), int(np.prod(radices))
    bound = rng.integers(1, 4, (size, count)) * 10**9 if coarse else rng.integers(1, 10**10, (size, count))
    feasible = rng.random((size, count)) < rng.uniform(0.2, 0.7)
    feasible[0] = False
    true = np.where(feasible, bound + rng.integers(0, 3, (size, count)) * 10**9, IMPOSSIBLE)
    scored = rng.random((size, count)) < 0.3
    bound = np.where(scored, true, bound)
    limit = int(rng.integers(1, 5)) if rng.random() < 0.5 else None
    left_out = np.full(size, IMPOSSIBLE)
    for load in range(1, size):
        if sum(digit > 0 for digit in digits(radices, load)) == 1:
            left_out[load] = int(rng.integers(1, 10)) * 10**9
    clash = rng.integers(0, count, 2)

    def fits(shipments: tuple[tuple[int, int], ...]) -> bool:
        sent_by = [candidate for _, candidate in shipments]
        return not (clash[0] != clash[1] and all(one in sent_by for one in clash))

    position = np.sort(rng.choice(50, count, replace=False)) if coarse else np.arange(count)
    problem = Problem(
        radices,
        position,
        feasible,
        bound,
        scored,
        lambda loads, rows: true[loads, rows],
        limit,
        left_out if rng.random() < 0.4 else None,
        fits if rng.random() < 0.5 else None,
    )
    return problem, true, int(rng.integers(1, 8))


def everything(problem: Problem, true: Table) -> list[Plan] | None:
    """Return all plans in the order that `decision.plans.k_best` tells; ``None`` if they are too many to try."""
    per_candidate = [[0, *np.flatnonzero(problem.feasible[:, c]).tolist()] for c in range(true.shape[1])]
    if np.prod([float(len(loads)) for loads in per_candidate]) > 2_500:
        return None
    full = [radix - 1 for radix in problem.radices]
    ranked = []
    for sent in itertools.product(*per_candidate):
        units = np.array([digits(problem.radices, load) for load in sent])
        left = full - units.sum(axis=0)
        shipments = tuple(sorted(_shipments(problem.radices, sent)))
        if (left < 0).any() or not shipments or (left.any() and problem.left_out is None):
            continue
        if problem.max_parcels is not None and len(shipments) > problem.max_parcels:
            continue
        told = tuple((load, candidate) for _, candidate, load in shipments)
        if problem.fits is not None and not problem.fits(told):
            continue
        places = [int(np.prod(problem.radices[:block])) for block in range(len(full))]
        dropped = [int(digit) * place for digit, place in zip(left, places, strict=True)]
        total = sum(int(true[s]) for s in told)
        total += sum(int(problem.left_out[load]) for load in dropped if load) if problem.left_out is not None else 0
        positions = sum(int(problem.position[candidate]) for _, candidate in told)
        ranked.append(((total, len(told), positions, told), Plan(total, told, sum(dropped))))
    return [plan for _, plan in sorted(ranked, key=lambda pair: pair[0])]


def _shipments(radices: tuple[int, ...], sent: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """Yield (lowest block, candidate, load) of what each candidate sends."""
    for candidate, load in enumerate(sent):
        if load:
            yield next(block for block, digit in enumerate(digits(radices, load)) if digit), candidate, load


def check(seed: int, coarse: bool) -> None:
    """Compare one instance."""
    problem, true, count = instance(seed, coarse)
    expected = everything(problem, true)
    if expected is not None:
        best = expected[0].total if expected else 10**9
        for below in (best, best + 1):  # first, since a search keeps what it was told
            assert best_plans(problem, 1, below) == [plan for plan in expected[:1] if plan.total < below]
        assert best_plans(problem, count) == expected[:count]


@given(st.integers(0, 10**9), st.booleans())
@settings(max_examples=1_000)
def test_ranking_equals_trying_everything(seed: int, coarse: bool) -> None:
    check(seed, coarse)


@pytest.mark.reliability
@given(st.integers(0, 10**9), st.booleans())
@settings(max_examples=5_000)
def test_ranking_equals_trying_everything_five_thousand_times(seed: int, coarse: bool) -> None:
    check(seed, coarse)
