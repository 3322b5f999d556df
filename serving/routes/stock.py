"""``POST /v1/stock/movements`` and ``GET /v1/stock``: what came and went, and what there is."""

import asyncio
from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from serving.database.idempotency import Answer, Attempt, write_once
from serving.database.stock_sources import take_movements
from serving.database.stock_view import stock_of
from serving.errors import NotFoundError
from serving.feeds.checking import NDJSON, Rejected, check_movements
from serving.orders.routing import route_waiting
from serving.service import Service, client_with, service_of
from serving.settings import ApiKey
from serving.web.body import media_type, read_body
from serving.web.idempotency import answer_once
from serving.wire import examples
from serving.wire.documentation import IDEMPOTENCY_KEY, answers, body, reference
from serving.wire.fields import Identifier
from serving.wire.stock import MovementRow, MovementsAnswer, StockAnswer

router = APIRouter(tags=["stock"])

_CHUNK = 2_000


def _movements() -> dict[str, object]:
    rows = {"type": "array", "items": reference(MovementRow)}
    described = body(rows, {"sold in the shop": examples.MOVEMENTS})
    described["content"][NDJSON[0]] = {"schema": {"type": "string", "description": "one row per line"}}
    return described


@router.post(
    "/v1/stock/movements",
    operation_id="post_stock_movements",
    responses=answers(200, MovementsAnswer, (400, 401, 403, 409, 413, 415, 422, 503)),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY], "requestBody": _movements()},
)
async def post_movements(request: Request, client: Annotated[ApiKey, Depends(client_with("feeds"))]) -> Response:
    """What came and went, as a JSON array or NDJSON, gzip or not. Late, repeated and shuffled rows do no harm.

    A count from after a movement has it already: the later of the two to arrive changes nothing.
    """
    service = service_of(request)
    content = await read_body(request, service.settings.max_feed_bytes)

    async def work(key: Attempt | None) -> Answer:
        answer = await _take(service, client, content, media_type(request))
        return await write_once(service.database, key, lambda _: answer, service.clock())

    return await answer_once(request, client, content, work)


async def _take(service: Service, client: ApiKey, content: bytes, kind: str) -> Answer:
    await asyncio.to_thread(service.live.refresh_now)
    accepted, rejected = await asyncio.to_thread(check_movements, content, kind, service.live.snapshot, service.clock())
    received, taken = len(accepted) + len(rejected), 0
    for start in range(0, len(accepted), _CHUNK):
        chunk = accepted[start : start + _CHUNK]
        job = partial(take_movements, rows=chunk, who=client.name, now=service.clock())
        written, clashing = await service.database.write(job)
        taken += written
        rejected += [Rejected(index, "sequence", "was used by its source for another movement") for index in clashing]
    await asyncio.to_thread(service.live.refresh_now)
    await route_waiting(service)
    service.metrics.feed_rows.labels("stock-movements", "accepted").inc(taken)
    service.metrics.feed_rows.labels("stock-movements", "rejected").inc(len(rejected))
    answer = {
        "received": received,
        "accepted": taken,
        "duplicates": received - taken - len(rejected),
        "rejected": sorted(rejected, key=lambda row: row.index),
    }
    return Answer(200, orjson.dumps(answer))


@router.get(
    "/v1/stock",
    operation_id="get_stock",
    responses=answers(200, StockAnswer, (401, 403, 404, 422, 503)),
)
async def get_stock(
    request: Request,
    sku: Annotated[Identifier, Query()],
    _client: Annotated[ApiKey, Depends(client_with("feeds", "order", "read", "operate"))],
) -> Response:
    """What there is of one sku: in total, by type of location, by location."""
    service = service_of(request)
    if sku not in service.live.snapshot.products:
        raise NotFoundError(f"There is no product {sku!r}")
    found = await service.database.read(partial(stock_of, sku=sku))
    return Response(orjson.dumps(found, option=orjson.OPT_UTC_Z), media_type="application/json")
