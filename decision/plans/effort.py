"""How much may be done to plan an order that is too large to be planned exactly.

All but HiGHS is counted, so that no clock decides what is found.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

#: Seconds that HiGHS may take for a plan, over all rounds, and how many rounds of cuts are worth it.
SECONDS: Final = 4.0
ROUNDS: Final = 3
#: The same to find any plan, when it is asked what would have to be relaxed, or whether more parcels would do.
SECONDS_TO_FIND: Final = 0.5
#: Most steps of one search for few candidates that have every line. A step takes tens of microseconds.
COVERS: Final = 8_000
#: Of these, most sets from which a simple plan is tried. A plan of sixty lines takes some ten milliseconds.
PLANS: Final = 100
#: For each second that HiGHS may take: steps and sets as above; places at which blocks are tried (a fifth to a half of
#: a millisecond each, of sixty lines ten), and exchanges of candidates (a twentieth).
COVERS_A_SECOND, PLANS_A_SECOND, PLACES, EXCHANGES = 32_000, 200, 1_000, 5_000


@dataclass
class Effort:
    """What may still be done; it is used up. ``rounds``: of HiGHS, to make a plan that was found cheaper.

    ``seconds``: of HiGHS, by its clock; all other fields are counts.
    """

    covers: int
    plans: int
    exchanges: int
    places: int
    seconds: float
    rounds: int

    def share(self, most: Self) -> Self:
        """Return as much of it as ``most`` allows, to be taken from it with `spend`."""
        return replace(
            most,
            covers=min(self.covers, most.covers),
            plans=min(self.plans, most.plans),
            exchanges=min(self.exchanges, most.exchanges),
            places=min(self.places, most.places),
            seconds=min(self.seconds, most.seconds),
        )

    def spend(self, share: Self, left: Self) -> None:
        """Take off what was used of a ``share`` of which that is ``left``."""
        self.covers -= share.covers - left.covers
        self.plans -= share.plans - left.plans
        self.exchanges -= share.exchanges - left.exchanges
        self.places -= share.places - left.places
        self.seconds -= share.seconds - left.seconds


def effort_of(seconds: float, rounds: int = ROUNDS) -> Effort:
    """Return what befits so many seconds of HiGHS; what is searched before that takes about as long."""
    least = effort_at_once()
    covers = min(2 * COVERS, max(least.covers, int(COVERS_A_SECOND * seconds)))
    plans = min(PLANS, max(least.plans, int(PLANS_A_SECOND * seconds)))
    return Effort(covers, plans, int(EXCHANGES * seconds), int(PLACES * seconds), seconds, rounds)


def effort_at_once() -> Effort:
    """Return what takes some tens of milliseconds: simple plans, and a short search for who has every line."""
    return Effort(covers=1_000, plans=10, exchanges=0, places=0, seconds=0.0, rounds=0)
