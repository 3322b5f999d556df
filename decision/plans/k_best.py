"""The k best plans, exactly.

Every way to fulfil the order divides it into loads (`decision.candidates.loads`), each sent from its own candidate. A
dynamic program (`decision.plans.completion`) knows the least money that completes any load; a best-first search guided
by it (A*, Hart, Nilsson and Raphael 1968) then meets plans in the order of their total and never looks at the rest.

**Each plan is met once.** The next shipment always holds some of the lowest block that remains. Several may, where a
line is split: those come in the order of their candidates, and leaving out what is left of the block comes last.

**Ties.** Money is counted in whole billionths. Plans of equal total are ordered by fewer shipments, then by the lower
sum of their candidates' positions in the network, then by their shipments, each as its load and candidate, in the order
told above.

**Few shipments are scored.** The cost of a shipment is known only once the predictor has been asked, and asking is what
takes time. But a load never costs less than the dearest of its portions, each the units of one line, sent alone
(`Pricing.ask` sees to that). The cost of every portion is asked beforehand, so this is a lower bound of the load's
cost, and all other terms are known exactly. Search on these bounds; score the shipments of the k plans found; repeat
until all k are scored. *The result is that of scoring everything*: at the end the k plans carry true totals. Let P be
any other plan. On the values of the last round, P stood behind all k in the order of (total, ties), and its value is at
most its true total, because each of its shipments carries its true value or a lower bound. Ties do not depend on
values. So P's true place, too, is behind all k. It ends, since each round scores at least one shipment and there are
finitely many.
"""

from typing import Final

from decision.money import HOPELESS
from decision.plans.problem import Plan, Problem
from decision.plans.search import Search
from decision.plans.values import Values

#: Shipments scored together at first, and how many more each time: as many as were scored before, so that a weak bound
#: costs few rounds.
_SCORED_AT_ONCE: Final = 128


def best_plans(problem: Problem, count: int, below: int = HOPELESS) -> list[Plan]:
    """Return the ``count`` best plans (fewer if there are fewer), best first, all of them scored.

    None where the best costs ``below`` or more: that is often seen before anything is scored.

    Raises `SearchTooLongError` where the search takes too many steps.
    """
    values = Values(problem)
    search, most = Search(values, None), below - 1  # what the last of the plans may cost
    if search.least >= below:
        return []
    at_once = values.score([], search.promising(most, _SCORED_AT_ONCE))
    while True:
        search, plans = _within_limit(values, count, below)
        if plans and plans[0].total >= below:  # on these values; the true totals are no lower
            return []
        asked = sorted({s for plan in plans for s in plan.shipments if not problem.scored[s]})
        if not asked:
            return plans
        left_out = [plan.total - values.sent(plan) for plan in plans]
        at_once += values.score(asked, search.promising(most, at_once))
        if len(plans) == count:
            most = min(most, max(left + values.sent(plan) for left, plan in zip(left_out, plans, strict=True)))


def _within_limit(values: Values, count: int, below: int) -> tuple[Search, list[Plan]]:
    """Return the best plans as the values stand, none if there is none of less money than ``below``, and their search.

    A limit that the best plans keep by themselves costs no time.
    """
    limit = values.problem.max_parcels
    search = Search(values, None)
    if search.least >= below:
        return search, []
    plans = search.run(count)
    if limit is None or all(len(plan.shipments) <= limit for plan in plans):
        return search, plans
    search = Search(values, limit)
    return search, search.run(count)
