"""Places as keys: the areas between which parcels travel."""

import numpy as np

from features.facts import Columns, TextColumn

#: Leading characters of a postal code that make an area (a province, roughly) and a district (a town, roughly).
AREA_CHARACTERS, DISTRICT_CHARACTERS = 2, 3
#: Joins the parts of a key; no id or postal code contains it.
SEPARATOR = "\x1f"


def with_places(facts: Columns) -> dict[str, TextColumn]:
    """The text columns derived from ``facts``: origin and destination areas, and the lane from region to region."""
    return {
        "location_area": _prefix(facts["location_country"], facts["location_postal_code"], AREA_CHARACTERS),
        "destination_area": _prefix(facts["destination_country"], facts["destination_postal_code"], AREA_CHARACTERS),
        "destination_district": _prefix(
            facts["destination_country"], facts["destination_postal_code"], DISTRICT_CHARACTERS
        ),
        "lane": join_keys(
            facts["location_country"],
            facts["location_region"],
            facts["destination_country"],
            facts["destination_region"],
        ),
    }


def join_keys(*columns: TextColumn) -> TextColumn:
    """One key per row out of several text columns; a missing part is a part of its own."""
    joined = [SEPARATOR.join(["" if part is None else part for part in parts]) for parts in zip(*columns, strict=True)]
    return np.array(joined, dtype=object)


def _prefix(countries: TextColumn, postal_codes: TextColumn, characters: int) -> TextColumn:
    return np.array(
        [
            None if code is None else f"{country} {code[:characters]}"
            for country, code in zip(countries, postal_codes, strict=True)
        ],
        dtype=object,
    )
