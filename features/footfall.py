"""How crowded a store is: visitors of the last full hour against what is usual for that hour of its week."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from features.calendar import HOUR_SECONDS, local_hour_of_week
from features.coded import factorised
from features.facts import TextColumn
from features.statistics import USUAL_VISITORS
from features.trailing import Observations, means, sums_as_of


def observed_visitors(
    location_ids: TextColumn, zones: TextColumn, hours: NDArray[np.float64], visitors: NDArray[np.float64]
) -> Observations:
    """Counts as observations of the measure ``visitors``, in the order in which they became known.

    ``hours`` are the starts of the counted hours, seconds since 1970 UTC.
    """
    order = np.argsort(hours, kind="stable")
    columns: Mapping[str, TextColumn] = {
        "location_id": location_ids[order],
        "hour_of_week": hour_of_week_key(hours[order], zones[order]),
    }
    return Observations(hours[order] + HOUR_SECONDS, visitors[order], np.ones(len(hours)), columns)


def hour_of_week_key(hours: NDArray[np.float64], zones: TextColumn) -> TextColumn:
    """The local hour of the week as a key: ``"0"`` on Monday at midnight to ``"167"``."""
    return np.array([str(int(hour)) for hour in local_hour_of_week(hours, factorised(zones))], dtype=object)


def footfall_ratios(observed: Observations, landmark: float) -> NDArray[np.float64]:
    """Each count ÷ the usual of that store and hour of the week as of then; NaN where none was counted before."""
    keys = USUAL_VISITORS.keys(observed.columns)
    sums = sums_as_of(USUAL_VISITORS, observed, keys, observed.known_at, landmark)
    (usual,) = means([USUAL_VISITORS], {USUAL_VISITORS.name: sums}, {}, landmark).values()
    return np.asarray(np.divide(observed.value, usual, out=np.full(len(usual), np.nan), where=usual > 0))
