"""Several conditions as one flat program for `expressions.machine`, what they have in common computed once.

Every instruction writes a register of its own, numbers or a mask; those that nothing new comes of are not written a
second time (value numbering: Cocke and Schwartz, *Programming Languages and Their Compilers*, 1970).
What is not plain arithmetic, comparison or logic is left to the closures of `expressions.operations` and enters as a
column. The closures are what the language means; a program says the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from math import nan
from operator import itemgetter
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from expressions import instructions as op
from expressions.checking import ARITHMETIC, Scope, compile_part
from expressions.compiled import CompiledExpression
from expressions.kinds import Kind
from expressions.operations import OPPOSITE
from expressions.syntax import Items, Literal, Name, Operation, Part, literal
from expressions.text import NULL
from expressions.values import Columns, Number, Truth, Value

#: What is longer than that is asked of the closures, which sort.
_SHORT_LIST: Final = 8
_ARITHMETIC: Final = {"+": op.ADD, "-": op.SUBTRACT, "*": op.MULTIPLY, "/": op.DIVIDE}
#: Whether the operands change places: a > b is b < a.
_COMPARE: Final = {
    "<": (op.LESS, False),
    "<=": (op.LESS_EQUAL, False),
    ">": (op.LESS, True),
    ">=": (op.LESS_EQUAL, True),
}

Read: TypeAlias = Callable[[Columns], Any]


@dataclass(frozen=True, eq=False)
class Program:
    """Conditions to be run together. Make one with `join`.

    ``instructions`` (instructions, 5): what to do, the register it writes, three that it reads. ``constants``,
    ``texts`` (column, text) and ``columns`` (how to read one) are what the first three instructions load.
    ``answers``: each condition's mask. ``numbers`` and ``masks``: how many registers of either kind. ``needs``
    (conditions, instructions): which instructions a condition comes of. ``computes``: whether reading the columns
    computes numbers.
    """

    instructions: NDArray[np.int64]
    constants: NDArray[np.float64]
    texts: tuple[tuple[str, str], ...]
    columns: tuple[Read, ...]
    answers: NDArray[np.int64]
    numbers: int
    masks: int
    needs: NDArray[np.bool_]
    computes: bool


def join(conditions: Sequence[CompiledExpression]) -> Program:
    """Return one program of ``conditions``, all of kind ``TRUTH``."""
    joining = _Joining()
    answers = [joining.condition(condition) for condition in conditions]
    return Program(
        np.array(joining.instructions, np.int64).reshape(-1, 5),
        np.array(list(joining.constants), np.float64),
        tuple(joining.texts),
        tuple(joining.reads),
        np.array(answers, np.int64),
        joining.numbers,
        joining.masks,
        np.array([joining.needs(answer) for answer in answers], bool).reshape(len(answers), len(joining.instructions)),
        joining.computes,
    )


class _Joining:
    """The instructions so far, and in which register each left what."""

    def __init__(self) -> None:
        self.instructions: list[tuple[int, int, int, int, int]] = []
        self.constants: dict[float, int] = {}
        self.texts: dict[tuple[str, str], int] = {}
        self.reads: list[Read] = []
        self.numbers = 0
        self.masks = 0
        self.computes = False
        self._columns: dict[object, int] = {}
        self._written: dict[tuple[int, int, int, int], int] = {}
        #: Part and what is asked of it → its mask: what a choice hangs on is asked both ways.
        self._asked: dict[tuple[int, bool], int] = {}
        #: Register (a mask?, which) → the instructions it comes of, a bit for each.
        self._bits: dict[tuple[bool, int], int] = {}
        self._scope = Scope({})

    def condition(self, condition: CompiledExpression) -> int:
        """Return the mask of where it is surely true."""
        self._scope = Scope(condition.names)
        return self._mask(condition.part, True)

    def needs(self, answer: int) -> NDArray[np.bool_]:
        """Return which instructions the mask ``answer`` comes of."""
        count = len(self.instructions)
        bits = self._bits[True, answer].to_bytes(count // 8 + 1, "little")
        return np.unpackbits(np.frombuffer(bits, np.uint8), count=count, bitorder="little").astype(bool)

    def _write(self, do: int, a: int = 0, b: int = 0, c: int = 0) -> int:
        key = (do, a, b, c)
        if key not in self._written:
            mask = do > op.CHOOSE
            self._written[key] = into = self.masks if mask else self.numbers
            self.masks += mask
            self.numbers += not mask
            bits = 1 << len(self.instructions)
            for register in zip(_reads_masks(do), (a, b, c), strict=False):
                bits |= self._bits[register]
            self._bits[mask, into] = bits
            self.instructions.append((do, into, a, b, c))
        return self._written[key]

    def _constant(self, value: float) -> int:
        return self._write(op.CONSTANT, self.constants.setdefault(value, len(self.constants)))

    def _code(self, column: str, text: str) -> int:
        return self._write(op.CODE, self.texts.setdefault((column, text), len(self.texts)))

    def _column(self, key: object, read: Read) -> int:
        """Return the register of what ``read`` finds; the same ``key``, the same thing."""
        if key not in self._columns:
            self._columns[key] = len(self.reads)
            self.reads.append(read)
        return self._write(op.COLUMN, self._columns[key])

    def _named(self, name: Name) -> int:
        """Return the register of a column of numbers, truth values or codes of texts."""
        written = ".".join(name.path)
        return self._column(written, _codes(written) if self._is_text(name) else itemgetter(written))

    def _is_text(self, name: Name) -> bool:
        return self._scope.names[".".join(name.path)] is Kind.TEXT

    def _value(self, part: Part) -> Value:
        return compile_part(part, self._scope)

    def _left(self, part: Part) -> Value:
        """Return the closures of ``part``, which is left to them."""
        scope = Scope(self._scope.names)
        value = compile_part(part, scope)
        self.computes |= bool(scope.signs & ARITHMETIC)
        return value

    def _number(self, part: Part) -> int:
        if isinstance(part, Name):
            return self._named(part)
        if isinstance(part, Literal):
            assert isinstance(part.value, float)
            return self._constant(part.value)
        if isinstance(part, Operation) and part.sign == "?:":
            condition, yes, no = part.operands
            unless = self._write(op.CHOOSE, self._number(no), self._constant(nan), self._mask(condition, False))
            return self._write(op.CHOOSE, self._number(yes), unless, self._mask(condition, True))
        if isinstance(part, Operation):
            operands = [self._number(operand) for operand in part.operands]
            return self._write(op.NEGATIVE if len(operands) == 1 else _ARITHMETIC[part.sign], *operands)
        value = self._left(part)
        assert isinstance(value, Number)
        return self._column(_told(part), value.value)

    def _mask(self, part: Part, so: bool) -> int:
        """Return the mask of where ``part`` is surely true, or, not ``so``, surely false."""
        asked = id(part), so
        if asked not in self._asked:
            self._asked[asked] = self._ask(part, so)
        return self._asked[asked]

    def _ask(self, part: Part, so: bool) -> int:
        if isinstance(part, Literal):
            return self._write(op.ALL, part.value is so)
        if isinstance(part, Name):
            return self._write(op.EQUAL, self._named(part), self._constant(float(so)))
        found = self._operation(part, so) if isinstance(part, Operation) else None
        return self._closure(part, so) if found is None else found

    def _closure(self, part: Part, so: bool) -> int:
        """Return the mask of what the closures say."""
        value = self._left(part)
        assert isinstance(value, Truth)
        column = self._column((_told(part), so), value.true if so else value.false)
        return self._write(op.EQUAL, column, self._constant(1.0))

    def _operation(self, part: Operation, so: bool) -> int | None:
        """Return the mask, ``None`` where the closures have to give it."""
        if part.sign == "!":
            return self._mask(part.operands[0], not so)
        if part.sign in {"&&", "||"}:
            left, right = part.operands
            return self._write(
                op.AND if (part.sign == "&&") is so else op.OR, self._mask(left, so), self._mask(right, so)
            )
        if part.sign == "?:":
            condition, yes, no = part.operands
            either = (
                self._write(op.AND, self._mask(condition, it), self._mask(then, so))
                for it, then in ((True, yes), (False, no))
            )
            return self._write(op.OR, *either)
        if part.sign in {"==", "!="}:
            return self._equality(replace(part, sign="=="), (part.sign == "==") is so)
        if part.sign == "in":
            return self._membership(part, so)
        return self._comparison(part, so)

    def _comparison(self, part: Operation, so: bool) -> int | None:
        if not isinstance(self._value(part.operands[0]), Number):
            return None
        compare, turned = _COMPARE[part.sign if so else OPPOSITE[part.sign]]
        left, right = map(self._number, part.operands)
        return self._write(compare, right, left) if turned else self._write(compare, left, right)

    def _equality(self, part: Operation, so: bool) -> int:
        left, right = part.operands
        if isinstance(left, Literal):
            left, right = right, left
        if isinstance(right, Literal) and isinstance(left, Name):
            if right.value is None:
                return self._null(left, so)
            if isinstance(right.value, str):
                return self._same_text(left, right.value, so)
        first, second = self._value(left), self._value(right)
        if not isinstance(first, Number) or not isinstance(second, Number) or (first.told and second.told):
            return self._closure(part, so)  # what may be missing on both sides may be equal in that
        return self._write(op.EQUAL if so else op.UNEQUAL, self._number(left), self._number(right))

    def _null(self, name: Name, so: bool) -> int:
        if not self._is_text(name):
            return self._write(op.MISSING if so else op.KNOWN, self._named(name))
        if so:
            return self._write(op.EQUAL, self._named(name), self._constant(NULL))
        return self._write(op.LESS_EQUAL, self._constant(0.0), self._named(name))

    def _same_text(self, name: Name, text: str, so: bool) -> int:
        return self._write(op.EQUAL if so else op.OTHER_TEXT, self._named(name), self._code(".".join(name.path), text))

    def _membership(self, part: Operation, so: bool) -> int | None:
        operand, among = part.operands
        if not isinstance(among, Items) or not 0 < len(among.items) <= _SHORT_LIST:
            return None
        answers = []
        for item in map(literal, among.items):
            assert isinstance(item, Literal)
            if isinstance(item.value, float):
                answers.append(
                    self._write(op.EQUAL if so else op.UNEQUAL, self._number(operand), self._constant(item.value))
                )
            elif isinstance(item.value, str) and isinstance(operand, Name):
                answers.append(self._same_text(operand, item.value, so))
            else:
                return None
        return reduce(partial(self._write, op.OR if so else op.AND), answers)


def _reads_masks(do: int) -> tuple[bool, ...]:
    """Return of each register that an instruction reads whether it is a mask."""
    if do <= op.COLUMN or do == op.ALL:
        return ()
    if do == op.CHOOSE:
        return (False, False, True)
    return (do > op.ALL,) * (1 if do in {op.NEGATIVE, op.MISSING, op.KNOWN} else 2)


def _codes(name: str) -> Read:
    return lambda columns: columns[name].codes


def _told(part: Part) -> object:
    """Return what is the same for parts that say the same, wherever they stand."""
    if isinstance(part, Name):
        return part.path
    if isinstance(part, Literal):
        return type(part.value), part.value
    if isinstance(part, Items):
        return tuple(map(_told, part.items))
    if isinstance(part, Operation):
        return part.sign, *map(_told, part.operands)
    return part.function, "(", *map(_told, part.arguments)
