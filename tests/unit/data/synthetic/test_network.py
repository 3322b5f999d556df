"""The country and what stands in it."""

import numpy as np

from data.schemas import LOCATION_TYPES
from data.synthetic import carriers
from data.synthetic.network import Network
from data.synthetic.places import AREA_OF_REGION, PLACES, REGIONS, distance_km
from tests.unit.data.synthetic.conftest import SMALL, Made


def test_places_are_in_italy_each_once_with_a_postal_code_of_five_digits() -> None:
    assert len(PLACES) >= 60
    assert len({place.name for place in PLACES}) == len(PLACES)
    assert {place.region for place in PLACES} == set(REGIONS) == set(AREA_OF_REGION)
    for place in PLACES:
        assert 35.4 < place.latitude < 47.1
        assert 6.6 < place.longitude < 18.6
        assert len(place.postal_code) == 5
        assert place.postal_code.isdigit()


def test_distance_from_rome_to_milan_is_that_of_the_atlas() -> None:
    km = distance_km(np.array([41.893]), np.array([12.483]), np.array([45.464]), np.array([9.190]))
    assert 470 < km[0] < 485


def test_every_type_of_location_has_standard_and_express_and_not_the_same_choice() -> None:
    choice = {kind: tuple(carriers.services_of(kind, "standard")) for kind in ("warehouse", "store", "supplier")}
    assert all(carriers.services_of(kind, "express") for kind in choice)
    assert len(choice["warehouse"]) > len(choice["store"])
    assert set(carriers.table()["location_type"].dropna()) <= set(LOCATION_TYPES)


def test_the_nearest_stores_come_first() -> None:
    network = Network.draw(SMALL, np.random.default_rng(2))
    for place, near in zip(PLACES, network.nearest("store"), strict=True):
        here = np.array([place.latitude]), np.array([place.longitude])
        assert (np.diff(distance_km(*here, network.latitude[near], network.longitude[near])) >= 0).all()


def test_parcels_are_heavier_bulkier_and_farther_at_a_price(made: Made) -> None:
    """Cost rises with distance and weight, and the mean over many is the true mean."""
    truth = made.truth
    sent = truth[truth["service_level"] != "collect"]
    expected = sent["shipping_mean"] + sent["handling_mean"]
    assert abs(sent["cost"].mean() / expected.mean() - 1) < 0.03
    assert (truth.loc[truth["service_level"] == "collect", "shipping_mean"] == 0).all()
