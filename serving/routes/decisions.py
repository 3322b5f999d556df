"""``/v1/decisions``: rank the plans for an order."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from decision.candidates.loads import surely_exact
from decision.explanation.explain import why_changed
from decision.messages.catalogue import Language
from serving.database.decision_log import LoggedDecision, log_decision, logged_answer
from serving.database.idempotency import Answer, answered_before, write_once
from serving.decisions.deciding import Asked, make_decision, ready_predictor
from serving.decisions.ordering import to_order
from serving.errors import NotFoundError, wrong_field
from serving.service import Service, client_with, service_of
from serving.settings import ApiKey
from serving.state.served import ServedPredictor
from serving.state.snapshot import Snapshot
from serving.web.body import read_body, read_json
from serving.web.idempotency import attempt_of
from serving.wire import examples
from serving.wire.answer import ChangesAnswer, DecisionAnswer, changes_bytes, read_answer
from serving.wire.documentation import IDEMPOTENCY_KEY, answers, body, reference
from serving.wire.fields import Identifier
from serving.wire.order import OrderBody

router = APIRouter(tags=["decisions"])


@router.post(
    "/v1/decisions",
    operation_id="post_decision",
    status_code=201,
    responses=answers(201, DecisionAnswer, (400, 401, 403, 413, 415, 422, 503)),
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body(
            reference(OrderBody), {"sent home": examples.ORDER, "collected in a store": examples.COLLECTED_ORDER}
        ),
    },
)
async def post_decision(request: Request, client: Annotated[ApiKey, Depends(client_with("decide"))]) -> Response:
    """Rank the ways to fulfil an order. Logged with the versions that shaped it; no stock is touched."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)
    wanted = attempt_of(request, client, content)
    answer = await answered_before(service.database, wanted)
    if answer is None:
        received = _receive(service, client, content)
        if not surely_exact(received.asked.order):  # the solver may take seconds: others are answered meanwhile
            logged = await asyncio.to_thread(_decide, service, received)
        else:
            logged = _decide(service, received)

        def log(connection: Connection) -> Answer:
            log_decision(connection, logged, received.snapshot.kept)
            return Answer(201, logged.answer)

        with service.metrics.phase("log"):
            answer = await write_once(service.database, wanted, log, logged.decided_at)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get(
    "/v1/decisions/{decision_id}",
    operation_id="get_decision",
    responses=answers(200, DecisionAnswer, (401, 403, 404, 422, 503)),
)
async def get_decision(
    request: Request, decision_id: Identifier, _client: Annotated[ApiKey, Depends(client_with("decide", "read"))]
) -> Response:
    """A decision as it was answered, byte for byte."""
    answer = await service_of(request).database.read(lambda connection: logged_answer(connection, decision_id))
    if answer is None:
        raise NotFoundError(f"There is no decision {decision_id!r}")
    return Response(answer, media_type="application/json")


@router.get(
    "/v1/decisions/{decision_id}/changes",
    operation_id="get_decision_changes",
    responses=answers(200, ChangesAnswer, (401, 403, 404, 422, 503)),
)
async def get_decision_changes(
    request: Request,
    decision_id: Identifier,
    since: Annotated[Identifier, Query(description="an earlier decision on the same order")],
    _client: Annotated[ApiKey, Depends(client_with("decide", "read"))],
    language: Annotated[Language, Query(description="of the text")] = "en",
) -> Response:
    """Why another plan wins than in an earlier decision on the same order: the prices that did it, in words."""
    database = service_of(request).database
    found = {}
    for name in (since, decision_id):
        answer = await database.read(partial(logged_answer, decision_id=name))
        if answer is None:
            raise NotFoundError(f"There is no decision {name!r}")
        found[name] = read_answer(answer)
    before, now = (found[name].order_id for name in (since, decision_id))
    if before != now:
        raise wrong_field("query.since", f"is a decision on the order {before!r}; the other is on {now!r}")
    text = why_changed(found[since], found[decision_id], language)
    return Response(changes_bytes(decision_id, since, text), media_type="application/json")


@dataclass(frozen=True, slots=True)
class _Received:
    """An order as it is to be decided, with what the service knew when it came."""

    asked: Asked
    snapshot: Snapshot
    predictor: ServedPredictor


def _receive(service: Service, client: ApiKey, content: bytes) -> _Received:
    """Read the order in ``content`` and check it against what the service knows at this instant."""
    snapshot = service.live.snapshot
    with service.metrics.phase("parse"):
        sent = read_json(OrderBody, content)
        predictor = ready_predictor(service, sent.currency)
        return _Received(Asked(sent, to_order(sent, snapshot), content, client.name), snapshot, predictor)


def _decide(service: Service, received: _Received) -> LoggedDecision:
    snapshot = received.snapshot
    return make_decision(service, received.asked, snapshot, snapshot.network, received.predictor)[1]
