"""The answer of ``POST /v1/decisions``: how it is written, and its description for readers of the API."""

from datetime import datetime

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from decision.decision import Decision
from decision.messages.catalogue import Language
from serving.errors import UnreadableAnswerError

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


def answer_bytes(decision_id: str, decision: Decision) -> bytes:
    """What `DecisionAnswer` describes, as JSON, in the order of its fields; instants end in ``Z``."""
    made_here = {"decision_id": decision_id, "degraded": False}
    told = {name: made_here[name] if name in made_here else getattr(decision, name) for name in _TOLD}
    return orjson.dumps(told, option=_OPTIONS)


_DECISION = TypeAdapter(Decision)


def read_answer(answer: bytes) -> Decision:
    """The decision that `answer_bytes` wrote. Raises `UnreadableAnswerError` for one that says less than today's."""
    try:
        return _DECISION.validate_json(answer)
    except ValidationError as error:
        raise UnreadableAnswerError(
            "The decision was logged by an earlier version, with too little to tell it"
        ) from error


def changes_bytes(decision_id: str, since: str, text: str) -> bytes:
    """What `ChangesAnswer` describes, as JSON."""
    return orjson.dumps({"decision_id": decision_id, "since": since, "text": text})


class ChangesAnswer(BaseModel):
    """Why another plan wins than in the decision `since`, in words."""

    decision_id: str
    since: str
    text: str


class ShipmentLineAnswer(BaseModel):
    """Units of one order line in a shipment."""

    line_id: str
    sku: str
    quantity: int


class DeliveryAnswer(BaseModel):
    """When the shipment would arrive: with 10 %, 50 % and 90 % confidence at the latest.

    `ready_p50_at`: when it would be handed to the carrier, or ready to collect.
    """

    p10_at: datetime
    p50_at: datetime
    p90_at: datetime
    p_late: float | None
    ready_p50_at: datetime | None


class ShipmentAnswer(BaseModel):
    """Some lines sent from one location. `terms` is the money of each term of the objective.

    `joins` is the open shipment that they are sent with, where there is one; `offer` says to which stores it is offered
    too. `not_found`: skus of it that were not found elsewhere for this order, which raised `pick_failure`.
    """

    location_id: str
    location_type: str
    location_name: str | None
    carrier_service_id: str | None
    distance_km: float | None
    lines: list[ShipmentLineAnswer]
    delivery: DeliveryAnswer
    pick_failure: float
    terms: dict[str, float]
    joins: str | None
    offer: "OfferAnswer | None"
    not_found: list[str]


class OfferAnswer(BaseModel):
    """The same shipment from the next best stores: the first of all to accept within `minutes` has it.

    `stage`: the stage whose own offer it is; null for that of the ruleset.
    """

    minutes: float
    others: list[ShipmentAnswer]
    stage: str | None


class BlockingRuleAnswer(BaseModel):
    """A rule that takes a line from every location in `location_ids`."""

    rule_id: str
    reason: str
    location_ids: list[str]


class MissingLineAnswer(BaseModel):
    """A line that no allowed plan supplies, or that a partial plan leaves out.

    `available` of its units are there if all rules and limits were relaxed; `short` are lacking even then.
    `cause` names what stands against it, `details`, `location_ids` and `rules` say more, `reason` says it in words.
    """

    line_id: str
    sku: str
    quantity: int
    cause: str
    available: int
    short: int
    details: dict[str, int | float | str]
    location_ids: list[str]
    rules: list[BlockingRuleAnswer]
    reason: str


class SenderAnswer(BaseModel):
    """Where a shipment of another option comes from, and how it travels."""

    location_id: str
    location_name: str | None
    carrier_service_id: str | None


class ComparisonAnswer(BaseModel):
    """The option that an option is told against. `difference` is its total taken from that of the option told."""

    rank: int
    difference: float
    shipments: list[SenderAnswer]


class OptionAnswer(BaseModel):
    """One plan. `difference` is to the best plan; `bound` is the proved lower bound of the best possible.

    `compared_with` is the best plan, or for the best the next one (null for the only one); `differences` is how much
    dearer each term is than there. `missing` is what a partial plan leaves out. `on_time`: probability that everything
    is there as promised, once it is picked; null without a promise.
    """

    rank: int
    total: float
    difference: float
    bound: float
    explanation: str
    terms: dict[str, float]
    shipments: list[ShipmentAnswer]
    missing: list[MissingLineAnswer]
    compared_with: ComparisonAnswer | None
    differences: dict[str, float]
    on_time: float | None


class ExclusionAnswer(BaseModel):
    """A location, or one of its carrier services, that a rule took out, wholly or for the lines in `line_ids`."""

    location_id: str
    carrier_service_id: str | None
    rule_id: str
    reason: str
    line_ids: list[str]


class BindingRuleAnswer(BaseModel):
    """What makes the best plan dearer: without it the best would cost `price` less.

    `rule_id` is that of a rule, `limits.<name>`, or `stages.<name>` for what the stage requires.
    """

    rule_id: str
    price: float


class RelaxationAnswer(BaseModel):
    """A smallest set of rules and limits (ids as in `binding_rules`) without which a plan would stand.

    `max_parcels` is what the plan would need where that limit is among them, `left_out` the lines it would leave out,
    `part_left_out` the units of those that it would send in part.
    `smallest`: proved so.
    """

    rule_ids: list[str]
    reasons: dict[str, str]
    max_parcels: int | None
    left_out: list[str]
    smallest: bool
    explanation: str
    part_left_out: dict[str, int]


class PromiseChangeAnswer(BaseModel):
    """One thing that is not as it was when the promise was told; `text` says it in words."""

    code: str
    details: dict[str, str | int | float]
    text: str


class KeptPromiseAnswer(BaseModel):
    """Whether the promise that the order brought is kept, by the option at `rank`.

    `on_time` is the probability by that option, at least `confidence` where it is kept; of an order that waits for
    stock (`waits_until`), once that has come. Where it is not kept, `changed` says what changed since it was told.
    """

    promised_at: datetime
    confidence: float
    on_time: float | None
    kept: bool
    rank: int | None
    waits_until: datetime | None
    changed: list[PromiseChangeAnswer]


class DecisionAnswer(BaseModel):
    """Plans ranked for one order, best first; empty `options` come with what is `missing`, and how to help it.

    `summary`, `explanation` and `reason` are sentences in `language`; a rule's own reason is where it was written in
    it, and `reasons` has it by rule and language, where it was written in several. `timezone` is the destination's, by
    whose clocks sentences name days. `prices` is the strategy that ranked the plans, `limits` what no plan may exceed;
    `versions.digest` names all that went into the decision. `promise` is null for an order that brought none.
    `unproved`: of more than 12 lines, a plan may stand that was not found in the time there is: in an earlier stage
    than that of the options; without options as it is, or with rules relaxed and nothing left out.
    """

    decision_id: str
    order_id: str
    decided_at: datetime
    language: Language
    currency: str
    delivery_method: str
    degraded: bool
    stage: str | None
    versions: dict[str, str]
    prices: dict[str, float]
    limits: dict[str, int | bool | None]
    summary: str
    options: list[OptionAnswer]
    excluded: list[ExclusionAnswer]
    binding_rules: list[BindingRuleAnswer]
    missing: list[MissingLineAnswer]
    relaxations: list[RelaxationAnswer]
    promise: KeptPromiseAnswer | None
    timezone: str
    reasons: dict[str, dict[str, str]]
    unproved: bool


_TOLD = tuple(DecisionAnswer.model_fields)
