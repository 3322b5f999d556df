"""``PUT /v1/locations``, ``/products``, ``/carrier-services``, ``/stock``, ``/inbound``, ``/footfall``: bulk feeds."""

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response

from serving.database.tables import stock
from serving.feeds.checking import FEEDS, NDJSON, Feed
from serving.feeds.taking import take_feed
from serving.orders.routing import route_waiting
from serving.service import client_with, service_of
from serving.settings import ApiKey
from serving.web.body import media_type, read_body
from serving.wire import examples
from serving.wire.documentation import answers, body, reference
from serving.wire.feed import FeedAnswer

router = APIRouter(tags=["feeds"])


async def put_feed(feed: Feed, request: Request, client: ApiKey) -> Response:
    """Write the good rows, and say which were not good. In force for decisions when this answers."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_feed_bytes)
    taken = await take_feed(service, feed, content, media_type(request), client.name)
    await asyncio.to_thread(service.live.refresh_now)
    if feed.table is stock:
        await route_waiting(service)
    service.metrics.feed_rows.labels(feed.name, "accepted").inc(taken.accepted)
    service.metrics.feed_rows.labels(feed.name, "rejected").inc(len(taken.rejected))
    answer = {
        "received": taken.accepted + len(taken.rejected),
        "accepted": taken.accepted,
        "outdated": taken.accepted - taken.written,
        "rejected": taken.rejected,
    }
    return Response(orjson.dumps(answer), media_type="application/json")


def _add_call(feed: Feed) -> None:
    name = feed.name
    row = reference(feed.row)
    json = body({"type": "array", "items": row}, {name: examples.ROWS[name]})
    json["content"][NDJSON[0]] = {"schema": {"type": "string", "description": "one row per line"}}

    @router.put(
        f"/v1/{name}",
        operation_id=f"put_{feed.table.name}",
        summary=f"Feed {name.replace('-', ' ')}",
        responses=answers(200, FeedAnswer, (400, 401, 403, 413, 415, 503)),
        openapi_extra={"requestBody": json},
    )
    async def put(request: Request, client: Annotated[ApiKey, Depends(client_with("feeds"))]) -> Response:
        """Rows as a JSON array or NDJSON, gzip or not. Good rows are written, bad ones named; sending again is safe.

        In force for decisions when this answers (within a second in other processes on the same database).
        """
        return await put_feed(feed, request, client)


for _feed in FEEDS:
    _add_call(_feed)
