"""What is planned: the loads that candidates may send and their money; and what comes of it, a plan."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Ints
from decision.plans.completion import Radices

#: A load and the position of the candidate that sends it.
Shipped: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """Shipments, each a load and a candidate, and the load that is left out. ``total`` in billionths.

    ``limited``: found where parcels were counted; otherwise no plan is better, with however many parcels.
    """

    total: int
    shipments: tuple[Shipped, ...]
    left_out: int = 0
    limited: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Problem:
    """What to plan, for C candidates and the N loads of blocks with these ``radices`` (`decision.candidates.loads`).

    ``position`` (C,): where candidates stand in the network, ascending; ``feasible`` (N, C): which loads each may and
    can send; ``money`` (N, C) in billionths: what that costs; ``scored`` (N, C): where the money is exact and not a
    lower bound. ``score(loads, candidates)`` returns the exact money of shipments; ``money`` and ``scored`` are updated
    with what it says, and may be shared. ``left_out`` (N,): billionths for leaving out units of one block, `IMPOSSIBLE`
    for all other loads; ``None`` where nothing may be left out. ``fits(shipments)`` refuses combinations for what they
    share; one that it refuses, it refuses with more shipments too. ``None`` where nothing is shared.
    """

    radices: Radices
    position: Ints
    feasible: NDArray[np.bool_]
    money: Ints
    scored: NDArray[np.bool_]
    score: Callable[[Ints, NDArray[np.intp]], Ints]
    max_parcels: int | None = None
    left_out: Ints | None = None
    fits: Callable[[tuple[Shipped, ...]], bool] | None = None
