"""What a customer was told, as the order carries it, and whether the order that comes of it keeps that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PromisedUnits:
    """Units of a sku that a location was to send, ``carrier_service_id`` being how (``None``: collected without).

    ``calendar``: a fingerprint of when both work, and the store where it is collected; earlier versions told none.
    """

    location_id: str
    carrier_service_id: str | None
    sku: str
    units: int
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise as it was told, with what it rested on. ``asked``: a fingerprint of each part of the question."""

    promised_at: datetime
    confidence: float
    delivery_method: str
    service_level: str | None
    collect_location_id: str | None
    valid_until: datetime
    cut_off_at: datetime | None
    waits_until: datetime | None
    ruleset: str
    bundle: str
    units: tuple[PromisedUnits, ...]
    asked: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PromiseChange:
    """One thing that is not as it was when the promise was told. ``code``: one of `CHANGES`, ``text``: in words."""

    code: str
    details: Mapping[str, str | int | float] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class KeptPromise:
    """Whether the promise that an order carries is kept by ``rank``, the option to take.

    ``on_time``: the probability, by that option, that everything is there as promised; of an order that waits for
    stock, once it has come; ``None`` where no plan stands. ``changed``: where it is not kept, why.
    """

    promised_at: datetime
    confidence: float
    on_time: float | None
    kept: bool
    rank: int | None
    waits_until: datetime | None
    changed: tuple[PromiseChange, ...] = ()


CHANGES = (
    "order",
    "ruleset",
    "bundle",
    "valid_until",
    "cut_off",
    "location",
    "service",
    "calendar",
    "stock",
    "rule",
    "capacity",
    "inbound",
    "no_plan",
    "chosen",
    "probability",
)
