"""Placing orders: decide on what is known, hold what was decided, and begin again where the stock has gone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection

from decision.candidates.loads import surely_exact
from decision.decision import Option
from decision.explanation.keeping import by_option
from decision.explanation.tell_promise import tell_kept
from decision.messages.catalogue import catalogue
from decision.promised import KeptPromise
from serving.database.decision_log import LoggedDecision, log_decision
from serving.database.idempotency import Answer, Attempt, answered_before, write_once
from serving.database.order_store import find_order
from serving.decisions.ordering import to_order
from serving.errors import (
    CapacityGoneError,
    ConflictError,
    NotFoundError,
    OrderExistsError,
    OutOfStockError,
    StockGoneError,
    wrong_field,
)
from serving.orders.assigning import Assignment, placed
from serving.orders.deciding import Avoided, Made, assignment, decide_now, full_now
from serving.orders.events import By
from serving.orders.expecting import expected_of
from serving.orders.records import LineRecord, OrderRecord
from serving.orders.states import OrderState
from serving.orders.writing import write
from serving.service import Service
from serving.state.snapshot import Snapshot
from serving.wire.answer import read_answer
from serving.wire.order import OrderBody
from serving.wire.placing import CommitBody, NewOrderBody, order_bytes

#: How often an order is decided again because others were faster.
MOST_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Placing:
    """One request to place an order: its body as read and as sent, who sent it, and under which key.

    ``answer``: what is answered once it is placed.
    """

    body: OrderBody
    content: bytes
    client: str
    attempt: Attempt | None
    expires_at: datetime | None
    answer: Callable[[OrderRecord], bytes] = order_bytes


async def place_order(service: Service, body: NewOrderBody, content: bytes, client: str, key: Attempt | None) -> Answer:
    """Decide, hold and assign: one transaction once it is decided. Raises as `place` does.

    Raises `InvalidRequestError` too where the reservation would have ended already.
    """
    _check_expiry(body.expires_at, service.clock())
    return await place(service, Placing(body, content, client, key, body.expires_at), backorder=body.backorder)


async def place(service: Service, placing: Placing, *, backorder: bool) -> Answer:
    """Carry out the best plan, or the first that keeps the promise which the order brings.

    Raises `OutOfStockError` where nothing can supply the order, or others were faster each time, unless it may wait:
    with ``backorder``, and where it was promised once stock has come.
    """
    made, full = await _decide(service, placing, Avoided()), frozenset[str]()
    for _ in range(MOST_ATTEMPTS):
        rank = made.rank
        if rank is not None:
            try:
                return await _carry_out(service, placing, made.assignment(rank), made)
            except StockGoneError:
                pass
            except CapacityGoneError as error:
                full |= {str(error), *full_now(service)}  # others are full too: one by one would take too long
        await asyncio.to_thread(service.live.refresh_now)
        if rank is None and service.live.snapshot is made.snapshot:
            break
        made = await _decide(service, placing, Avoided(locations=full))
    if backorder or (made.decision.promise is not None and made.decision.promise.waits_until is not None):
        return await _carry_out(service, placing, None, made)
    return await _out_of_stock(service, placing, made)


async def commit_decision(
    service: Service, logged: LoggedDecision, body: CommitBody, client: str, key: Attempt | None
) -> Answer:
    """Hold and assign one of the plans of an earlier decision.

    Raises `InvalidRequestError` where the reservation would have ended already, `NotFoundError` where the decision has
    no such rank, `OutOfStockError` (with the best plan still standing,
    decided now) where its stock or the capacity of its locations has gone.
    """
    _check_expiry(body.expires_at, service.clock())
    sent = NewOrderBody.model_validate_json(logged.request)
    placing = Placing(sent, logged.request, client, key, body.expires_at)
    decision = read_answer(logged.answer)
    if body.rank > len(decision.options):
        raise NotFoundError(f"Decision {logged.decision_id!r} has {len(decision.options)} options")
    option = decision.options[body.rank - 1]
    snapshot = service.live.snapshot
    order = to_order(sent, snapshot)
    try:
        if not all(shipment.location_id in snapshot.positions for shipment in option.shipments):
            raise ConflictError("A location of this plan is no longer in the network: ask for a new decision")
        plan = assignment(
            logged.decision_id,
            decision,
            option,
            order=order,
            snapshot=snapshot,
            avoided=Avoided(),
            expected=expected_of(option, order, snapshot, service.live.predictor, service.clock()),
        )
        told = None if decision.promise is None else by_option(decision.promise, option)
        told = told and tell_kept(told, catalogue(sent.language), ZoneInfo(decision.timezone))
        plan = plan.not_offered_to(_all_offered(option) - snapshot.positions.keys())
        return await _commit(service, placing, plan, told)
    except StockGoneError:
        full = frozenset[str]()
    except CapacityGoneError as error:
        full = frozenset({str(error), *full_now(service)})
    await asyncio.to_thread(service.live.refresh_now)
    return await _out_of_stock(service, placing, await _decide(service, placing, Avoided(locations=full)))


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        message = f"has passed: here it is {now:%Y-%m-%dT%H:%M:%SZ}; check the clock and the time zone"
        raise wrong_field("expires_at", message)


async def _commit(service: Service, placing: Placing, plan: Assignment, told: KeptPromise | None) -> Answer:
    """Carry the plan out; stores that cannot have what it offers them any more are not offered it.

    Raises `StockGoneError` or `CapacityGoneError` where it is the plan itself that cannot be carried out.
    """
    while True:
        try:
            return await _carry_out(service, placing, plan, None, told)
        except StockGoneError as error:
            gone = {location_id for _, location_id in error.keys}
            if gone & plan.location_ids:
                raise
        except CapacityGoneError as error:
            gone = {str(error)}
            if gone & plan.location_ids:
                raise
        plan = plan.not_offered_to(gone)


def _all_offered(option: Option) -> set[str]:
    offers = [shipment.offer for shipment in option.shipments if shipment.offer is not None]
    return {other.location_id for offer in offers for other in offer.others}


async def _decide(service: Service, placing: Placing, avoided: Avoided) -> Made:
    order = to_order(placing.body, service.live.snapshot)
    if not surely_exact(order):  # the solver may take seconds: others are answered meanwhile
        return await asyncio.to_thread(decide_now, service, placing.body, placing.content, placing.client, avoided)
    return decide_now(service, placing.body, placing.content, placing.client, avoided)


async def _carry_out(
    service: Service,
    placing: Placing,
    plan: Assignment | None,
    made: Made | None,
    kept: KeptPromise | None = None,
) -> Answer:
    now = service.clock()
    kept = kept if made is None else made.decision.promise
    order = _new_order(placing, service.live.snapshot, now, kept)
    by = By(placing.client, now)

    def work(connection: Connection) -> Answer:
        if made is not None:
            log_decision(connection, made.logged, made.snapshot.kept)
        change = placed(order, plan, by)
        write(connection, change, by)
        return Answer(201, placing.answer(change.after))

    answer = await write_once(service.database, placing.attempt, work, now)
    await asyncio.to_thread(service.live.refresh_now)
    return answer


def _new_order(placing: Placing, snapshot: Snapshot, now: datetime, promise: KeptPromise | None) -> OrderRecord:
    body = placing.body
    told = None if promise is None else orjson.dumps(promise, option=orjson.OPT_UTC_Z).decode()
    return OrderRecord(
        order_id=body.order_id,
        state=OrderState.BACKORDERED if placing.expires_at is None else OrderState.RESERVED,
        client=placing.client,
        placed_at=body.placed_at,
        received_at=now,
        expires_at=placing.expires_at,
        decision_id=None,
        request=placing.content,
        failures=0,
        tried_in=snapshot.version,
        tried_quarter=snapshot.quarter,
        lines=tuple(LineRecord(line.line_id, line.sku, line.quantity, line.quantity) for line in body.lines),
        shipments=(),
        promised_at=body.promised_at if promise is None else promise.promised_at,
        promise=told,
    )


async def _out_of_stock(service: Service, placing: Placing, made: Made) -> Answer:
    """Raise `OutOfStockError` with the decision that stands now, which can be committed.

    It may be this very order that took the stock: `OrderExistsError` then, or the answer it got under the same key.
    """
    before = await answered_before(service.database, placing.attempt)
    if before is not None:
        return before
    order_id = placing.body.order_id
    if await service.database.read(partial(find_order, order_id=order_id)) is not None:
        raise OrderExistsError(f"Order {order_id!r} was placed before: GET it, or amend it")
    await service.database.write(lambda connection: log_decision(connection, made.logged, made.snapshot.kept))
    standing = "another plan stands" if made.decision.options else "no plan stands"
    raise OutOfStockError(
        f"The stock for order {made.order.order_id!r} has gone; {standing}: see decision",
        orjson.Fragment(made.logged.answer),
    )
