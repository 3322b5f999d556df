"""On which dates places work and carriers deliver: weekdays, single dates, public holidays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.holidays import is_public_holiday

EVERY_WEEKDAY: Final = frozenset(range(7))


@dataclass(frozen=True)
class WorkingDays:
    """``weekdays``: 0 Monday … 6 Sunday; ``closed``: dates on which it does not work besides.

    ``holidays_of``: country (ISO 3166-1 alpha-2) and region whose public holidays it keeps; ``None``: it keeps none.
    """

    weekdays: frozenset[int] = EVERY_WEEKDAY
    closed: frozenset[date] = frozenset()
    holidays_of: tuple[str, str | None] | None = None

    def usually(self, day: date) -> bool:
        """Return whether it works on that day of an ordinary week."""
        return day.weekday() in self.weekdays

    def works(self, day: date) -> bool:
        """Return whether it works on ``day``."""
        return (
            self.usually(day)
            and day not in self.closed
            and (self.holidays_of is None or not is_public_holiday(day, *self.holidays_of))
        )


def days_worked(things: Sequence[WorkingDays], first: date, count: int) -> NDArray[np.bool_]:
    """Return (R, count) whether each works on the dates from ``first`` on."""
    days = [first + timedelta(days=ahead) for ahead in range(count)]
    of = {thing: [thing.works(day) for day in days] for thing in set(things)}
    return np.array([of[thing] for thing in things], bool).reshape(len(things), count)


def days_worked_usually(things: Sequence[WorkingDays], first: date, count: int) -> NDArray[np.bool_]:
    """Return (R, count) whether each would work on those dates if it were an ordinary week."""
    weekdays = (first.weekday() + np.arange(count)) % 7
    week = np.array([[day in thing.weekdays for day in range(7)] for thing in things], bool).reshape(len(things), 7)
    return np.asarray(week[:, weekdays])
