"""What parcels hold, as the models are asked about it: units, weight, volume and value together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.order import Order
from features.coded import CodedColumns
from features.sizes import size_class


@dataclass(frozen=True, eq=False)
class Parcels:
    """What is in parcels, one row per parcel: weight, volume, longest side, value, units, number of lines.

    Where the figure of one line is missing, that of the parcel is (NaN), but for the longest side, which is that of the
    lines that were measured. ``heaviest`` is the row of the line whose sku stands for the parcel.
    """

    weight_kg: NDArray[np.float64]
    volume_l: NDArray[np.float64]
    longest_side_cm: NDArray[np.float64]
    value: NDArray[np.float64]
    units: NDArray[np.float64]
    lines: NDArray[np.float64]
    heaviest: NDArray[np.intp]

    @cached_property
    def facts(self) -> CodedColumns:
        """The facts that are about what is in them."""
        names = ("weight_kg", "volume_l", "longest_side_cm", "value", "units", "lines")
        numbers = {name: getattr(self, name) for name in names}
        return CodedColumns(numbers, {"size_class": size_class(numbers)}, {})


def parcels(order: Order, units: NDArray[np.int64]) -> Parcels:
    """Return what parcels with so many ``units`` (K, L) of each line amount to."""
    members = units > 0
    each = np.array([_floats([getattr(line, name) for line in order.lines]) for name in _FIGURES])
    # One line after the other, as a history is added up: a sum's last bit depends on the order.
    weight, volume, value = np.add.accumulate(np.where(members, each[:, None] * units, 0.0), axis=2)[..., -1]
    sides = _floats([line.longest_side_cm for line in order.lines])
    weights = np.where(np.isnan(each[0]), 0.0, each[0]) * units
    return Parcels(
        weight,
        volume,
        np.fmax.reduce(np.where(members, sides, np.nan), axis=1),
        value,
        units.sum(axis=1).astype(float),
        members.sum(axis=1).astype(float),
        np.where(members, weights, -1.0).argmax(axis=1),
    )


def weighing(order: Order) -> Callable[[NDArray[np.int64]], Parcels]:
    """Return `parcels` of an order. Asked about the same units again, it remembers: plans ask about the same loads."""
    known: list[tuple[NDArray[np.int64], Parcels]] = []

    def weigh(units: NDArray[np.int64]) -> Parcels:
        if not known or known[0][0] is not units:
            known[:] = [(units, parcels(order, units))]
        return known[0][1]

    return weigh


#: What is told of one unit of a line.
_FIGURES: Final = ("weight_kg", "volume_l", "unit_price")


def joined_parcels(order: Order, adding: Parcels, joined: NDArray[np.intp]) -> tuple[Parcels, Parcels]:
    """Return the open shipments ``joined`` as they are, and with what is added to them, row by row.

    The sku that stands for both is that of what is added, so that they differ in their amounts only.
    """
    amounts = [(x.weight_kg, x.volume_l, x.longest_side_cm, x.value, x.units, x.lines) for x in order.open_shipments]
    weight, volume, longest, value, units, lines = np.array(amounts, float)[joined].T
    after = Parcels(
        weight + adding.weight_kg,
        volume + adding.volume_l,
        np.fmax(longest, adding.longest_side_cm),
        value + adding.value,
        units + adding.units,
        lines + adding.lines,
        adding.heaviest,
    )
    return Parcels(weight, volume, longest, value, units, lines, adding.heaviest), after


def _floats(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], float)
