"""What stands between the rules and the answer: the candidates as ruled, and the plans as ranked."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Sent
from decision.decision import BindingRule
from decision.plans.reach import Reach
from decision.plans.shipments import Pricing
from decision.rules.parts import Rule
from decision.rules.ruleset import Ruleset
from decision.rules.ruling import Ruling
from decision.rules.situation import Situation


@dataclass(frozen=True)
class Ruled:
    """The candidates that matter once rules have spoken, and what they said.

    ``everyone``: the situation with all candidates, for telling who was left out; ``situation``: with those that may
    send a line, be it only if one rule were absent (what a rule costs has to be known); ``ruling`` is about these.
    """

    ruleset: Ruleset
    rules: tuple[Rule, ...]
    everyone: Situation
    first_ruling: Ruling
    situation: Situation
    ruling: Ruling

    @cached_property
    def reach(self) -> Reach:
        """What these candidates may and can send within the ruleset's limits."""
        return Reach(self.situation, self.ruling, self.ruleset.limits)


@dataclass(frozen=True)
class RankedPlan:
    """Shipments, and the units of each line that are left out. ``total`` in billionths.

    ``bound``: proved lower bound of the best total, where the plan itself is not proved to be the best. ``limited``:
    as of `decision.plans.problem.Plan`.
    """

    total: int
    shipments: tuple[Sent, ...]
    left_out: tuple[int, ...]
    bound: int | None = None
    limited: bool = field(default=False, compare=False)

    @property
    def is_proved(self) -> bool:
        """Whether no other plan costs less."""
        return self.bound is None or self.bound >= self.total


@dataclass(frozen=True)
class Ranked:
    """The best plans of the first stage that has any (else of the last), and how they were found.

    ``too_few_parcels``: whether no plan stands there only because it would take more parcels; ``unproved``: whether one
    may stand, there or in a stage before it, that nobody had the time to find.
    """

    stage: str | None
    plans: list[RankedPlan]
    priced: Pricing
    ruled: Ruled
    forbidden: NDArray[np.bool_]
    binding: tuple[BindingRule, ...] = ()
    too_few_parcels: bool = False
    unproved: bool = False
