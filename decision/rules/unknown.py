"""Why a name is not known where it stands: it has its place elsewhere, or was not declared."""

from typing import Final

from decision.rules.attributes import names_of
from decision.rules.reading import CUSTOM
from expressions.errors import UnknownNameError
from expressions.kinds import Names

#: What the engine itself knows, wherever it may stand.
KNOWN: Final = names_of("order", "lines", "line", "location", "service", "stock", "now", "prediction")
_CUSTOM: Final = ".attributes."


def told_of_unknown(error: UnknownNameError, names: Names) -> str:
    """Return what is told of the name in ``error``, in an expression that may mention ``names``."""
    if error.name in KNOWN:
        spaces = ", ".join(dict.fromkeys(name.partition(".")[0] for name in names))
        return f"unknown name {error.name} here, where only names of {spaces} can stand"
    space, custom, name = error.name.partition(_CUSTOM)
    if custom and _CUSTOM not in error.message.partition(";")[2]:
        # What is neither a space nor unknown itself is the variable of lines.exists or lines.all.
        return (
            f"unknown name {error.name}: declare it, "
            f"attributes: {{{space if space in CUSTOM else 'line'}: {{{name}: text}}}} (or number, truth)"
        )
    return error.message
