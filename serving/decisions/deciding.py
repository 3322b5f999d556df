"""One decision as the service makes it: on what it knows just now, with the record that the log keeps of it."""

import uuid
from dataclasses import dataclass

from decision.decide import decide
from decision.decision import Decision
from decision.network import Network
from decision.order import Order
from prediction.lanes import Lanes
from serving.database.decision_log import LoggedDecision
from serving.decisions.inputs import keep_capacity, keep_order, keep_stock
from serving.errors import FieldError, InvalidRequestError, NotReadyError
from serving.service import Service
from serving.state.learning import calibration_named, version_learnt
from serving.state.served import ServedPredictor
from serving.state.snapshot import Snapshot
from serving.wire.answer import answer_bytes
from serving.wire.order import OrderBody


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: ``order`` is ``body`` as it is decided, ``content`` the bytes kept as the request."""

    body: OrderBody
    order: Order
    content: bytes
    client: str


def ready_predictor(service: Service, currency: str) -> ServedPredictor:
    """Return the bundle in service. Raises `NotReadyError`, or `InvalidRequestError` where it has another currency.

    Costs are added to prices as they stand: nothing here converts money.
    """
    predictor = service.live.predictor
    if predictor is None:
        raise NotReadyError("No bundle is in service: train one (smista train), then smista serve --bundle FOLDER")
    require_currency(predictor, currency)
    return predictor


def require_currency(predictor: ServedPredictor | Lanes, currency: str) -> None:
    """Raise `InvalidRequestError` where costs are predicted in another currency than that."""
    if predictor.currency not in {None, currency}:
        message = f"the order is in {currency}; the bundle in service predicts costs in {predictor.currency}"
        raise InvalidRequestError(message, [FieldError("currency", message)])


def make_decision(
    service: Service, asked: Asked, snapshot: Snapshot, network: Network, predictor: ServedPredictor
) -> tuple[Decision, LoggedDecision]:
    """Decide on ``network`` (that of ``snapshot``, or a part of its stock) at this instant. Nothing is written yet."""
    order, body, metrics = asked.order, asked.body, service.metrics
    with metrics.phase("decide"):
        decision = decide(
            order,
            network,
            snapshot.rulesets,
            predictor,
            service.clock(),
            options=body.options,
            language=body.language,
            versions=version_learnt(predictor),
        )
    metrics.decisions.labels(decision.stage or "none").inc()
    with metrics.phase("respond"):
        decision_id = uuid.uuid4().hex
        answer = answer_bytes(decision_id, decision)
    skus = [line.sku for line in order.lines]
    return decision, LoggedDecision(
        decision_id=decision_id,
        order_id=order.order_id,
        decided_at=decision.decided_at,
        client=asked.client,
        ruleset=decision.versions["ruleset"],
        bundle=decision.versions["bundle"],
        digest=decision.versions.get("digest"),
        request=asked.content,
        answer=answer,
        language=body.language,
        options=body.options,
        decided_order=keep_order(order),
        stock=keep_stock(network, skus),
        places=snapshot.kept.digest,
        capacity=keep_capacity(network, skus),
        outcomes=predictor.outcomes or None,
        calibration=calibration_named(predictor),
    )
