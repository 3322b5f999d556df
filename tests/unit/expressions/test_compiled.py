"""What people write, what it means over columns, and what they are told when it cannot be used."""

from typing import Any

import numpy as np
import pytest

from expressions.compiled import compile_expression
from expressions.errors import ExpressionError
from expressions.kinds import Kind, ListOf, Names
from expressions.text import encode

NAMES: Names = {
    "location.type": Kind.TEXT,
    "location.footfall_ratio": Kind.NUMBER,
    "location.backlog": Kind.NUMBER,
    "order.gift": Kind.TRUTH,
    "lines": ListOf({"hazmat": Kind.TRUTH, "weight_kg": Kind.NUMBER, "category": Kind.TEXT}),
    "row.Order No": Kind.TEXT,
}
COLUMNS: dict[str, Any] = {
    "location.type": encode(["store", "warehouse", None]),
    "location.footfall_ratio": np.array([2.0, np.nan, 1.0]),
    "location.backlog": np.array([0.0, 5.0, 10.0]),
    "order.gift": np.array([1.0, 0.0, np.nan]),
    "lines": {
        "category": encode(["toys", None]),
        "hazmat": np.array([True, False]),
        "weight_kg": np.array([1.5, np.nan]),
    },
    "row.Order No": encode([" a-1 ", "b-22", None]),
}
UNKNOWN = None


def values(source: str) -> list[Any]:
    """Return the expression's value on each row, ``None`` where unknown."""
    found = compile_expression(source, NAMES).values(COLUMNS)
    flat = np.broadcast_to(found, (1, 3))[0] if found.ndim != 1 else found
    return [None if value is None or str(value) == "nan" else value for value in flat.tolist()]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('location.type == "store"', [1, 0, 0]),
        ('location.type != "store"', [0, 1, 1]),
        ('location.type in ["store", "hub"]', [1, 0, 0]),
        ("location.type == null", [0, 0, 1]),
        ("null != location.type", [1, 1, 0]),
        ("location.footfall_ratio > 1.6", [1, UNKNOWN, 0]),
        ("!(location.footfall_ratio > 1.6)", [0, UNKNOWN, 1]),
        ("location.footfall_ratio != 2", [0, UNKNOWN, 1]),
        ("location.footfall_ratio == null", [0, 1, 0]),
        ("location.footfall_ratio > 1.6 || location.backlog == 5", [1, 1, 0]),
        ("location.footfall_ratio > 1.6 && location.backlog == 0", [1, 0, 0]),
        ("location.footfall_ratio in [1, 2]", [1, UNKNOWN, 1]),
        ("10 / location.backlog", [UNKNOWN, 2, 1]),
        ("-location.backlog + 2 * 3 - 1", [5, 0, -5]),
        ("order.gift", [1, 0, UNKNOWN]),
        ("order.gift == true", [1, 0, 0]),
        ("order.gift ? location.backlog : -1", [0, -1, UNKNOWN]),
        ('order.gift ? "a" : location.type', ["a", "warehouse", UNKNOWN]),
        ('location.type < "t"', [1, 0, UNKNOWN]),
        ('location.type.startsWith("st")', [1, 0, UNKNOWN]),
        ('location.type.endsWith("e") && location.type.contains("o")', [1, 1, UNKNOWN]),
        ('location.type.matches("^w.*e$")', [0, 1, UNKNOWN]),
        ("size(location.type)", [5, 9, UNKNOWN]),
        ("location.type.upper()", ["STORE", "WAREHOUSE", UNKNOWN]),
        ('row["Order No"].trim()', ["a-1", "b-22", UNKNOWN]),
        ('row["Order No"].trim().split("-")[1]', ["1", "22", UNKNOWN]),
        ('row["Order No"].split("-")[2]', [UNKNOWN, UNKNOWN, UNKNOWN]),
        ('row["Order No"].trim().split("")[2]', ["1", "2", UNKNOWN]),
        ('double(row["Order No"].trim().substring(2))', [1, 22, UNKNOWN]),
        ('row["Order No"].substring(0, 2)', [" a", "b-", UNKNOWN]),
        ('row["Order No"].replace("-", "/")', [" a/1 ", "b/22", UNKNOWN]),
        ('location.type + "-" + string(location.backlog)', ["store-0", "warehouse-5", UNKNOWN]),
        ('"say \\"a\\\\b\\"\\n"', ['say "a\\b"\n'] * 3),
        ("lines.exists(l, l.hazmat)", [1, 1, 1]),
        ("lines.all(l, l.hazmat)", [0, 0, 0]),
        ("lines.exists(l, l.weight_kg > location.backlog)", [1, UNKNOWN, UNKNOWN]),
        ("lines.all(l, l.weight_kg > location.backlog)", [UNKNOWN, 0, 0]),
        ('lines.exists(l, l.category == "toys" && location.backlog > 4)', [0, 1, 1]),
        ("lines.exists(l, location.backlog > 4)", [0, 1, 1]),
        ("size(lines) > 1", [1, 1, 1]),
    ],
)
def test_means(source: str, expected: list[Any]) -> None:
    assert values(source) == expected


def test_a_condition_that_is_unknown_is_not_true_and_not_false() -> None:
    busy = compile_expression("location.footfall_ratio > 1.6", NAMES)
    assert busy.is_true(COLUMNS).tolist() == [True, False, False]
    assert busy.is_false(COLUMNS).tolist() == [False, False, True]


def test_says_which_columns_it_reads() -> None:
    rule = compile_expression('location.type == "store" && lines.exists(l, l.hazmat)', NAMES)
    assert rule.names == {"location.type": Kind.TEXT, "lines": ListOf({"hazmat": Kind.TRUTH})}


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        ('location.typ == "store"', 1, 1, "unknown name location.typ; did you mean location.type?"),
        ("location.backlog > 1 &&\n  location.footfal > 2", 2, 3, "did you mean location.footfall_ratio?"),
        ('location.backlog > "3"', 1, 20, "> needs a number here, not a text"),
        ("location.type == 3", 1, 18, "a text and a number do not compare"),
        ('location.type in ["a", 2]', 1, 24, "does not compare with a text"),
        ("location.backlog && order.gift", 1, 1, "&& needs a true or false here, not a number"),
        ("lines.exists(l, l.hazmatt)", 1, 17, "did you mean l.hazmat?"),
        ("lines.exists(l, lines.all(m, m.hazmat))", 1, 17, "cannot stand inside another"),
        ("lines.map(l, l.hazmat)", 1, 1, "unknown function map"),
        ("lines == 3", 1, 1, "lines is a list"),
        ("location.type.lowr()", 1, 1, "did you mean lower?"),
        ('location.type.matches("(")', 1, 1, "not a pattern: missing ): ("),
        ("location.type.matches(location.type)", 1, 23, "a value written out"),
        ("location.backlog % 2", 1, 1, "remainder"),
        ("location.backlog = 2", 1, 18, "write == to compare"),
        ("location.backlog > 2 &", 1, 22, "write && for and"),
        ("location.backlog >", 1, 18, "not a complete expression"),
        ("(location.backlog + 1) == null", 1, 2, "only a name can be compared with null"),
        ("location.backlog > 1e999", 1, 20, "not a text or a decimal number"),
        ("lines.exists(location, location.backlog > 2)", 1, 14, "already means something else"),
        ("", 1, 1, "empty"),
        ("location.backlog > 1 &&\n location.backlog + true", 2, 21, "+ needs a number here, not a true or false"),
        ("true" + " && true" * 130, 1, 81, "a chain of more than 120 operations"),
        ("-true", 1, 2, "- needs a number here, not a true or false"),
        ("(true == false) < 1", 1, 2, "< needs a number here, not a true or false"),
    ],
)
def test_refuses_and_points(source: str, line: int, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, NAMES)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


def test_refuses_a_result_of_the_wrong_type() -> None:
    with pytest.raises(ExpressionError, match="must be a number, but it is a true or false"):
        compile_expression("order.gift", NAMES, Kind.NUMBER)


def test_a_text_of_the_order_stands_beside_itself() -> None:
    same = compile_expression('order.country + order.country == "ITIT"', {"order.country": Kind.TEXT})
    assert bool(same.is_true({"order.country": encode("IT")}))


def test_a_missing_text_of_the_order_beside_a_column_of_fewer_texts() -> None:
    same = compile_expression("order.region == location.region", dict.fromkeys(REGIONS, Kind.TEXT))
    of_order, of_places = encode([None, "Lazio", "Veneto"]).take(0), encode(["Lazio", None])
    assert same.is_true(dict(zip(REGIONS, (of_order, of_places), strict=True))).tolist() == [False, True]
    assert same.is_true(dict(zip(REGIONS, (of_order, of_order), strict=True))).tolist() is True


REGIONS = ("order.region", "location.region")
