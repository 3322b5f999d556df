"""What can go wrong before a decision."""

from collections.abc import Sequence
from dataclasses import dataclass


class DecisionError(Exception):
    """Base of what this package raises."""


@dataclass(frozen=True)
class RulesetProblem:
    """One thing wrong with a ruleset: which field of which rule, and the place in its expression (from 1)."""

    place: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """Return it in one line."""
        if self.line is None:
            return f"{self.place}: {self.message}"
        return f"{self.place}, line {self.line}, column {self.column}: {self.message}"


class RulesetError(DecisionError):
    """A ruleset document that cannot be used. Its text names ruleset, rule, field, line and column of each problem."""

    def __init__(self, problems: Sequence[RulesetProblem]) -> None:
        """Keep each problem beside the text."""
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


class TooManyLinesError(DecisionError):
    """An order with more lines than can be planned at all."""
