"""The answer: plans ranked for one order at one instant, with everything that shaped them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ShipmentLine:
    """Units of one order line in a shipment."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """When a shipment would arrive. ``p_late``: probability of missing the promise; ``None`` without a promise."""

    p10_at: datetime
    p50_at: datetime
    p90_at: datetime
    p_late: float | None


@dataclass(frozen=True, slots=True)
class Shipment:
    """Some lines sent from one candidate. ``terms``: money of each term of the objective, by its name.

    ``joins``: the open shipment that they are sent with, where there is one.
    """

    location_id: str
    location_type: str
    carrier_service_id: str | None
    distance_km: float | None
    lines: tuple[ShipmentLine, ...]
    delivery: Delivery
    pick_failure: float
    terms: Mapping[str, float]
    joins: str | None = None


@dataclass(frozen=True, slots=True)
class MissingLine:
    """Units that no allowed plan supplies, or that a partial plan leaves out."""

    line_id: str
    sku: str
    quantity: int
    reason: str


@dataclass(frozen=True, slots=True)
class Option:
    """One plan in the ranking. ``total``, ``difference`` (to the best) and ``bound`` (proved lower bound) in money.

    ``terms``: money of each term, summed over shipments. ``missing``: what a partial plan leaves out.
    """

    rank: int
    total: float
    difference: float
    bound: float
    explanation: str
    terms: Mapping[str, float]
    shipments: tuple[Shipment, ...]
    missing: tuple[MissingLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A location (or one of its carrier services) that a rule took out, wholly or for some lines.

    ``line_ids``: the lines concerned; empty where it concerns all that the location could have sent.
    """

    location_id: str
    carrier_service_id: str | None
    rule_id: str
    reason: str
    line_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BindingRule:
    """A rule without which the best plan would cost ``price`` less."""

    rule_id: str
    price: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Plans ranked for one order, best first; empty ``options`` come with the ``missing`` lines that explain it.

    ``prices``: the strategy that ranked them, by name of the price.
    """

    order_id: str
    decided_at: datetime
    stage: str | None
    versions: Mapping[str, str]
    options: tuple[Option, ...]
    excluded: tuple[Exclusion, ...]
    binding_rules: tuple[BindingRule, ...]
    missing: tuple[MissingLine, ...]
    prices: Mapping[str, float] = field(default_factory=dict)
