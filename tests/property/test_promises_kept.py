"""A promise and the order that comes of it are one computation: the order keeps it, or says what has changed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest

from decision.decide import decide
from decision.decision import Decision
from decision.explanation.keeping import TOLERANCE
from decision.network import Inbound, Network, SkuStock
from decision.order import Order
from decision.promise import Promise
from decision.promises.promising import Asking, promise
from decision.rules.ruleset import Ruleset, compile_ruleset
from serving.wire.promise_token import promised, read_token, token_of
from tests.property.random_world import DOCUMENT, Coarse, Formula, world
from tests.unit.decision.world import NOW

VALID_FOR = timedelta(minutes=15)
RULES = compile_ruleset(DOCUMENT, "1")


@dataclass(frozen=True)
class Later:
    """What an order is decided on, some minutes after its promise."""

    network: Network
    ruleset: Ruleset
    heads: Formula
    minutes: float


def nothing(rng: np.random.Generator, later: Later) -> Later:
    return replace(later, minutes=float(rng.uniform(0, 15)))


def less_stock(rng: np.random.Generator, later: Later) -> Later:
    def sold(record: SkuStock) -> SkuStock:
        return replace(record, on_hand=np.floor(record.on_hand * rng.random(len(record.on_hand))))

    return replace(later, network=later.network.with_stock({k: sold(r) for k, r in later.network.stock.items()}))


def other_rules(rng: np.random.Generator, later: Later) -> Later:
    document = {**DOCUMENT, "strategy": {"late_parcel": 0.0, "extra_parcel": 3.0}}
    if rng.random() < 0.5:
        document["rules"] = [*DOCUMENT["rules"], {"id": "shut", "exclude": 'location.type == "store"'}]
    return replace(later, ruleset=replace(compile_ruleset(document, "2"), limits=later.ruleset.limits))


def other_bundle(rng: np.random.Generator, later: Later) -> Later:
    heads = Coarse()
    return replace(later, heads=heads, minutes=float(rng.uniform(0, 15)))


def too_late(rng: np.random.Generator, later: Later) -> Later:
    return replace(later, minutes=float(rng.uniform(16, 3_000)))


CHANGES: list[Callable[[np.random.Generator, Later], Later]] = [
    nothing,
    less_stock,
    other_rules,
    other_bundle,
    too_late,
]


def with_inbound(rng: np.random.Generator, net: Network) -> Network:
    """Some of the skus come from a supplier in the next days."""
    places = len(net.locations["location_id"])
    coming = {
        f"K{at}": [Inbound(int(rng.integers(0, places)), 9.0, NOW + timedelta(hours=float(rng.integers(5, 200))))]
        for at in range(5)
        if rng.random() < 0.4
    }
    return replace(net, inbound=coming)


def pair(seed: int) -> tuple[str, bool, tuple[str, ...]] | None:
    """Promise and order once; what happened between, whether it was kept, and what is told to have changed."""
    rng = np.random.default_rng(seed)
    order, net, ruleset = world(rng)
    ruleset = replace(RULES, limits=ruleset.limits)
    net = with_inbound(rng, net)
    heads = Formula()
    told = promise(order, Asking(net, [ruleset], heads, NOW, VALID_FOR))
    if not isinstance(told, Promise):
        return None
    change = CHANGES[int(rng.integers(0, len(CHANGES)))]
    later = change(rng, Later(net, ruleset, heads, float(rng.uniform(0, 15))))
    brought = read_token(token_of(promised(told, replace(order, promised_at=None), net)))
    ordered = replace(order, promised_at=brought.promised_at, promise=brought)
    now = NOW + timedelta(minutes=later.minutes)
    decision = decide(ordered, later.network, [later.ruleset], later.heads, now, options=int(rng.integers(1, 6)))
    check(ordered, told, decision)
    assert decision.promise is not None
    return change.__name__, decision.promise.kept, tuple(x.code for x in decision.promise.changed)


def check(ordered: Order, told: Promise, decision: Decision) -> None:
    """Kept by an option that is sure enough, or changes are told, each in words."""
    kept = decision.promise
    assert kept is not None
    assert kept.promised_at == told.promised_at == ordered.promised_at
    if kept.kept:
        assert kept.on_time is not None
        assert kept.on_time >= told.confidence - TOLERANCE
        if kept.waits_until is None:
            assert kept.rank is not None
            assert decision.options[kept.rank - 1].on_time == kept.on_time
            earlier = decision.options[: kept.rank - 1]
            assert all(x.missing or (x.on_time or 0) < told.confidence - TOLERANCE for x in earlier)
        else:
            assert kept.rank is None
            assert kept.waits_until == told.waits_until
    else:
        assert kept.changed
        assert all(change.text for change in kept.changed)


def shares(seeds: range) -> dict[str, tuple[int, int]]:
    counted: Counter[tuple[str, bool]] = Counter()
    unexplained = 0
    for seed in seeds:
        found = pair(seed)
        if found is not None:
            counted[found[0], found[1]] += 1
            unexplained += found[0] == "nothing" and not found[1]
    return {
        change.__name__: (
            counted[change.__name__, True],
            counted[change.__name__, True] + counted[change.__name__, False],
        )
        for change in CHANGES
    }


def test_orders_keep_their_promises_or_say_what_changed() -> None:
    kept, asked = shares(range(800))["nothing"]
    assert asked > 60
    assert kept >= 0.99 * asked


@pytest.mark.reliability
def test_orders_keep_their_promises_or_say_what_changed_thousands() -> None:
    found = shares(range(6_000))
    assert sum(asked for _, asked in found.values()) > 2_000
    assert found["nothing"][0] >= 0.99 * found["nothing"][1]
