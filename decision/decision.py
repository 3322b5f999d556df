"""The answer: plans ranked for one order at one instant, with everything that shaped them.

All of it is data. The sentences in it (``explanation``, ``reason``) are told from that data, in either language, by
`decision.explanation.tell`; they can be told again from a decision that was logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from decision.promised import KeptPromise


@dataclass(frozen=True, slots=True)
class ShipmentLine:
    """Units of one order line in a shipment."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """When a shipment would arrive. ``p_late``: probability of missing the promise; ``None`` without a promise.

    ``ready_p50_at``: when it would be handed to the carrier, or ready to collect.
    """

    p10_at: datetime
    p50_at: datetime
    p90_at: datetime
    p_late: float | None
    ready_p50_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """Some lines sent from one candidate. ``terms``: money of each term of the objective, by its name.

    ``joins``: the open shipment that they are sent with, where there is one. ``offer``: the stores to which it is
    offered too, where the ruleset says so. ``not_found``: skus of it that were not found elsewhere for this order,
    which raised its ``pick_failure``.
    """

    location_id: str
    location_type: str
    location_name: str | None
    carrier_service_id: str | None
    distance_km: float | None
    lines: tuple[ShipmentLine, ...]
    delivery: Delivery
    pick_failure: float
    terms: Mapping[str, float]
    joins: str | None = None
    offer: "Offer | None" = None
    not_found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A shipment that several stores may have: the first to accept within ``minutes`` has it.

    ``others``: the same shipment from the next best stores, best first. ``stage``: the stage whose own offer it is,
    which is passed where nobody accepts; ``None`` for that of the ruleset.
    """

    minutes: float
    others: tuple[Shipment, ...]
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """A rule that takes a line from every location in ``location_ids``."""

    rule_id: str
    reason: str
    location_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A line that no allowed plan supplies, or that a partial plan leaves out.

    ``short``: units that are lacking even if every rule and limit but `split_lines` were relaxed: as few as would do
    for all lines of its sku together, told of the last of them (`decision.explanation.shortage`); ``available``: what
    there is of the line then. ``cause``: what stands against it, one of `decision.explanation.missing.CAUSES`;
    ``details``: the numbers and names of that cause; ``location_ids``: the places it is about; ``rules``: those that
    take the line out.
    """

    line_id: str
    sku: str
    quantity: int
    cause: str
    available: int
    short: int
    details: Mapping[str, int | float | str] = field(default_factory=dict)
    location_ids: tuple[str, ...] = ()
    rules: tuple[BlockingRule, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A smallest set of rules and limits without which a plan would stand.

    ``rule_ids``: rules of the ruleset, ``limits.<name>`` and ``stages.<name>``; ``reasons``: the rules' own.
    ``max_parcels``: as many as the plan would need, where that limit is among them; ``left_out``: the lines of which it
    would leave something out, ``part_left_out``: the units of those that it would send in part. ``smallest``: proved to
    be of the least size; otherwise a smaller set may exist.
    """

    rule_ids: tuple[str, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)
    max_parcels: int | None = None
    left_out: tuple[str, ...] = ()
    smallest: bool = True
    explanation: str = ""
    part_left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a shipment of another option comes from, and how it travels."""

    location_id: str
    location_name: str | None
    carrier_service_id: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The option that an option is told against: the best, or for the best the next one.

    ``difference``: total of the option that is told minus that of the other.
    """

    rank: int
    difference: float
    shipments: tuple[Sender, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One plan in the ranking. ``total``, ``difference`` (to the best) and ``bound`` (proved lower bound) in money.

    ``terms``: money of each term, summed over shipments. ``missing``: what a partial plan leaves out.
    ``compared_with``: the option it is told against, ``None`` for the only one; ``differences``: how much dearer each
    term is than that option's. ``on_time``: probability that everything is there as promised, once it is picked;
    ``None`` without a promise.
    """

    rank: int
    total: float
    difference: float
    bound: float
    explanation: str
    terms: Mapping[str, float]
    shipments: tuple[Shipment, ...]
    missing: tuple[MissingLine, ...] = ()
    compared_with: Comparison | None = None
    differences: Mapping[str, float] = field(default_factory=dict)
    on_time: float | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A location (or one of its carrier services) that a rule took out, wholly or for some lines.

    ``line_ids``: the lines concerned; empty where it concerns all that the location could have sent. ``reason`` is the
    rule's own, in the words of who wrote it.
    """

    location_id: str
    carrier_service_id: str | None
    rule_id: str
    reason: str
    line_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BindingRule:
    """What makes the best plan dearer: without it the best would cost ``price`` less.

    ``rule_id``: a rule of the ruleset, ``limits.<name>``, or ``stages.<name>`` for what a stage requires.
    """

    rule_id: str
    price: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Plans ranked for one order, best first; empty ``options`` come with what is ``missing``, and how to help it.

    ``prices``: the strategy that ranked them, by name of the price; ``limits``: what no plan may exceed, by name.
    ``relaxations``: for an order without a plan, each smallest set of rules and limits to relax, and none where
    nothing but stock (or a carrier) would help; ``summary`` says the whole in words. ``promise``: whether what the
    customer was told is kept, where the order carries it. ``timezone``: IANA zone of the destination, by whose clocks
    sentences name days. ``reasons``: by rule and language, of the rules told here that are written in several.
    ``unproved``: a plan may stand that was not found in the time there is (of more than 12 lines): in an earlier stage
    than that of the options; without options as it is, or with rules relaxed and nothing left out.
    """

    order_id: str
    decided_at: datetime
    language: str
    currency: str
    delivery_method: str
    stage: str | None
    versions: Mapping[str, str]
    summary: str
    options: tuple[Option, ...]
    excluded: tuple[Exclusion, ...]
    binding_rules: tuple[BindingRule, ...]
    missing: tuple[MissingLine, ...]
    relaxations: tuple[Relaxation, ...] = ()
    prices: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, int | bool | None] = field(default_factory=dict)
    promise: KeptPromise | None = None
    timezone: str = "UTC"
    reasons: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unproved: bool = False
