"""A decision put in words: its sentences in a language, and the whole of it as a text to be read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from decision.decision import Decision, Exclusion, Relaxation
from decision.explanation.explain import why
from decision.explanation.tell_missing import with_reason, with_rules_told
from decision.explanation.tell_promise import tell_kept, tell_whether_kept
from decision.messages.catalogue import Catalogue, catalogue, in_language
from decision.promised import PromiseChange

#: Exclusions that a text lists of one rule before it counts the rest.
_LISTED: Final = 10


def tell(decision: Decision, language: str = "en") -> Decision:
    """Return ``decision`` with its sentences in ``language``, whatever language they were in.

    Raises ``KeyError`` for a language that has no catalogue.
    """
    words = catalogue(language)
    decision = _with_reasons_in(language, decision) if decision.reasons else decision
    told = replace(
        decision,
        language=language,
        options=tuple(
            replace(
                option,
                explanation=why(option, decision, words),
                missing=tuple(with_reason(line, decision.delivery_method, words) for line in option.missing),
            )
            for option in decision.options
        ),
        missing=tuple(with_reason(line, decision.delivery_method, words) for line in decision.missing),
        relaxations=tuple(replace(one, explanation=_relaxed(one, decision, words)) for one in decision.relaxations),
        promise=None if decision.promise is None else tell_kept(decision.promise, words, ZoneInfo(decision.timezone)),
    )
    return replace(told, summary=_summary(told, words))


def _with_reasons_in(language: str, decision: Decision) -> Decision:
    """Return ``decision`` with the reasons of its rules in ``language``, and those only that it tells."""
    written = {rule: in_language(texts, language) for rule, texts in decision.reasons.items()}

    def of_change(change: PromiseChange) -> PromiseChange:
        rule = change.details.get("rule")
        return replace(change, details={**change.details, "reason": written[rule]}) if rule in written else change

    promise = decision.promise
    told = {exclusion.rule_id for exclusion in decision.excluded}
    told |= {rule.rule_id for line in decision.missing for rule in line.rules}
    told |= {rule for one in decision.relaxations for rule in one.rule_ids}
    return replace(
        decision,
        excluded=tuple(replace(one, reason=written.get(one.rule_id, one.reason)) for one in decision.excluded),
        missing=tuple(with_rules_told(line, written) for line in decision.missing),
        relaxations=tuple(
            replace(one, reasons={rule: written.get(rule, reason) for rule, reason in one.reasons.items()})
            for one in decision.relaxations
        ),
        promise=promise and replace(promise, changed=tuple(map(of_change, promise.changed))),
        reasons={rule: texts for rule, texts in decision.reasons.items() if rule in told},
    )


def as_text(decision: Decision, language: str) -> str:
    """Return everything that a person may want to know of ``decision``, as lines of text in ``language``."""
    return "\n".join(_lines(tell(decision, language), catalogue(language)))


def _lines(decision: Decision, words: Catalogue) -> Iterator[str]:
    yield decision.summary
    for option in decision.options:
        yield f"{option.rank}. {option.explanation}"
    if decision.promise is not None:
        yield from tell_whether_kept(decision.promise, words, ZoneInfo(decision.timezone))
    for line in decision.missing:
        yield words.say(
            "missing_line_left_out" if line.cause == "left_out" else "missing_line",
            line=line.line_id,
            sku=line.sku,
            quantity=line.quantity,
            available=line.available,
            reason=line.reason,
        )
    shown: dict[str, int] = {}
    for exclusion in decision.excluded:
        shown[exclusion.rule_id] = shown.get(exclusion.rule_id, 0) + 1
        if shown[exclusion.rule_id] <= _LISTED:
            yield _excluded(exclusion, words)
    for rule, count in shown.items():
        if count > _LISTED:
            yield words.counted("excluded_more", count - _LISTED, rule=rule)
    for binding in decision.binding_rules:
        kind, name = _kind(binding.rule_id)
        yield words.say(f"binding_{kind}", rule=name, money=words.money(binding.price, decision.currency))


def _kind(rule_id: str) -> tuple[str, str]:
    """Return whether an id is that of a rule, a limit or a stage, and its name."""
    for kind in ("limit", "stage"):
        if rule_id.startswith(f"{kind}s."):
            return kind, rule_id.removeprefix(f"{kind}s.")
    return "rule", rule_id


def _summary(decision: Decision, words: Catalogue) -> str:
    said = _said(decision, words)
    if not decision.unproved:
        return said
    return f"{said} {words.say('summary_unproved_stage' if decision.options else 'summary_unproved')}"


def _said(decision: Decision, words: Catalogue) -> str:
    if decision.options:
        total = words.money(decision.options[0].total, decision.currency)
        count = len(decision.options)
        return words.say("summary_plan" if count > 1 else "summary_one_plan", count=count, total=total)
    if all(line.cause == "no_ruleset" for line in decision.missing):
        return words.say("summary_no_ruleset")
    short = [
        words.say("short_line_only", line=line.line_id, sku=line.sku)
        if line.quantity == 1
        else words.counted("short_line", line.short, line=line.line_id, sku=line.sku, quantity=line.quantity)
        for line in decision.missing
        if line.short
    ]
    if decision.relaxations:
        ways = words.texts["or"].join(one.explanation for one in decision.relaxations)
        return words.say("summary_relax_short" if short else "summary_relax", ways=ways, lines=words.listed(short))
    return words.say("summary_short", lines=words.listed(short)) if short else words.say("summary_impossible")


def _relaxed(relaxation: Relaxation, decision: Decision, words: Catalogue) -> str:
    """Return what is to be relaxed as the end of a sentence: "without the rule busy-store (too many visitors)"."""
    return words.listed([_way(rule_id, relaxation, decision, words) for rule_id in relaxation.rule_ids])


def _way(rule_id: str, relaxation: Relaxation, decision: Decision, words: Catalogue) -> str:
    kind, name = _kind(rule_id)
    if rule_id == "limits.max_parcels":
        return words.say("with_parcels", needed=relaxation.max_parcels, limit=decision.limits["max_parcels"])
    if rule_id == "limits.allow_partial":
        parts = relaxation.part_left_out
        whole = [line for line in relaxation.left_out if line not in parts]
        ways = [words.say("leaving_out", lines=_listed_lines(whole, words))] if whole else []
        return words.listed(ways + [words.counted("leaving_out_units", n, line=line) for line, n in parts.items()])
    if rule_id == "limits.split_lines":
        return words.say("splitting_lines")
    if kind == "rule":
        return words.say("without_rule", rule=rule_id, reason=relaxation.reasons[rule_id].removesuffix("."))
    return words.say(f"without_{kind}", **{kind: name})


def _listed_lines(lines: Sequence[str], words: Catalogue) -> str:
    return words.counted("lines", len(lines), lines=words.listed(lines))


def _excluded(exclusion: Exclusion, words: Catalogue) -> str:
    service = "" if exclusion.carrier_service_id is None else "_service"
    lines = "_lines" if exclusion.line_ids else ""
    return words.say(
        f"excluded{service}{lines}",
        place=exclusion.location_id,
        service=exclusion.carrier_service_id,
        lines=_listed_lines(exclusion.line_ids, words) if exclusion.line_ids else "",
        rule=exclusion.rule_id,
        reason=exclusion.reason.removesuffix("."),
    )
