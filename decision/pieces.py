"""Lines that no single candidate can supply are planned piece by piece, so that several can share them.

A piece is a line of one unit. Pieces of one line are alike, so plans that only swap them are one plan: the candidates
of a line's pieces are kept in ascending order, which leaves exactly one of each such family (symmetry breaking; Margot,
"Symmetry in Integer Linear Programming", 2010). Rules, prices and predictions see a piece as a line of quantity 1.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.order import Line, Order
from decision.plans import Shipped

#: Stands between a line's id and the number of its piece; no id that people write holds it.
_SEPARATOR: Final = "\x1f"
#: Behind every candidate.
_LAST: Final = 1 << 60


def in_pieces(
    order: Order, usable: NDArray[np.bool_], units: NDArray[np.float64], location: NDArray[np.intp], most: int
) -> Order:
    """Return ``order`` with every line in pieces that only several locations together can supply.

    ``usable`` (L, C): where the whole line can be sent from; ``units`` (L, C): what each candidate may promise of it, 0
    where a rule forbids it. The order is returned as it is if nothing is gained, or if it would have more than ``most``
    lines.
    """
    lines: list[Line] = []
    for row, line in enumerate(order.lines):
        whole = np.floor(np.maximum(units[row], 0))
        per_location = np.zeros(int(location.max(initial=-1)) + 1)
        np.maximum.at(per_location, location, whole)
        if line.quantity > 1 and not usable[row].any() and per_location.sum() >= line.quantity:
            named = (f"{line.line_id}{_SEPARATOR}{number}" for number in range(line.quantity))
            lines += [replace(line, line_id=name, quantity=1) for name in named]
        else:
            lines.append(line)
    return replace(order, lines=tuple(lines)) if len(order.lines) < len(lines) <= most else order


def line_of(line_id: str) -> str:
    """Return the id of the line that a piece belongs to (its own, if it is no piece)."""
    return line_id.split(_SEPARATOR, maxsplit=1)[0]


def families(order: Order) -> list[list[int]]:
    """Return the rows of the pieces of each line in pieces."""
    rows: dict[str, list[int]] = {}
    for row, line in enumerate(order.lines):
        if _SEPARATOR in line.line_id:
            rows.setdefault(line_of(line.line_id), []).append(row)
    return list(rows.values())


def in_order(shipments: Iterable[Shipped], left_out: int, alike: list[list[int]]) -> bool:
    """Return whether the pieces of each line go to candidates in ascending order, those left out last.

    Pieces about which nothing is decided yet are passed over.
    """
    if not alike:
        return True
    sent = {row: candidate for mask, candidate in shipments for row in range(mask.bit_length()) if mask >> row & 1}
    sent.update((row, _LAST) for row in range(left_out.bit_length()) if left_out >> row & 1)
    for rows in alike:
        candidates = [sent[row] for row in rows if row in sent]
        if candidates != sorted(candidates):
            return False
    return True
