"""What stands against a line, in words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from decision.decision import MissingLine
from decision.messages.catalogue import Catalogue

#: Places that a sentence names before it counts the rest.
_NAMED: Final = 3


def with_rules_told(line: MissingLine, reasons: Mapping[str, str]) -> MissingLine:
    """Return ``line`` with the ``reasons`` of its rules, by their ids, where these are written in several languages."""
    rules = (replace(rule, reason=reasons.get(rule.rule_id, rule.reason)) for rule in line.rules)
    return replace(line, rules=tuple(rules))


def with_reason(line: MissingLine, delivery_method: str, words: Catalogue) -> MissingLine:
    """Return ``line`` of an order by ``delivery_method`` with the sentence that says what stands against it."""
    places, details = line.location_ids, line.details
    reserved = line.cause == "out_of_stock" and bool(details["reserved"])
    together = line.cause == "too_few" and len(places) > 1
    rules = [
        words.say(
            "ruled_out_by",
            rule=rule.rule_id,
            places=_named(rule.location_ids, words),
            reason=rule.reason.removesuffix("."),
        )
        for rule in line.rules
    ]
    key = "out_of_stock_reserved" if reserved else "too_few_together" if together else line.cause
    reason = words.say(
        f"{key}_1" if line.cause == "out_of_stock" and len(places) == 1 else key,
        **{name: words.figure(told) if isinstance(told, float) else told for name, told in details.items()},
        quantity=line.quantity,
        places=len(places) if line.cause == "out_of_stock" else _named(places, words),
        place=places[0] if places else "",
        method=words.say(f"method_{delivery_method}"),
        rules="; ".join(rules),
    )
    return replace(line, reason=reason)


def _named(places: tuple[str, ...], words: Catalogue) -> str:
    named = ", ".join(places[:_NAMED])
    return words.counted("and_more", len(places) - _NAMED, places=named) if len(places) > _NAMED else named
