"""Webhooks: where events are sent."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, HttpUrl
from pydantic_core import PydanticCustomError

from serving.orders.events import KINDS
from serving.wire.fields import Body, Identifier, Text


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        raise PydanticCustomError("unknown_kind", "is none of {kinds}", {"kinds": ", ".join(sorted(KINDS))})
    return kind


class WebhookBody(Body):
    """Where to send events."""

    url: HttpUrl
    kinds: Annotated[list[Annotated[Text, AfterValidator(_known_kind)]], Field(max_length=50)] = Field(
        default=[], description="such as order.assigned, shipment.assigned; none: every kind"
    )
    location_ids: Annotated[list[Identifier], Field(max_length=1_000)] = Field(
        default=[],
        description="only events of shipments at these locations, which may be fed later; none: of every location, "
        "and the events of orders",
    )


class WebhookAnswer(BaseModel):
    """A webhook. `waiting`: events it is still to be told; `dead`: those that were given up."""

    webhook_id: str
    url: str
    kinds: list[str]
    location_ids: list[str]
    created_at: datetime
    created_by: str
    waiting: int
    dead: int


class NewWebhookAnswer(WebhookAnswer):
    """A webhook that was just made: its secret is told this once."""

    secret: str = Field(description="for the signature (Standard Webhooks), `whsec_…`")


class WebhooksAnswer(BaseModel):
    """Every webhook."""

    webhooks: list[WebhookAnswer]


class DeadLetterAnswer(BaseModel):
    """An event that a webhook could not be told."""

    event_id: str
    kind: str
    order_id: str
    attempts: int
    last_error: str | None


class DeadLettersAnswer(BaseModel):
    """What was given up, the oldest first; at most 1,000."""

    dead_letters: list[DeadLetterAnswer]


class ResentAnswer(BaseModel):
    """How many events are tried again."""

    resent: int
