"""Checking and compiling the parts of an expression: every name known, every operand of the right type."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from expressions import operations as op
from expressions import values
from expressions.choices import choose
from expressions.errors import ExpressionError, UnknownNameError
from expressions.functions import FUNCTIONS, METHODS, Function, concatenate
from expressions.kinds import Kind, ListOf, Names
from expressions.syntax import Call, Items, Literal, Name, Operation, Part, Position, literal
from expressions.values import Number, Truth, Value, Word, WordSet

_COLUMN: Final[dict[Kind, Any]] = {
    Kind.NUMBER: values.number_column,
    Kind.TEXT: values.word_column,
    Kind.TRUTH: values.truth_column,
    Kind.TEXTS: values.set_column,
}
#: The operators that compute numbers.
ARITHMETIC: Final = frozenset("+-*/")
#: The type of what a value was compiled to.
KINDS: Final[dict[type, Kind]] = {
    Number: Kind.NUMBER,
    Word: Kind.TEXT,
    Truth: Kind.TRUTH,
    WordSet: Kind.TEXTS,
}


@dataclass(frozen=True)
class Scope:
    """Names in sight: ``items`` are the variables of ``exists`` and ``all`` with the list they run over.

    ``used`` gathers the names that are read, of a list the fields; ``signs`` the operators; ``compiled`` what each
    part (its ``id``) was compiled to: who asks for a part and then for its parts compiles none of them twice.
    """

    names: Names
    items: dict[str, str] = field(default_factory=dict)
    used: dict[str, Kind | ListOf] = field(default_factory=dict)
    signs: set[str] = field(default_factory=set)
    compiled: dict[int, Value] = field(default_factory=dict)

    def use_field(self, listing: str, field: str | None) -> None:
        """Note that ``field`` of a list is read; ``None``: no more than how many items there are."""
        known, used = self.names[listing], self.used.get(listing, ListOf({}))
        assert isinstance(known, ListOf)
        assert isinstance(used, ListOf)
        field = field or next(iter(used.fields or known.fields))
        self.used[listing] = ListOf({**used.fields, field: known.fields[field]})


def compile_part(part: Part, scope: Scope) -> Value:
    """Return what ``part`` compiles to, adding the columns it reads to ``scope.used``."""
    if id(part) not in scope.compiled:
        scope.compiled[id(part)] = _compile(part, scope)
    return scope.compiled[id(part)]


def _compile(part: Part, scope: Scope) -> Value:
    if isinstance(part, Name):
        return _name(part, scope)
    if isinstance(part, Literal):
        if part.value is None:
            raise error_at(part.at, "null can only be compared: name == null, name != null")
        return values.constant(part.value)
    if isinstance(part, Operation):
        return _operation(part, scope)
    if isinstance(part, Call):
        return _call(part, scope)
    raise error_at(part.at, "a list can only stand after in")


def _name(name: Name, scope: Scope) -> Value:
    written = ".".join(name.path)
    listing = scope.items.get(name.path[0])
    if listing is not None:
        return _item(name, listing, scope)
    kind = scope.names.get(written)
    if isinstance(kind, ListOf):
        raise error_at(
            name.at, f"{written} is a list; write {written}.exists(x, …), {written}.all(x, …) or size({written})"
        )
    if kind is None:
        raise _unknown(name.at, written, [*scope.names, *scope.items])
    scope.used[written] = kind
    return _COLUMN[kind](lambda columns: columns[written])  # type: ignore[no-any-return]  # as the kind has it


def _item(name: Name, listing: str, scope: Scope) -> Value:
    fields = scope.names[listing]
    assert isinstance(fields, ListOf)
    variable, *rest = name.path
    field = ".".join(rest)
    if field not in fields.fields:
        raise _unknown(name.at, f"{variable}.{field}", (f"{variable}.{known}" for known in fields.fields), listing)
    scope.use_field(listing, field)
    return _COLUMN[fields.fields[field]](op.item_field(listing, field))  # type: ignore[no-any-return]  # as the kind has it


def _operation(part: Operation, scope: Scope) -> Value:
    scope.signs.add(part.sign)
    if part.sign in {"==", "!="}:
        equal = _equality(part, scope)
        return op.invert(equal) if part.sign == "!=" else equal
    if part.sign == "in":
        return _membership(part, scope)
    operands = [compile_part(operand, scope) for operand in part.operands]
    if part.sign == "?:":
        condition = _expect(Truth, operands[0], part.operands[0], "?")
        for operand, where in zip(operands, part.operands, strict=True):
            _no_set(operand, where)
        _same(operands[1], operands[2], part.operands[2])
        return choose(condition, operands[1], operands[2])
    if part.sign in {"&&", "||", "!"}:
        return _LOGIC[part.sign](*_each_is(Truth, operands, part))  # type: ignore[no-any-return]  # a builder of values
    if isinstance(operands[0], Word) and part.sign in {"+", "<", "<=", ">", ">="}:
        words = _each_is(Word, operands, part)
        return concatenate(*words) if part.sign == "+" else op.compare_words(part.sign, *words)
    return _numeric(part.sign, *_each_is(Number, operands, part))


_LOGIC: Final[dict[str, Any]] = {"&&": op.both, "||": op.either, "!": op.invert}


def _numeric(sign: str, left: Number, right: Number | None = None) -> Value:
    if right is None:
        return op.negative(left)
    return (op.arithmetic if sign in ARITHMETIC else op.compare_numbers)(sign, left, right)


def _each_is(wanted: Any, operands: list[Value], part: Operation) -> list[Any]:
    return [_expect(wanted, value, where, part.sign) for value, where in zip(operands, part.operands, strict=True)]


def _equality(part: Operation, scope: Scope) -> Truth:
    nulls = [isinstance(operand, Literal) and operand.value is None for operand in part.operands]
    if any(nulls):
        other = part.operands[nulls.index(True) - 1]
        if not isinstance(other, Name):
            raise error_at(other.at, "only a name can be compared with null")
        return op.is_null(_no_set(compile_part(other, scope), other))
    left, right = (compile_part(operand, scope) for operand in part.operands)
    left, right = _no_set(left, part.operands[0]), _no_set(right, part.operands[1])
    _same(left, right, part.operands[1])
    if isinstance(left, Number) and isinstance(right, Number):
        return op.equal_numbers(left, right)
    if isinstance(left, Word) and isinstance(right, Word):
        return op.equal_words(left, right)
    assert isinstance(left, Truth)
    assert isinstance(right, Truth)
    return op.equal_truths(left, right)


def _membership(part: Operation, scope: Scope) -> Truth:
    operand, items = part.operands
    value = compile_part(operand, scope)
    if isinstance(items, Name) and isinstance(among := compile_part(items, scope), WordSet):
        return op.word_in_set(_expect(Word, value, operand, "in"), among)
    if not isinstance(items, Items) or not all(isinstance(literal(item), Literal) for item in items.items):
        raise error_at(items.at, 'after in stands a list of written values: ["a", "b"], or a set such as order.tags')
    values = [written.value for item in items.items if isinstance(written := literal(item), Literal)]
    for item, listed in zip(items.items, values, strict=True):
        wanted = str if isinstance(value, Word) else float
        if isinstance(value, Truth | WordSet) or not isinstance(listed, wanted):
            raise error_at(item.at, f"this does not compare with a {KINDS[type(value)].value}")
    if isinstance(value, Word):
        return op.words_in(value, [str(listed) for listed in values])
    assert isinstance(value, Number)
    return op.numbers_in(value, [float(listed) for listed in values if isinstance(listed, float)])


def _call(call: Call, scope: Scope) -> Value:
    if call.function in {"exists", "all"}:
        return _for_lines(call, scope)
    first = call.arguments[0] if call.arguments else None
    if call.function == "size" and isinstance(first, Name) and isinstance(listed := _listing(first, scope), str):
        scope.use_field(listed, None)
        return op.size_of_list(listed)
    if call.function == "[]":
        return _part_of_split(call, scope)
    overloads = {**METHODS, **FUNCTIONS}.get(call.function)
    if overloads is None or call.function == "split":
        if call.function == "split":
            raise error_at(call.at, 'write which part is meant: text.split("-")[0]')
        near = _nearest(call.function, [*METHODS, *FUNCTIONS, "exists", "all"])
        raise error_at(call.at, f"unknown function {call.function}{near}")
    return _apply(overloads, call, scope)


def _part_of_split(call: Call, scope: Scope) -> Value:
    target, index = call.arguments
    if not isinstance(target, Call) or target.function != "split":
        raise error_at(call.at, 'only the parts of split are numbered: text.split("-")[0]')
    return _apply(METHODS["split"], replace(target, arguments=(*target.arguments, index)), scope)


def _apply(overloads: tuple[Function, ...], call: Call, scope: Scope) -> Value:
    counts = [len(function.takes) for function in overloads]
    if len(call.arguments) not in counts:
        allowed = " or ".join(str(count) for count in sorted(set(counts)))
        raise error_at(call.at, f"{call.function} takes {allowed} value(s), the one before the dot included")
    arguments = [compile_part(argument, scope) for argument in call.arguments]
    kinds = tuple(KINDS[type(argument)] for argument in arguments)
    function = next((candidate for candidate in overloads if candidate.takes == kinds), None)
    if function is None:
        wanted = next(candidate.takes for candidate in overloads if len(candidate.takes) == len(kinds))
        wrong = next(i for i, (kind, other) in enumerate(zip(kinds, wanted, strict=True)) if kind is not other)
        raise error_at(
            call.arguments[wrong].at, f"{call.function} needs a {wanted[wrong].value} here, not a {kinds[wrong].value}"
        )
    free = len(arguments) - function.constants
    constants = [_constant(argument, call.function) for argument in call.arguments[free:]]
    try:
        return function.build(*arguments[:free], *constants)
    except ValueError as error:
        raise error_at(call.at, str(error)) from None


def _constant(part: Part, function: str) -> float | str:
    written = literal(part)
    if isinstance(written, Literal) and isinstance(written.value, float | str):
        if isinstance(written.value, float) and written.value != int(written.value):
            raise error_at(part.at, f"{function} needs a whole number here")
        return written.value
    raise error_at(part.at, f"{function} needs a value written out here, not computed")


def _listing(name: Name, scope: Scope) -> str | None:
    written = ".".join(name.path)
    return written if isinstance(scope.names.get(written), ListOf) else None


def _for_lines(call: Call, scope: Scope) -> Truth:
    if scope.items:
        raise error_at(call.at, f"{call.function} cannot stand inside another exists or all")
    if len(call.arguments) != 3:
        raise error_at(call.at, f"write lines.{call.function}(l, condition on l)")
    target, variable, body = call.arguments
    listing = _listing(target, scope) if isinstance(target, Name) else None
    if listing is None:
        lists = [known for known, kind in scope.names.items() if isinstance(kind, ListOf)]
        raise error_at(target.at, f"{call.function} runs over a list; there is {', '.join(lists) or 'none here'}")
    if not isinstance(variable, Name) or len(variable.path) != 1:
        raise error_at(variable.at, "here stands the name of one item, like l")
    taken = variable.path[0]
    if any(known.split(".")[0] == taken for known in scope.names):
        raise error_at(variable.at, f"{taken} already means something else")
    scope.use_field(listing, None)
    condition = compile_part(body, replace(scope, items={taken: listing}))
    return op.for_lines(call.function, _expect(Truth, condition, body, call.function), listing)


def _expect(wanted: Any, value: Value, part: Part, sign: str) -> Any:
    if not isinstance(value, wanted):
        raise error_at(part.at, f"{sign} needs a {KINDS[wanted].value} here, not a {KINDS[type(value)].value}")
    return value


def _no_set(value: Value, part: Part) -> Number | Word | Truth:
    if isinstance(value, WordSet):
        raise error_at(part.at, 'a set of texts is only asked with in: "a" in order.tags')
    return value


def _same(left: Value, right: Value, part: Part) -> None:
    first, second = KINDS[type(left)], KINDS[type(right)]
    if first is not second:
        raise error_at(part.at, f"a {first.value} and a {second.value} do not compare")


def error_at(at: Position, message: str) -> ExpressionError:
    """Return the error that points at ``at``."""
    return ExpressionError(message, at.line, at.column)


def _unknown(at: Position, written: str, known: Iterable[str], listing: str | None = None) -> UnknownNameError:
    message = f"unknown name {written}{_nearest(written, known)}"
    return UnknownNameError(message, at.line, at.column, written, listing)


def _nearest(written: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(written, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""
