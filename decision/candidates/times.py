"""When what candidates send is handed over, and there: as predicted, put off by calendars, and as if ordered later."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from decision.calendars.dispatch import Dispatch
from decision.candidates.arrival import Arrival, PutOff
from decision.predictor import HoursDistribution, Predictor, Rests
from features.coded import CodedColumns, Repeated
from features.places import PLACES
from features.trailing import DAY_SECONDS


@dataclass(frozen=True)
class Times:
    """Of R candidates, those of one order after those of another, all at one instant: what was asked of their orders
    as a whole (``facts``), which of them the customer does not collect (``travels``), when each ``leaves``, and when
    what it sends is there (``arrival``).
    """

    facts: CodedColumns
    travels: NDArray[np.bool_]
    leaves: Dispatch
    predictor: Predictor
    arrival: Arrival

    def rests(self, rows: NDArray[np.intp]) -> Rests:
        """Return on which dates the models know that what the candidates at ``rows`` send is not delivered."""
        return lambda first, days: self.predictor.delivery_rests(self.facts, first, days)[rows]

    def later(self, rows: Sequence[NDArray[np.intp]], hours: Sequence[NDArray[np.float64]]) -> list[HoursDistribution]:
        """Return when what is ordered so many ``hours`` later is there, counted from then: several ``rows`` at a time.

        Models know the hour and the weekday, so they are asked again: once, about all.
        """
        at, after = np.concatenate(rows), np.concatenate(hours)
        facts = _ordered_at(self.facts, at, self.facts["decided_at"][at] + 3600 * after)
        all_of_them = times_of(facts, self.travels[at], self.leaves.later(at, after), self.predictor).arrival
        ends = np.cumsum([0, *map(len, rows)]).tolist()
        return [all_of_them.take(np.arange(*span)) for span in pairwise(ends)]


def times_of(facts: CodedColumns, travels: NDArray[np.bool_], leaves: Dispatch, predictor: Predictor) -> Times:
    """Return when each row is with the customer; where a calendar is told, not before it and put off by it.

    What leaves no more today is no later than what is ordered in the last second before the next day on which the place
    works, and that is what the models are asked about: they need not know the cut-off nor why it is closed, and whoever
    orders later on the same day is told nothing earlier.
    """
    asked, delay = facts, np.zeros(len(leaves.counts_from))
    if leaves.counts_from.any():
        ordered = facts["decided_at"]
        counts = np.maximum(ordered, leaves.counts_from)
        asked = _ordered_at(facts, np.arange(len(counts)), counts)
        delay = (counts - ordered) / 3600
    ready = predictor.ready_hours(asked)
    delivered = predictor.delivery_hours(asked) if travels.any() else ready
    if delay.any() or leaves.earliest_hours.any():
        put_off = partial(PutOff, delay=delay, earliest=leaves.earliest_hours)
        return Times(facts, travels, leaves, predictor, Arrival(put_off(ready), put_off(delivered), travels))
    return Times(facts, travels, leaves, predictor, Arrival(ready, delivered, travels))


def _ordered_at(facts: CodedColumns, rows: NDArray[np.intp], instants: NDArray[np.float64]) -> CodedColumns:
    """Return the facts at ``rows`` of the same orders at later ``instants``, seconds since 1970, (rows,) both."""
    counted = facts["days_since_count"][rows] + (instants - facts["decided_at"][rows]) / DAY_SECONDS
    return CodedColumns({"decided_at": instants, "days_since_count": counted}, {}, PLACES, Repeated(facts, rows))
