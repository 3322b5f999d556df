"""By whose clock dates are told."""

from dataclasses import replace
from typing import Any

from decision.calendars.delivery_days import zone_of
from decision.order import Destination
from tests.unit.decision.world import network, order

NOWHERE = {"latitude": None, "longitude": None, "country": "US"}


def test_what_is_collected_is_told_by_the_clock_of_its_store_though_nobody_placed_it() -> None:
    stores: list[dict[str, Any]] = [
        {**NOWHERE, "location_id": "LA", "timezone": "America/Los_Angeles"},
        {**NOWHERE, "location_id": "NY", "timezone": "America/New_York"},
        {"location_id": "MI"},
    ]
    net = network(stores, [], {})
    asked = order("LAMP", delivery_method="click_and_collect", destination=Destination("US", None, None, None, None))
    for place, zone in (("LA", "America/Los_Angeles"), ("NY", "America/New_York")):
        assert zone_of(replace(asked, collect_location_id=place), net).key == zone
