"""Several conditions as one flat program for `expressions.machine`, what they have in common computed once.

Every instruction writes a register of its own, a row of numbers or of truth values; those that nothing new comes of
are not written a second time (value numbering: Cocke and Schwartz, *Programming Languages and Their Compilers*, 1970).
What is not plain arithmetic, comparison or logic is left to the closures of `expressions.operations` and enters as a
column. The closures are what the language means; a program says the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from expressions.checking import Scope, compile_part
from expressions.compiled import CompiledExpression
from expressions.kinds import Kind, Names
from expressions.operations import both_sides
from expressions.syntax import Items, Literal, Name, Operation, Part, literal
from expressions.values import Columns, Number, Truth, Value

# A truth value is a bit for "surely true" and one for "surely false"; neither: unknown. ``a``, ``b``, ``c``: the
# registers an instruction reads.
TRUE: Final = 1
FALSE: Final = 2

# Into a register of numbers:
CONSTANT: Final = 0  # the a-th constant
CODE: Final = 1  # the code that the a-th written text has in its column
COLUMN: Final = 2  # the a-th column
NEGATIVE: Final = 3
ADD: Final = 4
SUBTRACT: Final = 5
MULTIPLY: Final = 6
DIVIDE: Final = 7
CHOOSE_NUMBER: Final = 8  # a, where the truth value c is true, or b
# Into a register of truth values, from numbers:
LESS: Final = 9
LESS_EQUAL: Final = 10
EQUAL: Final = 11
SAME_TEXT: Final = 12  # a text's code a, the code b of a written text
MISSING: Final = 13
NO_TEXT: Final = 14
TRUTH: Final = 15  # 1 true, 0 false
# From truth values:
STATE: Final = 16  # a itself
NOT: Final = 17
AND: Final = 18
OR: Final = 19
CHOOSE_TRUTH: Final = 20

#: What is longer than that is asked of the closures, which sort.
_SHORT_LIST: Final = 8
_ARITHMETIC: Final = {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE}
_LOGIC: Final = {"!": NOT, "&&": AND, "||": OR}
#: Whether the sides change places: a > b is b < a.
_COMPARE: Final = {"<": (LESS, False), "<=": (LESS_EQUAL, False), ">": (LESS, True), ">=": (LESS_EQUAL, True)}

Read: TypeAlias = Callable[[Columns], Any]


@dataclass(frozen=True, eq=False)
class Program:
    """Conditions to be run together. Make one with `join`.

    ``instructions`` (instructions, 5): what to do, the register it writes, three that it reads. ``constants``,
    ``texts`` (column, text) and ``columns`` (how to read one) are what the first three instructions load.
    ``answers``: each condition's register. ``numbers`` and ``truths``: how many registers of either kind. ``needs``
    (conditions, instructions): which instructions a condition comes of. ``computes``: whether reading the columns
    computes numbers.
    """

    instructions: NDArray[np.int64]
    constants: NDArray[np.float64]
    texts: tuple[tuple[str, str], ...]
    columns: tuple[Read, ...]
    answers: NDArray[np.int64]
    numbers: int
    truths: int
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
        joining.truths,
        np.array([joining.needs(answer) for answer in answers], bool).reshape(len(answers), len(joining.instructions)),
        any(condition.computes for condition in conditions),
    )


class _Joining:
    """The instructions so far, and in which register each left what."""

    def __init__(self) -> None:
        self.instructions: list[tuple[int, int, int, int, int]] = []
        self.constants: dict[float, int] = {}
        self.texts: dict[tuple[str, str], int] = {}
        self.reads: list[Read] = []
        self.numbers = 0
        self.truths = 0
        self._columns: dict[object, int] = {}
        self._written: dict[tuple[int, int, int, int], int] = {}
        #: Register (of truth values?, which) → the instructions it comes of, a bit for each.
        self._bits: dict[tuple[bool, int], int] = {}
        self._names: Names = {}

    def condition(self, condition: CompiledExpression) -> int:
        """Return the register in which the answer is."""
        self._names = condition.names
        return self._truth(condition.part)

    def needs(self, answer: int) -> NDArray[np.bool_]:
        """Return which instructions the truth value in register ``answer`` comes of."""
        count = len(self.instructions)
        bits = self._bits[True, answer].to_bytes(count // 8 + 1, "little")
        return np.unpackbits(np.frombuffer(bits, np.uint8), count=count, bitorder="little").astype(bool)

    def _write(self, do: int, a: int = 0, b: int = 0, c: int = 0) -> int:
        key = (do, a, b, c)
        if key not in self._written:
            truth = do > CHOOSE_NUMBER
            self._written[key] = into = self.truths if truth else self.numbers
            self.truths += truth
            self.numbers += not truth
            bits = 1 << len(self.instructions)
            for register in zip(_reads_truths(do), (a, b, c), strict=False):
                bits |= self._bits[register]
            self._bits[truth, into] = bits
            self.instructions.append((do, into, a, b, c))
        return self._written[key]

    def _constant(self, value: float) -> int:
        return self._write(CONSTANT, self.constants.setdefault(value, len(self.constants)))

    def _code(self, column: str, text: str) -> int:
        return self._write(CODE, self.texts.setdefault((column, text), len(self.texts)))

    def _column(self, key: object, read: Read) -> int:
        """Return the register of what ``read`` finds; the same ``key``, the same thing."""
        if key not in self._columns:
            self._columns[key] = len(self.reads)
            self.reads.append(read)
        return self._write(COLUMN, self._columns[key])

    def _named(self, name: Name) -> int:
        """Return the register of a column of numbers, truth values or codes of texts."""
        written = ".".join(name.path)
        return self._column(written, _codes(written) if self._is_text(name) else itemgetter(written))

    def _is_text(self, name: Name) -> bool:
        return self._names[".".join(name.path)] is Kind.TEXT

    def _value(self, part: Part) -> Value:
        return compile_part(part, Scope(self._names, {}, {}, set()))

    def _number(self, part: Part) -> int:
        if isinstance(part, Name):
            return self._named(part)
        if isinstance(part, Literal):
            assert isinstance(part.value, float)
            return self._constant(part.value)
        if isinstance(part, Operation) and part.sign == "?:":
            condition, yes, no = part.operands
            return self._write(CHOOSE_NUMBER, self._number(yes), self._number(no), self._truth(condition))
        if isinstance(part, Operation):
            operands = [self._number(operand) for operand in part.operands]
            return self._write(NEGATIVE if len(operands) == 1 else _ARITHMETIC[part.sign], *operands)
        value = self._value(part)
        assert isinstance(value, Number)
        return self._column(_told(part), value.value)

    def _truth(self, part: Part) -> int:
        if isinstance(part, Literal):
            return self._write(STATE, TRUE if part.value else FALSE)
        if isinstance(part, Name):
            return self._write(TRUTH, self._named(part))
        if isinstance(part, Operation):
            found = self._operation(part)
            if found is not None:
                return found
        return self._closure(part)

    def _closure(self, part: Part) -> int:
        """Return the register of what the closures say."""
        value = self._value(part)
        assert isinstance(value, Truth)
        return self._write(TRUTH, self._column(_told(part), value.states or partial(both_sides, value)))

    def _operation(self, part: Operation) -> int | None:
        """Return the register of the answer, ``None`` where the closures have to give it."""
        if part.sign in _LOGIC:
            return self._write(_LOGIC[part.sign], *map(self._truth, part.operands))
        if part.sign == "?:":
            condition, yes, no = map(self._truth, part.operands)
            return self._write(CHOOSE_TRUTH, yes, no, condition)
        if part.sign in {"==", "!="}:
            equal = self._equality(*part.operands)
            if equal is None:
                equal = self._closure(replace(part, sign="=="))
            return self._write(NOT, equal) if part.sign == "!=" else equal
        if part.sign == "in":
            return self._membership(*part.operands)
        if not isinstance(self._value(part.operands[0]), Number):
            return None
        compare, turned = _COMPARE[part.sign]
        sides = [self._number(operand) for operand in part.operands]
        return self._write(compare, *(sides[::-1] if turned else sides))

    def _equality(self, left: Part, right: Part) -> int | None:
        if isinstance(left, Literal):
            left, right = right, left
        if isinstance(right, Literal) and isinstance(left, Name):
            if right.value is None:
                return self._write(NO_TEXT if self._is_text(left) else MISSING, self._named(left))
            if isinstance(right.value, str):
                return self._same_text(left, right.value)
        first, second = self._value(left), self._value(right)
        if not isinstance(first, Number) or not isinstance(second, Number) or (first.null and second.null):
            return None  # what may be missing on both sides may be equal in that
        return self._write(EQUAL, self._number(left), self._number(right))

    def _same_text(self, name: Name, text: str) -> int:
        return self._write(SAME_TEXT, self._named(name), self._code(".".join(name.path), text))

    def _membership(self, operand: Part, among: Part) -> int | None:
        if not isinstance(among, Items) or not 0 < len(among.items) <= _SHORT_LIST:
            return None
        answers = []
        for item in map(literal, among.items):
            assert isinstance(item, Literal)
            if isinstance(item.value, float):
                answers.append(self._write(EQUAL, self._number(operand), self._constant(item.value)))
            elif isinstance(item.value, str) and isinstance(operand, Name):
                answers.append(self._same_text(operand, item.value))
            else:
                return None
        found = answers[0]
        for answer in answers[1:]:
            found = self._write(OR, found, answer)
        return found


def _reads_truths(do: int) -> tuple[bool, ...]:
    """Return of each register that an instruction reads whether it holds truth values."""
    if do <= COLUMN or do == STATE:
        return ()
    if do in {CHOOSE_NUMBER, CHOOSE_TRUTH}:
        return (do == CHOOSE_TRUTH, do == CHOOSE_TRUTH, True)
    return (do > STATE,) * (1 if do in {NEGATIVE, MISSING, NO_TEXT, TRUTH, NOT} else 2)


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
