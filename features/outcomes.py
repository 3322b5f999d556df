"""What an attempt teaches once it is known how it went: one definition for a past attempt and for one in service.

Arrays have one row per attempt, or one per line of one; instants are seconds since 1970, NaN where there is none.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.calendar import HOUR_SECONDS
from features.facts import Columns, FloatArray
from features.places import PLACES
from features.statistics import STATISTICS
from features.tariff import log_tariff
from features.trailing import Observations

#: Durations are compared by their logarithm; shorter ones than this are taken as this.
SHORTEST_HOURS = 0.1
#: One shipment that was given away, or billed for another's size, says no more than this about the next (log of money).
MOST_MISSED: Final = 1.0
#: The measures of which each attempt with a known cost has one.
OF_COSTS: Final = ("cost_excess", "cost_waived")
#: The facts that keys of statistics are made of: whoever keeps an observation keeps these of it.
KEY_FACTS: Final = tuple(
    sorted(
        {source for place in PLACES.values() for source in place.sources}
        | {part for statistic in STATISTICS for part in statistic.key if part not in PLACES}
    )
)


def log_hours(start: FloatArray, end: FloatArray) -> FloatArray:
    """Logarithm of the hours between instants in seconds; no duration is shorter than `SHORTEST_HOURS`."""
    return np.log(np.maximum((end - start) / HOUR_SECONDS, SHORTEST_HOURS))


def of_attempts(
    decided_at: FloatArray,
    ready_at: FloatArray,
    delivered_at: FloatArray,
    *,
    cost: FloatArray,
    weight: FloatArray,
    columns: Columns,
) -> dict[str, Observations]:
    """The hours and costs of attempts, by measure (`features.statistics.MEASURES`); ``cost`` in money."""
    excess = np.log1p(cost) - log_tariff(columns)

    def hours(start: FloatArray, end: FloatArray) -> Observations:
        return in_order(end, log_hours(start, end), weight, columns)

    return {
        "ready_log_hours": hours(decided_at, ready_at),
        "transit_log_hours": hours(ready_at, delivered_at),
        "delivery_log_hours": hours(decided_at, delivered_at),
        "cost_excess": in_order(decided_at, np.where(cost > 0, excess, np.nan), weight, columns),
        "cost_waived": in_order(decided_at, np.where(cost == 0, excess, np.nan), weight, columns),
    }


def missed(excess: FloatArray, expected: FloatArray) -> FloatArray:
    """What was missed of costs (measure ``cost_missed``): their ``excess`` over the tariff beyond what was expected."""
    return np.clip(excess - expected, -MOST_MISSED, MOST_MISSED)


def failures(
    failed: NDArray[np.bool_],
    failed_at: FloatArray,
    supplied_at: FloatArray,
    *,
    picked: FloatArray,
    units: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Whether each line was not supplied, and when that was known; NaN where it never was.

    ``failed``: the attempt of the line, which was known ``failed_at``; ``supplied_at``: when the attempt had visibly
    supplied something. ``picked`` of the ``units`` were found, NaN where nobody counted.
    """
    supplied = ~np.isnan(supplied_at)
    failure = np.where(failed, 1.0, np.where(supplied, 0.0, np.nan))
    failure = np.where(~np.isnan(picked) & (failed | supplied), picked < units, failure)
    return failure, np.where(np.isnan(failure), np.nan, np.where(failed, failed_at, supplied_at))


def in_order(known_at: FloatArray, value: FloatArray, weight: FloatArray, columns: Columns) -> Observations:
    """The observations that were ever made, in the order in which they became known."""
    made = np.flatnonzero(~np.isnan(known_at) & ~np.isnan(value))
    order = made[np.argsort(known_at[made], kind="stable")]
    return Observations(
        known_at[order], value[order], weight[order], {name: column[order] for name, column in columns.items()}
    )
