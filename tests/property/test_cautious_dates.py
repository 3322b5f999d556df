"""A date that waits for the slowest is never earlier than the plan's, whatever plan that is."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from decision.promise import NotPromised, Promise
from decision.promises.awaited import SlowestAwaited
from decision.promises.dates import DAYS_AHEAD
from decision.promises.promising import Asking, promise
from decision.rules.ruleset import compile_ruleset
from features.facts import Columns
from tests.property.random_world import DOCUMENT, Formula, world
from tests.property.test_promises_kept import VALID_FOR, with_inbound
from tests.unit.decision.world import NOW, Hours, Table, network
from tests.unit.decision.world import order as order_of

#: Rules that look at no prediction: others may forbid what is slow, or what is not.
DEAF = compile_ruleset(
    {**DOCUMENT, "rules": [x for x in DOCUMENT["rules"] if "prediction" not in str(x)], "stages": []}
)


class Slower(Formula):
    """The same heads where everything takes longer, by so many times."""

    def __init__(self, times: float) -> None:
        self.times = times

    def delivery_hours(self, facts: Columns) -> Hours:
        hours = super().delivery_hours(facts)
        return Hours(hours.low * self.times, hours.high * self.times)

    def ready_hours(self, facts: Columns) -> Hours:
        hours = super().ready_hours(facts)
        return Hours(hours.low * self.times, hours.high * self.times)


def test_waiting_for_the_slowest_is_never_earlier_than_any_plan() -> None:
    """Also of several parcels, also where nothing is slower than it was."""
    compared, of_several = 0, 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        order, net, ruleset = world(rng)
        rules = replace(DEAF, limits=ruleset.limits, promises=replace(DEAF.promises, confidence=rng.uniform(0.5, 0.99)))
        now = NOW + timedelta(hours=rng.uniform(0, 24))
        asking = Asking(with_inbound(rng, net), [rules], Formula(), now, VALID_FOR)
        cautious = replace(asking, predictor=Slower(float(rng.choice([1.0, 1.3]))), awaited=SlowestAwaited)
        plan, slowest = promise(order, asking), promise(order, cautious)
        if isinstance(plan, Promise):
            assert isinstance(slowest, Promise), seed
            assert slowest.promised_at >= plan.promised_at, seed
            assert slowest.promised_at - plan.promised_at < timedelta(days=30), seed
            compared += 1
            of_several += len(plan.shipments) > 1
    assert compared > 40
    assert of_several > 10


def test_of_two_parcels_that_are_alike_both_are_waited_for() -> None:
    """Each place has one of the lines, and is as slow as the other: the date is that of the plan, to the day."""
    net = network([{"location_id": "A"}, {"location_id": "B"}], [{}], {"K": {"A": 1}, "J": {"B": 1}})
    order = order_of("K", "J", promised_in_hours=None)
    rules = compile_ruleset({"name": "n", "promises": {"confidence": 0.8}})
    confidences = set()
    for low in range(60):
        heads = Table({name: (1, 1, float(low), low + 30.0, 0.1) for name in "AB"})
        asking = Asking(net, [rules], heads, NOW, VALID_FOR)
        plan, slowest = promise(order, asking), promise(order, replace(asking, awaited=SlowestAwaited))
        assert isinstance(plan, Promise)
        assert isinstance(slowest, Promise)
        assert len(plan.shipments) == 2
        assert slowest.promised_at == plan.promised_at, low
        confidences.add(plan.confidence)
    assert len(confidences) > 2


@pytest.mark.parametrize("method", ["home", "ship_to_store"])
def test_where_nothing_is_sure_enough_the_last_day_is_told_however_sure(method: str) -> None:
    """Whoever waits for the slowest is told a date all the same: no plan would be promised later."""
    net = network([{"location_id": "A"}, {"location_id": "B"}], [{}], {"K": {"A": 1}})
    order = order_of("K", promised_in_hours=None)
    if method != "home":
        order = replace(order, delivery_method=method, collect_location_id="B")
    rules = compile_ruleset({"name": "n", "promises": {"confidence": 0.8}})
    heads = Table(dict.fromkeys("AB", (1, 1, 1.0, 5000.0, 0.1)))
    asking = Asking(net, [rules], heads, NOW, VALID_FOR)
    assert isinstance(promise(order, asking), NotPromised)
    told = promise(order, replace(asking, awaited=SlowestAwaited))
    assert isinstance(told, Promise)
    assert told.promised_on == (NOW + timedelta(days=DAYS_AHEAD - 1)).date()
    assert 0.0 < told.confidence < 0.8
