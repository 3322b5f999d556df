"""Rules applied: who may send what, what is kept back, what is made dearer or cheaper.

A condition that is unknown, because something it mentions is missing, is not true: it excludes nobody, adjusts
nothing, and a ``require`` that is unknown is not met. A cap that is unknown, or whose use is, caps nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates.consolidation import NOTHING_OPEN
from decision.money import MOST_MONEY
from decision.rules.attributes import CAPACITY_USED, ReadColumns, is_per_line, together
from decision.rules.parts import OfferRule, Rule, Stage
from decision.rules.ruleset import Ruleset
from decision.rules.situation import Situation
from expressions.compiled import CompiledExpression


@dataclass(frozen=True)
class Ruling:
    """What rules say about C candidates and L lines, by rule id.

    ``removed`` (L, C): lines that a candidate may not send; ``kept`` (L, C): units that stay where they are;
    ``adjusted``: money per shipment, (C,), or per line of it, (L, C); ``parcels_left`` (C,): how many parcels the
    candidate's location may still be given today, infinite where the rule caps nothing, the same for all candidates
    of a location. A rule without effect is absent.
    """

    removed: dict[str, NDArray[np.bool_]]
    kept: dict[str, NDArray[np.float64]]
    adjusted: dict[str, NDArray[np.float64]]
    parcels_left: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def take(self, rows: NDArray[np.intp]) -> "Ruling":
        """Return what is said of the candidates at ``rows``."""
        parts = (self.removed, self.kept, self.adjusted, self.parcels_left)
        taken = ({rule: said[..., rows] for rule, said in part.items()} for part in parts)
        return Ruling(*taken)  # type: ignore[arg-type]  # each part keeps its own type, which a loop over all loses

    def and_then(self, later: "Ruling") -> "Ruling":
        """Return both rulings as one."""
        return Ruling(
            {**self.removed, **later.removed},
            {**self.kept, **later.kept},
            {**self.adjusted, **later.adjusted},
            {**self.parcels_left, **later.parcels_left},
        )


def first_that_applies(rulesets: Sequence[Ruleset], situation: Situation) -> Ruleset | None:
    """Return the first ruleset whose ``applies_to`` is true of the order."""
    return next((ruleset for ruleset in rulesets if holds(ruleset.applies_to, situation)), None)


def rules_in_force(rules: Iterable[Rule], situation: Situation) -> list[Rule]:
    """Return the rules whose ``when`` is true of the order."""
    return [rule for rule in rules if holds(rule.when, situation)]


def apply_rules(ruleset: Ruleset, rules: Iterable[Rule], situation: Situation) -> Ruling:
    """Apply those of the ruleset's ``rules`` that can be, as far as the situation knows.

    Those that need predictions wait for scores.
    """
    known = [rule for rule in rules if rule.waits == (situation.scores is not None)]
    columns = ReadColumns(together(rule.names for rule in known), situation)
    ruling = Ruling(_removed(ruleset, known, columns, situation), {}, {})
    shape = situation.atp.shape
    for rule in known:
        if rule.condition is not None:
            continue
        where = _where(rule, columns, situation)
        if not where.any():
            continue
        if rule.kind == "safety_stock":
            assert isinstance(rule.amount, float)
            ruling.kept[rule.id] = np.broadcast_to(np.where(where, rule.amount, 0.0), shape)
        elif rule.kind == "cap":
            left = _left(rule, where, columns, shape[1])
            ruling.parcels_left[rule.id] = left
            full = (left < 1) & (situation.candidates.joined == NOTHING_OPEN)  # what joins a parcel is none
            if full.any():
                ruling.removed[rule.id] = np.broadcast_to(full, shape)
        else:
            ruling.adjusted[rule.id] = _adjustment(rule, where, columns, shape)
    return ruling


def offer_in(ruleset: Ruleset, stage: str | None, situation: Situation) -> OfferRule | None:
    """Return how what ``stage`` plans is offered: as the stage says, else as the ruleset says, if it is so now."""
    own = next((known.offer for known in ruleset.stages if known.name == stage), None)
    offer = own or ruleset.offer
    return offer if offer is not None and holds(offer.when, situation) else None


def unmet(stage: Stage, situation: Situation) -> NDArray[np.bool_]:
    """Return (L, C) where the stage's requirement is not met."""
    shape = situation.atp.shape
    if stage.require is None:
        return np.zeros(shape, bool)
    met = stage.require.is_true(ReadColumns(stage.require.names, situation))
    return np.broadcast_to(~met, shape)


def available(situation: Situation, ruling: Ruling, without: str = "") -> NDArray[np.float64]:
    """Return (L, C) the units that may be promised, with the rule ``without`` left out.

    Of the recorded safety stock and all that rules keep back, the largest counts.
    """
    safety = situation.candidates.safety
    for rule, kept in ruling.kept.items():
        if rule != without:
            safety = np.maximum(safety, kept)
    return situation.candidates.free - safety


def allowed(situation: Situation, ruling: Ruling) -> NDArray[np.bool_]:
    """Return (L, C) where no rule removes the line from the candidate."""
    may = np.ones(situation.atp.shape, bool)
    for removed in ruling.removed.values():
        may &= ~removed
    return may


def parcels_left(situation: Situation, ruling: Ruling, without: str = "") -> NDArray[np.float64]:
    """Return (C,) how many parcels each candidate's location may still be given today; infinite where nothing caps it.

    Of several caps the tightest counts; the rule ``without`` is left out. All candidates of one location share it.
    """
    left = np.full(len(situation.candidates), np.inf)
    for rule, parcels in ruling.parcels_left.items():
        if rule != without:
            left = np.minimum(left, parcels)
    return left


def _removed(
    ruleset: Ruleset, rules: Sequence[Rule], columns: Any, situation: Situation
) -> dict[str, NDArray[np.bool_]]:
    """Return whom each ``exclude`` and ``require`` takes out, where it does."""
    taking = [rule for rule in rules if rule.condition is not None]
    if not taking:
        return {}
    lines, candidates = situation.atp.shape
    chosen = [ruleset.condition_of[rule.id] for rule in taking]
    removed = ruleset.conditions.are_true(columns, (lines, candidates), chosen)
    for position, rule in enumerate(taking):
        if rule.kind == "require":
            removed[position] = ~removed[position]
        if rule.where is not None or rule.active is not None:
            removed[position] &= _where(rule, columns, situation)
    some = np.flatnonzero(removed.reshape(len(taking), lines * candidates).any(axis=1))
    return {taking[position].id: removed[position] for position in some.tolist()}


def _where(rule: Rule, columns: Any, situation: Situation) -> NDArray[np.bool_]:
    """Return where the rule acts: now, by the location's clock, and on such candidates."""
    where = _mask(rule.where, columns)
    if rule.active is None:
        return where
    active = np.zeros(len(situation.candidates), bool)
    for local, rows in situation.clocks:
        active[rows] = rule.active.is_active(local)
    return where & active


def _left(rule: Rule, where: NDArray[np.bool_], columns: Any, count: int) -> NDArray[np.float64]:
    assert isinstance(rule.amount, CompiledExpression)
    # In billionths: 0.29 of 100 parcels are 29 of them, not a little less.
    left = np.round(rule.amount.values(columns) - columns[CAPACITY_USED], 9)
    return np.broadcast_to(np.where(where & ~np.isnan(left), left, np.inf), (count,))


def holds(condition: CompiledExpression | None, situation: Situation) -> bool:
    """Return whether a condition about the order is true; there is none where nothing restricts."""
    if condition is None:
        return True
    return bool(condition.is_true(ReadColumns(condition.names, situation)).all())


def _mask(condition: CompiledExpression | None, columns: Any) -> NDArray[np.bool_]:
    return _TRUE if condition is None else condition.is_true(columns)


_TRUE: Final = np.array(True)


def _adjustment(rule: Rule, where: NDArray[np.bool_], columns: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return money per line if the rule is about lines, else per shipment. Unknown money is none."""
    assert isinstance(rule.amount, CompiledExpression)
    told = np.clip(np.nan_to_num(rule.amount.values(columns)), -MOST_MONEY, MOST_MONEY)
    money = np.broadcast_to(np.where(where, told, 0.0), shape)
    return money if is_per_line(rule.names) else money[0]
