"""The question and the answer of ``POST /v1/promises/bulk``: dates for a page that lists products."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field, GetPydanticSchema, ValidationError, ValidatorFunctionWrapHandler
from pydantic_core.core_schema import no_info_wrap_validator_function

from decision.promise import Promise
from decision.rules.document import DeliveryMethod
from serving.web.problems import field_errors
from serving.wire.fields import Attributes, Body, Currency, Identifier, Tags, Text
from serving.wire.order import DestinationBody
from serving.wire.promise import PromiseLineBody


@dataclass(frozen=True, slots=True)
class WrongItem:
    """An item that names its sku and cannot be promised as it is written; ``reason`` names the field."""

    sku: str
    quantity: int | None
    reason: str


def _by_itself(sent: Any, check: ValidatorFunctionWrapHandler) -> PromiseLineBody | WrongItem:
    """Return the item, or what is wrong with it: the others on the page are promised all the same."""
    try:
        item: PromiseLineBody = check(sent)
    except ValidationError as error:
        wrong = field_errors(error)
        if not isinstance(sent, dict) or "sku" in {one.field for one in wrong}:
            raise  # nobody could tell which item it is about
        quantity = sent.get("quantity", 1)
        counted = quantity if isinstance(quantity, int) and not isinstance(quantity, bool) else None
        return WrongItem(sent["sku"], counted, "; ".join(f"{one.field}: {one.message}" for one in wrong))
    return item


#: One of the items.
_Item = Annotated[
    PromiseLineBody | WrongItem,
    GetPydanticSchema(lambda _, make: no_info_wrap_validator_function(_by_itself, make(PromiseLineBody))),
]


class PromiseListBody(Body):
    """Items, each promised by itself, and where the customer is."""

    currency: Currency
    destination: DestinationBody = Field(description="the customer's address, or as much of it as is known")
    items: Annotated[list[_Item], Field(min_length=1, max_length=100)]
    channel: Text | None = None
    payment_method: Text | None = None
    customer_id: Identifier | None = None
    customer_tier: Text | None = None
    tags: Tags = Field(default=[], description="for rules to ask about")
    attributes: Attributes = Field(default={}, description="for rules to ask about, by name")


class ShortPromiseAnswer(BaseModel):
    """A promise in short: the whole of it, with its token, is told by `POST /v1/promises`."""

    delivery_method: DeliveryMethod
    service_level: str | None
    collect_location_id: str | None
    promised_at: datetime
    promised_on: date
    confidence: float
    fee: float | None


class ItemAnswer(BaseModel):
    """`earliest` and `cheapest` (by fee, else by what it costs) of the dates at home; the nearest store that has it.

    `cause`: why there is no date at home; `invalid` and `unknown_sku` with the `reason`, what to put right in the item.
    `quantity` is null where it is no whole number.
    """

    sku: str
    quantity: int | None
    earliest: ShortPromiseAnswer | None
    cheapest: ShortPromiseAnswer | None
    collect: ShortPromiseAnswer | None
    cause: str | None
    reason: str | None


class PromiseListAnswer(BaseModel):
    """Dates for each item, in the order they were asked for. Fields as in `PromisesAnswer`."""

    asked_at: datetime
    currency: str
    degraded: list[str]
    complete: bool
    items: list[ItemAnswer]


@dataclass(frozen=True, slots=True)
class PromisedItem:
    """What is answered of one item."""

    sku: str
    quantity: int | None
    earliest: Promise | None = None
    cheapest: Promise | None = None
    collect: Promise | None = None
    cause: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PromiseList:
    """What is answered."""

    asked_at: datetime
    currency: str
    items: Sequence[PromisedItem]
    degraded: Sequence[str]
    complete: bool


def promise_list_bytes(answer: PromiseList) -> bytes:
    """What `PromiseListAnswer` describes, as JSON."""
    items = [
        {
            "sku": item.sku,
            "quantity": item.quantity,
            "earliest": _short(item.earliest),
            "cheapest": _short(item.cheapest),
            "collect": _short(item.collect),
            "cause": item.cause,
            "reason": item.reason,
        }
        for item in answer.items
    ]
    told = {"asked_at": answer.asked_at, "currency": answer.currency, "degraded": answer.degraded}
    return orjson.dumps({**told, "complete": answer.complete, "items": items}, option=orjson.OPT_UTC_Z)


def _short(promise: Promise | None) -> dict[str, Any] | None:
    return None if promise is None else {name: getattr(promise, name) for name in ShortPromiseAnswer.model_fields}
