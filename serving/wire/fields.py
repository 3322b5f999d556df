"""What the models of requests are made of."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def _attribute(value: object) -> str | float | bool:
    """Return a custom attribute's value as it came; only texts, numbers and truth values are taken."""
    if isinstance(value, str) and ONE_LINE.fullmatch(value):
        return value
    if isinstance(value, bool) or (isinstance(value, int | float) and -1e15 <= value <= 1e15):
        return value
    raise PydanticCustomError("no_attribute", "must be a text of 1 to 200 characters, a number, or true or false")


#: What `Text` takes.
ONE_LINE: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
MOST_AMOUNT: Final = 1e12
MOST_UNITS: Final = 1_000_000_000
LAST_SEQUENCE: Final = 2**62


def _sorted(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes by name: what says the same is kept alike."""
    return dict(sorted(attributes.items()))


def _without_fraction(value: object) -> object:
    """Return 3 for 3.0, which is the same number in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _written(value: object, check: ValidatorFunctionWrapHandler) -> datetime:
    """Return the instant that a text tells. Texts of digits are none: pydantic would count seconds."""
    told = _INSTANT.validate_python(value) if isinstance(value, str) and _BEGINS_WITH_A_DATE.match(value) else value
    instant: datetime = check(told)
    return instant


_BEGINS_WITH_A_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT: Final = TypeAdapter(datetime)

#: One line of text without control characters (PostgreSQL keeps no NUL, and nobody can see the others).
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Identifier: TypeAlias = Text
#: What somebody says of it, in a few words or lines.
Remark: TypeAlias = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Country: TypeAlias = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
Currency: TypeAlias = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), Field(description="ISO 4217")]
Latitude: TypeAlias = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude: TypeAlias = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Amount: TypeAlias = Annotated[float, Field(ge=0, le=MOST_AMOUNT, allow_inf_nan=False)]
Positive: TypeAlias = Annotated[float, Field(gt=0, le=MOST_AMOUNT, allow_inf_nan=False)]
#: For whole numbers, last.
WHOLE: Final = BeforeValidator(_without_fraction)
Units: TypeAlias = Annotated[int, Field(ge=0, le=MOST_UNITS), WHOLE]
#: Counts what a source tells.
SourceSequence: TypeAlias = Annotated[int, Field(ge=0, le=LAST_SEQUENCE), WHOLE]
#: Custom attributes: each a text, a number or a truth value. A ruleset declares their types.
AttributeName: TypeAlias = Annotated[str, StringConstraints(pattern="^[A-Za-z_][A-Za-z_0-9]*$", max_length=100)]
AttributeValue: TypeAlias = Annotated[
    str | float | bool,
    PlainValidator(_attribute),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": 200},
                {"type": "number", "minimum": -1e15, "maximum": 1e15},
                {"type": "boolean"},
            ]
        }
    ),
]
Attributes: TypeAlias = Annotated[dict[AttributeName, AttributeValue], Field(max_length=100), AfterValidator(_sorted)]
#: A set of short texts.
Tags: TypeAlias = Annotated[list[Text], Field(max_length=100), AfterValidator(lambda tags: sorted(set(tags)))]
#: An instant; its time zone must be written. In UTC too it has to lie in the years that databases and clocks know.
When: TypeAlias = Annotated[AwareDatetime, Field(ge=_FIRST, le=_LAST), WrapValidator(_written)]


class Body(BaseModel):
    """A misspelt field is an error: it must not be lost.

    What clients send is read strictly (`serving.web.body.read_json`, `serving.feeds.checking`): a number is no text, a
    truth no number. What was kept of earlier requests is read as it was taken then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
