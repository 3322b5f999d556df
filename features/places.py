"""Places as keys: the areas between which parcels travel."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from features.coded import CodedColumns, Derived, factorised, joined
from features.facts import FACTS, Columns, TextColumn, check_facts
from features.holidays import calendar_of

#: Leading characters of a postal code that make an area (a province, roughly) and a district (a town, roughly).
AREA_CHARACTERS, DISTRICT_CHARACTERS = 2, 3
#: Joins the parts of a key; no id or postal code contains it.
SEPARATOR = "\x1f"


def join_keys(*columns: list[str | None]) -> list[str | None]:
    """One key per row out of several texts; a missing part is a part of its own."""
    parts = [["" if part is None else part for part in column] for column in columns]
    return [SEPARATOR.join(row) for row in zip(*parts, strict=True)]


def _prefix(countries: list[str | None], postal_codes: list[str | None], characters: int) -> list[str | None]:
    return [
        None if code is None else f"{country} {code[:characters]}"
        for country, code in zip(countries, postal_codes, strict=True)
    ]


_area = partial(_prefix, characters=AREA_CHARACTERS)
_district = partial(_prefix, characters=DISTRICT_CHARACTERS)


def _crossing(*ends: Sequence[str | None]) -> list[str | None]:
    # Two regions that nobody named are not the same one.
    return [
        None if None in {region, to_region} else "same" if (country, region) == (to_country, to_region) else "other"
        for country, region, to_country, to_region in zip(*ends, strict=True)
    ]


def _calendars(countries: list[str | None], regions: list[str | None]) -> list[str | None]:
    return [calendar_of(country, region) for country, region in zip(countries, regions, strict=True)]


_ENDS: Final = ("location_country", "location_region", "destination_country", "destination_region")

#: The text columns derived from facts: origin and destination areas, the lane from region to region, whether it
#: crosses a border of regions, and the holidays of both ends.
PLACES: Final = {
    "location_area": Derived(("location_country", "location_postal_code"), _area),
    "destination_area": Derived(("destination_country", "destination_postal_code"), _area),
    "destination_district": Derived(("destination_country", "destination_postal_code"), _district),
    "lane": Derived(_ENDS, join_keys),
    "crossing": Derived(_ENDS, _crossing),
    "location_calendar": Derived(("location_country", "location_region"), _calendars),
    "destination_calendar": Derived(("destination_country", "destination_region"), _calendars),
}


def with_places(facts: Columns) -> dict[str, TextColumn]:
    """The columns of `PLACES`, derived from ``facts``."""
    return {name: joined(facts, place.sources, place.derive).column() for name, place in PLACES.items()}


def coded_facts(facts: Columns) -> CodedColumns:
    """``facts`` with `PLACES`, texts coded; returned as they are when they are coded already.

    Raises ``ValueError`` naming what is missing or of unequal length.
    """
    if isinstance(facts, CodedColumns):
        return facts
    check_facts(facts)
    numbers = {fact.name: facts[fact.name] for fact in FACTS if not fact.is_text}
    return CodedColumns(numbers, {fact.name: factorised(facts[fact.name]) for fact in FACTS if fact.is_text}, PLACES)
