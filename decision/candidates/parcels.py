"""What parcels hold, as the models are asked about it: units, weight, volume and value together."""

from collections.abc import Callable, Sequence
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


@dataclass(frozen=True, eq=False)
class Figures:
    """What is told of one unit of each line of O orders, M lines each at most: ``of_unit`` (3, O, M) weight, volume and
    price, and ``longest_side_cm`` (O, M), NaN where not told; ``lines`` (O,): how many there are of each order.
    """

    of_unit: NDArray[np.float64]
    longest_side_cm: NDArray[np.float64]
    lines: NDArray[np.intp]

    def parcels(self, order: NDArray[np.intp], units: NDArray[np.int64]) -> Parcels:
        """Return what parcels of ``order`` (K,) with so many ``units`` (K, up to M) of each line amount to.

        Lines are those of all orders, one order after the other.
        """
        members, lines = units > 0, units.shape[1]
        each = self.of_unit[:, order, :lines]
        # One line after the other, as a history is added up: a sum's last bit depends on the order.
        weight, volume, value = np.add.accumulate(np.where(members, each * units, 0.0), axis=2)[..., -1]
        weights = np.where(np.isnan(each[0]), 0.0, each[0]) * units
        first = np.cumsum(self.lines) - self.lines
        return Parcels(
            weight,
            volume,
            np.fmax.reduce(np.where(members, self.longest_side_cm[order, :lines], np.nan), axis=1),
            value,
            units.sum(axis=1).astype(float),
            members.sum(axis=1).astype(float),
            first[order] + np.where(members, weights, -1.0).argmax(axis=1),
        )


def figures(orders: Sequence[Order]) -> Figures:
    """Return what is told of the lines of ``orders``."""
    lines = [len(order.lines) for order in orders]
    told = np.full((len(_FIGURES), len(orders), max(lines)), np.nan)
    for at, order in enumerate(orders):
        told[:, at, : lines[at]] = [floats([getattr(line, name) for line in order.lines]) for name in _FIGURES]
    return Figures(told[:-1], told[-1], np.array(lines))


def whole_and_alone(orders: Sequence[Order], told: Figures) -> tuple[Parcels, Parcels]:
    """Return the parcels of whole orders, and those of every line alone."""
    most = int(told.lines.max())
    ordered = np.zeros((len(orders), most), np.int64)
    for at, order in enumerate(orders):
        ordered[at, : told.lines[at]] = [line.quantity for line in order.lines]
    of_line, nth = np.nonzero(np.arange(most) < told.lines[:, None])
    alone = np.zeros((len(of_line), most), np.int64)
    alone[np.arange(len(of_line)), nth] = ordered[of_line, nth]
    return told.parcels(np.arange(len(orders)), ordered), told.parcels(of_line, alone)


def parcels(order: Order, units: NDArray[np.int64]) -> Parcels:
    """Return what parcels with so many ``units`` (K, L) of each line of one order amount to."""
    return figures([order]).parcels(np.zeros(len(units), np.intp), units)


def weighing(told: Figures, order: int) -> Callable[[NDArray[np.int64]], Parcels]:
    """Return `Figures.parcels` of one ``order``. Asked about the same units again, it remembers: plans ask about the
    same loads.
    """
    known: list[tuple[NDArray[np.int64], Parcels]] = []

    def weigh(units: NDArray[np.int64]) -> Parcels:
        if not known or known[0][0] is not units:
            known[:] = [(units, told.parcels(np.full(len(units), order), units))]
        return known[0][1]

    return weigh


#: What is told of one unit of a line.
_FIGURES: Final = ("weight_kg", "volume_l", "unit_price", "longest_side_cm")


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


def floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return numbers of which some are not told: NaN."""
    return np.array([np.nan if value is None else value for value in values], float)
