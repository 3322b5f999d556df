"""What is refused of a ruleset when it is published or checked, and serves on where it was published before.

Amounts that mean no more than these, rules that an answer would take for a limit or a stage, and names that are not one
line of text.
"""

import re
from collections.abc import Iterator
from typing import Final

from decision.errors import RulesetProblem
from decision.money import MOST_MONEY
from decision.rules.document import RulesetDocument

MOST_PARCELS: Final = 1_000
#: Units.
MOST_KEPT_BACK: Final = 1_000_000_000
_TAKEN: Final = ("limits.", "stages.")
#: Nobody can see them, and PostgreSQL, which keeps the stage of an offer, takes no NUL.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def beyond_bounds(written: RulesetDocument) -> Iterator[RulesetProblem]:
    """Yield each amount that is too large, and each name that is taken or not one line of text, with its place."""
    for name, price in written.strategy.model_dump().items():
        if price > MOST_MONEY:
            yield _too_large(f"strategy → {name}", MOST_MONEY)
    if written.limits.max_parcels is not None and written.limits.max_parcels > MOST_PARCELS:
        yield _too_large("limits → max_parcels", MOST_PARCELS)
    for rule in written.rules:
        if rule.safety_stock is not None and rule.safety_stock > MOST_KEPT_BACK:
            yield _too_large(f"rules → {rule.id} → safety_stock", MOST_KEPT_BACK)
        if rule.id.startswith(_TAKEN):
            told = "an answer names limits and stages so: choose an id that begins otherwise"
            yield RulesetProblem(f"rules → {rule.id} → id", told)
    for place, name in _names(written):
        if _CONTROL.search(name):
            yield RulesetProblem(place, f"must be one line of text without control characters; found {name!r}")


def _names(written: RulesetDocument) -> Iterator[tuple[str, str]]:
    """Yield what answers and logs name parts by, with its place."""
    yield "name", written.name
    for number, rule in enumerate(written.rules):
        yield f"rules → {number} → id", rule.id
    for number, stage in enumerate(written.stages):
        yield f"stages → {number} → name", stage.name


def _too_large(place: str, most: float) -> RulesetProblem:
    return RulesetProblem(place, f"must be at most {most:,.0f}")
