"""``PUT /v1/locations``, ``/products``, ``/carrier-services``, ``/stock``, ``/inbound``, ``/footfall``: bulk feeds."""

import asyncio
from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response

from serving.body import media_type, read_body
from serving.database.stock_ledger import count
from serving.database.tables import stock
from serving.database.upsert import upsert
from serving.feeds import FEEDS, NDJSON, Feed, check_feed
from serving.orders.routing import route_waiting
from serving.service import client_with, service_of
from serving.settings import ApiKey
from serving.wire import examples
from serving.wire.documentation import answers, body, reference
from serving.wire.feed import FeedAnswer

router = APIRouter(tags=["feeds"])

#: Rows per transaction: short enough that decisions being logged hardly wait.
_CHUNK = 5_000


async def put_feed(feed: Feed, request: Request, client: ApiKey) -> Response:
    """Write the good rows, and say which were not good. In force for decisions when this answers."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_feed_bytes)
    await asyncio.to_thread(service.live.refresh_now)
    accepted, rejected = await asyncio.to_thread(
        check_feed, feed, content, media_type(request), service.live.snapshot, service.clock()
    )
    written = 0
    for start in range(0, len(accepted), _CHUNK):
        chunk = accepted[start : start + _CHUNK]
        if feed.table is stock:
            write_chunk = partial(count, rows=chunk, who=client.name, now=service.clock())
        else:
            write_chunk = partial(upsert, table=feed.table, rows=chunk)
        written += await service.database.write(write_chunk)
    await asyncio.to_thread(service.live.refresh_now)
    if feed.table is stock:
        await route_waiting(service)
    service.metrics.feed_rows.labels(feed.name, "accepted").inc(len(accepted))
    service.metrics.feed_rows.labels(feed.name, "rejected").inc(len(rejected))
    answer = {
        "received": len(accepted) + len(rejected),
        "accepted": len(accepted),
        "outdated": len(accepted) - written,
        "rejected": rejected,
    }
    return Response(orjson.dumps(answer), media_type="application/json")


def _add_call(feed: Feed) -> None:
    name = feed.name
    row = reference(feed.row)
    json = body("application/json", {"type": "array", "items": row}, {name: examples.ROWS[name]})
    json["content"][NDJSON[0]] = {"schema": {"type": "string", "description": "one row per line"}}

    @router.put(
        f"/v1/{name}",
        operation_id=f"put_{feed.table.name}",
        summary=f"Feed {name.replace('-', ' ')}",
        responses=answers(200, FeedAnswer, examples.FEED_ANSWER, (400, 401, 403, 413, 415, 503)),
        openapi_extra={"requestBody": json},
    )
    async def put(request: Request, client: Annotated[ApiKey, Depends(client_with("feeds"))]) -> Response:
        """Rows as a JSON array or NDJSON, gzip or not. Good rows are written, bad ones named; sending again is safe.

        In force for decisions when this answers (within a second in other processes on the same database).
        """
        return await put_feed(feed, request, client)


for _feed in FEEDS:
    _add_call(_feed)
