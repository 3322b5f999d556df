"""What happens by itself: reservations end, shipments that nobody accepts go elsewhere, orders that wait are tried."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection, select

from serving.database.order_tables import orders, shipments
from serving.orders.changes import Change, expire, happened
from serving.orders.events import By
from serving.orders.records import OrderRecord
from serving.orders.routing import may_route, route_order, route_waiting
from serving.orders.states import OrderState, ShipmentEvent, ShipmentState
from serving.orders.writing import change_order
from serving.service import Service

_WHO = "smista"


async def sweep(service: Service) -> None:
    """Do whatever is due now. Safe at any time, and in several processes at once: each step looks again, locked."""
    by = By(_WHO, service.clock(), "not confirmed in time")
    for order_id in await service.database.read(partial(_ended, by=by)):
        doing = partial(expire, by=by)
        await service.database.write(partial(change_order, order_id=order_id, doing=doing, by=by))
    await _take_from_silent_locations(service)
    await route_waiting(service)


async def _take_from_silent_locations(service: Service) -> None:
    minutes = service.settings.accept_within_minutes
    if minutes is None:
        return
    by = By(_WHO, service.clock(), f"not accepted within {minutes:g} minutes")
    silent = await service.database.read(partial(_silent, by=by, minutes=minutes))
    for order_id, shipment_id in silent:

        def doing(order: OrderRecord, shipment_id: str = shipment_id) -> Change:
            state = {shipment.shipment_id: shipment.state for shipment in order.shipments}[shipment_id]
            if state is not ShipmentState.ASSIGNED:
                return Change(order, order)  # it was accepted meanwhile
            return happened(order, shipment_id, ShipmentEvent.REJECTED, by, occurred_at=by.at)

        change = await service.database.write(partial(change_order, order_id=order_id, doing=doing, by=by))
        if may_route(change.after):
            await route_order(service, order_id, by.why or "")


def _ended(connection: Connection, by: By) -> Sequence[str]:
    statement = select(orders.c.order_id).where(orders.c.state == OrderState.RESERVED, orders.c.expires_at <= by.at)
    return list(connection.execute(statement.order_by(orders.c.order_id)).scalars())


def _silent(connection: Connection, by: By, minutes: float) -> Sequence[tuple[str, str]]:
    since = by.at - timedelta(minutes=minutes)
    statement = select(shipments.c.order_id, shipments.c.shipment_id).where(
        shipments.c.state == ShipmentState.ASSIGNED, shipments.c.changed_at <= since
    )
    return [(row.order_id, row.shipment_id) for row in connection.execute(statement.order_by(shipments.c.shipment_id))]
