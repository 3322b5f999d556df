"""Carriers handle parcels by their size: what is heavy, and what is long, is not charged as the rest."""

import numpy as np
import pytest

from features.sizes import billed_kg, size_class

NAN = float("nan")


@pytest.mark.parametrize(
    ("weight_kg", "volume_l", "units", "longest_side_cm", "said"),
    [
        (0.4, 2.0, 1.0, 30.0, "small"),
        (12.0, 2.0, 1.0, 30.0, "large"),
        (0.4, 60.0, 1.0, 60.0, "large"),
        (12.0, 2.0, 4.0, 30.0, "small"),
        (0.4, 2.0, 1.0, 70.5, "oversize"),
        (NAN, NAN, 1.0, 120.0, "oversize"),
        (0.4, 2.0, 1.0, NAN, "small"),
        (NAN, NAN, 1.0, 30.0, None),
        (NAN, NAN, 1.0, NAN, None),
    ],
)
def test_the_class_of_a_shipment(
    weight_kg: float, volume_l: float, units: float, longest_side_cm: float, said: str | None
) -> None:
    """By what one unit is billed with, and by its longest side; what is not known is in no class."""
    numbers = {"weight_kg": weight_kg, "volume_l": volume_l, "units": units, "longest_side_cm": longest_side_cm}
    assert size_class({name: np.array([value]) for name, value in numbers.items()}).column().tolist() == [said]


def test_a_unit_is_billed_with_the_larger_of_weight_and_volume() -> None:
    """Six litres as a kilogram; by the one that is known."""
    columns = {
        "weight_kg": np.array([3.0, 3.0, NAN, 3.0, NAN]),
        "volume_l": np.array([6.0, 60.0, 60.0, NAN, NAN]),
        "units": np.array([1.0, 2.0, 2.0, 2.0, 1.0]),
    }
    assert billed_kg(columns).tolist()[:4] == [3.0, 5.0, 5.0, 1.5]
    assert np.isnan(billed_kg(columns)[4])
