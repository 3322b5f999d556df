"""How sure an order's promise still is, and what is told once it is not sure enough."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

import orjson

from decision.calendars.tellable import next_tellable
from decision.promises.outlook import OnItsWay, all_there, on_time
from serving.database.order_log import OrderEvent
from serving.decisions.ordering import to_order
from serving.errors import ServingError
from serving.orders.assigning import CONFIDENCE, sure_enough
from serving.orders.change import Change
from serving.orders.events import By, told
from serving.orders.records import OrderRecord, ShipmentRecord
from serving.orders.states import ARRIVED, OrderState, ShipmentState
from serving.orders.writing import change_order
from serving.service import Service
from serving.state.snapshot import Snapshot
from serving.wire.placing import NewOrderBody

#: States of orders that are watched.
WATCHED: Final = (OrderState.OFFERED, OrderState.ASSIGNED, OrderState.BACKORDERED)


def on_its_way(order: OrderRecord) -> list[OnItsWay]:
    """The live shipments of an order, as far as it was told when they should be handed over.

    They went on when that happened, not when it was told. What its customer fetches is there once it is ready: how long
    it waits for him is not the promise's.
    """
    return [
        OnItsWay(
            shipment.assigned_at,
            shipment.expected_ready_at,
            shipment.expected_p50_at,
            shipment.expected_p90_at,
            _not_before(shipment, shipment.ready_at) if shipment.state is ShipmentState.HANDED_OVER else None,
            _there_at(shipment),
        )
        for shipment in _each_once(order)
        if shipment.expected_ready_at is not None
    ]


def _each_once(order: OrderRecord) -> list[ShipmentRecord]:
    """The live shipments; of those that stand for the same units, the slowest: it is not known yet who accepts."""
    chosen: dict[str, ShipmentRecord] = {}
    for shipment in order.live():
        slowest = max(order.alike(shipment), key=lambda known: (known.expected_p90_at, known.number))
        chosen[slowest.shipment_id] = slowest
    return list(chosen.values())


def _there_at(shipment: ShipmentRecord) -> datetime | None:
    if shipment.state in ARRIVED:
        return _not_before(shipment, shipment.outcome_at)
    fetchable = shipment.state is ShipmentState.READY  # of others it is not told when they were ready
    return shipment.ready_at if fetchable else None


def _not_before(shipment: ShipmentRecord, happened_at: datetime | None) -> datetime:
    """When it happened, by clocks that may be wrong; when it was told, where nothing else is known."""
    return max(happened_at or shipment.changed_at, shipment.assigned_at)


def how_sure(order: OrderRecord, promised_at: datetime, now: datetime) -> float:
    """The probability that all of it is there as promised: none where units wait for more than was promised to come."""
    return 0.0 if order.waiting and not _yet_to_come(order, now) else on_time(on_its_way(order), promised_at, now)


def _yet_to_come(order: OrderRecord, now: datetime) -> bool:
    """Whether it was promised to wait for stock that is still on its way."""
    until = None if order.promise is None else orjson.loads(order.promise)["waits_until"]
    return until is not None and now < datetime.fromisoformat(until)


def is_late(order: OrderRecord, sure: float, least: float) -> bool:
    """Whether a promise that is so ``sure`` is at risk: below ``least``, or as much less where less was promised."""
    return sure < least * sure_enough(order) / CONFIDENCE


async def tell_risk(service: Service, order: OrderRecord, who: str) -> None:
    """Tell, once, that an order is less sure of its promise than it may be, if it is; nothing else changes."""
    by, least = By(who, service.clock()), service.settings.at_risk_below
    if order.promised_at is None or not is_late(order, how_sure(order, order.promised_at, by.at), least):
        return
    doing = partial(_at_risk, snapshot=service.live.snapshot, least=least, by=by)
    await service.database.write(partial(change_order, order_id=order.order_id, doing=doing, by=by))


def _at_risk(order: OrderRecord, snapshot: Snapshot, least: float, by: By) -> Change:
    """Nothing but that it is told, with the date that the customer can be told instead."""
    if order.state not in WATCHED or order.at_risk_at is not None or order.promised_at is None:
        return Change(order, order)
    sure = how_sure(order, order.promised_at, by.at)
    if not is_late(order, sure, least):
        return Change(order, order)  # it was sent meanwhile
    after = replace(order, at_risk_at=by.at)
    because = replace(by, why=f"on time with {sure:.0%}")
    return Change(order, after, events=(risk_event(order, snapshot, because, sent_from_elsewhere=False),))


def risk_event(order: OrderRecord, snapshot: Snapshot, by: By, *, sent_from_elsewhere: bool) -> OrderEvent:
    """What is told of an order at risk, or that was."""
    # What waits for stock comes nobody knows when.
    there = None if order.waiting else all_there(on_its_way(order), CONFIDENCE, by.at)
    data = {
        **told(order),
        "promised_at": order.promised_at,
        "on_time": how_sure(order, order.promised_at or by.at, by.at),
        "new_promised_at": there and _tellable(order, order.live(), snapshot, there),
        "sent_from_elsewhere": sent_from_elsewhere,
    }
    return OrderEvent(order.order_id, "order.at_risk", by.at, by.who, data, why=by.why)


def _tellable(order: OrderRecord, coming: Iterable[ShipmentRecord], snapshot: Snapshot, there: datetime) -> datetime:
    try:
        asked = to_order(NewOrderBody.model_validate_json(order.request), snapshot)
    except ServingError:  # it names what the network has no more
        return there
    services = {shipment.carrier_service_id for shipment in coming if shipment.state not in ARRIVED}
    return next_tellable(asked, snapshot.network, services, there)
