"""A ruleset: hard rules, stages and strategy, checked and compiled once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

import yaml

from decision.calendars.opening import day_of, span_of
from decision.candidates.candidates import CollectFrom
from decision.custom import TYPES
from decision.errors import RulesetError, RulesetProblem
from decision.messages.catalogue import LANGUAGES, in_language
from decision.money import Strategy
from decision.rules.attributes import names_of
from decision.rules.bounds import beyond_bounds
from decision.rules.calendar import Calendar
from decision.rules.document import KINDS, ActiveDocument, OfferDocument, RuleDocument, StageDocument, read_document
from decision.rules.parts import Fee, Limits, OfferRule, PromiseTerms, Rule, Stage
from decision.rules.unknown import told_of_unknown
from expressions.compiled import CompiledExpression, compile_expression
from expressions.conditions import Conditions
from expressions.errors import ExpressionError, UnknownNameError
from expressions.kinds import Kind, Names


@dataclass(frozen=True)
class Ruleset:
    """A compiled ruleset. Make one with `compile_ruleset`. ``digest``: SHA-256 of the document.

    ``offer``: of shipments planned in stages without their own. ``not_found_odds``: the ratio of
    `decision.candidates.learnt`. ``collect_from``: from where goods may come that are collected off the shelf
    (`decision.candidates.candidates`).
    """

    name: str
    version: str
    digest: str
    applies_to: CompiledExpression | None
    strategy: Strategy
    limits: Limits
    rules: tuple[Rule, ...]
    stages: tuple[Stage, ...]
    promises: PromiseTerms
    offer: OfferRule | None
    not_found_odds: float
    collect_from: CollectFrom

    @cached_property
    def conditions(self) -> Conditions:
        """The conditions of its ``exclude`` and ``require`` rules, to be asked together."""
        return Conditions([rule.condition for rule in self.rules if rule.condition is not None])

    @cached_property
    def condition_of(self) -> Mapping[str, int]:
        """Rule → where its condition is in `conditions`."""
        taking = (rule.id for rule in self.rules if rule.condition is not None)
        return {rule: position for position, rule in enumerate(taking)}


_UNPREDICTED: Final = ("order", "lines", "line", "location", "service", "stock", "now")


@dataclass(frozen=True)
class _Names:
    """What expressions of one ruleset may mention, by what they are about."""

    order: Names
    candidate: Names
    #: What is kept back decides what is scored, so it cannot wait for predictions.
    unpredicted: Names
    #: What a location is capped by must be the same for all its candidates.
    location: Names


def _names(attributes: Mapping[Any, Mapping[str, str]]) -> _Names:
    custom = {
        f"{space}.attributes.{name}": TYPES[kind]
        for space, declared in attributes.items()
        for name, kind in declared.items()
    }
    return _Names(
        names_of("order", "lines", custom=custom),
        names_of(*_UNPREDICTED, "prediction", custom=custom),
        names_of(*_UNPREDICTED, custom=custom),
        names_of("order", "lines", "location", "now", custom=custom),
    )


def check_ruleset(document: Mapping[str, Any], version: str = "0") -> Ruleset:
    """Return a ruleset that may be published. Errors as of `compile_ruleset`, and for what is beyond its bounds."""
    problems = list(beyond_bounds(read_document(document)))
    if problems:
        raise RulesetError(problems)
    return compile_ruleset(document, version)


def compile_ruleset(document: Mapping[str, Any], version: str = "0") -> Ruleset:
    """Compile the expressions of ``document`` (one ruleset as parsed YAML or JSON), published by whatever version.

    Raises `decision.errors.RulesetError` naming rule, field, line and column of everything that is wrong.
    """
    written = read_document(document)
    names = _names(written.attributes)
    compiler = _Compiler(written.name, names.candidate)
    ruleset = Ruleset(
        written.name,
        version,
        hashlib.sha256(written.model_dump_json().encode()).hexdigest(),
        compiler.condition("", "applies_to", written.applies_to, names.order),
        Strategy(**written.strategy.model_dump()),
        Limits(**written.limits.model_dump()),
        tuple(compiler.rule(rule, names) for rule in written.rules),
        tuple(
            Stage(
                stage.name,
                compiler.condition(f"stage {stage.name}", "require", stage.require, names.candidate),
                compiler.offer(f"stage {stage.name}", stage.offer, names),
            )
            for stage in written.stages or [StageDocument(name="any")]
        ),
        PromiseTerms(
            written.promises.confidence,
            written.promises.day,
            tuple(
                Fee(fee.fee, fee.method, fee.level, compiler.condition(f"fee {at}", "when", fee.when, names.order))
                for at, fee in enumerate(written.promises.fees, start=1)
            ),
        ),
        compiler.offer("", written.offer, names),
        written.not_found_odds,
        written.collect_from,
    )
    if compiler.problems:
        raise RulesetError(compiler.problems)
    return ruleset


def load_ruleset(text: str, version: str = "0") -> Ruleset:
    """Return the ruleset written in ``text`` (YAML, of which JSON is a part). Errors as of `check_ruleset`."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that no calendar has is a ValueError
        raise RulesetError([RulesetProblem("ruleset", f"not YAML: {error}")]) from None
    if not isinstance(document, dict):
        problem = "a ruleset is a mapping with name, strategy, limits, rules and stages"
        raise RulesetError([RulesetProblem("ruleset", problem)])
    return check_ruleset(document, version)


@cache
def default_ruleset() -> Ruleset:
    """Return the ruleset that serves until operations write their own, ready for the first order."""
    ruleset = load_ruleset(files("decision").joinpath("rulesets/default.yaml").read_text(encoding="utf-8"), "0")
    ruleset.conditions.prepare()
    return ruleset


#: Nobody reads more at once, and each costs its milliseconds.
MOST_PROBLEMS: Final = 20


class _Compiler:
    """Compiles the expressions of one ruleset, gathering what is wrong with them."""

    def __init__(self, ruleset: str, names: Names) -> None:
        """``names``: all that an expression of the ruleset may mention somewhere."""
        self._ruleset, self._names = ruleset, names
        self.problems: list[RulesetProblem] = []

    def rule(self, rule: RuleDocument, names: _Names) -> Rule:
        place = f"rule {rule.id}"
        kind: Any = next(kind for kind in KINDS if getattr(rule, kind) is not None)
        candidates = {"safety_stock": names.unpredicted, "cap": names.location}.get(kind, names.candidate)
        written = getattr(rule, kind)
        told = rule.reason or f"{rule.id}: {written}"
        reasons = {} if isinstance(told, str) else dict[str, str](told.items())
        condition, amount = None, None
        if kind in {"exclude", "require"}:
            condition = self.condition(place, kind, written, candidates)
        elif kind in {"adjust", "cap"}:
            amount = self._expression(place, kind, str(written), candidates, Kind.NUMBER)
        return Rule(
            rule.id,
            kind,
            told if isinstance(told, str) else in_language(reasons, LANGUAGES[0]),
            self.condition(place, "when", rule.when, names.order),
            self.condition(place, "where", rule.where, candidates),
            condition,
            float(written) if kind == "safety_stock" else amount,
            None if rule.active is None else _calendar(rule.active),
            reasons,
        )

    def offer(self, place: str, offer: OfferDocument | None, names: _Names) -> OfferRule | None:
        if offer is None:
            return None
        return OfferRule(offer.locations, offer.minutes, self.condition(place, "offer → when", offer.when, names.order))

    def condition(self, place: str, field: str, source: str | None, names: Names) -> CompiledExpression | None:
        return None if source is None else self._expression(place, field, source, names, Kind.TRUTH)

    def _expression(self, place: str, field: str, source: str, names: Names, kind: Kind) -> CompiledExpression | None:
        if len(self.problems) > MOST_PROBLEMS:
            return None
        if len(self.problems) == MOST_PROBLEMS:
            told = f"these are the first {MOST_PROBLEMS} mistakes; what comes after them was not looked at"
            self.problems.append(RulesetProblem(self._ruleset, told))
            return None
        try:
            return compile_expression(source, names, kind)
        except ExpressionError as error:
            where = ", ".join(part for part in (self._ruleset, place, field) if part)
            told = told_of_unknown(error, names, self._names) if isinstance(error, UnknownNameError) else error.message
            self.problems.append(RulesetProblem(where, told, error.line, error.column))
            return None


def _calendar(active: ActiveDocument) -> Calendar:
    return Calendar(
        None if active.weekdays is None else frozenset(map(day_of, active.weekdays)),
        None if active.hours is None else span_of(active.hours),
        active.first,
        active.last,
    )
