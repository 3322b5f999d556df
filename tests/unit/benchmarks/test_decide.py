"""Timing decisions: the networks and orders are what they are said to be, and every phase is told."""

from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.decide import PHASES, time_decisions
from benchmarks.retailer import Retailer, network_of, orders_of
from data.dataset import Dataset
from decision.candidates.candidates import find_candidates
from prediction.bundle import Bundle
from training.trained import Trained

NOW = datetime(2025, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def small(retailer: Dataset, bundle: Bundle, trained: Trained) -> Retailer:
    return Retailer(retailer, bundle, trained.boosters, NOW)


@pytest.mark.parametrize("candidates", [1, 2, 10])
def test_a_network_has_as_many_candidates_as_asked_and_each_has_every_line(small: Retailer, candidates: int) -> None:
    rng = np.random.default_rng(1)
    network = network_of(small, candidates, rng)
    for order in orders_of(small, 3, 2, rng):
        found = find_candidates(order, network)
        assert len(found) == candidates
        assert (found.free >= 2).all()


def test_more_candidates_than_the_retailer_has_are_refused(small: Retailer) -> None:
    with pytest.raises(ValueError, match="do not make 1000 candidates"):
        network_of(small, 1000, np.random.default_rng(1))


def test_the_phases_make_up_the_whole_beside_bare_inference(small: Retailer) -> None:
    rng = np.random.default_rng(1)
    timing = time_decisions(small, network_of(small, 10, rng), orders_of(small, 1, 2, rng))
    assert tuple(timing.phases) == PHASES
    assert timing.whole == pytest.approx(sum(timing.phases.values()))
    assert timing.bare > 0
