"""``/v1/promises``: a date for each way of delivery, for product pages and baskets. Nothing is kept or held."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from serving.body import read_body, read_json
from serving.promising import make_promises
from serving.service import client_with, service_of
from serving.settings import ApiKey
from serving.wire import examples
from serving.wire.documentation import answers, body, reference
from serving.wire.promise import PromiseBody, PromisesAnswer, promises_bytes

router = APIRouter(tags=["promises"])


@router.post(
    "/v1/promises",
    operation_id="post_promises",
    responses=answers(200, PromisesAnswer, examples.PROMISES, (400, 401, 403, 413, 415, 422)),
    openapi_extra={"requestBody": body("application/json", reference(PromiseBody), {"a basket": examples.BASKET})},
)
async def post_promises(request: Request, _client: Annotated[ApiKey, Depends(client_with("decide"))]) -> Response:
    """Dates that can be promised, by the computation that decides orders. No side effect."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)
    asked = read_json(PromiseBody, content)
    with service.metrics.phase("promise"):
        answer = make_promises(service, asked, service.live.snapshot)
    return Response(promises_bytes(answer), media_type="application/json")
