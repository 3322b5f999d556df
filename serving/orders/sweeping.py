"""What happens by itself: reservations end, offers lapse, shipments that nobody accepts go elsewhere, orders that wait
are tried."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from sqlalchemy import Connection, select

from serving.database.order_store import find_shipments
from serving.database.order_tables import orders, shipments
from serving.orders.alone import alone
from serving.orders.change import Change
from serving.orders.changes import expire
from serving.orders.claiming import lapse
from serving.orders.events import WHO, By
from serving.orders.happening import happened
from serving.orders.patience import accept_until, offered_until
from serving.orders.records import OrderRecord, ShipmentRecord
from serving.orders.routing import may_route, route_again, route_order, route_waiting
from serving.orders.states import OrderState, ShipmentEvent, ShipmentState
from serving.orders.watching import watch
from serving.orders.writing import Doing, change_order
from serving.service import Service


async def sweep(service: Service) -> None:
    """Do whatever is due now. Safe at any time, and in several processes at once: each step looks again, locked."""
    by = By(WHO, service.clock(), "not confirmed in time")
    for order_id in await service.database.read(partial(_ended, by=by)):
        doing = partial(expire, by=by)
        with alone(order_id):
            await service.database.write(partial(change_order, order_id=order_id, doing=doing, by=by))
    await _let_offers_lapse(service)
    await _take_from_silent_locations(service)
    await route_waiting(service)
    await route_again(service)
    await watch(service)


async def _let_offers_lapse(service: Service) -> None:
    """An offer that nobody accepted ends, once every store that has it was open long enough."""
    offered = await service.database.read(partial(_in_state, state=ShipmentState.OFFERED, since=service.clock()))
    by_offer = sorted(offered, key=lambda shipment: shipment.offer_id or "")
    for offer_id, members in groupby(by_offer, key=lambda shipment: shipment.offer_id or ""):
        of_offer = list(members)
        if offered_until(service.live.snapshot, of_offer) > service.clock():
            continue
        by = By(WHO, service.clock(), f"nobody accepted within {of_offer[0].offer_minutes:g} minutes")
        await _change_and_route(service, of_offer[0].order_id, partial(lapse, offer_id=offer_id, by=by), by)


async def _take_from_silent_locations(service: Service) -> None:
    minutes = service.settings.accept_within_minutes
    if minutes is None:
        return
    by = By(WHO, service.clock(), f"not accepted within {minutes:g} minutes")
    since = by.at - timedelta(minutes=minutes)  # opening hours pass no faster than those of the clock
    silent = await service.database.read(partial(_in_state, state=ShipmentState.ASSIGNED, since=since))
    for shipment in silent:
        if accept_until(service.live.snapshot, shipment.location_id, shipment.changed_at, minutes) > by.at:
            continue

        def doing(order: OrderRecord, shipment_id: str = shipment.shipment_id) -> Change:
            if order.shipment(shipment_id).state is not ShipmentState.ASSIGNED:
                return Change(order, order)  # it was accepted meanwhile
            return happened(order, shipment_id, ShipmentEvent.REJECTED, by, occurred_at=by.at)

        await _change_and_route(service, shipment.order_id, doing, by)


async def _change_and_route(service: Service, order_id: str, doing: Doing, by: By) -> None:
    with alone(order_id):
        change = await service.database.write(partial(change_order, order_id=order_id, doing=doing, by=by))
        if may_route(change.after):
            await route_order(service, order_id, by.why or "")


def _ended(connection: Connection, by: By) -> Sequence[str]:
    statement = select(orders.c.order_id).where(orders.c.state == OrderState.RESERVED, orders.c.expires_at <= by.at)
    return list(connection.execute(statement.order_by(orders.c.order_id)).scalars())


def _in_state(connection: Connection, state: ShipmentState, since: datetime) -> Sequence[ShipmentRecord]:
    """The shipments in ``state`` that were brought there, or changed last, at ``since`` or before."""
    return find_shipments(
        connection, select(shipments).where(shipments.c.state == state, shipments.c.changed_at <= since)
    )
