"""One decision, from order to ranked plans: candidates, rules, scores, plans, explanation."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from decision.decision import Decision, MissingLine
from decision.network import Network
from decision.order import Order
from decision.predictor import Predictor
from decision.ruleset import Ruleset


def decide(
    order: Order,
    network: Network,
    rulesets: Sequence[Ruleset],
    predictor: Predictor,
    now: datetime,
    *,
    options: int = 5,
    versions: Mapping[str, str] | None = None,
) -> Decision:
    """Rank the ``options`` best plans for ``order`` at the instant ``now`` (timezone-aware UTC).

    The first of ``rulesets`` that applies to the order decides. ``versions`` are further versions to be kept with the
    decision; ``ruleset``, ``bundle`` and ``digest`` are added here. An order that no plan can fulfil is an answer, not
    an error: `Decision.options` is empty and `Decision.missing` says which lines lack what and why.
    """
    missing = tuple(MissingLine(line.line_id, line.sku, line.quantity, "nothing decided yet") for line in order.lines)
    kept = {**(versions or {}), "bundle": predictor.version, "ruleset": "none"}
    return Decision(order.order_id, now, None, kept, (), (), (), missing)
