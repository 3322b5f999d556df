"""Handover and then transit: the distribution of both together."""

import numpy as np
import pytest

from prediction.hours import one_after_the_other


def test_the_hours_of_both_are_added() -> None:
    centre, _ = one_after_the_other((np.log([20.0, 1.0]), np.ones(2)), (np.log([100.0, 100.0]), np.ones(2)))
    assert np.exp(centre) == pytest.approx([120.0, 101.0])


def test_the_spread_is_that_of_the_sum() -> None:
    """As drawn: the longer part decides, and two equal parts balance each other somewhat."""
    random = np.random.default_rng(1)
    hours, spreads = np.array([[50.0, 50.0], [2.0, 100.0], [100.0, 2.0]]), np.array([0.1, 0.2])
    drawn = np.log(np.exp(np.log(hours) + spreads * random.standard_normal((20_000, 3, 2))).sum(axis=2)).std(axis=0)
    logs = np.log(hours)
    _, spread = one_after_the_other(
        (logs[:, 0], np.broadcast_to(spreads[0], 3)), (logs[:, 1], np.broadcast_to(spreads[1], 3))
    )
    assert spread == pytest.approx(drawn, rel=0.05)
