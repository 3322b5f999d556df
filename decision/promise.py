"""What can be told to a customer before there is an order: a date for each way of delivery, and how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from decision.decision import MissingLine, ShipmentLine


@dataclass(frozen=True, slots=True)
class PromisedShipment:
    """Lines that a location would send, by the plan that the promise rests on."""

    location_id: str
    carrier_service_id: str | None
    lines: tuple[ShipmentLine, ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """A date for one way of delivery, by the plan that would be chosen now.

    ``promised_at``: end of the date ``promised_on`` at the destination, or when the customer may collect;
    ``confidence``: probability that everything is there by then, once it is picked; ``pick_failure``: that something
    is not; ``earliest_at``: 1 in 10 is there by then, ``likely_at``: half. ``cut_off_at``: what is ordered later is
    handed over a day later; ``kept_until``: an order until then is decided as promised, unless something else changes;
    ``valid_until``: and who asks again until then is told no later date.
    ``waits_until``: when the stock comes that it needs. ``fee`` (what the customer pays, ``None``: nobody tells) and
    ``cost`` (what it costs the retailer) in the order's currency, ``carbon_kg`` of CO2e. ``worth``: fee and days of
    waiting in money, by which promises are ranked, those without a fee last. ``timezone``: the destination's clock,
    IANA. ``bundle``: whose predictions they are. ``text``: the promise in a sentence, once it is told
    (`decision.explanation.tell_promise`).
    """

    delivery_method: str
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
    kept_until: datetime
    waits_until: datetime | None
    fee: float | None
    cost: float
    carbon_kg: float
    worth: float
    shipments: tuple[PromisedShipment, ...]
    ruleset: str
    bundle: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class NotPromised:
    """A way of delivery for which there is no date. ``cause``: one of `CAUSES`, ``line_ids``: the lines it is about.

    ``missing``: where no plan stands, what stands against which line, as a decision would tell. ``reasons``: by rule
    and language, of rules whose reason is written in several. ``reason``: all that in a sentence, once it is told.
    """

    delivery_method: str
    service_level: str | None
    collect_location_id: str | None
    cause: str
    line_ids: tuple[str, ...] = ()
    missing: tuple[MissingLine, ...] = ()
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reason: str = ""


CAUSES = (
    *("no_ruleset", "no_stock", "nothing_travels", "no_plan", "too_uncertain", "no_location_near", "no_store_has_it"),
    *("no_coordinates", "no_store_asked"),
    *("not_in_time", "unknown_sku", "invalid", "error"),
)
