"""Webhooks, and what each is still to be told. The broker is told like one, under the name `BROKER`."""

import base64
import secrets
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from serving.database.inserting import insert_into
from serving.database.locks import lock_deliveries
from serving.database.order_tables import deliveries, order_events, webhooks

#: ``webhook_id`` of the broker.
BROKER: Final = "broker"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are sent. ``kinds``: those that are wanted; none: all.

    ``location_ids``: only events of shipments at these locations; none: of all, and those of orders.
    """

    webhook_id: str
    url: str
    secret: str
    kinds: tuple[str, ...]
    created_at: datetime
    created_by: str
    location_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event that one webhook is to be told now."""

    webhook_id: str
    position: int
    url: str
    secret: str
    attempts: int
    event: Mapping[str, Any]


def add_webhook(
    connection: Connection,
    url: str,
    *,
    kinds: Collection[str],
    location_ids: Collection[str],
    who: str,
    now: datetime,
) -> Webhook:
    """Tell ``url`` of what happens from now on; its secret is made here."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    wanted = tuple(sorted(set(kinds))), tuple(sorted(set(location_ids)))
    webhook = Webhook(uuid.uuid4().hex, url, secret, wanted[0], now, who, wanted[1])
    connection.execute(insert(webhooks).values(_row_of(webhook)))
    return webhook


def tell_broker(connection: Connection, url: str, who: str, now: datetime) -> None:
    """Tell the broker at ``url`` (to be shown: without credentials) of everything from now on, if it is not told yet.

    Safe in several processes at once.
    """
    broker = insert_into(connection, webhooks).values(_row_of(Webhook(BROKER, url, "", (), now, who)))
    connection.execute(broker.on_conflict_do_update(index_elements=["webhook_id"], set_={"url": url}))


def remove_webhook(connection: Connection, webhook_id: str) -> bool:
    """Tell it no more, not even what waits; whether there was one."""
    connection.execute(delete(deliveries).where(deliveries.c.webhook_id == webhook_id))
    return bool(connection.execute(delete(webhooks).where(webhooks.c.webhook_id == webhook_id)).rowcount)


def list_webhooks(connection: Connection) -> list[dict[str, Any]]:
    """Every webhook without its secret, with how many events wait and how many were given up."""
    counted = {
        (row.webhook_id, bool(row.dead)): row.events
        for row in connection.execute(
            select(deliveries.c.webhook_id, deliveries.c.dead, func.count().label("events")).group_by(
                deliveries.c.webhook_id, deliveries.c.dead
            )
        )
    }
    return [
        {
            "webhook_id": row.webhook_id,
            "url": row.url,
            "kinds": orjson.loads(row.kinds),
            "location_ids": orjson.loads(row.location_ids),
            "created_at": row.created_at,
            "created_by": row.created_by,
            "waiting": counted.get((row.webhook_id, False), 0),
            "dead": counted.get((row.webhook_id, True), 0),
        }
        for row in connection.execute(select(webhooks).order_by(webhooks.c.created_at, webhooks.c.webhook_id))
    ]


def dead_letters(connection: Connection, webhook_id: str) -> list[dict[str, Any]]:
    """What the webhook could not be told, the oldest first."""
    rows = connection.execute(
        select(deliveries, order_events.c.event_id, order_events.c.kind)
        .join(order_events, order_events.c.position == deliveries.c.position)
        .where(deliveries.c.webhook_id == webhook_id, deliveries.c.dead)
        .order_by(deliveries.c.position)
        .limit(1_000)
    )
    names = ("event_id", "kind", "order_id", "attempts", "last_error")
    return [{name: getattr(row, name) for name in names} for row in rows]


def send_again(connection: Connection, webhook_id: str, now: datetime) -> int:
    """Let what was given up be tried again from now; return how many events that is."""
    statement = update(deliveries).where(deliveries.c.webhook_id == webhook_id, deliveries.c.dead)
    return connection.execute(statement.values(dead=False, attempts=0, due_at=now)).rowcount


def with_something_due(connection: Connection, now: datetime) -> list[str]:
    """The webhooks that are to be told something now, or once what somebody is telling them is told."""
    due = select(deliveries.c.position).where(
        deliveries.c.webhook_id == webhooks.c.webhook_id, ~deliveries.c.dead, deliveries.c.due_at <= now
    )
    statement = select(webhooks.c.webhook_id).where(due.exists()).order_by(webhooks.c.webhook_id)
    return list(connection.execute(statement).scalars())


def claim_due(connection: Connection, webhook_id: str, now: datetime, lease: timedelta, most: int) -> list[Delivery]:
    """What the webhook is to be told now: of each order only the first event that it has not been told yet.

    What is returned is nobody else's for ``lease``.
    """
    earlier = deliveries.alias()
    first = ~(
        select(earlier.c.position)
        .where(
            earlier.c.webhook_id == deliveries.c.webhook_id,
            earlier.c.order_id == deliveries.c.order_id,
            earlier.c.position < deliveries.c.position,
            ~earlier.c.dead,
        )
        .exists()
    )
    due = lock_deliveries(
        connection,
        select(deliveries, webhooks.c.url, webhooks.c.secret)
        .join(webhooks, webhooks.c.webhook_id == deliveries.c.webhook_id)
        .where(deliveries.c.webhook_id == webhook_id, ~deliveries.c.dead, deliveries.c.due_at <= now, first)
        .order_by(deliveries.c.position)
        .limit(most),
    )
    events = connection.execute(select(order_events).where(order_events.c.position.in_({row.position for row in due})))
    known = {event.position: dict(event._mapping) for event in events}
    for row in due:
        connection.execute(update(deliveries).where(*_of(row.webhook_id, row.position)).values(due_at=now + lease))
    return [
        Delivery(row.webhook_id, row.position, row.url, row.secret, row.attempts, known[row.position]) for row in due
    ]


def told(connection: Connection, delivery: Delivery) -> None:
    """The webhook has it."""
    connection.execute(delete(deliveries).where(*_of(delivery.webhook_id, delivery.position)))


def not_told(connection: Connection, delivery: Delivery, error: str, due_at: datetime | None) -> None:
    """The webhook has it not: try again at ``due_at``, or (``None``) give it up."""
    values: dict[str, Any] = {"attempts": delivery.attempts + 1, "last_error": error[:500], "dead": due_at is None}
    if due_at is not None:
        values["due_at"] = due_at
    connection.execute(update(deliveries).where(*_of(delivery.webhook_id, delivery.position)).values(values))


def _row_of(webhook: Webhook) -> dict[str, Any]:
    row = {name: getattr(webhook, name) for name in webhooks.columns.keys()}  # noqa: SIM118 (columns iterates columns)
    return {**row, **{name: orjson.dumps(row[name]).decode() for name in ("kinds", "location_ids")}}


def _of(webhook_id: str, position: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return deliveries.c.webhook_id == webhook_id, deliveries.c.position == position
