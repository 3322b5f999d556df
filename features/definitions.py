"""Every feature, defined once: its name, and how it follows from facts and trailing means."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.calendar import CLOCK, DAY_HOURS, HOURS_PER_WEEK, clock_of
from features.coded import Coded, at_home, coded, joined
from features.facts import Columns, FloatArray
from features.geography import haversine_km
from features.places import PLACES
from features.sizes import SIZE, billed_kg
from features.statistics import STATISTICS
from features.tariff import ENDS, READS, log_tariff

#: Text fact → value → code. Codes are given in training; a value unknown then is a missing number.
Vocabularies = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Feature:
    """A number per row, computed from the columns that it ``reads`` (facts, derived places or trailing means)."""

    name: str
    unit: str
    reads: tuple[str, ...]
    compute: Callable[[Columns, Vocabularies], FloatArray]


def _fact(name: str, unit: str) -> Feature:
    return Feature(name, unit, (name,), lambda columns, _: np.asarray(columns[name], dtype=np.float64))


def _code(name: str) -> Feature:
    return Feature(
        f"{name}_code", "code", (name,), lambda columns, codes: encode(coded(columns, name), codes.get(name, {}))
    )


def _ratio(name: str, unit: str, over: str, under: str) -> Feature:
    """``over`` ÷ ``under``; missing where there is nothing to divide by."""

    def compute(columns: Columns, _: Vocabularies) -> FloatArray:
        by = columns[under]
        return np.asarray(np.divide(columns[over], by, out=np.full(len(by), np.nan), where=by > 0))

    return Feature(name, unit, (over, under), compute)


def encode(texts: Coded, codes: Mapping[str, int]) -> FloatArray:
    """The code of each row's text; NaN for a text without one."""
    return np.array([codes.get(value, np.nan) for value in texts.values.tolist()], dtype=np.float64)[texts.codes]


def _postal_number(name: str) -> Feature:
    """The digits that a postal code begins with, as a number; missing where it begins with none.

    Postal codes are given out by area and town, the capital before the country around it: what a carrier prices
    alike is a range of them.
    """

    def compute(columns: Columns, _: Vocabularies) -> FloatArray:
        texts = coded(columns, f"{name}_postal_code")
        numbers = [_leading_number(value) for value in texts.values.tolist()]
        return np.array(numbers, dtype=np.float64)[texts.codes]

    return Feature(f"{name}_postal_number", "number, leading digits", (f"{name}_postal_code",), compute)


def _leading_number(text: str | None) -> float:
    digits = re.match("[0-9]+", text or "")
    return float(digits.group()) if digits else np.nan


def _distance(columns: Columns, _: Vocabularies) -> FloatArray:
    return np.asarray(haversine_km(*(columns[name] for name in ENDS)), dtype=np.float64)


def _same_region(columns: Columns, _: Vocabularies) -> FloatArray:
    crossing = PLACES["crossing"]
    return encode(joined(columns, crossing.sources, crossing.derive), {"same": 1, "other": 0})


def _hour_of_day(columns: Columns, _: Vocabularies) -> FloatArray:
    return clock_of(columns) % DAY_HOURS


def _weekday(columns: Columns, _: Vocabularies) -> FloatArray:
    return clock_of(columns) % HOURS_PER_WEEK // DAY_HOURS


def _spare(columns: Columns, _: Vocabularies) -> FloatArray:
    return np.asarray(columns["on_hand"] - columns["units"])


#: Text facts that become codes.
ENCODED: Final = (
    "location_type",
    "carrier_service_id",
    "service_level",
    "delivery_method",
    "payment_method",
    "location_region",
    "destination_region",
    "category",
)

FEATURES: Final = {
    feature.name: feature
    for feature in (
        Feature("distance_km", "km", ENDS, _distance),
        Feature("same_region", "0 or 1, of one country", PLACES["crossing"].sources, _same_region),
        Feature("hour_of_day", "hours, local", CLOCK, _hour_of_day),
        Feature("weekday", "0 = Monday, local", CLOCK, _weekday),
        _ratio("load", "days of work in hand", "backlog", "capacity_per_day"),
        Feature("spare_units", "recorded units beyond those asked", ("on_hand", "units"), _spare),
        Feature("log_tariff", "log of a plain tariff", READS, lambda columns, _: log_tariff(columns)),
        _ratio("weight_per_unit", "kg", "weight_kg", "units"),
        _ratio("volume_per_unit", "litres", "volume_l", "units"),
        _ratio("value_per_unit", "money", "value", "units"),
        Feature("billed_kg_per_unit", "kg", SIZE, lambda columns, _: at_home(columns, SIZE, billed_kg)),
        _ratio("density", "kg per litre", "weight_kg", "volume_l"),
        _fact("destination_latitude", "degrees"),
        _fact("destination_longitude", "degrees"),
        _fact("location_latitude", "degrees"),
        _fact("location_longitude", "degrees"),
        _postal_number("destination"),
        _postal_number("location"),
        _fact("capacity_per_day", "shipments"),
        _fact("backlog", "attempts"),
        _fact("footfall_ratio", "now ÷ usual"),
        _fact("weight_kg", "kg"),
        _fact("volume_l", "litres"),
        _fact("longest_side_cm", "centimetres"),
        _fact("value", "money"),
        _fact("units", "units"),
        _fact("lines", "lines"),
        _fact("on_hand", "units"),
        _fact("days_since_count", "days"),
        *(_code(name) for name in ENCODED),
        *(
            _fact(statistic.column(days), f"trailing mean of {statistic.measure}")
            for statistic in STATISTICS
            for days in statistic.half_lives_days
        ),
    )
}


def matrix(names: tuple[str, ...], columns: Columns, vocabularies: Vocabularies) -> FloatArray:
    """The named features of every row; shape (rows, names), one column after the other in memory (Fortran order).

    Raises ``KeyError`` for an unknown name.
    """
    return np.stack([FEATURES[name].compute(columns, vocabularies) for name in names]).T
