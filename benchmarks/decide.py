"""Where the time of a decision goes, beside bare inference of the same rows on the same trees.

Trees are run as they are where the service runs, packed where Numba is installed; the largest size also as a lean
installation runs them, by LightGBM.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from time import process_time
from typing import Any, Final

import lightgbm
import numpy as np
from numpy.typing import NDArray

import decision.candidates.scores
import decision.decide
import decision.plans.planning
from benchmarks.report import Figure, Report
from benchmarks.retailer import RETAILER, Retailer, make_retailer, network_of, orders_of
from benchmarks.stopwatch import Stopwatch
from decision.candidates.asked import Asked
from decision.decide import decide
from decision.network import Network
from decision.order import Order
from decision.rules.ruleset import Ruleset, default_ruleset
from features.trailing_sums import TrailingSums
from prediction.bundle import Bundle
from prediction.trees import BoosterTrees
from serving.wire.answer import answer_bytes

CANDIDATES: Final = (1, 50, 200, 500)
LINES: Final = (1, 3, 5)
#: Without the extra `speed`.
LEAN: Final = "trees by LightGBM"
ORDERS: Final = 12
#: What each phase is, by the functions whose own time it is. What remains of a decision belongs to the plans.
WATCHED: Final = (
    (decision.decide, "find_candidates", "state"),
    (TrailingSums, "found", "state"),
    (TrailingSums, "sums_at", "state"),
    (decision.decide, "score", "features"),
    (decision.candidates.scores, "asked_of", "features"),
    (Asked, "of", "features"),
    (Bundle, "inputs", "features"),
    (Bundle, "_predict", "inference"),
    (decision.decide, "rule", "rules"),
    (decision.decide, "apply_rules", "rules"),
    (decision.plans.planning, "unmet", "rules"),
    (decision.decide, "explain", "explanation"),
    (decision.decide, "digest", "explanation"),
)
PHASES: Final = ("state", "features", "inference", "rules", "plans", "explanation", "response")


@dataclass(frozen=True)
class Timing:
    """Medians over the orders, in seconds: each phase, the whole, and bare inference of the rows that were asked."""

    phases: dict[str, float]
    whole: float
    bare: float

    @property
    def other_share(self) -> float:
        """Share of the whole that is not inference."""
        return 1.0 - self.phases["inference"] / self.whole


def measure_decide(seed: int) -> Report:
    """Time decisions of every size."""
    retailer = make_retailer(RETAILER, seed)
    figures = []
    for candidates in CANDIDATES:
        rng = np.random.default_rng([seed, candidates])
        network = network_of(retailer, candidates, rng)
        for lines in LINES:
            orders = orders_of(retailer, ORDERS, lines, rng)
            timing = time_decisions(retailer, network, orders)
            figures += _figures(f"{candidates}x{lines}", timing)
    # The network and the orders are those of the largest size.
    lean = replace(retailer, bundle=LeanBundle(retailer.bundle, retailer.boosters))
    figures += _targeted(timing, time_decisions(lean, network, orders))
    return Report("Decisions: candidates x lines, milliseconds (medians)", figures, seed)


def time_decisions(retailer: Retailer, network: Network, orders: list[Order]) -> Timing:
    """Decide each order, timed by phase, and give the same rows to the bare trees right after."""
    rulesets = (default_ruleset(),)
    _decide(orders[0], network, rulesets, retailer)
    phases, wholes, bares = [], [], []
    for order in orders:
        watch = Stopwatch()
        with watch.watching(WATCHED):
            watch.timed("plans", _decide)(order, network, rulesets, retailer, watch)
        phases.append(watch.seconds)
        wholes.append(sum(watch.seconds.values()))
        bares.append(_bare_inference(order, network, rulesets, retailer))
    return Timing({phase: median(one[phase] for one in phases) for phase in PHASES}, median(wholes), median(bares))


def _decide(
    order: Order, network: Network, rulesets: tuple[Ruleset, ...], retailer: Retailer, watch: Stopwatch | None = None
) -> bytes:
    """One decision as the service makes it, up to the bytes of its answer."""
    respond: Callable[..., Any] = answer_bytes if watch is None else watch.timed("response", answer_bytes)
    answer: bytes = respond("0" * 32, decide(order, network, rulesets, retailer.bundle, retailer.now))
    return answer


def _bare_inference(order: Order, network: Network, rulesets: tuple[Ruleset, ...], retailer: Retailer) -> float:
    asked = AskedBundle(retailer.bundle)
    decide(order, network, rulesets, asked, retailer.now)
    return bare_inference(asked, retailer)


def bare_inference(asked: "AskedBundle", retailer: Retailer) -> float:
    """Seconds that LightGBM's Boosters take for the matrices that were asked about, in as many calls."""
    start = process_time()
    for model, rows in asked.matrices:
        retailer.boosters[model].predict(rows, raw_score=True, num_threads=1)
    return process_time() - start


class LeanBundle(Bundle):
    """A bundle whose trees LightGBM runs, as where Numba is not installed."""

    def __init__(self, bundle: Bundle, boosters: Mapping[tuple[str, str], lightgbm.Booster]) -> None:
        vars(self).update(vars(bundle))
        self._trees = {model: BoosterTrees(booster) for model, booster in boosters.items()}


class AskedBundle(Bundle):
    """A bundle that keeps every matrix its trees were given."""

    def __init__(self, bundle: Bundle) -> None:
        vars(self).update(vars(bundle))
        self.matrices: list[tuple[tuple[str, str], NDArray[np.float64]]] = []

    def _predict(self, head: str, part: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        if len(rows):
            self.matrices.append(((head, part), np.ascontiguousarray(rows)))
        return super()._predict(head, part, rows)


def _figures(size: str, timing: Timing) -> list[Figure]:
    figures = [Figure(f"{phase}_ms_{size}", seconds * 1000) for phase, seconds in timing.phases.items()]
    figures.append(Figure(f"whole_ms_{size}", timing.whole * 1000, {"bare inference": timing.bare * 1000}))
    figures.append(Figure(f"whole_over_inference_{size}", timing.whole / timing.bare))
    return figures


def _targeted(timing: Timing, lean: Timing) -> list[Figure]:
    """Of the largest size, beside a lean installation."""
    return [
        Figure("whole_over_inference", timing.whole / timing.bare),
        Figure("non_inference_share", timing.other_share, {LEAN: lean.other_share}, target="≤ 0.35"),
        Figure("decisions_per_second", 1 / timing.whole, {LEAN: 1 / lean.whole}, target="≥ 25"),
    ]
