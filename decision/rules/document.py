"""The document in which people write a ruleset, as far as its shape goes: fields, types, ranges."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from textwrap import shorten
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from decision.calendars.opening import Weekday, span_of
from decision.candidates.candidates import CollectFrom
from decision.errors import RulesetError, RulesetProblem
from decision.messages.catalogue import LANGUAGES, Language

KINDS: Final = ("exclude", "require", "safety_stock", "adjust", "cap")


#: See `decision.candidates.learnt`; docs/rules.md says what was measured.
NOT_FOUND_ODDS: Final = 1.5


AttributeType: TypeAlias = Literal["text", "number", "truth"]
DeliveryMethod: TypeAlias = Literal["home", "click_and_collect", "reserve_and_collect", "ship_to_store"]
DELIVERY_METHODS: Final[tuple[DeliveryMethod, ...]] = get_args(DeliveryMethod)


def _day(written: object) -> object:
    """Return the date that JSON has to write as a text; YAML knows dates."""
    try:
        return date.fromisoformat(written) if isinstance(written, str) else written
    except ValueError:
        raise ValueError(f"{written!r} is not a date: write 2026-11-30") from None


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LimitsDocument(_Document):
    """``limits`` of a ruleset document."""

    max_parcels: int | None = Field(default=None, ge=1)
    allow_partial: bool = False
    split_lines: bool = True


#: In the order's currency.
Price: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class StrategyDocument(_Document):
    """``strategy`` of a ruleset document; the prices are those of `decision.money.Strategy`."""

    late_parcel: Price = 0.0
    late_day: Price = 0.0
    pick_failure: Price = 0.0
    extra_parcel: Price = 0.0
    carbon: Price = 0.0
    missing_line: Price = 100.0


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


Reason: TypeAlias = Annotated[str, Field(max_length=500)]


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
    reason: Reason | dict[Language, Reason] | None = None

    @field_validator("reason")
    @classmethod
    def _some_language(cls, reason: str | dict[Language, str] | None) -> str | dict[Language, str] | None:
        if reason == {}:
            raise ValueError(f"give the reason as a text, or by language: {', '.join(LANGUAGES)}")
        return reason

    @model_validator(mode="after")
    def _one_kind(self) -> "RuleDocument":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(KINDS)}; found {', '.join(given) or 'none'}")
        return self


class OfferDocument(_Document):
    """``offer`` of a ruleset or a stage: to how many stores a task is offered at once, and for how long."""

    locations: int = Field(ge=2, le=20)
    minutes: float = Field(gt=0, le=10_080, allow_inf_nan=False)
    when: str | None = None


class StageDocument(_Document):
    """One of ``stages``, tried in order until a plan stands."""

    name: str = Field(min_length=1, max_length=100)
    require: str | None = None
    offer: OfferDocument | None = None


class FeeDocument(_Document):
    """One of ``fees``: what the customer pays for delivery. The first that fits counts."""

    fee: float = Field(ge=0, allow_inf_nan=False)
    method: DeliveryMethod | None = None
    level: str | None = Field(default=None, min_length=1, max_length=100)
    when: str | None = None


class PromisesDocument(_Document):
    """``promises`` of a ruleset document: how sure a promised date has to be, and what it costs the customer."""

    confidence: float = Field(default=0.95, ge=0.5, le=0.999)
    day: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    fees: list[FeeDocument] = Field(default=[], max_length=200)


#: Written after a dot in expressions.
_AttributeName: TypeAlias = Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z_0-9]*$", max_length=100)]


class RulesetDocument(_Document):
    """A ruleset as written. ``attributes`` declares the types of custom ones, by what they are attributes of."""

    name: str = Field(min_length=1, max_length=100)
    applies_to: str | None = None
    attributes: dict[Literal["order", "line", "location", "service"], dict[_AttributeName, AttributeType]] = {}
    strategy: StrategyDocument = StrategyDocument()
    limits: LimitsDocument = LimitsDocument()
    collect_from: CollectFrom = "store"
    offer: OfferDocument | None = None
    not_found_odds: float = Field(default=NOT_FOUND_ODDS, ge=1, le=100, allow_inf_nan=False)
    rules: list[RuleDocument] = Field(default=[], max_length=1_000)
    stages: list[StageDocument] = Field(default=[], max_length=20)
    promises: PromisesDocument = PromisesDocument()


def read_document(document: Mapping[str, Any]) -> RulesetDocument:
    """Return the checked document. Raises `decision.errors.RulesetError` naming every field of a wrong shape."""
    try:
        written = RulesetDocument.model_validate(document)
    except ValidationError as error:
        raise RulesetError([_told(problem, document) for problem in error.errors()]) from None
    twice = [
        RulesetProblem(place, f"used more than once: {name}")
        for place, names in (
            ("rules", [rule.id for rule in written.rules]),
            ("stages", [stage.name for stage in written.stages]),
        )
        for name, times in Counter(names).items()
        if times > 1
    ]
    if twice:
        raise RulesetError(twice)
    return written


def _told(problem: Any, document: Any) -> RulesetProblem:
    """Return one of pydantic's problems with the rule's id in the place of its number."""
    place: list[str] = []
    value = document
    for step in problem["loc"]:
        value = value[step] if isinstance(value, list | dict) and step in _keys(value) else None
        named = value.get("id", value.get("name")) if isinstance(value, dict) else None
        place.append(str(named) if isinstance(step, int) and named else str(step))
    if problem["type"] == "extra_forbidden":
        hint = _nearest(str(problem["loc"][-1]))
    else:
        given = problem["input"]
        shown = isinstance(given, str | float | int) and problem["type"] != "value_error"
        hint = f"; found {shorten(repr(given), 60, placeholder='…')}" if shown else ""
    told = problem["msg"].removeprefix("Value error, ")
    return RulesetProblem(" → ".join(place) or "ruleset", f"{told}{hint}")


def _nearest(written: str) -> str:
    """Return the field, of whatever part of the document, that may have been meant; nothing where that is misplaced."""
    known = {field.alias or name for part in _Document.__subclasses__() for name, field in part.model_fields.items()}
    near = [] if written in known else get_close_matches(written, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _keys(value: Any) -> Any:
    return range(len(value)) if isinstance(value, list) else value
