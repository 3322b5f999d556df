"""What a ruleset says, in short."""

from dataclasses import asdict
from typing import Any

from decision.rules.parts import OfferRule, Rule
from decision.rules.ruleset import Ruleset


def summary_of(ruleset: Ruleset) -> dict[str, Any]:
    """Return what a ruleset says, in short: its rules with what they read, its stages, prices and limits."""
    stages = [
        {
            "name": stage.name,
            "require": None if stage.require is None else stage.require.source,
            "offer": _offer(stage.offer),
        }
        for stage in ruleset.stages
    ]
    applies = ruleset.applies_to
    reads = {name for rule in ruleset.rules for name in _reads(rule)}
    offers = [offer for offer in (ruleset.offer, *(stage.offer for stage in ruleset.stages)) if offer is not None]
    for expression in (applies, *(stage.require for stage in ruleset.stages), *(offer.when for offer in offers)):
        reads.update(() if expression is None else expression.names)
    return {
        "name": ruleset.name,
        "applies_to": None if applies is None else applies.source,
        "strategy": asdict(ruleset.strategy),
        "limits": asdict(ruleset.limits),
        "collect_from": ruleset.collect_from,
        "offer": _offer(ruleset.offer),
        "not_found_odds": ruleset.not_found_odds,
        "rules": [
            {"id": rule.id, "kind": rule.kind, "reason": rule.reason, "attributes": _reads(rule)}
            for rule in ruleset.rules
        ],
        "stages": stages,
        "attributes": sorted(reads),
    }


def _offer(offer: OfferRule | None) -> dict[str, Any] | None:
    if offer is None:
        return None
    when = None if offer.when is None else offer.when.source
    return {"locations": offer.locations, "minutes": offer.minutes, "when": when}


def _reads(rule: Rule) -> list[str]:
    return sorted({*rule.names, *(() if rule.when is None else rule.when.names)})


def as_lines(summary: dict[str, Any]) -> list[str]:
    """Return the summary for people to read."""
    rules, stages = summary["rules"], summary["stages"]
    prices = ", ".join(f"{name} {price:g}" for name, price in summary["strategy"].items())
    return [
        f"{summary['name']} is valid; it is for {summary['applies_to'] or 'every order'}",
        f"prices: {prices}",
        f"rules: {len(rules)}",
        *(f"  {rule['id']} ({rule['kind']}): {', '.join(rule['attributes']) or 'no attribute'}" for rule in rules),
        f"stages: {len(stages)}",
        *(
            f"  {stage['name']}: {stage['require'] or 'all that rules allow'}{_offered(stage['offer'])}"
            for stage in stages
        ),
        *([] if summary["offer"] is None else [f"shipments of stores{_offered(summary['offer'])}"]),
        f"attributes used: {len(summary['attributes'])}",
    ]


def _offered(offer: dict[str, Any] | None) -> str:
    if offer is None:
        return ""
    told = f", offered to {offer['locations']} stores for {offer['minutes']:g} minutes"
    return told if offer["when"] is None else f"{told} when {offer['when']}"
