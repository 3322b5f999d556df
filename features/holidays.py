"""Public holidays of a country and its regions. They are known years ahead, but for a few: of some the moon decides,
and a country may declare one within days.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import NamedTuple

import holidays


class Holiday(NamedTuple):
    """``name``: in the language of the country. ``public``: by law; else it is optional, and many keep it."""

    name: str
    public: bool


@lru_cache(maxsize=10_000)
def calendar_of(country: str | None, region: str | None) -> str:
    """Whose holidays are kept there: ``DE BY`` of a region that is known to have its own, ``DE`` of any other.

    However the region is told: ``BY``, ``DE-BY`` (ISO 3166-2) or ``Bayern``. Of no country, and one that nobody lists,
    none are known.
    """
    if country is None or region is None or country not in holidays.list_supported_countries():
        return country or ""
    told = region.casefold().removeprefix(f"{country}-".casefold())
    aliases = holidays.country_holidays(country).get_subdivision_aliases()
    codes = (code for code, names in aliases.items() if told in {name.casefold() for name in (code, *names)})
    code = next(codes, None)
    return country if code is None else f"{country} {code}"


def is_public_holiday(day: date, country: str, region: str | None) -> bool:
    """Return whether ``day`` is a public holiday in the region; of a country that nobody lists, no day is."""
    found = _of_year(calendar_of(country, region), day.year).get(day)
    return found is not None and found.public


def holidays_within(calendar: str, first: date, days: int) -> dict[int, Holiday]:
    """The holidays of so many days: how many days after the ``first`` each is → what it is.

    ``calendar``: as `calendar_of` tells it.
    """
    last = first + timedelta(days=days - 1)
    found = [_of_year(calendar, year) for year in range(first.year, last.year + 1)]
    return {(day - first).days: at for each in found for day, at in each.items() if first <= day <= last}


@cache
def _of_year(calendar: str, year: int) -> Mapping[date, Holiday]:
    # A whole year at once: calendars that fill themselves when asked are not for several threads.
    country, _, subdivision = calendar.partition(" ")
    if country not in holidays.list_supported_countries():
        return {}
    known = holidays.country_holidays(country)

    def named(category: str) -> dict[date, Holiday]:
        if category not in known.supported_categories:
            return {}
        # Its own language: what is learnt by name must not depend on that of the machine.
        found = holidays.country_holidays(
            country, subdiv=subdivision or None, years=year, categories=(category,), language=known.default_language
        )
        return {day: Holiday(name, category == holidays.PUBLIC) for day, name in sorted(found.items())}

    return {**named(holidays.OPTIONAL), **named(holidays.PUBLIC)}
