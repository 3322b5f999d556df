"""The recipe of every head: what it sees, and how its trees are grown."""

from dataclasses import dataclass, field
from typing import Any, Final

#: What both durations follow from.
_PLACE_AND_TIME: Final = (
    "distance_km",
    "same_region",
    "hour_of_day",
    "weekday",
    "weight_kg",
    "volume_l",
    "value",
    "units",
    "backlog",
    "load",
    "footfall_ratio",
    "location_latitude",
    "location_longitude",
    "location_type_code",
    "location_region_code",
    "category_code",
    "payment_method_code",
    "delivery_method_code",
    "carrier_service_id_code",
)


MOST_LEAVES: Final = 31


@dataclass(frozen=True)
class Recipe:
    """Features of a head and the parameters of its LightGBM models."""

    features: tuple[str, ...]
    rounds: int
    parameters: dict[str, Any] = field(default_factory=dict)
    #: Features in which the prediction never decreases.
    increasing: tuple[str, ...] = ()
    #: The trailing mean that the trees start from: they learn what differs from it.
    offset: str | None = None
    #: Trees grow with the history: one leaf for so many rows, between the recipe's ``num_leaves`` and `MOST_LEAVES`.
    rows_per_leaf: int | None = None

    def leaves(self, rows: int) -> int:
        """How many leaves the trees have when fitted on so many rows."""
        fewest = int(self.parameters["num_leaves"])
        return fewest if self.rows_per_leaf is None else min(max(rows // self.rows_per_leaf, fewest), MOST_LEAVES)

    def monotone_constraints(self) -> list[int]:
        """1 for every increasing feature, 0 for the others, in the order of the matrix."""
        return [int(name in self.increasing) for name in self.features]


_COMMON: Final = {
    "learning_rate": 0.05,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "min_data_in_leaf": 40,
    "num_leaves": 7,
}

DELIVERY: Final = Recipe(
    features=(
        *_PLACE_AND_TIME,
        "destination_latitude",
        "destination_longitude",
        "destination_region_code",
        "ready_by_location_120d",
        "transit_by_service_lane_120d",
        "transit_to_area_120d",
        "transit_to_district_120d",
        "delivery_by_location_120d",
        "delivery_by_lane_120d",
        "delivery_to_area_120d",
        "delivery_to_district_120d",
    ),
    rounds=200,
    parameters=_COMMON,
    rows_per_leaf=1_500,
)
READY: Final = Recipe(
    features=(*_PLACE_AND_TIME, "ready_by_location_30d", "ready_by_location_120d"),
    rounds=300,
    # Opening hours, weekends and load act together: deeper trees, and the clock in nearly all of them.
    parameters={**_COMMON, "feature_fraction": 0.8},
    rows_per_leaf=800,
)
COST: Final = Recipe(
    features=(
        "distance_km",
        "same_region",
        "weight_kg",
        "volume_l",
        "value",
        "units",
        "lines",
        "destination_latitude",
        "destination_longitude",
        "destination_region_code",
        "location_latitude",
        "location_longitude",
        "location_type_code",
        "carrier_service_id_code",
        "cost_by_service_30d",
        "cost_by_service_lane_30d",
        "cost_by_service_lane_120d",
        "cost_by_location_30d",
        "cost_by_location_120d",
    ),
    rounds=300,
    parameters={
        "learning_rate": 0.06,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 3.0,
        "min_data_in_leaf": 20,
        "num_leaves": 31,
        "alpha": 0.3,
    },
    # With these, adding a line never makes a shipment cheaper: neither the place nor the offset changes with the lines.
    increasing=("weight_kg", "volume_l", "value", "units", "lines"),
    offset="cost_by_service_lane_30d",
)
PICK_FAILURE: Final = Recipe(
    features=(
        "location_type_code",
        "category_code",
        "units",
        "on_hand",
        "spare_units",
        "days_since_count",
        "load",
        "footfall_ratio",
        "payment_method_code",
        "value",
        "same_region",
        "distance_km",
    ),
    rounds=150,
    parameters={**_COMMON, "learning_rate": 0.03, "min_data_in_leaf": 200, "lambda_l2": 30.0},
    offset="failure_by_sku_location_365d",
)
#: Head → what its trees start from.
OFFSETS: Final = {
    head: recipe.offset for head, recipe in (("cost", COST), ("pick_failure", PICK_FAILURE)) if recipe.offset
}
RECIPES: Final = {"delivery_hours": DELIVERY, "ready_hours": READY, "cost": COST, "pick_failure": PICK_FAILURE}
