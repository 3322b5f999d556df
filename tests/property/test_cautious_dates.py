"""A date that waits for the slowest is never earlier than the plan's, whatever plan that is."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from decision.awaited import the_slowest
from decision.promise import Promise
from decision.promising import Asking, promise
from decision.ruleset import compile_ruleset
from features.facts import Columns
from tests.property.test_decide_oracle import DOCUMENT, Formula, world
from tests.property.test_promises_kept import VALID_FOR, with_inbound
from tests.unit.decision.world import NOW, Hours

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
    for seed in range(200):
        rng = np.random.default_rng(seed)
        order, net, ruleset = world(rng)
        rules = replace(DEAF, limits=ruleset.limits)
        asking = Asking(with_inbound(rng, net), [rules], Formula(), NOW, VALID_FOR)
        cautious = replace(asking, predictor=Slower(float(rng.choice([1.0, 1.3]))), awaited=the_slowest)
        plan, slowest = promise(order, asking), promise(order, cautious)
        if isinstance(plan, Promise):
            assert isinstance(slowest, Promise), seed
            assert slowest.promised_at >= plan.promised_at, seed
            assert slowest.promised_at - plan.promised_at < timedelta(days=30), seed
            compared += 1
            of_several += len(plan.shipments) > 1
    assert compared > 80
    assert of_several > 20
