"""What a compiled ruleset is made of: rules, stages, limits, what is promised and offered."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from decision.rules.attributes import CAPACITY_USED, needs_prediction, together
from decision.rules.calendar import Calendar
from expressions.compiled import CompiledExpression
from expressions.kinds import Kind, Names


@dataclass(frozen=True)
class Rule:
    """A compiled rule. ``when`` is about the order; ``where`` and ``condition`` about candidates and their lines.

    ``condition``: what an ``exclude`` takes out or a ``require`` keeps. ``amount``: units kept back by
    ``safety_stock``, the money of ``adjust``, or the parcels per day of ``cap``. ``active``: the times at which it is a
    rule. ``reasons``: by language, where the reason is written in several.
    """

    id: str
    kind: Literal["exclude", "require", "safety_stock", "adjust", "cap"]
    reason: str
    when: CompiledExpression | None
    where: CompiledExpression | None
    condition: CompiledExpression | None
    amount: float | CompiledExpression | None
    active: Calendar | None
    reasons: Mapping[str, str]

    @cached_property
    def names(self) -> Names:
        """What is read of candidates to apply it."""
        parts = (self.where, self.condition, self.amount)
        reads = [part.names for part in parts if isinstance(part, CompiledExpression)]
        return together([*reads, {CAPACITY_USED: Kind.NUMBER}] if self.kind == "cap" else reads)

    @cached_property
    def waits(self) -> bool:
        """Whether it can be applied only once predictions are made."""
        return needs_prediction(self.names)


@dataclass(frozen=True)
class OfferRule:
    """A store's shipment is offered to the best ``locations`` stores at once, for ``minutes``, if ``when`` holds."""

    locations: int
    minutes: float
    when: CompiledExpression | None


@dataclass(frozen=True)
class Stage:
    """A compiled stage. ``offer``: of the shipments that it plans, before that of the ruleset."""

    name: str
    require: CompiledExpression | None
    offer: OfferRule | None = None


@dataclass(frozen=True)
class Limits:
    """What no plan may exceed. ``max_parcels``: shipments of a plan, ``None`` for any number.

    ``split_lines``: whether the units of a line may come from several candidates where none has all of them.
    """

    max_parcels: int | None
    allow_partial: bool
    split_lines: bool


@dataclass(frozen=True)
class Fee:
    """What the customer pays for delivery; ``None`` does not restrict, ``when`` is about the order."""

    money: float
    method: str | None
    level: str | None
    when: CompiledExpression | None


@dataclass(frozen=True)
class PromiseTerms:
    """``confidence``: probability with which a promised date is to be kept; ``fees``: the first that fits counts.

    ``day``: money that a day's waiting is worth to the customer, by which ways of delivery are ranked.
    """

    confidence: float
    day: float
    fees: tuple[Fee, ...]
