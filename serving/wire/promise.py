"""The question and the answer of ``POST /v1/promises``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, Field

from decision.messages.catalogue import Language
from decision.order import Order
from decision.promise import NotPromised, Promise
from decision.rules.document import DeliveryMethod
from serving.wire.answer import MissingLineAnswer
from serving.wire.fields import WHOLE, Amount, Attributes, Body, Currency, Identifier, Tags, Text
from serving.wire.order import DestinationBody
from serving.wire.placing import OrderAnswer


class PromiseLineBody(Body):
    """Units of one product."""

    sku: Identifier
    quantity: Annotated[int, Field(ge=1, le=100_000), WHOLE] = 1
    unit_price: Amount | None = Field(default=None, description="in the currency of the request")
    group: Identifier | None = Field(default=None, description="lines of one group ship together or not at all")


class HoldBody(Body):
    """Which promise to hold the units of, and under which name: the first ranked, of those that these fields leave."""

    order_id: Identifier | None = Field(
        default=None, description="of the order that they are held by, to be confirmed or cancelled; none: the key's"
    )
    delivery_method: DeliveryMethod | None = None
    service_level: Text | None = None
    collect_location_id: Identifier | None = None

    def wants(self, way: Promise | NotPromised | Order) -> bool:
        """Whether it is of this way of delivery that units are to be held."""
        return all(
            getattr(self, name) in {None, getattr(way, name)}
            for name in ("delivery_method", "service_level", "collect_location_id")
        )


def _as_hold(asked: object) -> object:
    return {True: {}, False: None}[asked] if isinstance(asked, bool) else asked


class PromiseBody(Body):
    """One item or a basket, and where the customer is."""

    currency: Currency
    destination: DestinationBody = Field(description="the customer's address, or as much of it as is known")
    lines: Annotated[list[PromiseLineBody], Field(min_length=1, max_length=60)]
    methods: Annotated[list[DeliveryMethod], Field(min_length=1)] | None = Field(
        default=None, description="ways of delivery to promise for; missing: all"
    )
    stores: Annotated[int, Field(ge=0, le=20), WHOLE] = Field(
        default=3, description="nearest stores to collect in, at most"
    )
    collect_location_ids: Annotated[list[Identifier], Field(max_length=20)] = Field(
        default=[], description="stores to collect in besides"
    )
    channel: Text | None = None
    payment_method: Text | None = None
    customer_id: Identifier | None = None
    customer_tier: Text | None = None
    tags: Tags = Field(default=[], description="for rules to ask about")
    attributes: Attributes = Field(default={}, description="for rules to ask about, by name")
    language: Language = Field(default="en", description="of the sentences in the answer")
    hold: Annotated[HoldBody | None, BeforeValidator(_as_hold, json_schema_input_type=HoldBody | bool | None)] = Field(
        default=None,
        description="hold units until `valid_until`, those of the first promise where it is `true`; needs an "
        "Idempotency-Key and the scope `order`",
    )


class PromisedShipmentLineAnswer(BaseModel):
    """Units of one line. `line_id` counts the lines of the request from 1."""

    line_id: str
    sku: str
    quantity: int


class PromisedShipmentAnswer(BaseModel):
    """Lines that a location would send."""

    location_id: str
    carrier_service_id: str | None
    lines: list[PromisedShipmentLineAnswer]


class PromiseAnswer(BaseModel):
    """A date for one way of delivery.

    `promised_at` ends the date `promised_on` at the destination, or is when the customer may collect. `confidence`:
    probability that everything is there by then, once it is picked; `pick_failure`: that something is not.
    `earliest_at`: 1 in 10 is there by then, `likely_at`: half. `cut_off_at`: what is ordered later is handed over a day
    later. An order until `valid_until`, with `promised_at` and `service_level`, is decided as promised here, and asked
    again until then no later day is told. `waits_until`: when the stock comes that it needs. `fee`: what the customer
    pays, by the ruleset; `cost`: to the retailer. `rank` 1 is what customers are taken to value most, by fee and days;
    those of which nobody tells the fee come last.
    `timezone`: the clock of the destination, in which `text` tells the promise. `token`: for the order, as it is.
    """

    rank: int
    delivery_method: DeliveryMethod
    service_level: str | None
    collect_location_id: str | None
    promised_at: datetime
    promised_on: date
    timezone: str
    confidence: float
    pick_failure: float
    earliest_at: datetime
    likely_at: datetime
    cut_off_at: datetime | None
    valid_until: datetime
    waits_until: datetime | None
    fee: float | None
    cost: float
    carbon_kg: float
    parcels: int
    cheapest: bool
    fastest: bool
    shipments: list[PromisedShipmentAnswer]
    ruleset: str
    bundle: str
    text: str
    token: str


class NotPromisedAnswer(BaseModel):
    """A way of delivery without a date, and why. `missing`: where no plan stands, what stands against which line."""

    delivery_method: DeliveryMethod
    service_level: str | None
    collect_location_id: str | None
    cause: str
    line_ids: list[str]
    missing: list[MissingLineAnswer]
    reason: str


class HoldAnswer(BaseModel):
    """The order, reserved until it expires, that holds the units of the promise at `rank`."""

    rank: int
    order: OrderAnswer


class PromisesAnswer(BaseModel):
    """Dates for the ways of delivery, what customers value most first.

    `degraded` names what was not as it should be: dates are later than they need be then, not earlier. `complete`:
    every way was looked at within the time there is.
    """

    asked_at: datetime
    currency: str
    degraded: list[str]
    complete: bool
    bundle: str
    promises: list[PromiseAnswer]
    not_promised: list[NotPromisedAnswer]
    hold: HoldAnswer | None


@dataclass(frozen=True, slots=True)
class Told:
    """A promise and its token."""

    promise: Promise
    token: str


@dataclass(frozen=True, slots=True)
class Promises:
    """What is answered, ``found`` in the order of rank."""

    asked_at: datetime
    currency: str
    bundle: str
    found: Sequence[Told]
    none: Sequence[NotPromised]
    degraded: Sequence[str]
    complete: bool


def ranked(found: Iterable[Told]) -> list[Told]:
    """Return the promises, what customers value most first; behind all others those of which nobody tells the fee."""
    return sorted(found, key=lambda told: (told.promise.fee is None, told.promise.worth, told.promise.promised_at))


def promises_bytes(answer: Promises, held: tuple[int, bytes] | None = None) -> bytes:
    """What `PromisesAnswer` describes, as JSON. ``held``: the rank that is held, and the order that holds it."""
    promises = [told.promise for told in answer.found]
    cheapest = min((promise.fee for promise in promises if promise.fee is not None), default=None)
    fastest = min((promise.promised_at for promise in promises), default=None)
    told: list[dict[str, Any]] = [
        {
            "rank": rank,
            **{name: getattr(told.promise, name) for name in _TOLD},
            "parcels": len(told.promise.shipments),
            "cheapest": cheapest is not None and told.promise.fee == cheapest,
            "fastest": told.promise.promised_at == fastest,
            "token": told.token,
        }
        for rank, told in enumerate(answer.found, start=1)
    ]
    return orjson.dumps(
        {
            "asked_at": answer.asked_at,
            "currency": answer.currency,
            "degraded": answer.degraded,
            "complete": answer.complete,
            "bundle": answer.bundle,
            "promises": told,
            "not_promised": [{name: getattr(none, name) for name in _NOT_TOLD} for none in answer.none],
            "hold": None if held is None else {"rank": held[0], "order": orjson.Fragment(held[1])},
        },
        option=orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY,
    )


_MADE_HERE = {"rank", "parcels", "cheapest", "fastest", "token"}
_TOLD = tuple(name for name in PromiseAnswer.model_fields if name not in _MADE_HERE)
_NOT_TOLD = tuple(NotPromisedAnswer.model_fields)
