"""Conditions asked together say what each says alone, bit for bit, however they are joined and run."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressions.compiled import CompiledExpression, compile_expression
from expressions.conditions import Conditions
from expressions.kinds import Kind, ListOf, Names
from tests.property.test_expressions_oracle import column as column_of
from tests.property.test_expressions_oracle import conditions, figures, maybe, tags_, words

pytest.importorskip("numba")

#: About the order, about candidates, about lines, about lines at candidates.
ORDER, CANDIDATE, LINE, STOCK = ("one", "candidates", "lines", "lines at candidates")
SHAPES = {
    "order.value": ORDER,
    "location.ratio": CANDIDATE,
    "line.weight": LINE,
    "stock.atp": STOCK,
    "order.country": ORDER,
    "location.type": CANDIDATE,
    "line.category": LINE,
    "order.gift": ORDER,
    "location.open": CANDIDATE,
    "line.hazmat": LINE,
    "order.tags": ORDER,
    "location.tags": CANDIDATE,
}
KINDS = {
    Kind.NUMBER: ("order.value", "location.ratio", "line.weight", "stock.atp"),
    Kind.TEXT: ("order.country", "location.type", "line.category"),
    Kind.TRUTH: ("order.gift", "location.open", "line.hazmat"),
    Kind.TEXTS: ("order.tags", "location.tags"),
}
NAMES: Names = {
    **{name: kind for kind, names in KINDS.items() for name in names},
    "lines": ListOf({"weight": Kind.NUMBER, "category": Kind.TEXT, "hazmat": Kind.TRUTH, "tags": Kind.TEXTS}),
}
VALUES = {
    Kind.NUMBER: maybe(st.one_of(figures, st.sampled_from([1e308, -1e308, np.inf, -np.inf, -0.0, 5e-324]))),
    Kind.TEXT: maybe(words),
    Kind.TRUTH: maybe(st.booleans()),
    Kind.TEXTS: tags_,
}
SOURCES = conditions(
    KINDS[Kind.NUMBER],
    KINDS[Kind.TEXT],
    KINDS[Kind.TRUTH],
    KINDS[Kind.TEXTS],
    ("{} {} {}", st.sampled_from(KINDS[Kind.NUMBER]), st.sampled_from(["==", "!="]), figures),
    ("{} {} null", st.sampled_from(KINDS[Kind.NUMBER]), st.sampled_from(["==", "!="])),
    ("{} {} {}", st.sampled_from(KINDS[Kind.TEXT]), st.sampled_from(["==", "!="]), words.map(repr)),
    (
        "({} {} ({} ? {} : {}))",
        st.sampled_from(KINDS[Kind.NUMBER]),
        st.sampled_from(["==", "!="]),
        st.sampled_from(KINDS[Kind.TRUTH]),
        st.sampled_from(KINDS[Kind.NUMBER]),
        figures,
    ),
    ("{} in [{}]", st.sampled_from(KINDS[Kind.NUMBER]), st.just(", ".join(map(str, range(12))))),
    ("lines.{}(l, l.weight {} 1.0 || location.open)", st.sampled_from(["exists", "all"]), st.sampled_from("<>")),
    ("lines.{}(l, l.category == location.type)", st.sampled_from(["exists", "all"])),
    # What overflows on the way: no warning, whoever computes it.
    (
        "lines.{}(l, l.weight * {} < {})",
        st.sampled_from(["exists", "all"]),
        st.sampled_from(KINDS[Kind.NUMBER]),
        figures,
    ),
    ("string({0} * {0}) != {1}", st.sampled_from(KINDS[Kind.NUMBER]), words.map(repr)),
    ("double(size(lines)) {} {}", st.sampled_from("<>"), figures),
    ("{}", st.sampled_from(["true", "false"])),
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[list[str], dict[str, Any], tuple[int, int], list[int]]:
    """Return sources of conditions, columns, their common shape, and which conditions to ask."""
    sources = draw(st.lists(SOURCES, min_size=1, max_size=6))
    # More candidates than go through the machine together, now and then.
    lines, candidates = draw(st.integers(1, 3)), draw(st.sampled_from([0, 1, 2, 5, 300, 513]))
    shapes = {ORDER: (), CANDIDATE: (candidates,), LINE: (lines, 1), STOCK: (lines, candidates)}
    columns: dict[str, Any] = {}
    for name, about in SHAPES.items():
        kind = NAMES[name]
        assert isinstance(kind, Kind)
        few = column_of(kind, draw(st.lists(VALUES[kind], min_size=1, max_size=6)))
        size = int(np.prod(shapes[about]))
        columns[name] = _at(few, np.arange(size).reshape(shapes[about]) % len(few))
        if kind is Kind.TRUTH and not np.isnan(columns[name]).any() and draw(st.booleans()):
            columns[name] = columns[name].astype(bool)
    listing = NAMES["lines"]
    assert isinstance(listing, ListOf)
    columns["lines"] = {
        field: column_of(kind, draw(st.lists(VALUES[kind], min_size=lines, max_size=lines)))
        for field, kind in listing.fields.items()
    }
    chosen = sorted(draw(st.sets(st.integers(0, len(sources) - 1))))
    return sources, columns, (lines, candidates), chosen


def _at(column: Any, rows: Any) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else column.take(rows)


def check(sources: list[str], columns: dict[str, Any], shape: tuple[int, int], chosen: list[int]) -> None:
    """Compare the conditions asked together with each asked alone."""
    alone: list[CompiledExpression] = [compile_expression(source, NAMES, Kind.TRUTH) for source in sources]
    expected = [np.broadcast_to(condition.is_true(columns), shape) for condition in alone]
    together = Conditions(alone)
    for some in (range(len(sources)), chosen):
        read = {name: columns[name] for at in some for name in alone[at].names}
        answers = together.are_true(read, shape, some)
        assert answers.shape == (len(some), *shape)
        assert answers.dtype == bool
        for at, answer in zip(some, answers, strict=True):
            assert (answer == expected[at]).all(), sources[at]


@given(asked())
@settings(max_examples=300)
def test_together_as_alone(case: tuple[list[str], dict[str, Any], tuple[int, int], list[int]]) -> None:
    check(*case)


@pytest.mark.reliability
@given(asked())
@settings(max_examples=1_000)
def test_together_as_alone_thousands_of_times(
    case: tuple[list[str], dict[str, Any], tuple[int, int], list[int]],
) -> None:
    check(*case)
