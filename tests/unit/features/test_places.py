"""Places and keys."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from features.geography import haversine_km
from features.places import join_keys, with_places


def text(*values: str | None) -> NDArray[Any]:
    """A text column."""
    return np.array(values, dtype=object)


def test_keys_of_different_parts_differ() -> None:
    """Neither a missing part nor a border between parts that lies elsewhere makes two keys equal."""
    keys = join_keys(["a", "ab", None, "a"], ["bc", "c", "a", None])
    assert len(set(keys)) == 4


def test_areas_and_lanes_follow_from_countries_regions_and_postal_codes() -> None:
    """A postal code that is missing makes no area; the same code in another country is another area."""
    places = with_places(
        {
            "location_country": text("IT", "IT"),
            "location_region": text("MI", None),
            "location_postal_code": text("20121", None),
            "destination_country": text("IT", "FR"),
            "destination_region": text("RM", "IDF"),
            "destination_postal_code": text("00184", "00184"),
        }
    )
    assert places["location_area"].tolist() == ["IT 20", None]
    assert places["destination_area"].tolist() == ["IT 00", "FR 00"]
    assert places["destination_district"].tolist() == ["IT 001", "FR 001"]
    assert len(set(places["lane"].tolist())) == 2


@pytest.mark.parametrize(
    ("origin", "destination", "km"),
    [
        ((45.4642, 9.19), (41.9028, 12.4964), 477),  # Milan, Rome
        ((0.0, 0.0), (0.0, 180.0), np.pi * 6371.0088),  # antipodes
        ((0.0, 179.5), (0.0, -179.5), np.pi * 6371.0088 / 180),  # across the date line
        ((45.0, 9.0), (45.0, 9.0), 0.0),
    ],
)
def test_distances_are_those_of_a_globe(
    origin: tuple[float, float], destination: tuple[float, float], km: float
) -> None:
    """To within a kilometre, in both directions."""
    assert haversine_km(*origin, *destination) == pytest.approx(km, abs=1)
    assert haversine_km(*destination, *origin) == haversine_km(*origin, *destination)


def test_a_missing_coordinate_gives_a_missing_distance() -> None:
    """And no error."""
    assert np.isnan(haversine_km(45.0, np.nan, 41.0, 12.0))
