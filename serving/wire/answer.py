"""The answer of ``POST /v1/decisions``: how it is written, and its description for readers of the API."""

from datetime import datetime

import orjson
from pydantic import BaseModel, TypeAdapter

from decision.decision import Decision

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


def answer_bytes(decision_id: str, decision: Decision) -> bytes:
    """The decision as JSON. Field names are those of `decision.decision`; instants end in ``Z``."""
    return orjson.dumps(
        {
            "decision_id": decision_id,
            "order_id": decision.order_id,
            "decided_at": decision.decided_at,
            "degraded": False,
            "stage": decision.stage,
            "versions": decision.versions,
            "prices": decision.prices,
            "options": decision.options,
            "excluded": decision.excluded,
            "binding_rules": decision.binding_rules,
            "missing": decision.missing,
        },
        option=_OPTIONS,
    )


_DECISION = TypeAdapter(Decision)


def read_answer(answer: bytes) -> Decision:
    """The decision that `answer_bytes` wrote."""
    return _DECISION.validate_json(answer)


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
    """When the shipment would arrive: with 10 %, 50 % and 90 % confidence at the latest."""

    p10_at: datetime
    p50_at: datetime
    p90_at: datetime
    p_late: float | None


class ShipmentAnswer(BaseModel):
    """Some lines sent from one location. `terms` is the money of each term of the objective."""

    location_id: str
    location_type: str
    carrier_service_id: str | None
    distance_km: float | None
    lines: list[ShipmentLineAnswer]
    delivery: DeliveryAnswer
    pick_failure: float
    terms: dict[str, float]


class MissingLineAnswer(BaseModel):
    """Units that no allowed plan supplies."""

    line_id: str
    sku: str
    quantity: int
    reason: str


class OptionAnswer(BaseModel):
    """One plan. `difference` is to the best plan; `bound` is the proved lower bound of the best possible.

    `missing` is what a partial plan leaves out.
    """

    rank: int
    total: float
    difference: float
    bound: float
    explanation: str
    terms: dict[str, float]
    shipments: list[ShipmentAnswer]
    missing: list[MissingLineAnswer]


class ExclusionAnswer(BaseModel):
    """A location, or one of its carrier services, that a rule took out, wholly or for the lines in `line_ids`."""

    location_id: str
    carrier_service_id: str | None
    rule_id: str
    reason: str
    line_ids: list[str]


class BindingRuleAnswer(BaseModel):
    """A rule without which the best plan would cost `price` less."""

    rule_id: str
    price: float


class DecisionAnswer(BaseModel):
    """Plans ranked for one order, best first; empty `options` come with the `missing` lines that explain it.

    `prices` is the strategy that ranked them; `versions.digest` names all that went into the decision.
    """

    decision_id: str
    order_id: str
    decided_at: datetime
    degraded: bool
    stage: str | None
    versions: dict[str, str]
    prices: dict[str, float]
    options: list[OptionAnswer]
    excluded: list[ExclusionAnswer]
    binding_rules: list[BindingRuleAnswer]
    missing: list[MissingLineAnswer]
