"""The cheapest way to fulfil what remains of an order, for every load that may remain, by dynamic programming."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import prod
from operator import add, itemgetter
from typing import NamedTuple

Radices = tuple[int, ...]


class FirstParts(NamedTuple):
    """Of a load: its lowest block's place value, that block's units as a load of its own, and the parts that hold some.

    ``parts`` are all the parts of the load with at least one unit of its lowest block.
    """

    place: int
    dropped: int
    parts: tuple[int, ...]


@lru_cache(maxsize=1 << 12)
def first_parts(radices: Radices, load: int) -> FirstParts:
    """Return the parts with which dividing a load (not the empty one) begins."""
    (lowest, place), *others = _digits(radices, load)
    parts = [taken * place for taken in range(1, lowest + 1)]
    for digit, other in others:
        parts = [part + taken * other for taken in range(digit + 1) for part in parts]
    return FirstParts(place, lowest * place, tuple(parts))


def _digits(radices: Radices, load: int) -> Iterator[tuple[int, int]]:
    """Yield each digit that is not 0, and its place value."""
    place = 1
    for radix in radices:
        load, digit = divmod(load, radix)
        if digit:
            yield digit, place
        place *= radix


class _Step(NamedTuple):
    """A load, what of it can be dropped, and what picks its first parts, and what they leave, from a list by load."""

    load: int
    dropped: int
    parts: Callable[[list[int]], tuple[int, ...]]
    rests: Callable[[list[int]], tuple[int, ...]]


@lru_cache(maxsize=16)
def _steps(radices: Radices) -> tuple[_Step, ...]:
    """Return a step for every load but the empty one, so that what is left of a load comes before it."""
    steps = []
    for load in range(1, prod(radices)):
        first = first_parts(radices, load)
        rests = [load - part for part in first.parts]
        steps.append(_Step(load, first.dropped, _picking(first.parts), _picking(rests)))
    return tuple(steps)


def _picking(places: Sequence[int]) -> Callable[[list[int]], tuple[int, ...]]:
    return itemgetter(*places, places[0])  # of one place, it would pick no tuple


def complete(
    radices: Radices, best: list[int], omit: list[int] | None, after: list[int] | None, hopeless: int
) -> list[int]:
    """Return the least cost of fulfilling each load.

    ``best``: cost of the best single shipment of each load; ``omit``: of leaving out units of one block, or ``None``.
    ``after``: what completes the rest once a shipment is taken (with one parcel fewer to spend), or ``None`` where the
    number of parcels is free. Costs of ``hopeless`` and above mean that there is no way. Recurrence: R. Bellman,
    *Dynamic Programming*, 1957, over the parts of each load.
    """
    least = [0] * len(best)
    rest = least if after is None else after
    for load, dropped, parts, rests in _steps(radices):
        cost = min(map(add, parts(best), rests(rest)))
        if omit is not None:
            cost = min(cost, omit[dropped] + least[load - dropped])
        least[load] = cost if cost < hopeless else 2 * hopeless
    return least
