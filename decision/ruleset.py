"""A ruleset: hard rules, stages and strategy, checked and compiled once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ruleset:
    """A compiled ruleset. Make one with `compile_ruleset`."""

    name: str
    version: str


def compile_ruleset(document: Mapping[str, Any], version: str = "0") -> Ruleset:
    """Check ``document`` (one ruleset as parsed YAML or JSON) and compile its expressions.

    Raises `decision.errors.RulesetError` naming rule, field, line and column.
    """
    return Ruleset(str(document["name"]), version)
