"""Costs are compared by what they differ from a plain tariff."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.facts import Columns
from features.tariff import log_tariff

ROME, MILAN = (41.9, 12.5), (45.46, 9.19)
NAN = float("nan")


def parcel(
    weight_kg: float = 2.0,
    volume_l: float = 6.0,
    units: float = 1.0,
    to: tuple[float, float] = MILAN,
) -> float:
    """The relative tariff of one parcel from Rome."""
    numbers = {
        "weight_kg": weight_kg,
        "volume_l": volume_l,
        "units": units,
        "location_latitude": ROME[0],
        "location_longitude": ROME[1],
        "destination_latitude": to[0],
        "destination_longitude": to[1],
    }
    columns: Columns = {name: np.array([value]) for name, value in numbers.items()}
    return float(np.exp(log_tariff(columns))[0])


def test_a_weightless_parcel_for_next_door_is_the_measure() -> None:
    assert parcel(0.0, 0.0, to=ROME) == 1.0


def test_a_unit_of_twelve_kilograms_is_billed_twice_and_each_unit_again() -> None:
    assert parcel(12.0, 0.0, to=ROME) == pytest.approx(2.0)
    assert parcel(36.0, 0.0, units=3.0, to=ROME) == pytest.approx(6.0)


def test_volume_is_billed_as_weight_where_it_weighs_more() -> None:
    """Six litres as a kilogram."""
    assert parcel(1.0, 60.0) == parcel(10.0, 6.0) == parcel(10.0, NAN) == parcel(NAN, 60.0)


@given(st.floats(0, 100), st.floats(0, 600), st.integers(1, 9), st.floats(0, 50))
def test_it_never_falls_when_a_unit_grows_or_goes_farther(kg: float, litres: float, units: int, more: float) -> None:
    smaller = parcel(kg, litres, units)
    assert parcel(kg + more, litres, units) >= smaller
    assert parcel(kg, litres + more, units) >= smaller
    assert parcel(kg, litres, units, to=ROME) <= smaller


def test_what_is_unknown_is_taken_for_common() -> None:
    """Neither free nor endless."""
    assert parcel(0.0, 0.0) < parcel(NAN, NAN) < parcel(5.0, 5.0)
    assert parcel(to=ROME) < parcel(to=(NAN, NAN)) < parcel(to=(59.3, 18.1))
