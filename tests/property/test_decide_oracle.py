"""A decision is right end to end: on small random retailers it equals pricing every way to fulfil the order by hand."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.candidates.loads import loads_of
from decision.decide import decide
from decision.decision import Option
from decision.network import Network
from decision.order import OpenShipment, Order
from decision.rules.ruleset import Ruleset
from tests.property.random_world import Coarse, Formula, world
from tests.unit.decision.world import NOW

#: Ways to fulfil an order that are tried by hand; worlds with more are left to others.
MOST = 3_000
#: A candidate: place, service, and the open shipment that it joins.
Pair = tuple[int, int, OpenShipment | None]
#: Of each candidate the units of each line (by its position) that it sends.
Sent = dict[Pair, dict[int, int]]


class ByHand:
    """Everything about one world worked out one way at a time, as simply as can be."""

    def __init__(self, order: Order, net: Network, ruleset: Ruleset, heads: Formula) -> None:
        self.order, self.net, self.limits, self.heads = order, net, ruleset.limits, heads
        self.stock = {
            (sku, int(place)): float(units)
            for sku, record in net.stock.items()
            for place, units in zip(record.location, record.on_hand, strict=True)
        }
        self.pairs = [
            (place, service, joined)
            for place in range(len(net.locations["location_id"]))
            for service in range(len(net.services["carrier_service_id"]))
            for joined in self._parcels(place, service)
        ]
        self.known: dict[Any, Any] = {}

    def once(self, work: Callable[..., Any], pair: Pair, held: dict[int, int]) -> Any:
        """Return what is worked out about a shipment, the first time only."""
        key = (work.__name__, *pair, *sorted(held.items()))
        if key not in self.known:
            self.known[key] = work(pair, held)
        return self.known[key]

    def plans(self) -> list[tuple[int, Any, Sent, float]] | None:
        """Return total, tie-break and shipments of every plan of the first stage that has any, best first."""
        for latest in (55.0, float("inf")):
            pairs = [pair for pair in self.pairs if self._p50(pair) < latest]
            blocks, split = self._blocks(pairs)
            self.split = split
            ways = [self._ways(rows, pairs, split) for rows in blocks]
            if np.prod([float(len(way)) for way in ways]) > MOST:
                return None
            plans = [self._plan(chosen, blocks, split) for chosen in itertools.product(*ways)]
            stand = sorted((plan for plan in plans if plan is not None), key=lambda plan: plan[:2])
            if stand:
                return stand
        return []

    def _blocks(self, pairs: list[Pair]) -> tuple[list[list[int]], set[int]]:
        blocks: dict[Any, list[int]] = {}
        for row, line in enumerate(self.order.lines):
            blocks.setdefault(line.group or row, []).append(row)
        split = {
            row
            for row, line in enumerate(self.order.lines)
            if self.limits.split_lines
            and line.group is None
            and not any(self._can_send(pair, {row: line.quantity}) for pair in pairs)
            and any(self._can_send(pair, {row: 1}, weigh=False) for pair in pairs)
        }
        return list(blocks.values()), split

    def _ways(self, rows: list[int], pairs: list[Pair], split: set[int]) -> list[Sent]:
        """Return the ways to send a block by itself, all or a part of it."""
        whole = {row: self.order.lines[row].quantity for row in rows}
        nothing: list[Sent] = [{}] if self.limits.allow_partial else []
        if rows[0] not in split:
            return [{pair: whole} for pair in pairs if self._can_send(pair, whole)] + nothing
        row, asked = rows[0], whole[rows[0]]
        ways: list[Sent] = [{}]
        for pair in pairs:
            ways += [
                {**way, pair: {row: units}}
                for way in ways
                for units in range(1, asked + 1 - sum(held[row] for held in way.values()))
                if self._can_send(pair, {row: units})
            ]
            if len(ways) > MOST:
                return ways
        return [way for way in ways if nothing or sum(held[row] for held in way.values()) == asked]

    def _can_send(self, pair: Pair, held: dict[int, int], *, weigh: bool = True) -> bool:
        place, service, joined = pair
        net, lines = self.net, self.order.lines
        kind = net.locations["location_type"][place]
        only, limit = net.services["location_type"][service], net.services["max_weight_kg"][service]
        weight = sum(units * (lines[row].weight_kg or 0.0) for row, units in held.items())
        weight += (joined.weight_kg or 0.0) if joined else 0.0
        if (only is not None and only != kind) or (weigh and weight > limit):
            return False
        if kind == "store" and net.locations["footfall_ratio"][place] > 1.6:
            return False
        if any(lines[row].quantity >= 4 and kind == "supplier" for row in held):
            return False
        if not joined and self._parcels_left(place) < 1:
            return False
        if any(self.once(self._cost, pair, {row: lines[row].quantity}) > 9 for row in held):
            return False
        return all(self._units(place, sku) >= units for sku, units in self._by_sku(held).items())

    def _units(self, place: int, sku: str) -> float:
        return self._on_hand(place, sku) - (1 if self.net.locations["location_type"][place] == "store" else 0)

    def _on_hand(self, place: int, sku: str) -> float:
        return self.stock.get((sku, place), 0.0)

    def _parcels_left(self, place: int) -> float:
        """Return the parcels that a location may still be given; what is not known caps nothing."""
        told = self.net.locations
        caps = [0.5 * told["capacity_per_day"][place], 3.0 if told["location_type"][place] == "store" else np.nan]
        left = [float(cap - told["capacity_used"][place]) for cap in caps]
        return min((one for one in left if not np.isnan(one)), default=np.inf)

    def _by_sku(self, held: dict[int, int]) -> dict[str, int]:
        wanted: dict[str, int] = {}
        for row, units in held.items():
            wanted[self.order.lines[row].sku] = wanted.get(self.order.lines[row].sku, 0) + units
        return wanted

    def _parcels(self, place: int, service: int) -> list[OpenShipment | None]:
        """Return what a shipment may join, and ``None`` where it may be a parcel of its own."""
        same = [
            x
            for x in self.order.open_shipments
            if (x.location_id, x.carrier_service_id) == (f"L{place}", f"C{service + 1}")
        ]
        if not same:
            return [None]
        there = sum(min(x.quantity, self._on_hand(place, x.sku)) * (x.weight_kg or 0.0) for x in self.order.lines)
        full = there + (same[0].weight_kg or 0.0) > self.net.services["max_weight_kg"][service]
        return [same[0], None] if full else [same[0]]

    def _plan(self, chosen: tuple[Sent, ...], blocks: list[list[int]], split: set[int]) -> Any:
        sent: Sent = {}
        for way in chosen:
            for pair, held in way.items():
                sent.setdefault(pair, {}).update(held)
        if not sent or len(sent) > (self.limits.max_parcels or 99):
            return None
        if not all(self.once(self._can_send, pair, held) for pair, held in sent.items()):
            return None
        for place in {place for place, _, _ in sent}:
            together: dict[int, int] = {}
            for (other, _, _), held in sent.items():
                for row, units in held.items() if other == place else ():
                    together[row] = together.get(row, 0) + units
            if any(self._units(place, sku) < units for sku, units in self._by_sku(together).items()):
                return None
            new = sum(other == place and not joined for other, _, joined in sent)
            if new and new > self._parcels_left(place):
                return None
        gone = [sum(held.get(row, 0) for held in sent.values()) for row in range(len(self.order.lines))]
        left = sum((x.quantity - units) / x.quantity for x, units in zip(self.order.lines, gone, strict=True))
        total = sum(self.once(self._terms, pair, held) for pair, held in sent.items()) - 1.5 + 100.0 * left
        # Money is compared in whole billionths of each shipment and of each line left out, so that ties are the same.
        money = [self.once(self._terms, pair, held) for pair, held in sent.items()]
        money += [100.0 * ((x.quantity - n) / x.quantity) for x, n in zip(self.order.lines, gone, strict=True)]
        return sum(round(one * 1e9) for one in money), self._tie(sent, blocks, split), sent, total

    def _tie(self, sent: Sent, blocks: list[list[int]], split: set[int]) -> Any:
        told = []
        for (place, service, joined), held in sent.items():
            load, worth = 0, 1
            for rows in blocks:
                load += worth * (held.get(rows[0], 0) if rows[0] in split else int(rows[0] in held))
                worth *= self.order.lines[rows[0]].quantity + 1 if rows[0] in split else 2
            lowest = next(at for at, rows in enumerate(blocks) if rows[0] in held)
            told.append((lowest, (place, service, joined is None), load))
        several = len(self.net.services["carrier_service_id"]) + 1
        positions = sum(2 * (place * several + service) + (joined is None) for place, service, joined in sent)
        return len(sent), positions, [(load, pair) for _, pair, load in sorted(told)]

    def _terms(self, pair: Pair, held: dict[int, int]) -> float:
        place, service, joined = pair
        lines = self.order.lines
        # No shipment costs less than one of its lines alone, though the formula takes an unknown weight for none.
        total: float = max(self._cost(pair, held), *(self.once(self._cost, pair, {row: held[row]}) for row in held))
        if self.order.promised_at is not None:
            left = (self.order.promised_at - NOW) / timedelta(hours=1)
            hours = self.heads.delivery_hours(self._facts(pair, units=[1.0], lines=float(len(lines))))
            total += (
                6.0 * float(hours.probability_later_than(left)[0]) + 2.0 * float(hours.expected_excess(left)[0]) / 24
            )
        supplied = 1.0
        for row, units in held.items():
            facts = self._facts(pair, units=[units], on_hand=self._on_hand(place, lines[row].sku), sku=lines[row].sku)
            supplied *= 1 - float(self.heads.pick_failure(facts)[0])
        total += 8.0 * (1 - supplied)
        total += 0.3 * float(np.nan_to_num(self.net.services["carbon_kg_per_shipment"][service]))
        for row, units in held.items():
            total -= 0.6 * units / lines[row].quantity if self._on_hand(place, lines[row].sku) >= 4 else 0.0
        total += 0.0 if joined else 1.5
        return total + (0.9 if self.net.locations["location_type"][place] == "supplier" else 0.0)

    def _p50(self, pair: Pair) -> float:
        facts = self._facts(pair, units=[1.0], lines=float(len(self.order.lines)))
        return float(self.heads.delivery_hours(facts).quantile(0.5)[0])

    def _cost(self, pair: Pair, held: dict[int, int]) -> float:
        weights = [
            units * (self.order.lines[row].weight_kg or 0.0) for row, units in held.items() if self._weighed(row)
        ]
        weight = sum(weights) if len(weights) == len(held) else float("nan")
        joined = pair[2]
        if joined is None:
            return self._predicted(pair, weight, sum(held.values()))
        before = float("nan") if joined.weight_kg is None else joined.weight_kg
        with_it = self._predicted(pair, before + weight, joined.units + sum(held.values()))
        return max(0.0, with_it - self._predicted(pair, before, joined.units))

    def _weighed(self, row: int) -> bool:
        return self.order.lines[row].weight_kg is not None

    def _predicted(self, pair: Pair, weight: float, units: int) -> float:
        return float(self.heads.cost(self._facts(pair, units=[units], weight_kg=weight))[0])

    def _facts(self, pair: Pair, **values: Any) -> Any:
        facts = {name: np.atleast_1d(value) for name, value in values.items()}
        return {**facts, "location_id": [f"L{pair[0]}"], "carrier_service_id": [f"C{pair[1] + 1}"]}

    def named(self, sent: Sent) -> Any:
        """Return shipments as `named` returns those of an option."""
        lines = self.order.lines
        return frozenset(
            (
                f"L{place}",
                f"C{service + 1}",
                joined and joined.shipment_id,
                tuple((lines[row].line_id, held[row]) for row in sorted(held)),
            )
            for (place, service, joined), held in sent.items()
        )


def named(option: Option) -> Any:
    """Return location, service, what is joined and units of each shipment."""
    return frozenset(
        (s.location_id, s.carrier_service_id, s.joins, tuple((x.line_id, x.quantity) for x in s.lines))
        for s in option.shipments
    )


def check(seed: int, coarse: bool) -> bool:
    """Compare one random world; return whether it could be worked out by hand."""
    order, net, ruleset = world(np.random.default_rng(seed))
    heads = Coarse() if coarse else Formula()
    hand = ByHand(order, net, ruleset, heads)
    expected = hand.plans()
    if expected is None or not loads_of(order, frozenset(hand.split)).plannable:
        return False
    decision = decide(order, net, [ruleset], heads, NOW, options=5)
    assert [named(option) for option in decision.options] == [hand.named(plan[2]) for plan in expected[:5]]
    for option, plan in zip(decision.options, expected, strict=False):
        assert option.total == pytest.approx(plan[3], abs=1e-9)
        assert sum(option.terms.values()) == pytest.approx(option.total, abs=1e-9)
        units = {(x.line_id, s) for s in range(len(option.shipments)) for x in option.shipments[s].lines}
        assert len(units) == sum(len(s.lines) for s in option.shipments)
    if not decision.options:
        assert decision.missing
        assert all(line.reason for line in decision.missing)
    return True


@given(st.integers(0, 10**9), st.booleans())
@settings(max_examples=200)
def test_equals_pricing_everything_by_hand(seed: int, coarse: bool) -> None:
    check(seed, coarse)


@pytest.mark.reliability
@given(st.integers(0, 10**9), st.booleans())
@settings(max_examples=5_000)
def test_equals_pricing_everything_by_hand_five_thousand_times(seed: int, coarse: bool) -> None:
    check(seed, coarse)
