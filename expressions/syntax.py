"""The parts of an expression, freed from the grammar's wrappers. Only what is listed here exists in the language."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import lark

from expressions.errors import ExpressionError
from expressions.source import beginning


@dataclass(frozen=True)
class Position:
    """Where something begins in the source, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Literal:
    """A number, text, truth value or ``null`` as written."""

    value: float | str | bool | None
    at: Position


@dataclass(frozen=True)
class Name:
    """A dotted name: ``location.type`` is ``("location", "type")``, and so is ``location["type"]``."""

    path: tuple[str, ...]
    at: Position


@dataclass(frozen=True)
class Operation:
    """A sign between, before or among its operands: ``==``, ``&&``, ``!``, ``?:`` …"""

    sign: str
    operands: tuple["Part", ...]
    at: Position


@dataclass(frozen=True)
class Call:
    """``function(arguments)``; in ``target.function(arguments)`` the target is the first argument."""

    function: str
    arguments: tuple["Part", ...]
    at: Position


@dataclass(frozen=True)
class Items:
    """A list written out: ``["a", "b"]``."""

    items: tuple["Part", ...]
    at: Position


Part: TypeAlias = Literal | Name | Operation | Call | Items
_Tree: TypeAlias = lark.Tree[lark.Token]

_SIGNS: Final = {
    "expr": "?:",
    "conditionalor": "||",
    "conditionaland": "&&",
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_eq": "==",
    "relation_ne": "!=",
    "relation_in": "in",
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "unary_not": "!",
    "unary_neg": "-",
}
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}


def simplify(tree: _Tree) -> Part:
    """Return the parts of a parsed expression, or raise `ExpressionError` for what the language leaves out."""
    while len(tree.children) == 1 and isinstance(tree.children[0], lark.Tree) and tree.data != "list_lit":
        tree = tree.children[0]
    at = Position(*beginning(tree))
    form = _FORMS.get(str(tree.data))
    if form is None:
        raise ExpressionError("this form is not part of the language", at.line, at.column)
    return form(tree, at)


def literal(part: Part) -> Part:
    """Return a written negative number as one literal."""
    if isinstance(part, Operation) and part.sign == "-" and len(part.operands) == 1:
        operand = part.operands[0]
        if isinstance(operand, Literal) and isinstance(operand.value, float):
            return Literal(-operand.value, part.at)
    return part


def _trees(tree: _Tree) -> list[_Tree]:
    return [child for child in tree.children if isinstance(child, lark.Tree)]


def _literal(tree: _Tree, at: Position) -> Literal:
    return Literal(_value(tree.children[0], at), at)


def _ident(tree: _Tree, at: Position) -> Name:
    return Name((str(tree.children[0]),), at)


def _conditional(tree: _Tree, at: Position) -> Operation:
    return Operation(_SIGNS[str(tree.data)], tuple(simplify(child) for child in _trees(tree)), at)


def _operation(tree: _Tree, at: Position) -> Operation:
    """Binary operations carry their sign on a wrapper around the left side, unary ones on an empty first child."""
    marked, right = _trees(tree)
    sign = _SIGNS.get(str(marked.data))
    if sign is None:
        raise ExpressionError("the remainder % is not part of the language", at.line, at.column)
    if not marked.children:
        return Operation(sign, (simplify(right),), at)
    return Operation(sign, (simplify(_trees(marked)[0]), simplify(right)), at)


def _dot(tree: _Tree, at: Position) -> Name:
    return _field(simplify(_trees(tree)[0]), str(tree.children[1]), at)


def _items(tree: _Tree, at: Position) -> Items:
    return Items(_arguments(tree), at)


def _field(target: Part, field: str, at: Position) -> Name:
    if not isinstance(target, Name):
        raise ExpressionError(f"only names have fields: .{field} does not follow a name", at.line, at.column)
    return Name((*target.path, field), target.at)


def _index(tree: _Tree, at: Position) -> Part:
    target, index = (simplify(child) for child in _trees(tree))
    if isinstance(index, Literal) and isinstance(index.value, str):
        return _field(target, index.value, at)
    return Call("[]", (target, index), at)


def _call(tree: _Tree, at: Position) -> Call:
    function = next(str(child) for child in tree.children if isinstance(child, lark.Token))
    target = tuple(simplify(child) for child in _trees(tree) if child.data != "exprlist")
    return Call(function, target + _arguments(tree), at)


def _arguments(tree: _Tree) -> tuple[Part, ...]:
    return tuple(simplify(child) for branch in _trees(tree) if branch.data == "exprlist" for child in _trees(branch))


def _value(token: object, at: Position) -> float | str | bool | None:
    assert isinstance(token, lark.Token)
    text = str(token)
    if token.type == "BOOL_LIT":
        return text == "true"
    if token.type == "NULL_LIT":
        return None
    if token.type == "STRING_LIT":
        return _unescape(text[1:-1])
    if token.type in {"INT_LIT", "FLOAT_LIT"} and "x" not in text:
        number = float(text)
        if number - number == 0:
            return number
    raise ExpressionError(f"{text} is not a text or a decimal number", at.line, at.column)


def _unescape(text: str) -> str:
    pieces = text.split("\\\\")
    return "\\".join(_unescape_simple(piece) for piece in pieces)


def _unescape_simple(text: str) -> str:
    first, *rest = text.split("\\")
    return first + "".join(_ESCAPES.get(piece[0], piece[0]) + piece[1:] for piece in rest)


_FORMS: Final[dict[str, Callable[[_Tree, Position], Part]]] = {
    "literal": _literal,
    "ident": _ident,
    "expr": _conditional,
    "conditionalor": _conditional,
    "conditionaland": _conditional,
    "relation": _operation,
    "addition": _operation,
    "multiplication": _operation,
    "unary": _operation,
    "member_dot": _dot,
    "member_index": _index,
    "member_dot_arg": _call,
    "ident_arg": _call,
    "list_lit": _items,
}
