"""One decision, from order to ranked plans: candidates, rules, scores, plans, explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from decision.candidates.candidates import Candidates, find_candidates
from decision.candidates.inbound import with_arrived
from decision.candidates.learnt import learnt, times_missed
from decision.candidates.scores import Scores, score
from decision.decision import Decision
from decision.errors import TooManyLinesError
from decision.explanation.answer import explain, no_ruleset
from decision.explanation.digest import digest
from decision.explanation.keeping import keeping, kept
from decision.explanation.tell import tell
from decision.network import Network
from decision.order import Order
from decision.plans.planning import best_plan, find_plan, plan
from decision.plans.ranked import Ruled
from decision.plans.relaxation import relaxations
from decision.plans.shipments import Pricing, pricing
from decision.predictor import Predictor
from decision.rules.ruleset import Ruleset
from decision.rules.ruling import apply_rules, first_that_applies, rules_in_force
from decision.rules.situation import Situation

#: Larger orders are not those of a customer.
MOST_LINES_AT_ALL: Final = 60
#: Plans among which one is looked for that keeps a promise.
MOST_OPTIONS: Final = 20


def decide(
    order: Order,
    network: Network,
    rulesets: Sequence[Ruleset],
    predictor: Predictor,
    now: datetime,
    *,
    options: int = 5,
    language: str = "en",
    versions: Mapping[str, str] | None = None,
) -> Decision:
    """Rank the ``options`` best plans for ``order`` at the instant ``now`` (timezone-aware UTC).

    The first of ``rulesets`` that applies to the order decides. ``versions`` are further versions to be kept with the
    decision; ``ruleset``, ``bundle`` and ``digest`` are added here. Its sentences are in ``language``, one of
    `decision.messages.catalogue.LANGUAGES`. An order that no plan can fulfil is an answer, not an error:
    `Decision.options` is empty, `Decision.missing` says which lines lack what and why, and `Decision.relaxations` what
    would have to be relaxed.

    Raises `decision.errors.TooManyLinesError` for orders of more than `MOST_LINES_AT_ALL` lines.
    """
    if len(order.lines) > MOST_LINES_AT_ALL:
        raise TooManyLinesError(
            f"order {order.order_id} has {len(order.lines)} lines; at most {MOST_LINES_AT_ALL} are planned"
        )
    ruled = rule(order, network, rulesets, now)
    known = {**(versions or {}), "bundle": predictor.version}
    known["ruleset"] = "none" if ruled is None else f"{ruled.ruleset.name}@{ruled.ruleset.version}"
    seen = {**known, **_coming(order, network)}
    candidates = find_candidates(order, network) if ruled is None else ruled.everyone.candidates
    rules = "none" if ruled is None else ruled.ruleset.digest
    known["digest"] = digest(order, network, candidates, ruleset=rules, now=now, options=options, versions=seen)
    if ruled is None:
        everyone = _situation(order, network, candidates, now)
        return tell(_with_promise(no_ruleset(everyone, known), everyone, None, None), language)
    # The best plan is told against the next one, which is looked for even when nobody asked to see it.
    (priced,) = price([ruled], predictor)
    decision = explain(plan(priced, max(options, 2)), known)
    if not decision.options:
        helping, unproved = relaxations(ruled, predictor, find_plan)
        decision = replace(decision, relaxations=helping, unproved=decision.unproved or unproved)
    once_come = None
    if order.promise is not None and keeping(decision, order.promise) is None:
        if len(decision.options) >= options:
            decision = explain(plan(priced, MOST_OPTIONS), known)  # further down one may be sure enough
        once_come = _once_come(order, network, rulesets, predictor, now)
    decision = _with_promise(decision, ruled.everyone, ruled, once_come)
    told = max(options, (decision.promise and decision.promise.rank) or 0)
    return tell(replace(decision, options=decision.options[:told]), language)


def _with_promise(decision: Decision, everyone: Situation, ruled: Ruled | None, once_come: float | None) -> Decision:
    promised = everyone.order.promise
    return decision if promised is None else replace(decision, promise=kept(decision, everyone, ruled, once_come))


def _coming(order: Order, network: Network) -> dict[str, str]:
    """Return what the fingerprint of a decision has to name besides, where the order was promised to wait for stock."""
    if order.promise is None or order.promise.waits_until is None:
        return {}
    return {"inbound": str([(line.sku, *network.inbound.get(line.sku, ())) for line in order.lines])}


def _once_come(
    order: Order, network: Network, rulesets: Sequence[Ruleset], predictor: Predictor, now: datetime
) -> float | None:
    """Return how surely an order that waits for stock is on time once it has come; ``None`` where nothing comes."""
    until = None if order.promise is None else order.promise.waits_until
    if until is None or until <= now:
        return None
    then = with_arrived(network, order, now, until)
    ruled = rule(order, then, rulesets, until)
    options = () if ruled is None else explain(best_plan(price([ruled], predictor)[0]), {}).options
    return options[0].on_time if options and not options[0].missing else None


def ruleset_of(order: Order, network: Network, rulesets: Sequence[Ruleset], now: datetime) -> Ruleset | None:
    """Return the ruleset by which the order is decided, ``None`` if none applies to it."""
    return first_that_applies(rulesets, _situation(order, network, find_candidates(order, network), now))


def rule(order: Order, network: Network, rulesets: Sequence[Ruleset], now: datetime) -> Ruled | None:
    """Find candidates and apply all rules that need no prediction; ``None`` if no ruleset applies to the order."""
    everyone = _situation(order, network, find_candidates(order, network), now)
    ruleset = first_that_applies(rulesets, everyone)
    if ruleset is None:
        return None
    if ruleset.collect_from != "store":
        everyone = _situation(order, network, find_candidates(order, network, ruleset.collect_from), now)
    rules = tuple(rules_in_force(ruleset.rules, everyone))
    ruling = apply_rules(ruleset, rules, everyone)
    ruled = Ruled(ruleset, rules, everyone, ruling, everyone, ruling)
    matters = ruled.reach.at_most.any(axis=0)
    if matters.all():
        return ruled
    rows = np.flatnonzero(matters)
    situation = replace(everyone, candidates=everyone.candidates.take(rows), atp=everyone.atp[:, rows])
    return replace(ruled, situation=situation, ruling=ruling.take(rows))


def _situation(order: Order, network: Network, candidates: Candidates, now: datetime) -> Situation:
    return Situation(order, network, candidates, now, candidates.free - candidates.safety)


def price(ruled: Sequence[Ruled], predictor: Predictor) -> list[tuple[Ruled, Pricing]]:
    """Score the candidates that matter, apply the rules that waited for predictions, and put prices on both.

    Orders of one network and instant are scored together; what is said of one does not depend on the others.
    """
    if not ruled:
        return []
    situations = [one.situation for one in ruled]
    scores = score(
        [one.order for one in situations],
        situations[0].network,
        [one.candidates for one in situations],
        [one.reach.at_most > 0 for one in ruled],
        predictor=predictor,
        now=situations[0].now,
    )
    return [_priced(one, of_one) for one, of_one in zip(ruled, scores, strict=True)]


def _priced(ruled: Ruled, scores: Scores) -> tuple[Ruled, Pricing]:
    order, network, candidates = ruled.situation.order, ruled.situation.network, ruled.situation.candidates
    scores = learnt(scores, ruled.ruleset.not_found_odds, times_missed(order, network, candidates))
    situation = replace(ruled.situation, scores=scores)
    ruling = ruled.ruling.and_then(apply_rules(ruled.ruleset, ruled.rules, situation))
    prices = ruled.ruleset.strategy.counted
    reach = ruled.reach.at_most
    priced = pricing(prices, order, candidates, ruling=ruling, scores=scores, reach=reach)
    return replace(ruled, situation=situation, ruling=ruling), priced
