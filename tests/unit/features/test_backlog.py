"""What a location has in hand."""

import numpy as np
from numpy.typing import NDArray

from features.backlog import FORGOTTEN_AFTER_SECONDS, backlog_as_of, closed_at


def counted(
    location_ids: NDArray[np.object_], decided_at: NDArray[np.float64], left_at: NDArray[np.float64]
) -> list[int]:
    """The same, attempt by attempt."""
    return [
        sum(
            other == location and came < instant <= left
            for other, came, left in zip(location_ids, decided_at, left_at, strict=True)
        )
        for location, instant in zip(location_ids, decided_at, strict=True)
    ]


def test_the_backlog_is_what_one_would_count() -> None:
    """Many attempts at few locations, with equal instants among them."""
    generator = np.random.default_rng(3)
    locations = generator.choice(np.array(["S1", "S2", "W1"], dtype=object), 300)
    decided_at = np.sort(generator.integers(0, 100, 300)).astype(float)
    left_at = decided_at + generator.integers(0, 30, 300).astype(float)
    assert backlog_as_of(locations, decided_at, left_at).tolist() == counted(locations, decided_at, left_at)


def test_attempts_of_one_instant_do_not_see_each_other() -> None:
    """They were decided together; one that leaves at an instant is still in hand just before it."""
    backlog = backlog_as_of(np.full(3, "S1", dtype=object), np.array([5.0, 5.0, 9.0]), np.array([9.0, 8.0, 20.0]))
    assert backlog.tolist() == [0, 0, 1]


def test_no_attempts_have_no_backlog() -> None:
    """An empty history is no error."""
    assert backlog_as_of(np.array([], dtype=object), np.zeros(0), np.zeros(0)).shape == (0,)


def test_an_attempt_leaves_when_it_is_ready_or_ends_or_is_forgotten() -> None:
    """Whichever comes first; NaN is unknown."""
    nan = float("nan")
    left = closed_at(np.zeros(4), np.array([5.0, nan, nan, 7.0]), np.array([9.0, 8.0, nan, 3.0]))
    assert left.tolist() == [5.0, 8.0, FORGOTTEN_AFTER_SECONDS, 3.0]
