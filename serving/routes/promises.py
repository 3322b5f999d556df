"""``/v1/promises``: a date for each way of delivery, for product pages, lists and baskets."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from serving.errors import wrong_field
from serving.promises.holding import hold
from serving.promises.promising import make_promise_list, make_promises
from serving.service import client_with, service_of
from serving.settings import ApiKey
from serving.web.body import read_body, read_json
from serving.web.idempotency import HEADER, attempt_of, only_one
from serving.web.keys import require_scope
from serving.wire import examples
from serving.wire.documentation import IDEMPOTENCY_KEY, answers, body, reference
from serving.wire.promise import PromiseBody, PromisesAnswer, promises_bytes
from serving.wire.promise_list import PromiseListAnswer, PromiseListBody, promise_list_bytes

router = APIRouter(tags=["promises"])
Client = Annotated[ApiKey, Depends(client_with("decide"))]
#: Lines of a basket that is promised before anybody else is answered; a larger one may take a second.
_AT_ONCE: Final = 5


@router.post(
    "/v1/promises",
    operation_id="post_promises",
    responses=answers(200, PromisesAnswer, (400, 401, 403, 409, 413, 415, 422)),
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body(reference(PromiseBody), {"a basket": examples.BASKET}),
    },
)
async def post_promises(request: Request, client: Client) -> Response:
    """Dates that can be promised, by the computation that decides orders. No side effect, but for `hold`."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)
    asked = read_json(PromiseBody, content)
    attempt = None
    if asked.hold is not None:
        require_scope(client, ("order",))
        attempt = attempt_of(request, client, content)
        if attempt is None:
            message = f"send an {HEADER}: without one, a request that is sent again would hold the units twice"
            raise wrong_field("hold", message)
    with only_one(service.in_flight, attempt):
        with service.metrics.phase("promise"):
            if len(asked.lines) <= _AT_ONCE:
                answer = make_promises(service, asked, service.live.snapshot)
            else:
                answer = await asyncio.to_thread(make_promises, service, asked, service.live.snapshot)
        if asked.hold is None or attempt is None:
            told = promises_bytes(answer)
        else:
            told = await hold(service, asked, asked.hold, answer, attempt)
    return Response(told, media_type="application/json")


@router.post(
    "/v1/promises/bulk",
    operation_id="post_promises_bulk",
    responses=answers(200, PromiseListAnswer, (400, 401, 403, 413, 415, 422)),
    openapi_extra={
        "requestBody": body(reference(PromiseListBody), {"a page": examples.BASKETS}),
    },
)
async def post_promises_bulk(request: Request, _client: Client) -> Response:
    """Dates for up to 100 items, each by itself, in short: for a page that lists products. No side effect."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)
    asked = read_json(PromiseListBody, content)
    with service.metrics.phase("promise"):
        # It may take a second: others are answered meanwhile.
        answer = await asyncio.to_thread(make_promise_list, service, asked, service.live.snapshot)
    return Response(promise_list_bytes(answer), media_type="application/json")
