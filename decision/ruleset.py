"""A ruleset: hard rules, stages and strategy, checked and compiled once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, TypeAlias

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from decision.attributes import CAPACITY_USED, Reads, names_of, together
from decision.calendar import Calendar
from decision.custom import TYPES
from decision.errors import RulesetError
from decision.money import Strategy
from decision.opening import Weekday, day_of, span_of
from expressions.compiled import CompiledExpression, compile_expression
from expressions.errors import ExpressionError
from expressions.kinds import Kind, Names

KINDS: Final = ("exclude", "require", "safety_stock", "adjust", "cap")


AttributeType: TypeAlias = Literal["text", "number", "truth"]


def _day(written: object) -> object:
    """Return the date that JSON has to write as a text; YAML knows dates."""
    return date.fromisoformat(written) if isinstance(written, str) else written


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LimitsDocument(_Document):
    """``limits`` of a ruleset document."""

    max_parcels: int | None = Field(default=None, ge=1)
    allow_partial: bool = False
    split_lines: bool = True


class StrategyDocument(_Document):
    """``strategy`` of a ruleset document; the prices are those of `decision.money.Strategy`."""

    late_parcel: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    late_day: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    pick_failure: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    extra_parcel: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    carbon: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    missing_line: float = Field(default=100.0, ge=0, allow_inf_nan=False)


class ActiveDocument(_Document):
    """``active`` of a rule: the times at which it is, by the clock of the candidate's location."""

    weekdays: Annotated[list[Weekday], Field(min_length=1)] | None = None
    hours: str | None = None
    first: Annotated[date, BeforeValidator(_day)] | None = Field(default=None, alias="from")
    last: Annotated[date, BeforeValidator(_day)] | None = Field(default=None, alias="to")

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, hours: str | None) -> str | None:
        if hours is not None:
            span_of(hours)
        return hours

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "ActiveDocument":
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError(f"from {self.first} lies after to {self.last}")
        return self


class RuleDocument(_Document):
    """One of ``rules``: an ``id``, one of the kinds, and when and where it holds."""

    id: str = Field(min_length=1, max_length=100)
    active: ActiveDocument | None = None
    when: str | None = None
    where: str | None = None
    exclude: str | None = None
    require: str | None = None
    safety_stock: int | None = Field(default=None, ge=0)
    adjust: str | float | None = None
    cap: str | Annotated[float, Field(ge=0)] | None = None
    reason: str | None = Field(default=None, max_length=500)

    @model_validator(mode="after")
    def _one_kind(self) -> "RuleDocument":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(KINDS)}; found {', '.join(given) or 'none'}")
        return self


class StageDocument(_Document):
    """One of ``stages``, tried in order until a plan stands."""

    name: str = Field(min_length=1, max_length=100)
    require: str | None = None


#: Written after a dot in expressions.
_AttributeName: TypeAlias = Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z_0-9]*$", max_length=100)]


class RulesetDocument(_Document):
    """A ruleset as written. ``attributes`` declares the types of custom ones, by what they are attributes of."""

    name: str = Field(min_length=1, max_length=100)
    applies_to: str | None = None
    attributes: dict[Literal["order", "line", "location", "service"], dict[_AttributeName, AttributeType]] = {}
    strategy: StrategyDocument = StrategyDocument()
    limits: LimitsDocument = LimitsDocument()
    rules: list[RuleDocument] = Field(default=[], max_length=1_000)
    stages: list[StageDocument] = Field(default=[], max_length=20)


@dataclass(frozen=True)
class Rule:
    """A compiled rule. ``when`` is about the order; ``where`` and ``condition`` about candidates and their lines.

    ``condition``: what an ``exclude`` takes out or a ``require`` keeps. ``amount``: units kept back by
    ``safety_stock``, the money of ``adjust``, or the parcels per day of ``cap``. ``active``: the times at which it is a
    rule.
    """

    id: str
    kind: Literal["exclude", "require", "safety_stock", "adjust", "cap"]
    reason: str
    when: CompiledExpression | None
    where: CompiledExpression | None
    condition: CompiledExpression | None
    amount: float | CompiledExpression | None
    active: Calendar | None = None

    @cached_property
    def names(self) -> Reads:
        """What is read of candidates to apply it."""
        parts = (self.where, self.condition, self.amount)
        reads = [part.names for part in parts if isinstance(part, CompiledExpression)]
        return together([*reads, {CAPACITY_USED: Kind.NUMBER}] if self.kind == "cap" else reads)


@dataclass(frozen=True)
class Stage:
    """A compiled stage."""

    name: str
    require: CompiledExpression | None


@dataclass(frozen=True)
class Limits:
    """What no plan may exceed. ``max_parcels``: shipments of a plan, ``None`` for any number.

    ``split_lines``: whether the units of a line may come from several candidates where none has all of them.
    """

    max_parcels: int | None
    allow_partial: bool
    split_lines: bool


@dataclass(frozen=True)
class Ruleset:
    """A compiled ruleset. Make one with `compile_ruleset`. ``digest``: SHA-256 of the document."""

    name: str
    version: str
    digest: str
    applies_to: CompiledExpression | None
    strategy: Strategy
    limits: Limits
    rules: tuple[Rule, ...]
    stages: tuple[Stage, ...]


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


def compile_ruleset(document: Mapping[str, Any], version: str = "0") -> Ruleset:
    """Check ``document`` (one ruleset as parsed YAML or JSON) and compile its expressions.

    Raises `decision.errors.RulesetError` naming rule, field, line and column.
    """
    try:
        written = RulesetDocument.model_validate(document)
    except ValidationError as error:
        raise RulesetError("; ".join(_told(problem, document) for problem in error.errors())) from None
    for things in ([rule.id for rule in written.rules], [stage.name for stage in written.stages]):
        twice = {thing for thing in things if things.count(thing) > 1}
        if twice:
            raise RulesetError(f"{written.name}: used more than once: {', '.join(sorted(twice))}")
    names = _names(written.attributes)
    return Ruleset(
        written.name,
        version,
        hashlib.sha256(written.model_dump_json().encode()).hexdigest(),
        _compiled(written.name, "applies_to", written.applies_to, names.order),
        Strategy(**written.strategy.model_dump()),
        Limits(**written.limits.model_dump()),
        tuple(_rule(written.name, rule, names) for rule in written.rules),
        tuple(
            Stage(
                stage.name, _compiled(f"{written.name}, stage {stage.name}", "require", stage.require, names.candidate)
            )
            for stage in written.stages or [StageDocument(name="any")]
        ),
    )


def load_ruleset(text: str, version: str = "0") -> Ruleset:
    """Return the ruleset written in ``text`` (YAML, of which JSON is a part). Errors as of `compile_ruleset`."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # a date that no calendar has is a ValueError
        raise RulesetError(f"not YAML: {error}") from None
    if not isinstance(document, dict):
        raise RulesetError("a ruleset is a mapping with name, strategy, limits, rules and stages")
    return compile_ruleset(document, version)


@cache
def default_ruleset() -> Ruleset:
    """Return the ruleset that serves until operations write their own."""
    return load_ruleset(files("decision").joinpath("rulesets/default.yaml").read_text(encoding="utf-8"), "0")


def _rule(ruleset: str, rule: RuleDocument, names: _Names) -> Rule:
    place = f"{ruleset}, rule {rule.id}"
    kind: Any = next(kind for kind in KINDS if getattr(rule, kind) is not None)
    candidates = {"safety_stock": names.unpredicted, "cap": names.location}.get(kind, names.candidate)
    written = getattr(rule, kind)
    amount: float | CompiledExpression | None = None
    if kind == "safety_stock":
        amount = float(written)
    elif kind in {"adjust", "cap"}:
        amount = _expression(place, kind, str(written), candidates, Kind.NUMBER)
    return Rule(
        rule.id,
        kind,
        rule.reason or f"{rule.id}: {written}",
        _compiled(place, "when", rule.when, names.order),
        _compiled(place, "where", rule.where, candidates),
        _compiled(place, kind, written, candidates) if kind in {"exclude", "require"} else None,
        amount,
        None if rule.active is None else _calendar(rule.active),
    )


def _calendar(active: ActiveDocument) -> Calendar:
    return Calendar(
        None if active.weekdays is None else frozenset(map(day_of, active.weekdays)),
        None if active.hours is None else span_of(active.hours),
        active.first,
        active.last,
    )


def _compiled(place: str, field: str, source: str | None, names: Names) -> CompiledExpression | None:
    return None if source is None else _expression(place, field, source, names, Kind.TRUTH)


def _expression(place: str, field: str, source: str, names: Names, kind: Kind) -> CompiledExpression:
    try:
        return compile_expression(source, names, kind)
    except ExpressionError as error:
        raise RulesetError(f"{place}, {field}, {error}") from None


def _told(problem: Any, document: Any) -> str:
    """Return one of pydantic's problems with the rule's id in the place of its number."""
    place: list[str] = []
    value = document
    for step in problem["loc"]:
        value = value[step] if isinstance(value, list | dict) and step in _keys(value) else None
        named = value.get("id", value.get("name")) if isinstance(value, dict) else None
        place.append(str(named) if isinstance(step, int) and named else str(step))
    return f"{' → '.join(place) or 'ruleset'}: {problem['msg']}"


def _keys(value: Any) -> Any:
    return range(len(value)) if isinstance(value, list) else value
