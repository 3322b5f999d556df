"""How many units of one sku are lacking where several lines ask for it: as few as would do for all of them together.

A line is sent whole from one place, or in parts from several where it may be split. What is lacking is what is asked
for less what of the stock can be used; lines in parts use whatever the others leave, so the most that whole lines can
use decides. Who of them is served where is searched, the largest first, each where the least is left over. Of K lines
only the K fullest places matter: a line elsewhere finds one of these empty.
"""

from collections.abc import Sequence
from typing import Final

#: Places at which lines are tried. Beyond, as after ten lines of one sku, more may be told as lacking than need be.
MOST_STEPS: Final = 5_000


def lacking(whole: Sequence[int], in_parts: int, stock: Sequence[int]) -> int:
    """Return the fewest units that have to be there besides.

    ``whole``: units of each line that is sent from one place; ``in_parts``: of all others together; ``stock``: units at
    each place.
    """
    there = sum(stock)
    used = _Search(sorted(whole, reverse=True), sorted(stock, reverse=True)[: len(whole)]).most_used()
    return sum(whole) + in_parts - used - min(in_parts, there - used)


class _Search:
    def __init__(self, wanted: list[int], stock: list[int]) -> None:
        self.wanted, self.left = wanted, stock
        self.rest = [sum(wanted[at:]) for at in range(len(wanted) + 1)]
        self.best = self.steps = 0

    def most_used(self) -> int:
        """Return the most units of the stock that lines can use."""
        self._serve(0, 0)
        return self.best

    def _serve(self, at: int, used: int) -> None:
        """Try where to serve the lines from ``at`` on, once those before use so much."""
        self.best = max(self.best, used)
        for left in self._places(at):
            if used + min(self.rest[at], sum(self.left)) <= self.best or self.steps >= MOST_STEPS:
                return
            self.steps += 1
            place, taken = self.left.index(left), min(left, self.wanted[at])
            self.left[place] -= taken
            self._serve(at + 1, used + taken)
            self.left[place] += taken

    def _places(self, at: int) -> list[int]:
        """Return what is left at places, of equal ones once: first where it suffices, the tightest before."""
        if at == len(self.wanted):
            return []
        return sorted(
            {left for left in self.left if left}, key=lambda left: (left < self.wanted[at], abs(left - self.wanted[at]))
        )
