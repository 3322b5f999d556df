"""Holding the units of a promise while the customer pays: an order, reserved while it would be decided as promised."""

import asyncio
from dataclasses import replace

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError

from serving.database.idempotency import Attempt, answered_before
from serving.errors import NotReadyError, OutOfStockError, ServingError
from serving.orders.placing import Placing, place
from serving.service import Service
from serving.wire.placing import NewOrderBody, order_bytes
from serving.wire.promise import HoldBody, PromiseBody, Promises, Told, promises_bytes

log = structlog.get_logger()


async def hold(service: Service, body: PromiseBody, wanted: HoldBody, promises: Promises, attempt: Attempt) -> bytes:
    """Return ``promises`` with the order that holds the first of them that is ``wanted``, or without, and why.

    Where the database takes too long, what it still does holds the units until the promise ends: sent again with the
    same key, the request is answered with them.

    Raises `OrderExistsError` where an order of that name was placed before, and `IdempotencyConflictError`.
    """
    if not service.live.snapshot.is_read:
        return _without(promises, "the database does not answer")
    try:
        async with asyncio.timeout(service.settings.hold_seconds):
            return await _held(service, body, wanted, promises, attempt)
    except OutOfStockError:
        return _without(promises, "the stock has gone meanwhile")
    except NotReadyError:
        return _without(promises, "no bundle is in service")
    except ServingError:
        raise
    except (SQLAlchemyError, TimeoutError):
        log.exception("nothing could be held")
        return _without(promises, "the database does not answer")
    except Exception:  # as for the dates: a checkout without an answer loses the sale, whatever the cause
        log.exception("nothing could be held")
        return _without(promises, "something went wrong")


async def _held(service: Service, body: PromiseBody, wanted: HoldBody, promises: Promises, attempt: Attempt) -> bytes:
    before = await answered_before(service.database, attempt)
    if before is not None:
        return before.body
    chosen = next(((rank, told) for rank, told in enumerate(promises.found, 1) if wanted.wants(told.promise)), None)
    if chosen is None:
        return _without(promises, "no such promise")
    rank, told = chosen
    if told.promise.waits_until is not None:
        return _without(promises, "its stock has yet to come")
    content = _order(body, wanted.order_id or attempt.key, told, promises)
    placing = Placing(
        NewOrderBody.model_validate_json(content),
        content,
        attempt.client,
        attempt,
        told.promise.kept_until,
        lambda order: promises_bytes(promises, (rank, order_bytes(order))),
    )
    return (await place(service, placing, backorder=False)).body


def _without(promises: Promises, why: str) -> bytes:
    return promises_bytes(replace(promises, degraded=[*promises.degraded, f"hold: {why}"]))


def _order(body: PromiseBody, order_id: str, told: Told, promises: Promises) -> bytes:
    """The basket as an order that brings its promise."""
    asked = body.model_dump(mode="json", exclude={"methods", "stores", "collect_location_ids", "hold", "lines"})
    lines = [{"line_id": str(at), **line.model_dump(mode="json")} for at, line in enumerate(body.lines, start=1)]
    return orjson.dumps(
        {
            **asked,
            "order_id": order_id,
            "placed_at": promises.asked_at,
            "delivery_method": told.promise.delivery_method,
            "collect_location_id": told.promise.collect_location_id,
            "lines": lines,
            "promise": told.token,
            "expires_at": told.promise.kept_until,
        },
        option=orjson.OPT_UTC_Z,
    )
