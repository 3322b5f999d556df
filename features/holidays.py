"""Public holidays of a country and its regions. They are known years ahead: nothing of the future is in them."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

import holidays


class Holiday(NamedTuple):
    """``name``: in the language of the country. ``public``: by law; else many keep it who need not."""

    name: str
    public: bool


def is_public_holiday(day: date, country: str, region: str | None) -> bool:
    """Return whether ``day`` is a public holiday in the region; of a country that nobody lists, no day is."""
    found = _of_year(country, region, day.year).get(day)
    return found is not None and found.public


def holidays_within(calendar: str | None, first: date, days: int) -> dict[int, Holiday]:
    """The holidays of so many days: how many days after the ``first`` each is → what it is.

    ``calendar``: as in `features.places.calendars`; without one there are none.
    """
    country, _, region = (calendar or "").partition(" ")
    last = first + timedelta(days=days - 1)
    found = [_of_year(country, region or None, year) for year in range(first.year, last.year + 1)]
    return {(day - first).days: at for each in found for day, at in each.items() if first <= day <= last}


@cache
def _of_year(country: str, region: str | None, year: int) -> Mapping[date, Holiday]:
    # A whole year at once: calendars that fill themselves when asked are not for several threads.
    if country not in holidays.list_supported_countries():
        return {}
    known = holidays.country_holidays(country)
    subdivision = None if region is None else _subdivision(known, country, region)

    def named(category: str) -> dict[date, Holiday]:
        if category not in known.supported_categories:
            return {}
        # Its own language: what is learnt by name must not depend on that of the machine.
        found = holidays.country_holidays(
            country, subdiv=subdivision, years=year, categories=(category,), language=known.default_language
        )
        return {day: Holiday(name, category == holidays.PUBLIC) for day, name in sorted(found.items())}

    return {**named(holidays.OPTIONAL), **named(holidays.PUBLIC)}


def _subdivision(known: holidays.HolidayBase, country: str, region: str) -> str | None:
    """The region as the library calls it, however it is told: ``BY``, ``DE-BY`` (ISO 3166-2) or ``Bayern``."""
    told = region.removeprefix(f"{country}-").casefold()
    aliases = known.get_subdivision_aliases()
    return next((code for code, names in aliases.items() if told in {name.casefold() for name in (code, *names)}), None)
