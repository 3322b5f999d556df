"""``/v1/orders``: place, hold, confirm, change and cancel. Nothing is sold twice."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from serving.database.decision_log import logged_decision
from serving.database.idempotency import Answer, Attempt, write_once
from serving.database.order_log import events_of
from serving.database.order_store import order_named
from serving.errors import NotFoundError
from serving.orders import changes
from serving.orders.change import Change
from serving.orders.events import By
from serving.orders.placing import commit_decision, place_order
from serving.orders.routing import may_route, route_order, route_waiting
from serving.orders.writing import Doing, change_order
from serving.service import client_with, service_of
from serving.settings import ApiKey
from serving.web.body import read_body, read_json
from serving.web.idempotency import answer_once
from serving.wire import examples
from serving.wire.documentation import IDEMPOTENCY_KEY, answers, body, reference
from serving.wire.fields import Identifier, Remark
from serving.wire.placing import AmendBody, CommitBody, NewOrderBody, OrderAnswer, order_bytes

router = APIRouter(tags=["orders"])
Client = Annotated[ApiKey, Depends(client_with("order"))]


@router.post(
    "/v1/orders",
    operation_id="post_order",
    status_code=201,
    responses=answers(201, OrderAnswer, (400, 401, 403, 409, 413, 415, 422, 503)),
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body(reference(NewOrderBody), {"sent home": examples.ORDER}),
    },
)
async def post_order(request: Request, client: Client) -> Response:
    """Decide, hold and assign, all or nothing. 409 `out-of-stock` comes with the decision that stands instead."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)

    async def work(key: Attempt | None) -> Answer:
        return await place_order(service, read_json(NewOrderBody, content), content, client.name, key)

    return await answer_once(request, client, content, work)


@router.post(
    "/v1/decisions/{decision_id}/commit",
    operation_id="commit_decision",
    status_code=201,
    responses=answers(201, OrderAnswer, (400, 401, 403, 404, 409, 413, 415, 422, 503)),
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body(reference(CommitBody), {"the best plan": {"rank": 1}}),
    },
)
async def post_commit(request: Request, decision_id: Identifier, client: Client) -> Response:
    """Hold and assign one of the plans of a decision. 409 `out-of-stock` comes with the decision that stands now."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)

    async def work(key: Attempt | None) -> Answer:
        logged = await service.database.read(partial(logged_decision, decision_id=decision_id))
        if logged is None:
            raise NotFoundError(f"There is no decision {decision_id!r}")
        return await commit_decision(service, logged, read_json(CommitBody, content), client.name, key)

    return await answer_once(request, client, content, work)


@router.get(
    "/v1/orders/{order_id:path}",
    operation_id="get_order",
    responses=answers(200, OrderAnswer, (401, 403, 404, 422, 503)),
)
async def get_order(
    request: Request, order_id: Identifier, _client: Annotated[ApiKey, Depends(client_with("order", "read"))]
) -> Response:
    """An order as it stands, with all that happened to it."""

    def read(connection: Connection) -> bytes:
        return order_bytes(order_named(connection, order_id), events_of(connection, order_id))

    return Response(await service_of(request).database.read(read), media_type="application/json")


@router.post(
    "/v1/orders/{order_id:path}/confirm",
    operation_id="confirm_order",
    responses=answers(200, OrderAnswer, (401, 403, 404, 409, 413, 415, 422, 503)),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
)
async def confirm_order(request: Request, order_id: Identifier, client: Client) -> Response:
    """Turn a reservation into work for its locations. 409 once it has expired."""
    by = By(client.name, service_of(request).clock())
    return await _change(request, client, b"", order_id=order_id, doing=partial(changes.confirm, by=by), by=by)


@router.delete(
    "/v1/orders/{order_id:path}",
    operation_id="cancel_order",
    responses=answers(200, OrderAnswer, (401, 403, 404, 409, 413, 415, 422, 503)),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
)
async def cancel_order(
    request: Request,
    order_id: Identifier,
    client: Client,
    reason: Annotated[Remark | None, Query()] = None,
) -> Response:
    """Give an order up: its units are free at once. 409 once a part of it has left its location."""
    by = By(client.name, service_of(request).clock(), reason)
    return await _change(request, client, b"", order_id=order_id, doing=partial(changes.cancel, by=by), by=by)


@router.post(
    "/v1/orders/{order_id:path}/route",
    operation_id="route_order",
    responses=answers(200, OrderAnswer, (401, 403, 404, 409, 413, 415, 422, 503)),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
)
async def post_route(
    request: Request, order_id: Identifier, client: Annotated[ApiKey, Depends(client_with("order", "operate"))]
) -> Response:
    """Look for locations for the units that wait, now, though locations have failed the order too often already."""
    service = service_of(request)

    def told(connection: Connection) -> Answer:
        return Answer(200, order_bytes(order_named(connection, order_id)))

    async def work(key: Attempt | None) -> Answer:
        await route_order(service, order_id, f"asked for by {client.name}")
        return await write_once(service.database, key, told, service.clock())

    return await answer_once(request, client, b"", work)


@router.patch(
    "/v1/orders/{order_id:path}/lines/{line_id:path}",
    operation_id="amend_line",
    responses=answers(200, OrderAnswer, (400, 401, 403, 404, 409, 413, 415, 422, 503)),
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body(reference(AmendBody), {"one less": {"quantity": 1}}),
    },
)
async def amend_line(request: Request, order_id: Identifier, line_id: Identifier, client: Client) -> Response:
    """Ask for another quantity of one line. Fewer units are free at once, more are looked for at once.

    What more is looked for is not in this answer: `GET` the order. 409 where the units are picked already.
    """
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)
    sent = read_json(AmendBody, content)
    by = By(client.name, service.clock(), sent.reason)
    doing = partial(changes.amend, line_id=line_id, quantity=sent.quantity, by=by)
    return await _change(request, client, content, order_id=order_id, doing=doing, by=by)


async def _change(request: Request, client: ApiKey, content: bytes, *, order_id: str, doing: Doing, by: By) -> Response:
    """Do it once, then look for places for what waits: of this order, and of those that wait for what it let go."""
    service = service_of(request)
    changed: list[Change] = []

    def change(connection: Connection) -> Answer:
        changed.append(change_order(connection, order_id, doing, by))
        return Answer(200, order_bytes(changed[-1].after))

    async def work(key: Attempt | None) -> Answer:
        answer = await write_once(service.database, key, change, by.at)
        if changed and may_route(changed[-1].after):
            await route_order(service, order_id, by.why or "the order was changed")
        await route_waiting(service)
        return answer

    return await answer_once(request, client, content, work)
