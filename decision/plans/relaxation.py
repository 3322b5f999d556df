"""What to relax so that an order without a plan gets one: the smallest sets of rules and limits.

Whether a set helps is asked of the planner itself, with plans that cost nothing. Where no line has to be split,
relaxing more never makes a plan impossible: if the order can be fulfilled without some rules, so it can without these
and others, and the smallest sets are found by `smallest`.

Splitting is different. A line is split only where no candidate may send it whole, so a rule less can put an end to its
being split, and a plan that rested on this (on a carrier's weight, or on stock that lines share) is gone. Where rules
or stages decide so about a line, sets are tried one after the other (`smallest_tried`).

All questions of an order share one `Effort`, and the larger the order the fewer they are. What is asked once that is
used up is answered by simple plans only; then no set is told as the smallest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from decision.candidates.loads import Contents
from decision.candidates.scores import Scores, score
from decision.decision import Relaxation
from decision.money import Strategy
from decision.plans.effort import SECONDS_TO_FIND, Effort, effort_of
from decision.plans.many_lines import UnprovedError
from decision.plans.ranked import RankedPlan, Ruled
from decision.plans.reach import Reach, splittable
from decision.plans.shipments import Pricing, pricing
from decision.plans.smallest_sets import MOST_QUESTIONS, Ids, smallest, smallest_tried
from decision.predictor import Predictor
from decision.rules.attributes import needs_prediction
from decision.rules.parts import Stage
from decision.rules.ruleset import Ruleset
from decision.rules.ruling import Ruling, apply_rules, unmet

#: Sets of equal size that are told.
MOST_TOLD: Final = 3
#: A line left out counts more than all parcels that an order may have.
_COUNTING: Final = Strategy(missing_line=1000.0, extra_parcel=1.0)
MAX_PARCELS: Final = "limits.max_parcels"
ALLOW_PARTIAL: Final = "limits.allow_partial"
SPLIT_LINES: Final = "limits.split_lines"

#: What all questions of an order that is too large to be planned exactly may take together: some three seconds.
ALL_QUESTIONS: Final = Effort(covers=30_000, plans=200, exchanges=3_500, places=700, seconds=1.0, rounds=0)
#: Lines × candidates that are looked at, of all questions together; a question looks at all of them.
_MOST_CELLS: Final = 1_500_000
_FEWEST_QUESTIONS: Final = 32

#: Returns a plan of the order as ruled, if there is one: the fewest lines left out, then the fewest parcels; or the
#: first that is found, where the effort has no rounds.
FindPlan: TypeAlias = Callable[[Ruled, Effort], RankedPlan | None]


def relaxations(ruled: Ruled, predictor: Predictor, find_plan: FindPlan) -> tuple[tuple[Relaxation, ...], bool]:
    """Return the smallest sets of rules and limits to relax so that a plan stands, for an order that has none.

    And whether some may do for the whole order though none was found in the time there is.

    First those with which the whole order is fulfilled (at most `MOST_TOLD`); then, where that takes less, one with
    which lines are left out. Nothing where stock, or what carriers take, is what is lacking. Predictions are asked for
    only where rules or stages need them.
    """
    relaxable = _Relaxable(_with_everyone(ruled, predictor), find_plan)
    seek = partial(smallest if relaxable.monotone else smallest_tried, relaxable.ids, questions=relaxable.questions)
    whole, proved = seek(relaxable.helps, MOST_TOLD)
    may_be = relaxable.unproved and not whole
    found = [relaxable.told(ids, smallest=proved and not relaxable.unproved) for ids in whole]
    if not ruled.ruleset.limits.allow_partial:
        in_part, proved = seek(lambda ids: relaxable.helps(ids | {ALLOW_PARTIAL}), 1)
        if in_part and (not whole or len(in_part[0]) + 1 < len(whole[0])):
            found.append(relaxable.told(in_part[0] | {ALLOW_PARTIAL}, smallest=proved and not relaxable.unproved))
    return tuple(found), may_be


@dataclass
class _Relaxable:
    """An order as ruled, about all candidates, and what happens to it when rules and limits are relaxed.

    ``unproved``: some set was not found to help, but may.
    """

    ruled: Ruled
    find_plan: FindPlan
    plans: dict[Ids, RankedPlan | None] = field(default_factory=dict)
    effort: Effort = field(default_factory=lambda: replace(ALL_QUESTIONS))
    unproved: bool = False

    @property
    def questions(self) -> int:
        """How many sets may be tried."""
        return min(MOST_QUESTIONS, max(_FEWEST_QUESTIONS, _MOST_CELLS // max(1, self.ruled.situation.atp.size)))

    @property
    def ids(self) -> list[str]:
        """Return what may be relaxed: rules that take something, limits, and the last stage's requirement."""
        ruling, situation = self.ruled.ruling, self.ruled.situation
        free = situation.candidates.free > 0
        taking = {rule for rule, removed in ruling.removed.items() if (removed & free).any()}
        taking |= {rule for rule, kept in ruling.kept.items() if ((kept > situation.candidates.safety) & free).any()}
        taking |= {rule for rule, left in ruling.parcels_left.items() if np.isfinite(left).any()}
        ids = [rule.id for rule in self.ruled.rules if rule.id in taking]
        if self.ruled.ruleset.limits.max_parcels is not None:
            ids.append(MAX_PARCELS)
        if not self.ruled.ruleset.limits.split_lines and self._splittable.any():
            ids.append(SPLIT_LINES)
        return [*ids, *([] if _has_free_stage(self.ruled.ruleset) else [self._stage])]

    @property
    def monotone(self) -> bool:
        """Whether the same lines have to be split, if any may be, whatever is relaxed: then more always helps."""
        ruleset = self.ruled.ruleset
        if not self._splittable.any() or not (ruleset.limits.split_lines or SPLIT_LINES in self.ids):
            return True
        situation, nothing = self.ruled.situation, Ruling({}, {}, {})
        stages = () if _has_free_stage(ruleset) else ruleset.stages
        forbidden = np.any([np.zeros(situation.atp.shape, bool), *(unmet(one, situation) for one in stages)], axis=0)
        whole = replace(ruleset.limits, split_lines=False)
        now = Reach(situation, self.ruled.ruling, whole).within() * ~forbidden
        then = Reach(situation, nothing, whole).within()
        return bool(((now > 0).any(axis=1) == (then > 0).any(axis=1))[self._splittable].all())

    @property
    def _splittable(self) -> NDArray[np.bool_]:
        return splittable(self.ruled.situation.order, replace(self.ruled.ruleset.limits, split_lines=True))

    @property
    def _stage(self) -> str:
        return f"stages.{self.ruled.ruleset.stages[-1].name}"

    def helps(self, ids: Ids) -> bool:
        """Return whether a plan stands once these are relaxed."""
        return self.plan(ids) is not None

    def plan(self, ids: Ids) -> RankedPlan | None:
        """Return a plan that stands once these are relaxed, if one does."""
        if ids not in self.plans:
            share = self.effort.share(effort_of(SECONDS_TO_FIND, rounds=0))
            left = replace(share)
            try:
                self.plans[ids] = self.find_plan(self._without(ids), left)
            except UnprovedError:
                self.plans[ids], self.unproved = None, True
            self.effort.spend(share, left)
        return self.plans[ids]

    def _best(self, ids: Ids) -> RankedPlan:
        """Return what is best of what stands once these, which help, are relaxed."""
        some = self.plan(ids)
        assert some is not None, "only sets that help are told"
        if some.bound is None:
            return some
        try:
            return self.find_plan(self._without(ids), effort_of(SECONDS_TO_FIND)) or some
        except UnprovedError:
            return some

    def _without(self, ids: Ids) -> Ruled:
        ruleset, ruling = self.ruled.ruleset, self.ruled.ruling
        limits = replace(
            ruleset.limits,
            max_parcels=None if MAX_PARCELS in ids else ruleset.limits.max_parcels,
            allow_partial=ruleset.limits.allow_partial or ALLOW_PARTIAL in ids,
            split_lines=ruleset.limits.split_lines or SPLIT_LINES in ids,
        )
        stages = (Stage("any", None),) if self._stage in ids or _has_free_stage(ruleset) else ruleset.stages
        return replace(
            self.ruled,
            ruleset=replace(ruleset, strategy=_COUNTING, limits=limits, stages=stages),
            ruling=Ruling(
                {rule: said for rule, said in ruling.removed.items() if rule not in ids},
                {rule: said for rule, said in ruling.kept.items() if rule not in ids},
                {},
                {rule: said for rule, said in ruling.parcels_left.items() if rule not in ids},
            ),
        )

    def told(self, ids: Ids, *, smallest: bool) -> Relaxation:
        """Return the set with what it leads to."""
        plan = self._best(ids)
        lines = self.ruled.situation.order.lines
        return Relaxation(
            rule_ids=tuple(one for one in [*self.ids, ALLOW_PARTIAL] if one in ids),
            reasons={rule.id: rule.reason for rule in self.ruled.rules if rule.id in ids},
            max_parcels=len(plan.shipments) if MAX_PARCELS in ids else None,
            left_out=tuple(line.line_id for row, line in enumerate(lines) if plan.left_out[row]),
            part_left_out={
                line.line_id: units
                for line, units in zip(lines, plan.left_out, strict=True)
                if 0 < units < line.quantity
            },
            smallest=smallest,
        )


def free_of_charge(ruled: Ruled) -> Pricing:
    """Return prices by which a plan costs 1000 for each line it leaves out, and 1 for each parcel but the first."""
    lines, count = ruled.situation.atp.shape
    nothing, nothings = np.zeros(count), np.zeros((lines, count))

    def free(which: NDArray[np.intp], held: Contents) -> NDArray[np.float64]:  # noqa: ARG001 - whatever it holds
        return np.zeros(len(which))

    scores = Scores(nothing, nothing, nothings, nothings, lambda _: nothing, lambda _: nothing, free, free)
    order, candidates = ruled.situation.order, ruled.situation.candidates
    nothing_adjusted, most = Ruling({}, {}, {}), ruled.reach.at_most
    return pricing(_COUNTING, order, candidates, ruling=nothing_adjusted, scores=scores, reach=most)


def _has_free_stage(ruleset: Ruleset) -> bool:
    return any(stage.require is None for stage in ruleset.stages)


def _with_everyone(ruled: Ruled, predictor: Predictor) -> Ruled:
    """Return what rules say of all candidates, also of those that several rules take out; scored where that matters."""
    everyone, ruling = ruled.everyone, ruled.first_ruling
    if _needs_scores(ruled):
        # Whatever could be sent has to be scored, also parts of lines that are not split as yet.
        split = replace(ruled.ruleset.limits, split_lines=True)
        unruled = Reach(everyone, Ruling({}, {}, {}), split).within()
        order, network, candidates = everyone.order, everyone.network, everyone.candidates
        (scores,) = score([order], network, [candidates], [unruled > 0], predictor=predictor, now=everyone.now)
        everyone = replace(everyone, scores=scores)
        ruling = ruling.and_then(apply_rules(ruled.ruleset, ruled.rules, everyone))
    return replace(ruled, situation=everyone, ruling=ruling)


def _needs_scores(ruled: Ruled) -> bool:
    """Return whether a rule that takes lines out, or every stage, waits for predictions."""
    waiting = any(rule.condition is not None and rule.waits for rule in ruled.rules)
    required = [stage.require for stage in ruled.ruleset.stages]
    return waiting or all(require is not None and needs_prediction(require.names) for require in required)
