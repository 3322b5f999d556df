"""The same rules in other engines, in every form they offer for many candidates.

The languages differ in spelling only: ZEN writes ``and``, ``or``, ``not`` and ``startsWith(x, y)``. Their sources are
made from ours, so that nobody can write one rule better than the other.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from benchmarks.errors import BenchmarkError

try:
    import cel
    import zen
except ImportError as error:
    raise BenchmarkError(
        f"{error.name} is not installed: the peers are in the extra `benchmark` and in requirements/dev.lock"
    ) from error

#: A candidate as the peers read it: space → name → number, text, truth value or None.
Facts: TypeAlias = dict[str, dict[str, Any]]
#: A way to evaluate all rules for all candidates; returns candidates × rules.
Form: TypeAlias = Callable[[], list[list[bool]]]

_SPACES: Final = r"\b(order|line|location|service|stock|now)\."


def zen_forms(rules: Sequence[str], candidates: list[Facts]) -> dict[str, Form]:
    """ZEN: all rules in one expression, over the array of candidates or one by one, and each rule by itself."""
    here = [_in_zen(rule) for rule in rules]
    together = zen.compile_expression(_listed(here))
    apart = [zen.compile_expression(rule) for rule in here]
    over_all = zen.compile_expression(f"map(candidates, {_listed(_within('#', here))})")
    rule_over_all = [zen.compile_expression(f"map(candidates, {rule})") for rule in _within("#", here)]
    context = {"candidates": candidates}
    return {
        "zen, all rules mapped over the candidates": partial(over_all.evaluate, context),
        "zen, each rule mapped over the candidates": lambda: _turned(
            [rule.evaluate(context) for rule in rule_over_all]
        ),
        "zen, all rules for each candidate": lambda: [together.evaluate(candidate) for candidate in candidates],
        "zen, each rule for each candidate": lambda: [[rule.evaluate(one) for rule in apart] for one in candidates],
    }


def cel_forms(rules: Sequence[str], candidates: list[Facts]) -> dict[str, Form]:
    """CEL in Rust: the same forms, and contexts made beforehand."""
    together = cel.compile(_listed(rules))
    apart = [cel.compile(rule) for rule in rules]
    over_all = cel.compile(f"candidates.map(c, {_listed(_within('c', rules))})")
    prepared = [cel.Context(candidate) for candidate in candidates]
    context = {"candidates": candidates}
    return {
        "cel, all rules mapped over the candidates": partial(over_all.execute, context),
        "cel, all rules for each candidate": lambda: [together.execute(candidate) for candidate in candidates],
        "cel, all rules for each prepared candidate": lambda: [together.execute(one) for one in prepared],
        "cel, each rule for each prepared candidate": lambda: [
            [rule.execute(one) for rule in apart] for one in prepared
        ],
    }


def _in_zen(rule: str) -> str:
    for ours, theirs in (("&&", "and"), ("||", "or"), ("!(", "not (")):
        rule = rule.replace(ours, theirs)
    return re.sub(r"([\w.]+)\.startsWith\(", r"startsWith(\1, ", rule)


def _within(item: str, rules: Sequence[str]) -> list[str]:
    """Return the rules about ``item`` of a list instead of the one candidate."""
    return [re.sub(_SPACES, rf"{item}.\1.", rule) for rule in rules]


def _listed(rules: Sequence[str]) -> str:
    return f"[{', '.join(f'({rule})' for rule in rules)}]"


def _turned(columns: list[list[bool]]) -> list[list[bool]]:
    return [list(row) for row in zip(*columns, strict=True)]
