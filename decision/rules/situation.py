"""What rules look at: one order, its candidates, an instant, and the predictions once they are made."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from decision.calendars.dispatch import local_clocks
from decision.candidates.candidates import Candidates
from decision.candidates.scores import Scores
from decision.network import Network
from decision.order import Order


@dataclass(frozen=True)
class Situation:
    """What rules look at. ``scores`` are there once predictions are."""

    order: Order
    network: Network
    candidates: Candidates
    now: datetime
    atp: NDArray[np.float64]
    scores: Scores | None = None

    @cached_property
    def clocks(self) -> list[tuple[datetime, NDArray[np.intp]]]:
        """Local time, and the rows of the candidates whose locations have it; one item per time zone."""
        return list(local_clocks(self.network, self.candidates.location, self.now))
