"""What a failed pick tells of the same sku elsewhere: its record may be wrong for a reason that others share.

Once locations did not find a sku for an order, the odds that another location of their type fails on it are higher by
a likelihood ratio for each of them (Bayes' rule in odds)::

    p / (1 − p)  →  ratioⁿ · p / (1 − p)

The ratio is P(not found elsewhere | fails here) ÷ P(not found elsewhere | does not fail here), given all that the
prediction knows already. It is at least 1: a failure never makes another location look safer.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import Candidates
from decision.candidates.loads import Contents
from decision.candidates.scores import Scores
from decision.network import Network
from decision.order import Order


def times_missed(order: Order, network: Network, candidates: Candidates) -> NDArray[np.int64]:
    """Return (L, C) how many locations of the candidate's type did not find the line's sku for this order."""
    times = np.zeros((len(order.lines), len(candidates)), np.int64)
    if not order.not_found:
        return times
    types = dict(zip(network.locations["location_id"], network.locations["location_type"], strict=True))
    of_candidates = network.locations["location_type"][candidates.location]
    for row, line in enumerate(order.lines):
        for sku, location_id in order.not_found:
            if sku == line.sku and location_id in types:
                times[row] += of_candidates == types[location_id]
    return times


def raised(probability: NDArray[np.float64], ratio: float, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return probabilities whose odds are ``ratio`` (at least 1) to the power of ``times`` (at least 0) as high."""
    odds = ratio ** times.astype(float)
    return odds * probability / (1 - probability + odds * probability)


def learnt(scores: Scores, ratio: float, times: NDArray[np.int64]) -> Scores:
    """Return ``scores`` that know what was not found elsewhere; ``times`` as of `times_missed`."""
    if ratio == 1 or not times.any():
        return scores

    def failure(which: NDArray[np.intp], held: Contents) -> NDArray[np.float64]:
        rows = (held.units[held.which] > 0).argmax(axis=1)  # units of one line each
        return raised(scores.failure(which, held), ratio, times[rows, which])

    return replace(scores, pick_failure=raised(scores.pick_failure, ratio, times), failure=failure)
