"""Shipments offered to several stores: the first to accept has it, or nobody does in time. Values in, values out.

The units of an offer are held at every store that has it, so that whoever accepts can have it.
"""

from dataclasses import replace
from datetime import datetime

from serving.database.order_log import OrderEvent
from serving.errors import ConflictError, TakenError
from serving.orders.change import Change, each, then
from serving.orders.events import By, told_offer
from serving.orders.records import OrderRecord, ShipmentRecord
from serving.orders.states import LIVE, ShipmentEvent, ShipmentState, tellable


def claim(order: OrderRecord, shipment: ShipmentRecord, by: By, occurred_at: datetime) -> Change:
    """Its location has what was offered; the others have nothing to do any more, and their units are free."""
    claimed = each(order, order, [shipment], ShipmentEvent.CLAIMED, by, occurred_at=occurred_at)
    others = order.others_open(shipment)
    told = replace(by, why=f"taken by {shipment.location_id}")
    return then(claimed, each(claimed.after, claimed.after, others, ShipmentEvent.WITHDRAWN, told))


def lapse(order: OrderRecord, offer_id: str, by: By) -> Change:
    """Nobody accepted in time: the units wait again. Nothing changes where somebody did meanwhile."""
    offered = [
        shipment
        for shipment in order.shipments
        if shipment.offer_id == offer_id and shipment.state is ShipmentState.OFFERED
    ]
    if not offered:
        return Change(order, order)
    lapsed = each(order, order, offered, ShipmentEvent.LAPSED, by)
    event = OrderEvent(order.order_id, "offer.lapsed", by.at, by.who, told_offer(offer_id, offered), why=by.why)
    return replace(lapsed, events=(*lapsed.events, event))


def too_late(order: OrderRecord, shipment: ShipmentRecord) -> ConflictError:
    """What a location is told of something that cannot happen to its shipment any more."""
    of_offer = [known for known in order.shipments if known.offer_id is not None]
    taken = next(
        (
            known
            for known in of_offer
            if known.offer_id == shipment.offer_id and known.state in LIVE and known.state is not ShipmentState.OFFERED
        ),
        None,
    )
    if shipment.state is ShipmentState.WITHDRAWN and taken is not None:
        return TakenError(f"Shipment {shipment.shipment_id!r} was already taken by {taken.location_id}")
    can = ", ".join(tellable(shipment.state, fetched=order.is_fetched(shipment))) or "nothing more"
    return ConflictError(f"Shipment {shipment.shipment_id!r} is {shipment.state}: what can be told of it is {can}")
