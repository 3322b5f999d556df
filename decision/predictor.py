"""What a decision needs to be told about the future: the protocol that `prediction` implements."""

from collections.abc import Callable
from datetime import date
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.facts import Columns

FloatArray = NDArray[np.float64]
#: Takes the first of so many dates; of each row and date whether what is predicted already rests then, (rows, dates).
Rests: TypeAlias = Callable[[date, int], NDArray[np.bool_]]


class HoursDistribution(Protocol):
    """One distribution of hours per row, all from one table, so that no two answers contradict each other."""

    def take(self, rows: NDArray[np.intp]) -> "HoursDistribution":
        """Return the distributions at ``rows``, in that order; a row may come again."""

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level`` (0 < level < 1); shape (rows,)."""

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row; shape (rows,)."""

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row, in hours; shape (rows,)."""


class Predictor(Protocol):
    """Trained heads. Every method takes facts (`features.facts`), one row per thing to predict."""

    @property
    def version(self) -> str:
        """Name of the trained bundle, as ``name@version``."""

    def delivery_hours(self, facts: Columns) -> HoursDistribution:
        """Decision → delivered. One row per candidate, whose weight, value and lines are those of the order."""

    def ready_hours(self, facts: Columns) -> HoursDistribution:
        """Decision → handed to the carrier, or ready to collect. Rows as in `delivery_hours`."""

    def delivery_rests(self, facts: Columns, first: date, days: int) -> NDArray[np.bool_]:
        """On which of so many dates the hours until delivery take it that nothing is delivered: holidays; (rows, days).

        No calendar puts them off by these days again.
        """

    def cost(self, facts: Columns) -> FloatArray:
        """Shipping + handling of a shipment, in money. One row per (candidate, set of lines).

        A set may be predicted cheaper than one of its lines (one unknown weight makes the whole unknown); it is
        priced like its dearest line then (`decision.plans.shipments.Pricing.ask`).
        """

    def pick_failure(self, facts: Columns) -> FloatArray:
        """Probability that the location will not supply the line. One row per (candidate, line)."""
