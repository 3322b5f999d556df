"""On which dates places work and carriers deliver: weekdays, single dates, public holidays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

import holidays
import numpy as np
from numpy.typing import NDArray

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


def is_public_holiday(day: date, country: str, region: str | None) -> bool:
    """Return whether ``day`` is a public holiday in the region; of a country that nobody lists, no day is."""
    return day in _holidays(country, region, day.year)


@cache
def _holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    # A whole year at once: calendars that fill themselves when asked are not for several threads.
    if country not in holidays.list_supported_countries():
        return frozenset()
    subdivision = None if region is None else _subdivision(country, region)
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


def _subdivision(country: str, region: str) -> str | None:
    """The region as the library calls it, however it is told: ``BY``, ``DE-BY`` (ISO 3166-2) or ``Bayern``."""
    told = region.removeprefix(f"{country}-").casefold()
    known = holidays.country_holidays(country).get_subdivision_aliases()
    return next((code for code, names in known.items() if told in {name.casefold() for name in (code, *names)}), None)


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
