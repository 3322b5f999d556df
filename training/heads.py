"""The recipe of every head: what it sees, and how its trees are grown."""

from dataclasses import dataclass
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
    parameters: dict[str, Any]
    #: LightGBM's objective for the centre of log-hours.
    centre: str = "regression_l1"
    #: Features from whose sum the trees start: they learn what differs from it.
    offset: tuple[str, ...] = ()
    #: Trees grow with the history: one leaf for so many rows, between the recipe's ``num_leaves`` and `MOST_LEAVES`.
    rows_per_leaf: int | None = None

    def leaves(self, rows: int) -> int:
        """How many leaves the trees have when fitted on so many rows."""
        fewest = int(self.parameters["num_leaves"])
        return fewest if self.rows_per_leaf is None else min(max(rows // self.rows_per_leaf, fewest), MOST_LEAVES)


_COMMON: Final = {
    "learning_rate": 0.05,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "min_data_in_leaf": 40,
    "num_leaves": 7,
}

TRANSIT: Final = Recipe(
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
    # Log-hours farther than alpha from the centre count in proportion, not squared: transit's noise is near enough to
    # normal that this is surer than a median. Handover is too skewed for it.
    parameters={**_COMMON, "alpha": 0.5},
    centre="huber",
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
        "units",
        "lines",
        "value",
        "weight_per_unit",
        "volume_per_unit",
        "value_per_unit",
        "billed_kg_per_unit",
        "longest_side_cm",
        "density",
        "destination_latitude",
        "destination_longitude",
        "destination_region_code",
        "location_latitude",
        "location_longitude",
        # Prices change at the borders of postal codes, which lie across the degrees.
        "destination_postal_number",
        "location_postal_number",
        "location_type_code",
        "carrier_service_id_code",
        "cost_by_service_lane_60d",
        "cost_by_location_60d",
        "cost_by_sku_location_60d",
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
        "alpha": 0.2,
    },
    # Of costs nothing was missed before trees were grown: they are fitted without the last, and start from it later.
    offset=("log_tariff", "cost_by_service_lane_60d", "cost_missed_by_sku_location_14d"),
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
    offset=("failure_by_sku_location_365d",),
)
RECIPES: Final = {"ready_hours": READY, "transit_hours": TRANSIT, "cost": COST, "pick_failure": PICK_FAILURE}
