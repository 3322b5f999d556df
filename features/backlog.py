"""How much a location has on its hands: attempts decided for it that are neither ready nor failed."""

import numpy as np
from numpy.typing import NDArray

from features.facts import TextColumn
from features.trailing import DAY_SECONDS

#: An attempt that nothing was heard of for so long keeps nobody busy any more.
FORGOTTEN_AFTER_SECONDS = 30 * DAY_SECONDS


def closed_at(
    decided_at: NDArray[np.float64], ready_at: NDArray[np.float64], ended_at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """When each attempt left its location's hands, seconds: ready, ended otherwise, or forgotten. NaN is unknown."""
    return np.fmin(np.fmin(ready_at, ended_at), decided_at + FORGOTTEN_AFTER_SECONDS)


def backlog_as_of(
    location_ids: TextColumn, decided_at: NDArray[np.float64], left_at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Attempts in hand at the location of each attempt just before it was decided; shape (attempts,).

    An attempt counts from after its decision until before it left (``left_at``, see `closed_at`).
    """
    _, codes = np.unique(location_ids.astype(str), return_inverse=True)
    backlog = np.zeros(len(decided_at))
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(codes.max() + 2 if len(codes) else 1))
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = order[start:end]
        came = np.searchsorted(np.sort(decided_at[rows]), decided_at[rows], side="left")
        left = np.searchsorted(np.sort(left_at[rows]), decided_at[rows], side="left")
        backlog[rows] = came - left
    return backlog
