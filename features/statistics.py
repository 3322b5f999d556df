"""The trailing statistics that the models see, and the measures that they are means of."""

from typing import Final

from features.trailing import Statistic

#: What is measured on an attempt, its unit, and when it becomes known.
MEASURES: Final = {
    "ready_log_hours": "log of hours from decision to handover, known at handover",
    "transit_log_hours": "log of hours from handover to delivery, known at delivery",
    "delivery_log_hours": "log of hours from decision to delivery, known at delivery",
    "cost_excess": "log of 1 + shipping and handling cost, unless that is 0, less log_tariff; known when it is decided",
    "cost_waived": "the same where it is 0: that tells no tariff, only what was missed of it",
    "cost_missed": "log of 1 + cost, less what the trees said of it, at most 1 either way; known when it is decided",
    "pick_failure": "1 when the line was not supplied, else 0; known at handover, or when it failed",
    "visitors": "visitors of a store in one hour, known at the end of the hour",
}

#: Days. The short one follows what changes, the long ones know the rare.
_YEAR = (365.0,)
_BOTH = (30.0, 120.0)
_COST = (60.0,)
_FORTNIGHT = (14.0,)

STATISTICS: Final = (
    Statistic("ready_overall", "ready_log_hours", (), _BOTH),
    Statistic("ready_by_type", "ready_log_hours", ("location_type",), _BOTH, "ready_overall", 5),
    Statistic("ready_by_location", "ready_log_hours", ("location_id",), _BOTH, "ready_by_type", 3),
    Statistic("transit_overall", "transit_log_hours", (), _BOTH),
    Statistic("transit_by_service", "transit_log_hours", ("carrier_service_id",), _BOTH, "transit_overall", 5),
    Statistic("transit_by_lane", "transit_log_hours", ("lane",), _BOTH, "transit_overall", 5),
    Statistic(
        "transit_by_service_lane", "transit_log_hours", ("carrier_service_id", "lane"), _BOTH, "transit_by_service", 5
    ),
    Statistic("transit_to_area", "transit_log_hours", ("destination_area",), _BOTH, "transit_by_lane", 5),
    Statistic("transit_to_district", "transit_log_hours", ("destination_district",), _BOTH, "transit_by_lane", 5),
    Statistic("delivery_overall", "delivery_log_hours", (), _BOTH),
    Statistic("delivery_by_location", "delivery_log_hours", ("location_id",), _BOTH, "delivery_overall", 3),
    Statistic("delivery_by_lane", "delivery_log_hours", ("lane",), _BOTH, "delivery_overall", 5),
    Statistic("delivery_to_area", "delivery_log_hours", ("destination_area",), _BOTH, "delivery_by_lane", 5),
    Statistic("delivery_to_district", "delivery_log_hours", ("destination_district",), _BOTH, "delivery_by_lane", 5),
    Statistic("cost_overall", "cost_excess", (), _COST),
    Statistic("cost_by_service", "cost_excess", ("carrier_service_id",), _COST, "cost_overall", 5),
    Statistic("cost_by_service_lane", "cost_excess", ("carrier_service_id", "lane"), _COST, "cost_by_service", 5),
    Statistic("cost_by_location", "cost_excess", ("location_id",), _COST, "cost_overall", 3),
    Statistic("cost_by_sku_location", "cost_excess", ("sku", "location_id"), _COST, "cost_by_location", 1),
    # Prices change and discounts come and go between trainings: what was missed lately is missed again.
    Statistic("cost_missed_overall", "cost_missed", (), _FORTNIGHT),
    Statistic(
        "cost_missed_by_crossing",
        "cost_missed",
        ("carrier_service_id", "crossing"),
        _FORTNIGHT,
        "cost_missed_overall",
        20,
    ),
    Statistic(
        "cost_missed_by_size",
        "cost_missed",
        ("carrier_service_id", "crossing", "size_class"),
        _FORTNIGHT,
        "cost_missed_by_crossing",
        10,
    ),
    Statistic(
        "cost_missed_by_sku_location", "cost_missed", ("sku", "location_id"), _FORTNIGHT, "cost_missed_by_size", 10
    ),
    Statistic("failure_overall", "pick_failure", (), _YEAR),
    Statistic("failure_by_type", "pick_failure", ("location_type",), _YEAR, "failure_overall", 100),
    Statistic("failure_by_location", "pick_failure", ("location_id",), _YEAR, "failure_by_type", 100),
    Statistic("failure_by_sku_location", "pick_failure", ("sku", "location_id"), _YEAR, "failure_by_location", 60),
)

#: Features that say what was missed of earlier costs.
MISSED: Final = frozenset(
    one.column(days) for one in STATISTICS if one.measure == "cost_missed" for days in one.half_lives_days
)
#: What is usual for a store at an hour of the week; `footfall_ratio` is measured against it.
USUAL_VISITORS: Final = Statistic("usual_visitors", "visitors", ("location_id", "hour_of_week"), (60.0,))
