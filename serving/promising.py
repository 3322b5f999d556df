"""Promises as the service makes them: which ways of delivery there are, and a date for each, on what it knows now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

import numpy as np
import structlog

from decision.awaited import the_plan, the_slowest
from decision.candidates import COLLECT, FROM_THE_SHELF
from decision.network import Network
from decision.order import Order
from decision.predictor import Predictor
from decision.promise import NotPromised, Promise
from decision.promising import Asking, promise
from decision.ruleset_document import DELIVERY_METHODS
from serving.deciding import require_currency
from serving.ordering import address_of, to_order
from serving.service import Service
from serving.snapshot import Snapshot
from serving.wire.order import LineBody, OrderBody
from serving.wire.promise import PromiseBody, Promises

log = structlog.get_logger()

#: So many of the nearest locations are looked at for stores that have what is asked for.
NEAREST: Final = 60


def make_promises(service: Service, body: PromiseBody, snapshot: Snapshot) -> Promises:
    """Return a date, or why there is none, for each way of delivery that ``body`` asks for.

    When the time there is has passed, the ways that are left are answered as `not_in_time`. What is not as it should
    be makes dates later, and is told. Raises `UnknownReferenceError` naming skus and stores that nobody has fed, and
    `InvalidRequestError` where costs are predicted in another currency.
    """
    now = service.clock()
    ends = perf_counter() + service.settings.promise_milliseconds / 1000
    basis = _basis(service, body.currency, snapshot, now)
    degraded = list(basis.degraded)
    found: list[Promise] = []
    none: list[NotPromised] = []
    complete = True
    for order in _ways(body, snapshot, to_order(_as_order(body, service), snapshot)):
        if perf_counter() > ends:
            complete = False
            told: Promise | NotPromised = _not_in_time(order)
        else:
            told, failed = _told(order, basis)
            degraded += ["error"] if failed and "error" not in degraded else []
        if isinstance(told, Promise):
            found.append(told)
        else:
            none.append(told)
    return Promises(now, body.currency, basis.asking.predictor.version, found, none, degraded, complete=complete)


@dataclass(frozen=True)
class _Basis:
    """What promises are made from, what they are made from when that fails, and what is not as it should be."""

    asking: Asking
    cautious: Asking
    degraded: Sequence[str]


def _basis(service: Service, currency: str, snapshot: Snapshot, now: datetime) -> _Basis:
    live, settings = service.live, service.settings
    degraded = []
    age = (now - live.refreshed_at).total_seconds()
    if age > settings.state_seconds:
        degraded.append("state_old")
    predictor: Predictor = live.lanes
    if live.predictor is None:
        degraded.append("no_bundle")
    elif settings.bundle_days is not None and now - live.predictor.as_of > timedelta(days=settings.bundle_days):
        degraded.append("bundle_old")
    else:
        predictor = live.predictor
    require_currency(live.predictor or live.lanes, currency)
    valid_for = timedelta(minutes=settings.promise_valid_minutes)
    later = 1 if "state_old" in degraded else 0
    cautious = Asking(snapshot.network, snapshot.rulesets, live.lanes, now, valid_for, the_slowest, later)
    if predictor is live.lanes:
        return _Basis(cautious, cautious, degraded)
    return _Basis(replace(cautious, predictor=predictor, awaited=the_plan), cautious, degraded)


def _told(order: Order, basis: _Basis) -> tuple[Promise | NotPromised, bool]:
    """Return the promise, and whether making it failed.

    Catching everything is right here and nowhere else: a checkout without a date loses the sale, whatever the cause.
    It is logged with its trace, told in the answer, and the date is later for it.
    """
    for at, asking in enumerate((basis.asking, basis.cautious)):
        try:
            return promise(order, asking), at > 0
        except Exception:
            log.exception("a promise failed", delivery_method=order.delivery_method, service_level=order.service_level)
    return NotPromised(order.delivery_method, order.service_level, order.collect_location_id, "error"), True


def _as_order(body: PromiseBody, service: Service) -> OrderBody:
    """The basket as an order sent home."""
    return OrderBody.model_construct(
        order_id="",
        placed_at=service.clock(),
        currency=body.currency,
        delivery_method="home",
        destination=body.destination,
        lines=[
            LineBody.model_construct(line_id=str(at), **line.__dict__, tags=[], attributes={})
            for at, line in enumerate(body.lines, start=1)
        ],
        channel=body.channel,
        payment_method=body.payment_method,
        customer_id=body.customer_id,
        customer_tier=body.customer_tier,
        tags=body.tags,
        attributes=body.attributes,
        open_shipments=[],
        promised_at=None,
        collect_location_id=None,
        service_level=None,
    )


def _ways(body: PromiseBody, snapshot: Snapshot, home: Order) -> Iterator[Order]:
    """Yield the basket as an order by each way of delivery."""
    methods = body.methods or DELIVERY_METHODS
    network = snapshot.network
    if "home" in methods:
        levels = dict.fromkeys(level for level in network.services["level"].tolist() if level != COLLECT)
        yield from (replace(home, service_level=level) for level in levels)
    for method in methods:
        if method != "home":
            for location_id in _stores(body, network, home, shelf=method in FROM_THE_SHELF):
                yield replace(
                    home,
                    delivery_method=method,
                    collect_location_id=location_id,
                    destination=address_of(location_id, snapshot),
                )


def _stores(body: PromiseBody, network: Network, order: Order, *, shelf: bool) -> list[str]:
    """Return the stores to collect in: those that were named, and the nearest; from the shelf, those that have all."""
    to = order.destination
    ids, types = network.locations["location_id"], network.locations["location_type"]
    near = []
    if body.stores and to.latitude is not None and to.longitude is not None:
        near = [
            at for at in network.locations_near(to.latitude, to.longitude, NEAREST).tolist() if types[at] == "store"
        ]
    if shelf:
        near = [at for at in near if all(_has(network, line.sku, at) for line in order.lines)]
    return list(dict.fromkeys([*body.collect_location_ids, *(str(ids[at]) for at in near[: body.stores])]))


def _has(network: Network, sku: str, location: int) -> bool:
    stock = network.stock.get(sku)
    if stock is None:
        return False
    at = int(np.searchsorted(stock.location, location))
    return at < len(stock.location) and stock.location[at] == location and stock.on_hand[at] > stock.reserved[at]


def _not_in_time(order: Order) -> NotPromised:
    return NotPromised(order.delivery_method, order.service_level, order.collect_location_id, "not_in_time")
