"""Expressions written to hurt are refused by their shape, before anything that could grow is built from them."""

import numpy as np
import pytest

from expressions.compiled import compile_expression
from expressions.conditions import Conditions
from expressions.errors import ExpressionError
from expressions.kinds import Kind, ListOf, Names
from expressions.text import encode

NAMES: Names = {"a": Kind.NUMBER, "t": Kind.TEXT, "lines": ListOf({"w": Kind.NUMBER})}

HOSTILE = {
    "deep brackets": "(" * 5_000 + "a" + ")" * 5_000,
    "deep brackets, not closed": "(" * 5_000,
    "deep lists": "a in " + "[" * 400 + "1" + "]" * 400,
    "long chain": "a" + " + a" * 900,
    "long chain of conditions": "a > 1" + " && a > 1" * 400,
    "many signs": "!" * 5_000 + "true",
    "many minus": "-" * 1_500 + "a",
    "endless choice": "a > 1 ? 1 : " * 400 + "1",
    "long text": '"' + "x" * 1_000_000 + '"',
    "unclosed text with many escapes": '"' + "\\a" * 4_000,
    "unclosed text with good escapes": "'" + "\\n" * 4_000,
    "triple quotes": '"""' + "\\a" * 400,
    "bytes": 'b"x" == b"y"',
    "raw text": 'r"x" == t',
    "exponential macros": "lines.exists(a1, " * 30 + "true" + ")" * 30,
    "nested macros": "lines.all(x, lines.all(y, x.w > y.w))",
    "letters that look Latin": "а > 1",  # a Cyrillic letter
    "right-to-left override": 't == "\u202egpj"',
    "zero width space": 't == "a\u200bb"',
    "control character": 't == "a\x00b"',
    "full-width sign": "a ＞ 1",
    "dunder": "a.__class__.__mro__",
    "dunder call": 't.__init__("x")',
    "global function": '__import__("os").system("id")',
    "eval": 'eval("1")',
    "root name": ".a > 1",
    "message": "a{b: 1}",
    "map": '{"a": 1} == {"a": 1}',
    "comment": "a > 1 // or so",
    "unsigned": "a > 1u",
    "hexadecimal": "a > 0xff",
    "reserved word": "while > 1",
    "huge pattern": 't.matches("' + "(a{1000}){1000}" + '")',
    "huge number": "a > 1" + "0" * 400,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refused(name: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(HOSTILE[name], NAMES)


def test_repeated_replacing_cannot_grow_without_end() -> None:
    growing = "t" + '.replace("a", "aaaaaaaaaa")' * 40
    sizes = compile_expression(f"size({growing})", NAMES).values({"t": encode(["a", "b"])})
    assert repr(sizes.tolist()) == "[nan, 1.0]"


FORTY_CHOICES = "(" * 40 + "order.gift" + " ? order.insured : order.new)" * 40
TRUTHS: Names = dict.fromkeys(["order.gift", "order.insured", "order.new"], Kind.TRUTH)
ORDERS = {
    "order.gift": np.array(0.0),
    "order.insured": np.array([1.0, 0.0, 1.0]),
    "order.new": np.array([1, 1, 0]),
}
#: Of the second every other choice is false.
CHOSEN = [True, False, False]


def test_a_choice_that_hangs_on_forty_choices_is_answered_at_once() -> None:
    condition = compile_expression(FORTY_CHOICES, TRUTHS)
    assert condition.is_true(ORDERS).tolist() == CHOSEN
    assert condition.is_false(ORDERS).tolist() == [not so for so in CHOSEN]
    assert condition.values(ORDERS).tolist() == CHOSEN


def test_a_chain_of_a_hundred_equals_is_answered_at_once() -> None:
    condition = compile_expression(" == ".join(["order.insured", *["order.gift"] * 100]), TRUTHS)
    assert condition.is_true(ORDERS).tolist() == [True, False, True]  # compared with false an even number of times


def test_a_choice_that_hangs_on_forty_choices_is_joined_at_once() -> None:
    pytest.importorskip("numba")
    together = Conditions([compile_expression(FORTY_CHOICES, TRUTHS)])
    assert together.are_true(ORDERS, (1, 3), [0]).tolist() == [[CHOSEN]]
