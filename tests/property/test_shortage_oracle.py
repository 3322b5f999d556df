"""What is told as lacking of a sku equals the least that any way of serving its lines lacks, each way tried by hand."""

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from decision.decide import decide
from decision.decision import Decision
from decision.explanation.shortage import lacking
from decision.order import Line
from decision.rules.ruleset import load_ruleset
from tests.unit.decision.world import NOW, STD, Table, network, order

PLACES = ("A", "B", "C")
COSTS = Table(dict.fromkeys(PLACES, (5.0, 1.0, 10.0, 30.0, 0.1)))


def least_lacking(whole: Sequence[int], in_parts: int, stock: Sequence[int]) -> int:
    """Return the least that is lacking, of all ways to send each whole line from one place."""
    found = []
    for places in itertools.product(range(len(stock)), repeat=len(whole)):
        loads = [sum(q for q, at in zip(whole, places, strict=True) if at == place) for place in range(len(stock))]
        over = sum(max(0, load - units) for load, units in zip(loads, stock, strict=True))
        spare = sum(max(0, units - load) for load, units in zip(loads, stock, strict=True))
        found.append(over + max(0, in_parts - spare))
    return min(found)


@given(st.lists(st.integers(1, 9), max_size=5), st.integers(0, 9), st.lists(st.integers(0, 12), min_size=1, max_size=4))
@settings(max_examples=300)
def test_equals_trying_every_place_for_every_line(whole: list[int], in_parts: int, stock: list[int]) -> None:
    assert lacking(whole, in_parts, stock) == least_lacking(whole, in_parts, stock)


def decided(wanted: Sequence[int], stock: Sequence[int], limits: str) -> Decision:
    """Return the decision on an order of lines that all ask for the same lamp."""
    lines = tuple(Line(str(row), "LAMP", units, 9.0) for row, units in enumerate(wanted, start=1))
    places: list[dict[str, object]] = [{"location_id": place} for place in PLACES[: len(stock)]]
    net = network(places, [STD], {"LAMP": dict(zip(PLACES, stock, strict=False))})
    return decide(order(lines=lines), net, [load_ruleset(f"name: n\nlimits: {limits}")], COSTS, NOW)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.lists(st.integers(0, 8), min_size=1, max_size=3))
@settings(max_examples=40)
def test_an_order_without_a_plan_is_told_no_more_than_it_lacks(wanted: list[int], stock: list[int]) -> None:
    decision = decided(wanted, stock, "{max_parcels: 1, split_lines: false}")
    told = sum(line.short for line in decision.missing)
    least = least_lacking(wanted, 0, stock)
    assert told == min(least, sum(line.quantity for line in decision.missing))
    assert all(line.available + line.short == line.quantity for line in decision.missing)


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.lists(st.integers(0, 8), min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=40)
def test_a_partial_plan_is_told_no_more_than_it_leaves_out(wanted: list[int], stock: list[int], split: bool) -> None:
    limits = f"{{allow_partial: true, split_lines: {str(split).lower()}}}"
    decision = decided(wanted, stock, limits)
    parts = sum(units for units in wanted if split and units > 1)
    least = least_lacking([units for units in wanted if not split or units == 1], parts, stock)
    assert all(0 <= line.short <= line.quantity for line in decision.missing)
    assert sum(line.short for line in decision.missing) == min(least, sum(line.quantity for line in decision.missing))
