"""Whatever is written as an expression, it is compiled or refused with a place; nothing else ever happens."""

from hypothesis import given, settings
from hypothesis import strategies as st

from expressions.compiled import compile_expression
from expressions.errors import ExpressionError
from expressions.kinds import Kind, ListOf, Names

NAMES: Names = {
    "order.value": Kind.NUMBER,
    "location.type": Kind.TEXT,
    "line.hazmat": Kind.TRUTH,
    "order.tags": Kind.TEXTS,
    "lines": ListOf({"hazmat": Kind.TRUTH, "tags": Kind.TEXTS}),
}
#: The language's own words and signs, look-alikes of them, what nobody sees, and what other languages would run.
PIECES = [
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "?",
        ":",
        ",",
        ".",
        "&&",
        "||",
        "==",
        "!=",
        "<",
        " in ",
    ),
    *(" in ", "order.value", "location.type", "line.hazmat", "order.tags", "lines", "lines.exists(l, ", "l.hazmat"),
    "l.tags",
    *('"a"', "'b'", '"', "'", '"\\\\"', '"\\x"', '"""', "1", "0.5", "1e999", "-1e-400", "0x1", "1u", "true", "null"),
    *(".size()", ".matches(", ".split(", "[0]", "size(", "double(", "string(", ".replace(", ".substring(", '"(a*)*"'),
    *("__import__", ".__class__", "lambda", "eval(", "has(", ".map(", ".filter(", "type(", "dyn(", "//", "\n", "\t"),
    *("\x00", "\u200b", "\u202e", "\ufeff", "\u0430", "\uff08", "\u037e", "\u2028", "\ud800", "\U0001f4e6", "é"),
]
sources = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.text(max_size=60),
    st.builds(
        lambda opening, closing, count, inside: opening * count + inside + closing * count,
        st.sampled_from(["(", "[", "!", "-", "!(", "-(", "true ? (", "lines.all(l, ", "size(", "{", '"a" in [']),
        st.sampled_from([")", "]", ") : 1", "", "}"]),
        st.integers(0, 3_000),
        st.sampled_from(PIECES),
    ),
    st.builds(
        lambda piece, sign, count: sign.join([piece] * count),
        st.sampled_from(PIECES),
        st.sampled_from(["&&", "||", "+", "-", "*", "/", "==", "?", ":", ",", ".", " in ", " "]),
        st.integers(1, 3_000),
    ),
)


@given(source=sources)
@settings(max_examples=400)
def test_is_compiled_or_refused_with_a_place(source: str) -> None:
    try:
        compiled = compile_expression(source, NAMES)
    except ExpressionError as error:
        told, line, column = str(error), error.line, error.column
    else:
        assert set(compiled.names) <= set(NAMES)
        return
    assert 1 <= line <= source.count("\n") + 1, told
    assert column >= 1, told
    assert len(told) < 20_000
