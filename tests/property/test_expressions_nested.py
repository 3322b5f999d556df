"""Nesting costs what it adds: no part is computed twice, and twenty levels are answered at once."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressions.compiled import compile_expression
from expressions.conditions import Conditions
from expressions.kinds import Kind
from tests.property.test_expressions_oracle import (
    NAMES,
    NUMBERS,
    SETS,
    TEXTS,
    TRUTHS,
    column,
    compiled,
    conditions,
    interpreted,
    rows_,
)

#: The innermost part, and how one level is made from the one below.
NESTS = {
    "a choice hangs on a choice": ("order.gift", "({} ? location.open : order.gift)"),
    "a choice hangs on a denied choice": ("order.gift", "(!{} ? location.open : order.gift)"),
    "a choice stands where another is not taken": ("order.gift", "(location.open ? order.gift : {})"),
    "a choice hangs on and": ("order.gift", "({} && location.open ? location.open : order.gift)"),
    "a chain of equals": ("order.gift", "{} == location.open"),
    "equal to what is equal": ("order.gift", "(location.open == {})"),
    "different from what is different": ("order.gift", "({} != location.open)"),
    "equal to a choice that hangs on an equal": ("order.gift", "({} ? location.open : order.gift) == location.open"),
    "numbers chosen by numbers": ("location.ratio", "({} > 1.0 ? location.backlog : location.ratio)"),
    "numbers chosen by a list": ("location.ratio", "({} in [1.0, 2.0] ? location.backlog : location.ratio)"),
    "texts chosen by texts": ("order.country", '({} == "a" ? location.type : order.country)'),
    "texts chosen by their order": ("order.country", "({} < location.type ? location.type : order.country)"),
    "texts chosen by a list": ("order.country", '({} in ["a", "b"] ? location.type : order.country)'),
    "texts chosen by a set": ("order.country", "({} in order.tags ? location.type : order.country)"),
}
#: Of these the interpreter thinks otherwise, or has not heard (`tests.property.test_expressions_oracle`).
OURS = {
    "numbers chosen by an equal number": ("location.ratio", "({} == location.backlog ? location.backlog : 2.0)"),
    "texts chosen by their beginning": ("order.country", '({}.startsWith("a") ? location.type : order.country)'),
    "texts chosen by their size": ("order.country", "({}.size() > 1 ? location.type : order.country)"),
}
#: Nothing is asked of them here.
LINES = [{"weight": 1.0, "category": "a", "hazmat": True, "tags": []}]


def nest(name: str, levels: int) -> str:
    """Return a condition of so many levels."""
    source, level = {**NESTS, **OURS}[name]
    end = {Kind.TRUTH: "{}", Kind.NUMBER: "{} > 1.0", Kind.TEXT: '{} == "a"'}[NAMES[source]]  # type: ignore[index]  # no list
    for _ in range(levels):
        source = level.format(source)
    return end.format(source)


@pytest.mark.parametrize("name", NESTS)
@given(rows=rows_)
@settings(max_examples=3)
def test_twenty_levels_mean_what_the_interpreter_says(name: str, rows: list[dict[str, Any]]) -> None:
    source = nest(name, 20)
    assert compiled(source, rows, LINES) == interpreted(source, rows, LINES)


class Counting(Mapping[str, Any]):
    """Columns that count how often each is read."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self._columns = columns
        self.read: Counter[str] = Counter()

    def __getitem__(self, name: str) -> Any:
        self.read[name] += 1
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


#: Of the order's own columns: a list is read for its length too.
PLAIN = conditions(
    NUMBERS,
    TEXTS,
    TRUTHS,
    SETS,
    ("{} {} {}", st.sampled_from(NUMBERS), st.sampled_from(["==", "!="]), st.sampled_from(NUMBERS)),
    ("{} {} null", st.sampled_from(NUMBERS), st.sampled_from(["==", "!="])),
    (
        "({} ? {} : {}) {} {}",
        st.sampled_from(TRUTHS),
        st.sampled_from(NUMBERS),
        st.sampled_from(NUMBERS),
        st.sampled_from(["==", "!="]),
        st.sampled_from(NUMBERS),
    ),
)


@given(source=st.one_of(PLAIN, st.builds(nest, st.sampled_from([*NESTS, *OURS]), st.just(5))), rows=rows_)
@settings(max_examples=300)
def test_no_column_is_read_more_often_than_it_is_written(source: str, rows: list[dict[str, Any]]) -> None:
    condition = compile_expression(source, NAMES, Kind.TRUTH)
    columns = {name: column(kind, [row[name] for row in rows]) for name, kind in NAMES.items() if name in rows[0]}
    written = Counter(re.findall(r"[a-z]+\.[a-z]+", re.sub(r'"(\\.|[^"\\])*"', "", source)))
    for ask in (condition.is_true, condition.is_false, condition.values):
        counting = Counting(columns)
        ask(counting)
        assert counting.read <= written, (ask, source)


def calls(work: Callable[[], object]) -> int:
    """Return how many functions ``work`` calls: time that is the same on every machine."""
    count = 0

    def called(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", [*NESTS, *OURS])
def test_twice_the_levels_are_twice_the_work(name: str) -> None:
    columns = {
        **dict.fromkeys(NUMBERS, np.array([[1.0, np.nan]])),
        **dict.fromkeys(TEXTS, column(Kind.TEXT, ["a", None]).take(np.array([[0, 1]]))),
        **dict.fromkeys(TRUTHS, np.array([[1.0, np.nan]])),
        **dict.fromkeys(SETS, column(Kind.TEXTS, [["a"], []]).take(np.array([[0, 1]]))),
    }

    def work(levels: int) -> None:
        condition = compile_expression(nest(name, levels), NAMES, Kind.TRUTH)
        together = Conditions([condition])
        together.prepare()
        together.are_true(columns, (1, 2), [0])
        for ask in (condition.is_true, condition.is_false, condition.values):
            ask(columns)

    work(1)  # what is loaded and compiled once
    once, twice = (calls(lambda levels=levels: work(levels)) for levels in (10, 20))  # type: ignore[misc]
    assert twice < 2.1 * once
