"""From source to syntax tree: what is too long, too deep or too clever is refused before it is parsed.

Every refusal here is linear in the (capped) length of the source. The grammar is that of cel-python.
"""

import re
import unicodedata
from typing import Final

import lark
from celpy.celparser import CELParseError, CELParser

from expressions.errors import ExpressionError

MAX_CHARACTERS: Final = 10_000
MAX_TOKENS: Final = 500
MAX_DEPTH: Final = 60

#: Building the tables of the grammar takes a tenth of a second: once, when this module is loaded.
_PARSER: Final = CELParser()

# A string is closed before the lexer sees it: the lexer's own pattern for escapes is ambiguous, and on an
# unclosed string takes time exponential in their number.
_PIECES: Final = re.compile(
    r"""
    (?P<text>"(?:[^"\\\r\n]|\\["'\\nrt])*"|'(?:[^'\\\r\n]|\\["'\\nrt])*')
    | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
    | (?P<number>[0-9][0-9A-Za-z_]*(?:\.[0-9][0-9A-Za-z_]*)?)
    | (?P<open>[(\[]) | (?P<close>[)\]])
    | (?P<operator>&&|\|\||[=!<>]=|[-+*/%!<>?:,.])
    | (?P<space>[ \t\r\n]+)
    """,
    re.VERBOSE,
)


def parse(source: str) -> lark.Tree[lark.Token]:
    """Return the syntax tree of ``source``, or raise `ExpressionError`."""
    truths = _check_shape(source)
    try:
        tree = _PARSER.parse(source)
    except CELParseError as error:
        line, column = error.line or 1, error.column or 1
        if line < 1 or column < 1:  # how the parser says: at the end
            line, column = _place(source, len(source))
        raise ExpressionError("this is not a complete expression here", line, column) from None
    # The grammar forgets where it found true and false; they stand in the tree in the order of the source.
    for token, place in zip(tree.scan_values(_is_truth), truths, strict=True):
        token.line, token.column = place
    _check_depth(tree)
    return tree


def beginning(tree: lark.Tree[lark.Token]) -> tuple[int, int]:
    """Return line and column; a tree of nothing but ``true`` and ``false`` begins with the first of them."""
    if getattr(tree.meta, "line", None) is not None:
        return tree.meta.line, tree.meta.column
    token = next(tree.scan_values(lambda token: token.line is not None))
    return token.line, token.column


def _is_truth(token: lark.Token) -> bool:
    return bool(token.type == "BOOL_LIT")


def _check_shape(source: str) -> list[tuple[int, int]]:
    """Refuse by one pass over the characters: length, tokens, brackets, strings, invisible characters.

    Returns where ``true`` and ``false`` stand.
    """
    if not source.strip():
        raise ExpressionError("the expression is empty", 1, 1)
    if len(source) > MAX_CHARACTERS:
        raise ExpressionError(f"longer than {MAX_CHARACTERS} characters", 1, 1)
    position = tokens = depth = 0
    previous = ""
    truths: list[tuple[int, int]] = []
    while position < len(source):
        piece = _PIECES.match(source, position)
        if piece is None:
            raise ExpressionError(_complaint(source, position), *_place(source, position))
        sort = piece.lastgroup or ""
        if sort == "text":
            _check_text(source, piece, previous)
        if piece.group() in {"true", "false"}:
            truths.append(_place(source, position))
        tokens += sort != "space"
        depth += (sort == "open") - (sort == "close")
        if depth > MAX_DEPTH or tokens > MAX_TOKENS:
            limit = f"nested deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else f"over {MAX_TOKENS} words and signs"
            raise ExpressionError(limit, *_place(source, position))
        if source.startswith("//", position):
            raise ExpressionError("comments belong outside the expression", *_place(source, position))
        previous, position = sort, piece.end()
    return truths


def _check_text(source: str, piece: re.Match[str], previous: str) -> None:
    if previous in {"text", "word", "number"} and not source[piece.start() - 1].isspace():
        raise ExpressionError(
            "texts take no prefix and no triple quotes; write '…' or \"…\"", *_place(source, piece.start())
        )
    for offset, character in enumerate(piece.group()):
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"} and character != "\t":
            raise ExpressionError(
                f"the invisible character U+{ord(character):04X} is not allowed",
                *_place(source, piece.start() + offset),
            )


def _complaint(source: str, position: int) -> str:
    character = source[position]
    if character in "\"'":
        return "this text is not closed, or contains an escape other than \\\\ \\\" \\' \\n \\r \\t"
    if ord(character) > 126 or ord(character) < 32:
        return f"the character U+{ord(character):04X} is not allowed outside texts"
    hint = {"&": "; write && for and", "|": "; write || for or", "=": "; write == to compare"}.get(character, "")
    return f"{character!r} is not part of the language{hint}"


def _place(source: str, position: int) -> tuple[int, int]:
    before = source[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _check_depth(tree: lark.Tree[lark.Token]) -> None:
    """Refuse long chains too: what walks the tree later does so by recursion. Only nodes that branch count."""
    pending = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > 2 * MAX_DEPTH:
            raise ExpressionError(f"a chain of more than {2 * MAX_DEPTH} operations", *beginning(node))
        branches = [child for child in node.children if isinstance(child, lark.Tree)]
        deeper = depth + (len(branches) > 1 and node.data != "exprlist")
        pending.extend((child, deeper) for child in branches)
