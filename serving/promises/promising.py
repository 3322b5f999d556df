"""Promises as the service makes them: which ways of delivery there are, and a date for each, on what it knows now."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import numpy as np

from decision.candidates.candidates import COLLECT, FROM_THE_SHELF
from decision.candidates.inbound import arrivals, with_arrived
from decision.decide import ruleset_of
from decision.explanation.tell_promise import tell_not_promised, tell_promise
from decision.network import Network
from decision.order import Order
from decision.predictor import Predictor
from decision.promise import NotPromised, Promise
from decision.promises.awaited import PlanAwaited, SlowestAwaited
from decision.promises.promising import Asking
from decision.rules.document import DELIVERY_METHODS
from serving.decisions.deciding import require_currency
from serving.decisions.ordering import address_of, to_order
from serving.errors import FieldError, UnknownReferenceError, not_fed
from serving.promises.in_time import Basis, UntilThen, not_promised
from serving.service import Service
from serving.state.snapshot import Snapshot
from serving.wire.order import DestinationBody, LineBody, OrderBody
from serving.wire.promise import HoldBody, PromiseBody, PromiseLineBody, Promises, Told, ranked
from serving.wire.promise_list import PromisedItem, PromiseList, PromiseListBody, WrongItem
from serving.wire.promise_token import promised, token_of

#: So many of the nearest locations are looked at for stores that have what is asked for.
NEAREST: Final = 60


def make_promises(service: Service, body: PromiseBody, snapshot: Snapshot) -> Promises:
    """Return a date, or why there is none, for each way of delivery that ``body`` asks for.

    When the time there is has passed, the ways that are left are answered as `not_in_time`. What is not as it should
    be makes dates later, and is told. Raises `UnknownReferenceError` naming skus and stores that nobody has fed, and
    `InvalidRequestError` where costs are predicted in another currency.
    """
    unknown = [place for place in body.collect_location_ids if place not in snapshot.positions]
    if unknown:
        message = not_fed("location", unknown[0])
        raise UnknownReferenceError(message, [FieldError("collect_location_ids", message)])
    now = service.clock()
    basket = to_order(_as_order(body, body.lines, now), snapshot)
    basis = _basis(service, body.currency, snapshot, now)
    making = UntilThen(basis, service.settings.promise_milliseconds)
    names = dict(zip(snapshot.network.locations["location_id"], snapshot.network.locations["name"], strict=True))
    found: list[Told] = []
    none: list[NotPromised] = []
    wanted = body.hold or HoldBody()
    # The way that is to be held is looked at while there is time; then each method, before its next store.
    told_in = sorted(_ways(body, snapshot, basket, now), key=lambda one: (not wanted.wants(one[1]), one[0]))
    ways = [way for _, way in told_in]
    made = iter(making.promises([way for way in ways if isinstance(way, Order)]))
    for way in ways:
        told = way if isinstance(way, NotPromised) else next(made)
        if isinstance(told, NotPromised):
            none.append(tell_not_promised(told, names, body.language))
        elif isinstance(way, Order):
            token = token_of(promised(told, way, snapshot.network))
            found.append(Told(tell_promise(told, body.currency, names, body.language, now), token))
    bundle = basis.asking.predictor.version
    return Promises(now, body.currency, bundle, ranked(found), none, making.degraded, making.complete)


def make_promise_list(service: Service, body: PromiseListBody, snapshot: Snapshot) -> PromiseList:
    """Return, for each item by itself, its dates at home and in the nearest store that has it; wrong items have none.

    Items for which there was no time are answered as `not_in_time`. Raises `InvalidRequestError` where costs are
    predicted in another currency.
    """
    now = service.clock()
    making = UntilThen(_basis(service, body.currency, snapshot, now), service.settings.promise_bulk_milliseconds)
    near = _stores_near(snapshot.network, body.destination)
    ways = [_ways_of_item(body, item, near, snapshot, now) for item in body.items]
    told = iter(making.promises([way for of_item in ways for way in of_item]))
    items = [
        _item(item, snapshot, [next(told) for _ in of_item]) for item, of_item in zip(body.items, ways, strict=True)
    ]
    return PromiseList(now, body.currency, items, making.degraded, making.complete)


def _ways_of_item(
    body: PromiseListBody, item: PromiseLineBody | WrongItem, near: Sequence[int], snapshot: Snapshot, now: datetime
) -> list[Order]:
    """Return one item as an order by each level home, and of the nearest store that has it; of a wrong item none."""
    if isinstance(item, WrongItem) or item.sku not in snapshot.products:
        return []
    order = to_order(_as_order(body, [item], now), snapshot)
    nearest = islice(_with_all(near, snapshot.network, order), 1)
    return [
        *(replace(order, service_level=level) for level in _levels(snapshot.network)),
        *(_collected(order, "click_and_collect", place, snapshot) for place in _ids(nearest, snapshot.network)),
    ]


def _item(item: PromiseLineBody | WrongItem, snapshot: Snapshot, told: Sequence[Promise | NotPromised]) -> PromisedItem:
    if isinstance(item, WrongItem):
        return PromisedItem(item.sku, item.quantity, cause="invalid", reason=item.reason)
    if item.sku not in snapshot.products:
        return PromisedItem(item.sku, item.quantity, cause="unknown_sku", reason=not_fed("sku", item.sku))
    dates = [one for one in told if isinstance(one, Promise)]
    home = [one for one in dates if one.delivery_method == "home"]
    none = [one.cause for one in told if isinstance(one, NotPromised) and one.delivery_method == "home"]
    return PromisedItem(
        item.sku,
        item.quantity,
        earliest=min(home, key=lambda one: (one.promised_at, *_by_fee(one)), default=None),
        cheapest=min(home, key=_by_fee, default=None),
        collect=next((one for one in dates if one.delivery_method != "home"), None),
        cause=None if home else (none or ["no_plan"])[0],
    )


def _by_fee(one: Promise) -> tuple[bool, float, float, datetime]:
    """A fee that nobody tells is not the lowest."""
    return one.fee is None, one.fee or 0.0, one.cost, one.promised_at


def _basis(service: Service, currency: str, snapshot: Snapshot, now: datetime) -> Basis:
    live, settings = service.live, service.settings
    served = live.predictor  # taken once: it learns
    require_currency(served or live.lanes, currency)
    degraded = []
    if (now - live.refreshed_at).total_seconds() > settings.state_seconds:
        degraded.append("state_old")
    predictor: Predictor = live.lanes
    if served is None:
        degraded.append("no_bundle")
    elif settings.bundle_days is not None and now - served.as_of > timedelta(days=settings.bundle_days):
        degraded.append("bundle_old")
    else:
        predictor = served
    valid_for = timedelta(minutes=settings.promise_valid_minutes)
    cautious = Asking(snapshot.network, snapshot.rulesets, live.lanes, now, valid_for, SlowestAwaited, days_later=1)
    if predictor is live.lanes:
        return Basis(cautious, cautious, degraded)
    asking = replace(cautious, predictor=predictor, awaited=PlanAwaited, days_later=1 if degraded else 0)
    return Basis(asking, cautious, degraded)


def _as_order(body: PromiseBody | PromiseListBody, lines: Iterable[PromiseLineBody], now: datetime) -> OrderBody:
    """The lines as an order sent home."""
    return OrderBody.model_construct(
        order_id="",
        placed_at=now,
        currency=body.currency,
        delivery_method="home",
        destination=body.destination,
        lines=[
            LineBody.model_construct(line_id=str(at), **line.__dict__, tags=[], attributes={})
            for at, line in enumerate(lines, start=1)
        ],
        channel=body.channel,
        payment_method=body.payment_method,
        customer_id=body.customer_id,
        customer_tier=body.customer_tier,
        tags=body.tags,
        attributes=body.attributes,
        open_shipments=[],
        promised_at=None,
        promise=None,
        collect_location_id=None,
        service_level=None,
    )


def _ways(
    body: PromiseBody, snapshot: Snapshot, home: Order, now: datetime
) -> Iterator[tuple[int, Order | NotPromised]]:
    """Yield the basket as an order by each way of delivery, and how many stores the method has before it.

    Of a method that has no way, why.
    """
    network = snapshot.network
    stores = _stores_near(network, body.destination)
    for method in dict.fromkeys(body.methods or DELIVERY_METHODS):
        order = replace(home, delivery_method=method)
        if method == "home":
            levels = _levels(network)
            yield from ((0, replace(home, service_level=level)) for level in levels)
            if not levels:
                yield 0, not_promised(order, "nothing_travels")
            continue
        shelf = method in FROM_THE_SHELF and _from_its_store(order, snapshot, now)
        near = islice(_with_all_soonest(stores, network, home, now) if shelf else stores, body.stores)
        places = list(dict.fromkeys([*body.collect_location_ids, *_ids(near, network)]))
        yield from ((at, _collected(home, method, place, snapshot)) for at, place in enumerate(places))
        if not places:
            yield 0, not_promised(order, _without_store(body, stores))


def _without_store(body: PromiseBody, near: Sequence[int]) -> str:
    """Return why there is no store to collect in."""
    if not body.stores:
        return "no_store_asked"
    if body.destination.latitude is None or body.destination.longitude is None:
        return "no_coordinates"
    return "no_store_has_it" if near else "no_location_near"


def _from_its_store(order: Order, snapshot: Snapshot, now: datetime) -> bool:
    """Whether the ruleset wants what is collected to lie in its store."""
    if all(ruleset.collect_from == "store" for ruleset in snapshot.rulesets):
        return True
    applies = ruleset_of(order, snapshot.network, snapshot.rulesets, now)
    return applies is None or applies.collect_from == "store"


def _ids(places: Iterable[int], network: Network) -> list[str]:
    return [str(network.locations["location_id"][at]) for at in places]


def _levels(network: Network) -> Sequence[str]:
    return list(dict.fromkeys(level for level in network.services["level"].tolist() if level != COLLECT))


def _collected(home: Order, method: str, location_id: str, snapshot: Snapshot) -> Order:
    destination = address_of(location_id, snapshot)
    return replace(home, delivery_method=method, collect_location_id=location_id, destination=destination)


def _stores_near(network: Network, to: DestinationBody) -> list[int]:
    """Return the positions of the nearest stores, nearest first."""
    if to.latitude is None or to.longitude is None:
        return []
    types = network.locations["location_type"]
    return [at for at in network.locations_near(to.latitude, to.longitude, NEAREST).tolist() if types[at] == "store"]


def _with_all(near: Iterable[int], network: Network, order: Order) -> Iterator[int]:
    """Yield those that have all that is asked for."""
    wanted = Counter[str]()
    for line in order.lines:
        wanted[line.sku] += line.quantity
    return (at for at in near if all(_has(network, sku, units, at) for sku, units in wanted.items()))


def _with_all_soonest(near: Sequence[int], network: Network, order: Order, now: datetime) -> Iterator[int]:
    """Yield those that have all that is asked for; where none has, those that will once all that is on its way came."""
    found = None
    for found in _with_all(near, network, order):
        yield found
    coming = [] if found is not None else list(arrivals(network, order, now))
    if coming:
        yield from _with_all(near, with_arrived(network, order, now, coming[-1]), order)


def _has(network: Network, sku: str, units: int, location: int) -> bool:
    stock = network.stock.get(sku)
    if stock is None:
        return False
    at = int(np.searchsorted(stock.location, location))
    if at == len(stock.location) or stock.location[at] != location:
        return False
    return bool(stock.on_hand[at] - stock.reserved[at] - stock.safety_stock[at] >= units)
