"""What stands between the rules and the answer: the candidates as ruled, and the plans as ranked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from decision.consolidation import open_shipments_at, open_weight_kg
from decision.decision import BindingRule
from decision.loads import Floats, Sent
from decision.rules import Ruling, allowed, available
from decision.ruleset import Limits, Rule, Ruleset
from decision.shipments import Pricing
from decision.situation import Situation


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


@dataclass(frozen=True)
class RankedPlan:
    """Shipments, and the units of each line that are left out. ``total`` in billionths.

    ``bound``: proved lower bound of the best total, where the plan itself is not proved to be the best.
    """

    total: int
    shipments: tuple[Sent, ...]
    left_out: tuple[int, ...]
    bound: int | None = None


@dataclass(frozen=True)
class Ranked:
    """The best plans of the first stage that has any (else of the last), and how they were found."""

    stage: str | None
    plans: list[RankedPlan]
    priced: Pricing
    ruled: Ruled
    forbidden: NDArray[np.bool_]
    binding: tuple[BindingRule, ...] = ()


def usable(situation: Situation, ruling: Ruling, without: str = "") -> NDArray[np.bool_]:
    """Return (L, C) where a candidate may and can send the whole line, with the rule ``without`` left out."""
    quantity = np.array([[float(line.quantity)] for line in situation.order.lines])
    return (available(situation, ruling, without) >= quantity) & allowed(situation, ruling, without)


def reach(situation: Situation, ruling: Ruling, limits: Limits, without: str = "") -> Floats:
    """Return (L, C) the units of each line that a candidate may and can send, with the rule ``without`` left out.

    That is all of the line where it can, else nothing; but where a line may be split, what it has of it. Rules look at
    lines as they were ordered, so none is dodged by sending less.
    """
    order, candidates = situation.order, situation.candidates
    quantity = np.array([[float(line.quantity)] for line in order.lines])
    splittable = np.array([[limits.split_lines and line.group is None] for line in order.lines])
    weight = np.array([[line.weight_kg or 0.0] for line in order.lines])
    carried = weight * quantity + open_weight_kg(order, open_shipments_at(order, situation.network, candidates))
    units = available(situation, ruling, without)
    whole = (units >= quantity) & (carried <= candidates.max_weight_kg)
    part = np.where(splittable, np.clip(np.floor(units), 0.0, quantity - 1), 0.0)
    return np.where(allowed(situation, ruling, without), np.where(whole, quantity, part), 0.0)


def reach_at_most(situation: Situation, ruling: Ruling, limits: Limits) -> Floats:
    """Return (L, C) the units that a candidate may be asked to send, be it only if one rule were absent.

    What a rule costs has to be known.
    """
    every = [reach(situation, ruling, limits, without) for without in ("", *ruling.removed, *ruling.kept)]
    return np.asarray(np.maximum.reduce(every))
