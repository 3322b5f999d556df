"""The log of what happened to orders: append-only, and the outbox from which webhooks are told.

An event is written in the transaction that changes the order, together with a row for each webhook that is to be told
(`deliveries`): whoever sees the change can rely on it being told, and nothing is told that was rolled back.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select

from serving.database.order_tables import deliveries, order_events, webhooks


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """``kind``: what happened, such as ``shipment.accepted``. ``versions``: what shaped it, where a decision did.

    ``data`` of an event of a shipment has its ``location_id``.
    """

    order_id: str
    kind: str
    occurred_at: datetime
    who: str
    data: Mapping[str, Any]
    shipment_id: str | None = None
    why: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


def log_events(connection: Connection, events: Sequence[OrderEvent], now: datetime) -> None:
    """Keep ``events``, in their order, and who is to be told of them."""
    listening = connection.execute(select(webhooks.c.webhook_id, webhooks.c.kinds, webhooks.c.location_ids)).all()
    wanted = {who: (orjson.loads(kinds), orjson.loads(location_ids)) for who, kinds, location_ids in listening}
    for event in events:
        written = insert(order_events).values(
            event_id=uuid.uuid4().hex,
            order_id=event.order_id,
            shipment_id=event.shipment_id,
            kind=event.kind,
            occurred_at=event.occurred_at,
            recorded_at=now,
            who=event.who,
            why=event.why,
            versions=orjson.dumps(dict(event.versions)).decode(),
            data=orjson.dumps(dict(event.data), option=orjson.OPT_UTC_Z),
        )
        position = connection.execute(written.returning(order_events.c.position)).scalar_one()
        told = [
            {
                "webhook_id": webhook_id,
                "position": position,
                "order_id": event.order_id,
                "attempts": 0,
                "due_at": now,
                "dead": False,
                "last_error": None,
            }
            for webhook_id, (kinds, location_ids) in wanted.items()
            if _is_wanted(event, kinds, location_ids)
        ]
        if told:
            connection.execute(insert(deliveries), told)


def _is_wanted(event: OrderEvent, kinds: Collection[str], location_ids: Collection[str]) -> bool:
    """Whether the event is of one of ``kinds``, and of a shipment at one of ``location_ids``; none: any."""
    of_place = not location_ids or (event.shipment_id is not None and event.data["location_id"] in location_ids)
    return of_place and (not kinds or event.kind in kinds)


def events_of(connection: Connection, order_id: str) -> list[dict[str, Any]]:
    """What happened to an order, first to last."""
    rows = connection.execute(
        select(order_events).where(order_events.c.order_id == order_id).order_by(order_events.c.position)
    )
    names = ("event_id", "kind", "occurred_at", "recorded_at", "who", "why", "shipment_id")
    return [{**{name: getattr(row, name) for name in names}, "versions": orjson.loads(row.versions)} for row in rows]
