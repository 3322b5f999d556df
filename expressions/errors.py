"""What can be wrong with an expression."""


class ExpressionError(Exception):
    """An expression that cannot be used, with the place in its source (line and column count from 1)."""

    def __init__(self, message: str, line: int, column: int) -> None:
        """Keep the place beside the message, so that callers can point at it."""
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class UnknownNameError(ExpressionError):
    """An expression with a name that is not known where it stands.

    ``name``: as written. ``listing``: the list of whose items it is a field, where it is one.
    """

    def __init__(self, message: str, line: int, column: int, name: str, listing: str | None = None) -> None:
        """Keep the name, so that callers who know more of it can say why."""
        super().__init__(message, line, column)
        self.name, self.listing = name, listing
