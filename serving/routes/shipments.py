"""``/v1/tasks`` and ``/v1/shipments``: what locations have to do, and what they tell of it."""

from functools import partial
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection, select

from serving.database.idempotency import Answer, Attempt, write_once
from serving.database.order_store import find_shipments, order_of_shipment
from serving.database.order_tables import orders, shipments
from serving.errors import NotFoundError, wrong_field
from serving.feeds.checking import CLOCK_TOLERANCE
from serving.orders.change import Change
from serving.orders.events import By
from serving.orders.happening import Cost, happened
from serving.orders.patience import offered_until
from serving.orders.records import fetched_from
from serving.orders.routing import may_route, route_order, route_waiting
from serving.orders.states import ShipmentEvent, ShipmentState, tellable
from serving.orders.writing import change_order
from serving.service import Service, client_with, service_of
from serving.settings import ApiKey
from serving.state.snapshot import Snapshot
from serving.web.body import read_body, read_json
from serving.web.idempotency import answer_once
from serving.wire import examples
from serving.wire.documentation import IDEMPOTENCY_KEY, answers, body, reference
from serving.wire.fields import Identifier
from serving.wire.placing import ShipmentEventAnswer, shipment_bytes
from serving.wire.shipments import ShipmentEventBody, TasksAnswer

router = APIRouter(tags=["stores"])

_TO_DO: Final = {
    ShipmentState.OFFERED: "claim",
    ShipmentState.ASSIGNED: "accept",
    ShipmentState.ACCEPTED: "pick",
    ShipmentState.PICKED: "pack",
    ShipmentState.READY: "hand_over",
}


@router.get(
    "/v1/tasks",
    operation_id="get_tasks",
    responses=answers(200, TasksAnswer, (401, 403, 422, 503)),
)
async def get_tasks(
    request: Request,
    location: Annotated[Identifier, Query(description="location_id")],
    _client: Annotated[ApiKey, Depends(client_with("fulfil", "read"))],
) -> Response:
    """The work list of one location: the shipments that wait for it to do something, the longest waiting first."""
    service = service_of(request)
    tasks = await service.database.read(partial(_tasks, location_id=location, snapshot=service.live.snapshot))
    return Response(
        orjson.dumps({"location_id": location, "tasks": tasks}, option=orjson.OPT_UTC_Z), media_type="application/json"
    )


@router.post(
    "/v1/shipments/{shipment_id}/events",
    operation_id="post_shipment_event",
    responses=answers(200, ShipmentEventAnswer, (400, 401, 403, 404, 409, 413, 415, 422, 503)),
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": body(reference(ShipmentEventBody), examples.SHIPMENT_EVENTS),
    },
)
async def post_shipment_event(
    request: Request, shipment_id: Identifier, client: Annotated[ApiKey, Depends(client_with("fulfil"))]
) -> Response:
    """What happened to a shipment. When a location fails, the units go elsewhere before this answers, if they can.

    The same event told twice changes nothing more. 409 where it cannot happen to the shipment any more.
    """
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)
    return await answer_once(
        request,
        client,
        content,
        lambda key: _tell(service, shipment_id, client, read_json(ShipmentEventBody, content), key),
    )


async def _tell(
    service: Service, shipment_id: str, client: ApiKey, told: ShipmentEventBody, key: Attempt | None
) -> Answer:
    """Let it happen, then look for places for what waits: of this order, and of those that wait for what it let go."""
    by = By(client.name, service.clock(), told.reason)
    occurred_at = told.occurred_at or by.at
    if occurred_at > by.at + CLOCK_TOLERANCE:
        raise wrong_field("occurred_at", "lies in the future: check the clock and the time zone")
    changed: list[Change] = []

    def work(connection: Connection) -> Answer:
        order_id = order_of_shipment(connection, shipment_id)
        if order_id is None:
            raise NotFoundError(f"There is no shipment {shipment_id!r}")
        doing = partial(
            happened,
            shipment_id=shipment_id,
            event=ShipmentEvent(told.event),
            by=by,
            occurred_at=occurred_at,
            picked={line.line_id: line.picked for line in told.lines},
            cost=Cost(told.shipping_cost, told.handling_cost),
        )
        change = change_order(connection, order_id, doing, by)
        changed.append(change)
        return Answer(200, shipment_bytes(change.after.shipment(shipment_id), change.after))

    answer = await write_once(service.database, key, work, by.at)
    if changed and may_route(changed[-1].after):
        await route_order(service, changed[-1].after.order_id, told.reason or told.event)
    if changed and changed[-1].entries:
        await route_waiting(service)
    return answer


def _tasks(connection: Connection, location_id: str, snapshot: Snapshot) -> list[dict[str, Any]]:
    wanted = select(shipments).where(shipments.c.location_id == location_id, shipments.c.state.in_(_TO_DO))
    found = find_shipments(connection, wanted)
    known = connection.execute(
        select(orders.c.order_id, orders.c.request, orders.c.promised_at).where(
            orders.c.order_id.in_({shipment.order_id for shipment in found})
        )
    ).all()
    asked = {order_id: orjson.loads(request) for order_id, request, _ in known}
    promised = {order_id: promised_at for order_id, _, promised_at in known}
    offers = {shipment.offer_id for shipment in found if shipment.state is ShipmentState.OFFERED}
    of_offers = find_shipments(
        connection,
        select(shipments).where(shipments.c.offer_id.in_(offers), shipments.c.state == ShipmentState.OFFERED),
    )
    until = {
        offer_id: offered_until(snapshot, [shipment for shipment in of_offers if shipment.offer_id == offer_id])
        for offer_id in offers
    }
    return [
        {
            "shipment_id": shipment.shipment_id,
            "order_id": shipment.order_id,
            "location_id": location_id,
            "carrier_service_id": shipment.carrier_service_id,
            "delivery_method": asked[shipment.order_id]["delivery_method"],
            "to_do": _TO_DO[shipment.state],
            "assigned_at": shipment.assigned_at,
            "promised_at": promised[shipment.order_id],
            "accept_by": shipment.accept_by,
            "hand_over_by": shipment.hand_over_by,
            "offered_until": until[shipment.offer_id] if shipment.state is ShipmentState.OFFERED else None,
            "lines": [
                {"line_id": line.line_id, "sku": line.sku, "quantity": line.left}
                for line in shipment.lines
                if line.left
            ],
            "next": tellable(shipment.state, fetched=fetched_from(asked[shipment.order_id]) == location_id),
        }
        for shipment in found
    ]
