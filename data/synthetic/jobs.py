"""What is still to be sent of each order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data.synthetic.demand import Orders
from data.synthetic.policy import Candidates, Destinations

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(slots=True)
class Job:
    """What is still to be sent of one order: its lines, its candidates and the locations that have failed it."""

    order: int
    method: int
    place: int
    latitude: float
    longitude: float
    collect: int
    line: Sequence[int]
    sku: Sequence[int]
    quantity: Sequence[int]
    location: IntArray
    service: IntArray
    score: FloatArray
    attempts: int = 0
    failed: frozenset[int] = frozenset()


def jobs_of(
    orders: Orders, methods: IntArray, candidates: Candidates, to: Destinations, first_order: int
) -> list[tuple[float, Job]]:
    """The jobs of a day's orders with the hours at which they are decided, in that order."""
    sku, quantity = tuple(orders.sku.tolist()), tuple(orders.quantity.tolist())
    of_order = zip(
        *(methods.tolist(), to.place.tolist(), to.latitude.tolist(), to.longitude.tolist(), to.collect.tolist()),
        *(pairwise(orders.first_line.tolist()), pairwise(candidates.first.tolist())),
        strict=True,
    )
    jobs = [
        Job(
            order,
            *(method, place, latitude, longitude, collect),
            line=tuple(range(stop - start)),
            sku=sku[start:stop],
            quantity=quantity[start:stop],
            # Copies: a view would keep the whole day in memory for as long as one attempt is under way.
            location=candidates.location[first:end].copy(),
            service=candidates.service[first:end].copy(),
            score=candidates.score[first:end].copy(),
        )
        for order, (method, place, latitude, longitude, collect, (start, stop), (first, end)) in enumerate(
            of_order, first_order
        )
    ]
    return list(zip(orders.decided.tolist(), jobs, strict=True))
