"""Thirty rules on five hundred candidates, beside two rule engines written in Rust.

Every engine compiles its rules once and then answers for the same candidates from the form it works on, whose making is
not counted: ours from columns as `decision.rules.attributes.ReadColumns` reads them from the network, the peers from
Python dictionaries or contexts. Counted is all from there to the verdicts, in ours also that the columns are brought
into the form that the compiled kernel takes. Of each peer the fastest of its forms is taken. Answers that are the same
for every order because they are about a place's name alone (``startsWith``) are kept with the column, as in the
service.

``apply_rules_ms`` stands beside it: what a decision spends on these rules, reading the columns of the network and
telling rule by rule whom it takes out included.

The rules are of the kind that the three languages mean alike: numbers are doubles, and whatever may be missing is
compared with ``null`` before it is used. So every verdict has to agree, and every one is compared.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from math import isnan
from statistics import median
from time import process_time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Figure, Report
from benchmarks.rules_peers import Facts, Form, cel_forms, zen_forms
from decision.candidates.candidates import find_candidates
from decision.network import Network, SkuStock
from decision.order import Destination, Line, Order
from decision.rules.attributes import ATTRIBUTES, ReadColumns, together
from decision.rules.ruleset import Ruleset, load_ruleset
from decision.rules.ruling import apply_rules
from decision.rules.situation import Situation
from expressions.kinds import Kind
from expressions.text import Text

#: With two carrier services each: 500 candidates.
LOCATIONS: Final = 250
#: Evaluations of each form; the median counts. Ours are so short that the clock needs more of them.
ROUNDS: Final = 7
OURS_IN_A_ROUND: Final = 50
NOW: Final = datetime(2026, 3, 7, 13, 30, tzinfo=UTC)
PEERS: Final = ("zen-engine", "common-expression-language")


def measure_rules(seed: int, locations: int = LOCATIONS) -> Report:
    """Evaluate every form on the same candidates and compare all verdicts."""
    ruleset = operations()
    situation = make_situation(np.random.default_rng(seed), locations)
    sources = [rule.condition.source for rule in ruleset.rules if rule.condition is not None]
    candidates = as_dictionaries(situation)
    zen, cel = zen_forms(sources, candidates), cel_forms(sources, candidates)
    conditions, whole = our_form(ruleset, situation), partial(apply_rules, ruleset, ruleset.rules, situation)
    ours = conditions()[:, 0].T
    wrong = {name: int((ours != np.array(form(), bool)).sum()) for name, form in {**zen, **cel}.items()}
    wrong["apply_rules"] = int((ours != verdicts(ruleset, situation)).sum())
    spent: dict[str, list[float]] = {name: [] for name in ("ours", "apply_rules", *zen, *cel)}
    for _ in range(ROUNDS):
        spent["ours"].append(median(_seconds(conditions) for _ in range(OURS_IN_A_ROUND)))
        spent["apply_rules"].append(median(_seconds(whole) for _ in range(OURS_IN_A_ROUND)))
        for name, form in {**zen, **cel}.items():
            spent[name].append(_seconds(form))
    milliseconds = {name: 1000 * median(times) for name, times in spent.items()}
    return Report(
        f"Rules: {len(sources)} on {len(candidates)} candidates",
        [
            Figure("rules_ms", milliseconds["ours"], {name: milliseconds[name] for name in (*zen, *cel)}),
            Figure("apply_rules_ms", milliseconds["apply_rules"]),
            Figure("speedup_zen", _fastest(zen, milliseconds) / milliseconds["ours"], target="≥ 40"),
            Figure("speedup_cel", _fastest(cel, milliseconds) / milliseconds["ours"], target="≥ 150"),
            Figure("disagreements", sum(wrong.values()), wrong, target="0"),
            Figure("verdicts_true_share", float(ours.mean())),
        ],
        seed,
        PEERS,
    )


def operations() -> Ruleset:
    """Thirty rules of the kind that operations write."""
    return load_ruleset(files("benchmarks").joinpath("rulesets/operations.yaml").read_text(encoding="utf-8"))


def our_form(ruleset: Ruleset, situation: Situation) -> Callable[[], NDArray[np.bool_]]:
    """All conditions at once, from columns that are read already; returns rules × lines × candidates."""
    reads = together(rule.names for rule in ruleset.rules)
    read = ReadColumns(reads, situation)
    columns = {name: read[name] for name in reads}
    lines, candidates = situation.atp.shape
    return partial(ruleset.conditions.are_true, columns, (lines, candidates), range(len(ruleset.rules)))


def verdicts(ruleset: Ruleset, situation: Situation) -> NDArray[np.bool_]:
    """Whom each rule takes out in a decision: candidates × rules."""
    removed = apply_rules(ruleset, ruleset.rules, situation).removed
    nobody = np.zeros((1, len(situation.candidates)), bool)
    return np.array([removed.get(rule.id, nobody)[0] for rule in ruleset.rules]).T


def as_dictionaries(situation: Situation) -> list[Facts]:
    """The candidates as the peers read them: what rules may mention of a one-line order, missing values as ``None``."""
    candidates: list[Facts] = [{} for _ in range(len(situation.candidates))]
    for attribute in ATTRIBUTES:
        if attribute.space == "prediction" or attribute.kind not in {Kind.NUMBER, Kind.TEXT, Kind.TRUTH}:
            continue
        values = _cells(attribute.read(situation), attribute.kind, len(candidates))
        for candidate, value in zip(candidates, values, strict=True):
            candidate.setdefault(attribute.space, {})[attribute.name.partition(".")[2]] = value
    return candidates


def _cells(column: Any, kind: Kind, count: int) -> list[Any]:
    values = np.broadcast_to(column.decode() if isinstance(column, Text) else np.asarray(column), (1, count))[
        0
    ].tolist()
    if kind is Kind.TEXT:
        return list(values)
    return [None if isnan(value) else bool(value) if kind is Kind.TRUTH else float(value) for value in values]


def make_situation(rng: np.random.Generator, locations: int) -> Situation:
    """An order of one line, and places of which much is known and some is missing, as in a real network."""
    network = _network(rng, locations)
    order = Order(
        order_id="W-1",
        placed_at=NOW - timedelta(minutes=5),
        currency="EUR",
        delivery_method="home",
        destination=Destination("IT", "09124", "Sardegna", 39.22, 9.12),
        lines=(Line("1", "SKU-1", 2, 89.9, category="shoes", weight_kg=1.4, volume_l=9.0, longest_side_cm=34.0),),
        channel="web",
    )
    candidates = find_candidates(order, network)
    return Situation(order, network, candidates, NOW, candidates.free - candidates.safety)


def _network(rng: np.random.Generator, count: int) -> Network:
    kinds = rng.choice(["warehouse", "store", "supplier"], count, p=[0.1, 0.8, 0.1])
    names = np.where(rng.random(count) < 0.1, "Outlet ", "Negozio ").astype(object) + rng.integers(0, 99, count).astype(
        str
    )
    places = {
        "location_id": np.array([f"S{number:03d}" for number in range(count)], object),
        "location_type": kinds.astype(object),
        "name": _some(rng, names, None),
        "country": rng.choice(["IT", "IT", "IT", "AT"], count).astype(object),
        "region": _some(rng, rng.choice(["Lazio", "Sardegna", "Veneto"], count).astype(object), None),
        "postal_code": _some(rng, rng.choice(["00184", "09124", "37121"], count).astype(object), None),
        "latitude": _some(rng, rng.uniform(38, 47, count), np.nan),
        "longitude": rng.uniform(8, 17, count),
        "timezone": np.full(count, "Europe/Rome", object),
        "capacity_per_day": _some(rng, rng.integers(5, 60, count).astype(float), np.nan),
        "backlog": _some(rng, rng.poisson(8, count).astype(float), np.nan),
        "footfall": _some(rng, rng.poisson(200, count).astype(float), np.nan),
        "footfall_ratio": _some(rng, rng.lognormal(0, 0.4, count), np.nan),
    }
    services = {
        "carrier_service_id": np.array(["std", "exp"], object),
        "carrier": np.array(["Poste", "Pony"], object),
        "level": np.array(["standard", "express"], object),
        "location_type": np.array([None, None], object),
        "max_weight_kg": np.array([np.nan, 3.0]),
        "carbon_kg_per_shipment": np.array([0.8, 1.9]),
    }
    on_hand = rng.poisson(12, count).astype(np.float64) + 1.0
    counted: NDArray[np.float64] = NOW.timestamp() - rng.uniform(1, 90, count) * 86_400
    stock = SkuStock(np.arange(count), on_hand, np.zeros(count), np.zeros(count), counted)
    return Network(places, services, {"SKU-1": stock})


def _some(rng: np.random.Generator, column: NDArray[Any], missing: Any) -> NDArray[Any]:
    """Return the column with one value in eight missing."""
    column[rng.random(len(column)) < 0.125] = missing
    return column


def _fastest(forms: dict[str, Form], milliseconds: dict[str, float]) -> float:
    return min(milliseconds[name] for name in forms)


def _seconds(form: Callable[[], Any]) -> float:
    start = process_time()
    form()
    return process_time() - start
