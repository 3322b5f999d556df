"""Telling webhooks, and the broker where there is one, what happened: at least once, in order for each order.

Events are CloudEvents 1.0 (JSON). To webhooks they are signed by Standard Webhooks: a receiver that answers 2xx has the
event. The broker has it once a stream has stored it. Anything else is tried again, later and later; after the last time
it is a dead letter, which can be sent again. The next event of an order waits for the one before it, until that one is
told or given up. Each webhook is told in a task of its own: a slow one holds up nobody else.
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

from serving.database.webhook_store import BROKER, Delivery, claim_due, not_told, told, with_something_due
from serving.errors import UntoldError
from serving.service import Service

#: Waits between attempts, those that Standard Webhooks recommends.
WAITS: Final = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
TIMEOUT: Final = timedelta(seconds=15)
#: A process that dies while it tells leaves its events to others after this.
_LEASE: Final = 4 * TIMEOUT
#: Events that one webhook is told at a time, of as many orders.
_AT_ONCE: Final = 20
#: Each webhook has as many connections as it is told events at a time: a slow one takes none from the others.
_CONNECTIONS: Final = httpx.Limits(max_connections=None)
_SOURCE: Final = "urn:smista"

log = structlog.get_logger()


async def keep_telling(service: Service) -> None:
    """Tell everybody what is due, each webhook in a task of its own, until this is cancelled."""
    telling: set[str] = set()

    async def tell(webhook_id: str) -> None:
        try:
            await tell_webhook(service, client, webhook_id)
        except Exception:
            log.exception("what happened could not be told: it is told later", webhook_id=webhook_id)
        finally:
            telling.discard(webhook_id)

    async with httpx.AsyncClient(limits=_CONNECTIONS) as client, asyncio.TaskGroup() as tasks:
        while True:
            for webhook_id in await _waiting(service):
                if webhook_id not in telling:
                    telling.add(webhook_id)
                    tasks.create_task(tell(webhook_id))
            await asyncio.sleep(service.settings.sweep_seconds)


async def whom_to_tell(service: Service) -> list[str]:
    """The webhooks for which something is due; without a broker not the broker, which somebody else may have."""
    due = await service.database.read(partial(with_something_due, now=service.clock()))
    return [webhook_id for webhook_id in due if webhook_id != BROKER or service.broker is not None]


async def tell_webhook(service: Service, client: httpx.AsyncClient, webhook_id: str) -> int:
    """Tell one webhook all that is due; return how many deliveries were tried."""
    tried = 0
    while True:
        claim = partial(claim_due, webhook_id=webhook_id, now=service.clock(), lease=_LEASE, most=_AT_ONCE)
        due = await service.database.write(claim)
        if not due:
            return tried
        await asyncio.gather(*(_tell(service, client, delivery) for delivery in due))
        tried += len(due)


def envelope(event: Mapping[str, Any]) -> bytes:
    """The row of an event as a CloudEvent: ``subject`` is the order, ``sequence`` grows within it."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event["event_id"],
            "source": _SOURCE,
            "type": _type_of(event),
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


async def _waiting(service: Service) -> list[str]:
    if not service.live.snapshot.is_read:  # as long as nobody knows that the database answers, nobody is to hang on it
        return []
    try:
        return await whom_to_tell(service)
    except Exception:
        log.exception("what is to be told could not be read: it is told later")
        return []


async def _tell(service: Service, client: httpx.AsyncClient, delivery: Delivery) -> None:
    body = envelope(delivery.event)
    try:
        if delivery.webhook_id == BROKER and service.broker is not None:
            await service.broker.publish(_type_of(delivery.event), delivery.event["event_id"], body)
        else:
            await _post(client, delivery, body, service.clock())
    except UntoldError as error:
        again = None if error.gone or delivery.attempts >= len(WAITS) else service.clock() + WAITS[delivery.attempts]
        log.warning("an event was not told", webhook_id=delivery.webhook_id, reason=str(error), again_at=again)
        await service.database.write(partial(not_told, delivery=delivery, error=str(error), due_at=again))
    else:
        await service.database.write(partial(told, delivery=delivery))


async def _post(client: httpx.AsyncClient, delivery: Delivery, body: bytes, now: datetime) -> None:
    """Return once the receiver has it. Raises `UntoldError`."""
    signed = headers(delivery.secret, delivery.event["event_id"], now, body)
    seconds = TIMEOUT.total_seconds()
    try:
        # In all: the client's own timeouts begin again with every byte of an answer, and what is told waits for all.
        async with (
            asyncio.timeout(seconds),
            client.stream("POST", delivery.url, content=body, headers=signed, timeout=seconds) as response,
        ):
            async for _ in response.aiter_raw():  # read to its end, the connection serves again
                pass
    except TimeoutError as error:
        raise UntoldError(f"did not answer within {seconds:g} seconds") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UntoldError(f"{type(error).__name__}: {error}") from error
    if not response.is_success:
        raise UntoldError(f"answered {response.status_code}", gone=response.status_code == httpx.codes.GONE)


def _type_of(event: Mapping[str, Any]) -> str:
    return f"smista.{event['kind']}"
