"""From the order that was sent to the order that is decided, with what the service knows of it."""

import math

from decision.order import Destination, Line, OpenShipment, Order
from decision.promised import Promised
from serving.errors import FieldError, InvalidRequestError, UnknownReferenceError, not_fed
from serving.state.snapshot import Snapshot
from serving.wire.order import OrderBody
from serving.wire.promise_token import read_token


def to_order(body: OrderBody, snapshot: Snapshot) -> Order:
    """Add what the products are, and where the collecting location is.

    Lines stand in the order of their ``line_id`` as text, as in the history the heads learnt from: what is told of the
    first of equal lines is then the same in both.

    Raises `InvalidRequestError` where the promise it brings is no promise, or another one than its own fields tell, and
    `UnknownReferenceError` naming each line whose sku, and the collecting location, that nobody has fed.
    """
    unknown = [
        FieldError(f"lines[{at}].sku", f"line {line.line_id}: {not_fed('sku', line.sku)}")
        for at, line in enumerate(body.lines)
        if line.sku not in snapshot.products
    ]
    place = body.collect_location_id
    if place is not None and place not in snapshot.positions:
        unknown.append(FieldError("collect_location_id", not_fed("location", place)))
    unknown += _unknown_shipments(body, snapshot)
    promise = None if body.promise is None else _agreeing(read_token(body.promise), body)
    if unknown:
        raise UnknownReferenceError("; ".join(error.message for error in unknown[:5]), unknown)
    return Order(
        order_id=body.order_id,
        placed_at=body.placed_at,
        currency=body.currency,
        delivery_method=body.delivery_method,
        destination=_destination(body, snapshot),
        lines=tuple(
            Line(
                line_id=line.line_id,
                sku=line.sku,
                quantity=line.quantity,
                unit_price=line.unit_price,
                category=product.category,
                weight_kg=product.weight_kg,
                volume_l=product.volume_l,
                longest_side_cm=product.longest_side_cm,
                hazmat=product.hazmat,
                bulky=product.bulky,
                fragile=product.fragile,
                cold=product.cold,
                group=line.group,
                tags=tuple(sorted({*(product.tags or ()), *line.tags})),
                attributes=dict(sorted({**(product.attributes or {}), **line.attributes}.items())),
            )
            for line in sorted(body.lines, key=lambda line: line.line_id)
            for product in (snapshot.products[line.sku],)
        ),
        channel=body.channel,
        payment_method=body.payment_method,
        customer_id=body.customer_id,
        promised_at=body.promised_at if promise is None else promise.promised_at,
        collect_location_id=place,
        customer_tier=body.customer_tier,
        tags=tuple(body.tags),
        attributes=body.attributes,
        open_shipments=tuple(OpenShipment(**shipment.__dict__) for shipment in body.open_shipments),
        service_level=body.service_level if promise is None else promise.service_level,
        promise=promise,
    )


def _agreeing(promise: Promised, body: OrderBody) -> Promised:
    """Return the promise, which nothing else in the order contradicts. Raises `InvalidRequestError` where it does."""
    contradictions = [
        FieldError(name, f"{told} in the order, {promised} in its promise: send one, or both alike")
        for name in ("promised_at", "service_level", "delivery_method", "collect_location_id")
        for told, promised in ((getattr(body, name), getattr(promise, name)),)
        if told is not None and told != promised
    ]
    if contradictions:
        first = contradictions[0]
        raise InvalidRequestError(f"{first.field}: {first.message}", contradictions)
    return promise


def _unknown_shipments(body: OrderBody, snapshot: Snapshot) -> list[FieldError]:
    services = snapshot.network.services
    unknown = []
    for at, shipment in enumerate(body.open_shipments):
        place, service = shipment.location_id, shipment.carrier_service_id
        if place not in snapshot.positions:
            unknown.append(FieldError(f"open_shipments[{at}].location_id", not_fed("location", place)))
        if service is not None and service not in services["carrier_service_id"]:
            told = not_fed("carrier service", service)
            unknown.append(FieldError(f"open_shipments[{at}].carrier_service_id", told))
    return unknown


def _destination(body: OrderBody, snapshot: Snapshot) -> Destination:
    """The customer's address; for a collected order its store, as in the history the heads learnt from."""
    if body.delivery_method == "home":
        assert body.destination is not None, "the model of the request asks for it"
        return Destination(**body.destination.__dict__)
    assert body.collect_location_id is not None, "the model of the request asks for it"
    return address_of(body.collect_location_id, snapshot)


def address_of(location_id: str, snapshot: Snapshot) -> Destination:
    """Where a location is."""
    at = snapshot.positions[location_id]
    place = {name: column[at] for name, column in snapshot.network.locations.items()}
    return Destination(
        country=place["country"],
        postal_code=place["postal_code"],
        region=place["region"],
        latitude=_known(place["latitude"]),
        longitude=_known(place["longitude"]),
    )


def _known(number: float) -> float | None:
    return None if math.isnan(number) else float(number)
