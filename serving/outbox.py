"""Telling webhooks what happened: at least once, in order for each order, signed.

Events are CloudEvents 1.0 (JSON) with the signature of Standard Webhooks. A receiver that answers 2xx has the event.
Anything else is tried again, later and later; after the last time it is a dead letter, which can be sent again. The
next event of an order waits for the one before it, until that one is told or given up.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import httpx
import orjson
import structlog
from standardwebhooks.webhooks import Webhook as Signer

from serving.database.webhook_store import Delivery, claim_due, not_told, told
from serving.service import Service

#: Waits between attempts, those that Standard Webhooks recommends.
WAITS: Final = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
TIMEOUT: Final = timedelta(seconds=15)
#: A process that dies while it tells leaves its events to others after this.
_LEASE: Final = 4 * TIMEOUT
_AT_ONCE: Final = 50
_SOURCE: Final = "urn:smista"

log = structlog.get_logger()


async def tell_due(service: Service, client: httpx.AsyncClient) -> int:
    """Tell every webhook what is due now; return how many deliveries were tried."""
    claim = partial(claim_due, now=service.clock(), lease=_LEASE, most=_AT_ONCE)
    due = await service.database.write(claim)
    await asyncio.gather(*(_tell(service, client, delivery) for delivery in due))
    return len(due)


def envelope(event: Mapping[str, Any]) -> bytes:
    """The row of an event as a CloudEvent: ``subject`` is the order, ``sequence`` grows within it."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event["event_id"],
            "source": _SOURCE,
            "type": f"smista.{event['kind']}",
            "time": event["occurred_at"],
            "subject": event["order_id"],
            "sequence": f"{event['position']:020d}",
            "datacontenttype": "application/json",
            "data": {
                **orjson.loads(event["data"]),
                "who": event["who"],
                "why": event["why"],
                "versions": orjson.loads(event["versions"]),
            },
        },
        option=orjson.OPT_UTC_Z,
    )


def headers(secret: str, event_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """What Standard Webhooks asks for: the id, the time, and the signature of both with the body."""
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(secret).sign(event_id, now, body.decode()),
    }


async def _tell(service: Service, client: httpx.AsyncClient, delivery: Delivery) -> None:
    body = envelope(delivery.event)
    signed = headers(delivery.secret, delivery.event["event_id"], service.clock(), body)
    try:
        response = await client.post(
            delivery.url, content=body, headers=signed, timeout=TIMEOUT.total_seconds(), follow_redirects=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        wrong, gone = f"{type(error).__name__}: {error}", False
    else:
        if response.is_success:
            await service.database.write(partial(told, delivery=delivery))
            return
        wrong, gone = f"answered {response.status_code}", response.status_code == httpx.codes.GONE
    again = None if gone or delivery.attempts >= len(WAITS) else service.clock() + WAITS[delivery.attempts]
    log.warning("a webhook was not told", webhook_id=delivery.webhook_id, reason=wrong, again_at=again)
    await service.database.write(partial(not_told, delivery=delivery, error=wrong, due_at=again))
