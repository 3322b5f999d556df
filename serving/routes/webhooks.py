"""``/v1/webhooks``: who is told what happens."""

from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from serving.database.idempotency import Answer, answered_before, write_once
from serving.database.webhook_store import add_webhook, dead_letters, list_webhooks, remove_webhook, send_again
from serving.errors import NotFoundError
from serving.service import client_with, service_of
from serving.settings import ApiKey
from serving.web.body import read_body, read_json
from serving.web.idempotency import answer_once, attempt_of
from serving.wire.documentation import IDEMPOTENCY_KEY, answers, body, problems, reference
from serving.wire.fields import Identifier
from serving.wire.webhooks import DeadLettersAnswer, NewWebhookAnswer, ResentAnswer, WebhookBody, WebhooksAnswer

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Client = Annotated[ApiKey, Depends(client_with("operate"))]
_EXAMPLES = {
    "two kinds": {"url": "https://shop.example/smista", "kinds": ["shipment.assigned", "order.completed"]},
    "one store": {"url": "https://s014.shop.example/smista", "location_ids": ["S014"]},
}


@router.post(
    "",
    operation_id="post_webhook",
    status_code=201,
    responses=answers(201, NewWebhookAnswer, (400, 401, 403, 413, 415, 422, 503)),
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body(reference(WebhookBody), _EXAMPLES),
    },
)
async def post_webhook(request: Request, client: Client) -> Response:
    """Send events to a URL from now on. The secret in the answer signs them; it is told this once."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)
    wanted = attempt_of(request, client, content)
    answer = await answered_before(service.database, wanted)
    if answer is None:
        sent = read_json(WebhookBody, content)
        now = service.clock()

        def work(connection: Connection) -> Answer:
            webhook = add_webhook(
                connection,
                str(sent.url),
                kinds=sent.kinds,
                location_ids=sent.location_ids,
                who=client.name,
                now=now,
            )
            shown = {name: getattr(webhook, name) for name in NewWebhookAnswer.model_fields if hasattr(webhook, name)}
            return Answer(201, orjson.dumps({**shown, "waiting": 0, "dead": 0}, option=orjson.OPT_UTC_Z))

        answer = await write_once(service.database, wanted, work, now)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("", operation_id="get_webhooks", responses=answers(200, WebhooksAnswer, (401, 403, 503)))
async def get_webhooks(
    request: Request, _client: Annotated[ApiKey, Depends(client_with("operate", "read"))]
) -> Response:
    """Every webhook, with what waits for it."""
    return _json({"webhooks": await service_of(request).database.read(list_webhooks)})


@router.delete(
    "/{webhook_id}",
    operation_id="delete_webhook",
    status_code=204,
    responses={204: {"description": "It is told no more"}, **problems((401, 403, 404, 422, 503))},
)
async def delete_webhook(request: Request, webhook_id: Identifier, _client: Client) -> Response:
    """Send it nothing more, not even what waits."""
    if not await service_of(request).database.write(partial(remove_webhook, webhook_id=webhook_id)):
        raise NotFoundError(f"There is no webhook {webhook_id!r}")
    return Response(status_code=204)


@router.get(
    "/{webhook_id}/dead-letters",
    operation_id="get_dead_letters",
    responses=answers(200, DeadLettersAnswer, (401, 403, 422, 503)),
)
async def get_dead_letters(
    request: Request, webhook_id: Identifier, _client: Annotated[ApiKey, Depends(client_with("operate", "read"))]
) -> Response:
    """What was given up after the last attempt, and why."""
    found = await service_of(request).database.read(partial(dead_letters, webhook_id=webhook_id))
    return _json({"dead_letters": found})


@router.post(
    "/{webhook_id}/dead-letters/resend",
    operation_id="resend_dead_letters",
    responses=answers(200, ResentAnswer, (401, 403, 409, 413, 415, 422, 503)),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
)
async def resend_dead_letters(request: Request, webhook_id: Identifier, client: Client) -> Response:
    """Try all of it again from now on, in its order."""
    service = service_of(request)
    now = service.clock()

    def resend(connection: Connection) -> Answer:
        return Answer(200, orjson.dumps({"resent": send_again(connection, webhook_id=webhook_id, now=now)}))

    return await answer_once(request, client, b"", lambda key: write_once(service.database, key, resend, now))


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value, option=orjson.OPT_UTC_Z), media_type="application/json")
