"""Compiled expressions mean what cel-python's own interpreter says they mean, on any row, missing values included.

The language differs from cel-python on purpose in four places, which the grammar below leaves out and
`tests/unit/expressions/test_compiled.py` states: integers are numbers like all others (so the grammar writes
``double(size(…))``), a division by zero is unknown and not infinite (so it asks first), a missing text has no size
and is no number, and a known number compared with ``null`` is known to differ. Functions on texts that CEL's standard
has not (``trim``, ``lower``, ``replace``, …) are stated there too.
"""

from functools import partial
from typing import Any

import celpy
import numpy as np
import pytest
from celpy import celtypes
from hypothesis import given, settings
from hypothesis import strategies as st

from expressions.compiled import compile_expression
from expressions.kinds import Kind, ListOf, Names
from expressions.sets import encode_sets
from expressions.text import encode

# Built once, outside the tests: it changes the interpreter's recursion limit, which hypothesis watches.
ENVIRONMENT = celpy.Environment()

NUMBERS = ("location.ratio", "location.backlog")
TEXTS = ("location.type", "order.country")
TRUTHS = ("order.gift", "location.open")
SETS = ("order.tags", "location.tags")
NAMES: Names = {
    **dict.fromkeys(NUMBERS, Kind.NUMBER),
    **dict.fromkeys(TEXTS, Kind.TEXT),
    **dict.fromkeys(TRUTHS, Kind.TRUTH),
    **dict.fromkeys(SETS, Kind.TEXTS),
    "lines": ListOf({"weight": Kind.NUMBER, "category": Kind.TEXT, "hazmat": Kind.TRUTH, "tags": Kind.TEXTS}),
}

figures = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 10.0])
words = st.sampled_from(["", "a", "ab", "b", "store", "Città", 'quo"te', "back\\slash", "1.5", "-2"])
signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def quoted(word: str) -> str:
    """Return ``word`` as a literal."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def one_of(*formats: Any) -> st.SearchStrategy[str]:
    """Return sources made by filling one of the formats: each a template and its parts."""
    return st.one_of([st.tuples(*parts).map(partial(filled, template)) for template, *parts in formats])


def filled(template: str, parts: tuple[str, ...]) -> str:
    """Return ``template`` with its gaps filled."""
    return template.format(*parts)


def numbers(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Return sources of numbers over ``names``."""
    leaf = st.one_of(st.sampled_from(names), figures.map(lambda number: f"({number!r})"))
    return st.recursive(
        leaf,
        lambda inner: one_of(
            ("({} {} {})", inner, st.sampled_from("+-*"), inner),
            ("({} / {})", inner, st.sampled_from(["2.0", "(-0.5)"])),
            ("({0} != 0.0 ? {1} / {0} : 1.0)", st.sampled_from(names), inner),
            ("-({})", inner),
            ("({} > 1.0 ? {} : {})", inner, inner, inner),
        ),
        max_leaves=4,
    )


def texts(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Return sources of texts over ``names``."""
    leaf = st.one_of(st.sampled_from(names), words.map(quoted))
    return st.one_of(leaf, one_of(("({} + {})", leaf, leaf)))


def conditions(
    number_names: tuple[str, ...],
    text_names: tuple[str, ...],
    truth_names: tuple[str, ...],
    set_names: tuple[str, ...],
    *more: Any,
) -> st.SearchStrategy[str]:
    """Return sources of conditions; ``more`` are further formats for what stands alone."""
    number, text, truth = numbers(number_names), texts(text_names), st.sampled_from(truth_names)
    leaf = st.one_of(st.sampled_from(number_names), figures.map(lambda number: f"({number!r})"))
    compared = one_of(
        ("{} {} {}", number, st.sampled_from(["<", "<=", ">", ">="]), number),
        # Not of computed numbers: cel-python loses their type, and a missing number then differs from them for sure.
        ("{} {} {}", leaf, st.sampled_from(["==", "!="]), leaf),
        ("{} {} {}", text, signs, text),
        ("{} in [{}, {}]", number, figures, figures),
        ("{} in [{}, {}]", text, words.map(quoted), words.map(quoted)),
        # Not of joined texts: cel-python loses their type and then knows no method `contains`.
        (
            "{}.{}({})",
            st.one_of(st.sampled_from(text_names), words.map(quoted)),
            st.sampled_from(["startsWith", "endsWith", "contains", "matches"]),
            st.just('"a"'),
        ),
        ("{} in {}", st.one_of(st.sampled_from(text_names), words.map(quoted)), st.sampled_from(set_names)),
        ("double(size({})) {} {}", st.sampled_from(set_names), st.sampled_from(["<", "<=", ">", ">="]), figures),
        ("double(size({})) {} {}", st.one_of(words.map(quoted), st.just('"a" + "é"')), st.sampled_from("<>"), number),
        ("double({}) {} {}", words.map(quoted), st.sampled_from("<>"), number),
        ("({} ? {} : {}) {} {}", truth, text, text, st.sampled_from(["<", "<=", ">", ">="]), text),
        ("{} {} null", st.sampled_from([*text_names, *truth_names]), st.sampled_from(["==", "!="])),
        ("{} {} {}", truth, st.sampled_from(["==", "!="]), st.one_of(truth, st.sampled_from(["true", "false"]))),
        *more,
    )
    return st.recursive(
        st.one_of(compared, truth),
        lambda inner: one_of(
            ("({}) && ({})", inner, inner),
            ("({}) || ({})", inner, inner),
            ("!({})", inner),
            ("(({}) ? ({}) : ({}))", inner, inner, inner),
        ),
        max_leaves=6,
    )


on_items = conditions(("l.weight", *NUMBERS), ("l.category", *TEXTS), ("l.hazmat", *TRUTHS), ("l.tags", *SETS))
expressions_ = conditions(
    NUMBERS,
    TEXTS,
    TRUTHS,
    SETS,
    ("lines.{}(l, {})", st.sampled_from(["exists", "all"]), on_items),
    ("double(size(lines)) {} {}", st.sampled_from(["<", "<=", ">", ">="]), figures),
)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return the values, one in four missing."""
    return st.one_of(values, values, values, st.none())


#: Candidates per rule.
ROWS = 10
tags_ = st.lists(words, max_size=3, unique=True)
rows_ = st.lists(
    st.fixed_dictionaries(
        {
            **{name: maybe(figures) for name in NUMBERS},
            **{name: maybe(words) for name in TEXTS},
            **{name: maybe(st.booleans()) for name in TRUTHS},
            **dict.fromkeys(SETS, tags_),
        }
    ),
    min_size=ROWS,
    max_size=ROWS,
)
lines_ = st.lists(
    st.fixed_dictionaries(
        {"weight": maybe(figures), "category": maybe(words), "hazmat": maybe(st.booleans()), "tags": tags_}
    ),
    min_size=1,
    max_size=3,
)


def interpreted(source: str, rows: list[dict[str, Any]], lines: list[dict[str, Any]]) -> list[bool | None]:
    """Return what cel-python says of each row: true, false, or nothing it can say."""
    program = ENVIRONMENT.program(ENVIRONMENT.compile(source))
    answers: list[bool | None] = []
    for row in rows:
        spaces: dict[str, Any] = {"location": {}, "order": {}, "lines": lines}
        for name, value in row.items():
            space, field = name.split(".")
            spaces[space][field] = value
        try:
            answer = program.evaluate({name: celpy.json_to_cel(space) for name, space in spaces.items()})
        except (celpy.CELEvalError, TypeError):
            answer = None
        answers.append(bool(answer) if isinstance(answer, celtypes.BoolType | bool) else None)
    return answers


def compiled(source: str, rows: list[dict[str, Any]], lines: list[dict[str, Any]]) -> list[bool | None]:
    """Return what the compiled columns say of each row."""
    columns: dict[str, Any] = {name: column(NAMES[name], [row[name] for row in rows]) for name in rows[0]}
    listing = NAMES["lines"]
    assert isinstance(listing, ListOf)
    columns["lines"] = {field: column(kind, [line[field] for line in lines]) for field, kind in listing.fields.items()}
    values = compile_expression(source, NAMES, Kind.TRUTH).values(columns)
    return [None if np.isnan(value) else bool(value) for value in np.broadcast_to(values, (1, len(rows)))[0]]


def column(kind: Kind | ListOf, values: list[Any]) -> Any:
    """Return one column as `CompiledExpression` takes it."""
    if kind is Kind.TEXTS:
        return encode_sets(values)
    return encode(values) if kind is Kind.TEXT else np.array(values, dtype=float)


@given(source=expressions_, rows=rows_, lines=lines_)
@settings(max_examples=300)
def test_agrees_with_the_interpreter(source: str, rows: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
    assert compiled(source, rows, lines) == interpreted(source, rows, lines)


@pytest.mark.reliability
@given(source=expressions_, rows=rows_, lines=lines_)
@settings(max_examples=20_000 // ROWS + 200)
def test_agrees_with_the_interpreter_twenty_thousand_times(
    source: str, rows: list[dict[str, Any]], lines: list[dict[str, Any]]
) -> None:
    assert compiled(source, rows, lines) == interpreted(source, rows, lines)
