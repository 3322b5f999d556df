"""Why a name is not known where it stands: it has its place elsewhere, or was not declared."""

from typing import Final

from decision.rules.reading import CUSTOM
from expressions.errors import UnknownNameError
from expressions.kinds import Names

_CUSTOM: Final = ".attributes."


def told_of_unknown(error: UnknownNameError, here: Names, anywhere: Names) -> str:
    """Return what is told of the name in ``error``.

    ``here``: the names that the expression may mention; ``anywhere``: all that an expression of the ruleset may.
    """
    if error.name in anywhere:
        spaces = ", ".join(dict.fromkeys(name.partition(".")[0] for name in here))
        return f"unknown name {error.name} here, where only names of {spaces} can stand"
    space, _, name = error.name.partition(_CUSTOM)
    if error.listing:  # an item of lines has what a line has
        space = "line"
    if not name or space not in CUSTOM or _CUSTOM in error.message.partition(";")[2]:
        return error.message
    return f"unknown name {error.name}: declare it, attributes: {{{space}: {{{name}: text}}}} (or number, truth)"
