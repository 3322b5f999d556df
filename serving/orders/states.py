"""The states of orders and shipments, and which event leads where. Values in, values out."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final


class OrderState(StrEnum):
    """``reserved``: units are held, or wait, and are let go at a set time unless the order is confirmed. ``offered``:
    some units are offered to several stores, none of which has accepted yet. ``backordered``: some wait for stock.
    """

    RESERVED = "reserved"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    BACKORDERED = "backordered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ShipmentState(StrEnum):
    """Where a shipment is on its way. ``offered``: other stores have the same one on offer, and the first to accept has
    it. ``short``: the location found nothing of it. ``lapsed``: it did not accept in time, nor did another."""

    RESERVED = "reserved"
    OFFERED = "offered"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    PICKED = "picked"
    READY = "ready"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    COLLECTED = "collected"
    REJECTED = "rejected"
    SHORT = "short"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    LAPSED = "lapsed"


class ShipmentEvent(StrEnum):
    """What happens to a shipment. The location says most of them; those of `OWN` are the order's own. What is accepted
    while it is offered is ``claimed``."""

    CONFIRMED = "confirmed"
    OFFERED = "offered"
    CLAIMED = "claimed"
    LAPSED = "lapsed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PICKED = "picked"
    SHORT_PICKED = "short_picked"
    READY = "ready"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    COLLECTED = "collected"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


_S, _E = ShipmentState, ShipmentEvent
#: Events that no location tells.
OWN: Final = frozenset({_E.CONFIRMED, _E.OFFERED, _E.CLAIMED, _E.LAPSED, _E.WITHDRAWN, _E.EXPIRED})
#: Several shipments may stand for the same units, which all of them hold: one at most becomes work.
OPEN: Final = (_S.RESERVED, _S.OFFERED)
#: What a location still has to do something for, its units held.
AT_LOCATION: Final = (_S.ASSIGNED, _S.ACCEPTED, _S.PICKED, _S.READY)
#: Units are held for these.
HOLDING: Final = (*OPEN, *AT_LOCATION)
#: The customer has it.
ARRIVED: Final = (_S.DELIVERED, _S.COLLECTED)
GONE: Final = (_S.HANDED_OVER, *ARRIVED)
#: The location could not, or would not: the lines never go back to it.
FAILED: Final = (_S.REJECTED, _S.SHORT, _S.CANCELLED, _S.LAPSED)
#: Supplies its lines, or will.
LIVE: Final = (*HOLDING, *GONE)

# Small stores do not tell every step: a later one implies those before it.
_LEADS: Final = {
    _E.CONFIRMED: (_S.ASSIGNED, (_S.RESERVED,)),
    _E.OFFERED: (_S.OFFERED, (_S.RESERVED,)),
    _E.CLAIMED: (_S.ACCEPTED, (_S.OFFERED,)),
    _E.LAPSED: (_S.LAPSED, (_S.OFFERED,)),
    _E.ACCEPTED: (_S.ACCEPTED, (_S.ASSIGNED, _S.OFFERED)),
    _E.REJECTED: (_S.REJECTED, (_S.OFFERED, _S.ASSIGNED, _S.ACCEPTED)),
    _E.PICKED: (_S.PICKED, (_S.ASSIGNED, _S.ACCEPTED)),
    _E.SHORT_PICKED: (_S.PICKED, (_S.ASSIGNED, _S.ACCEPTED, _S.PICKED)),
    _E.READY: (_S.READY, (_S.ASSIGNED, _S.ACCEPTED, _S.PICKED)),
    _E.HANDED_OVER: (_S.HANDED_OVER, AT_LOCATION),
    _E.DELIVERED: (_S.DELIVERED, (_S.HANDED_OVER,)),
    _E.COLLECTED: (_S.COLLECTED, (*AT_LOCATION, _S.HANDED_OVER)),
    _E.CANCELLED: (_S.CANCELLED, AT_LOCATION),
    _E.WITHDRAWN: (_S.WITHDRAWN, HOLDING),
    _E.EXPIRED: (_S.EXPIRED, (_S.RESERVED,)),
}


def after(state: ShipmentState, event: ShipmentEvent, *, fetched: bool) -> ShipmentState | None:
    """The state that ``event`` leads to from ``state``; ``None`` where it cannot happen. ``fetched``: as in `possible`.

    An event told twice leads to where it led before.
    """
    leads_to, _ = _LEADS[event]
    if event in possible(state, fetched=fetched):
        return leads_to
    return state if state is leads_to and event is not _E.SHORT_PICKED else None


def possible(state: ShipmentState, *, fetched: bool) -> tuple[ShipmentEvent, ...]:
    """What can happen to a shipment in ``state``. ``fetched``: whether the customer comes for it to its location.

    Nobody collects at its location what is sent elsewhere; once it is under way it may be, from the carrier or in the
    store that it was sent to.
    """
    never = {_E.COLLECTED} if state in AT_LOCATION and not fetched else set()
    return tuple(event for event, (_, possible_in) in _LEADS.items() if state in possible_in and event not in never)


def tellable(state: ShipmentState, *, fetched: bool) -> tuple[ShipmentEvent, ...]:
    """What a location can tell of a shipment in ``state``. ``fetched``: as in `possible`."""
    return tuple(event for event in possible(state, fetched=fetched) if event not in OWN)


def order_state(shipments: Collection[ShipmentState], waiting: int, *, confirmed: bool) -> OrderState:
    """The state of an order whose shipments are in these states while ``waiting`` units wait for a location."""
    live = [state for state in shipments if state in LIVE]
    if _S.RESERVED in live or (waiting and not confirmed):
        return OrderState.RESERVED
    if waiting:
        return OrderState.BACKORDERED
    if _S.OFFERED in live:
        return OrderState.OFFERED
    if not live:
        return OrderState.EXPIRED if _S.EXPIRED in shipments else OrderState.CANCELLED
    if all(state in ARRIVED for state in live):
        return OrderState.COMPLETED
    return OrderState.ASSIGNED
