"""Deciding from where the waiting units of an order are sent, on the newest state that this process knows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from decision.decide import rule
from decision.decision import Decision, Option
from decision.network import Network, SkuStock
from decision.order import Order
from decision.rules.ruleset import Ruleset
from decision.rules.ruling import available
from prediction.following import Expected
from serving.database.decision_log import LoggedDecision
from serving.database.locks import StockKey
from serving.decisions.deciding import Asked, make_decision, ready_predictor
from serving.decisions.ordering import to_order
from serving.orders.assigning import Assignment, Sent
from serving.orders.expecting import expected_of
from serving.service import Service
from serving.state.capacity import full_locations
from serving.state.served import ServedPredictor
from serving.state.snapshot import Snapshot
from serving.wire.order import OrderBody


@dataclass(frozen=True, slots=True)
class Avoided:
    """What is not to be tried again: skus at locations that failed them, locations that are full, stages of the ruleset
    whose offers nobody accepted. ``not_found``: skus that were looked for in vain, and where."""

    keys: frozenset[StockKey] = frozenset()
    locations: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    not_found: frozenset[StockKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Made:
    """A decision with what it needs to be carried out. ``order`` and ``snapshot`` are what it was made of."""

    decision_id: str
    decision: Decision
    order: Order
    snapshot: Snapshot
    avoided: Avoided
    logged: LoggedDecision
    predictor: ServedPredictor

    @property
    def rank(self) -> int | None:
        """The option to carry out, from 1; ``None`` where none stands, or the order was promised to wait for stock."""
        if self.decision.promise is not None:
            return self.decision.promise.rank
        return 1 if self.decision.options else None

    def assignment(self, rank: int) -> Assignment:
        """The plan at ``rank`` (from 1), to be carried out."""
        option = self.decision.options[rank - 1]
        return assignment(
            self.decision_id,
            self.decision,
            option,
            order=self.order,
            snapshot=self.snapshot,
            avoided=self.avoided,
            expected=expected_of(option, self.order, self.snapshot, self.predictor, self.decision.decided_at),
        )


def decide_now(service: Service, body: OrderBody, content: bytes, client: str, avoided: Avoided) -> Made:
    """Decide ``body`` (sent as ``content``) on the live snapshot.

    Raises `NotReadyError`, `InvalidRequestError` (currency) or `UnknownReferenceError`.
    """
    snapshot, predictor = service.live.snapshot, ready_predictor(service, body.currency)
    order = replace(
        to_order(body, snapshot),
        not_found=tuple(sorted(avoided.not_found)),
        passed_stages=tuple(sorted(avoided.stages)),
    )
    network = without(snapshot.network, order, avoided, snapshot.positions)
    decision, logged = make_decision(service, Asked(body, order, content, client), snapshot, network, predictor)
    return Made(logged.decision_id, decision, order, snapshot, avoided, logged, predictor)


def full_now(service: Service) -> frozenset[str]:
    """The locations that can be given nothing more today, as far as this process knows."""
    return full_locations(service.live.snapshot.network.locations, service.clock())


def assignment(
    decision_id: str,
    decision: Decision,
    option: Option,
    *,
    order: Order,
    snapshot: Snapshot,
    avoided: Avoided,
    expected: Mapping[Sent, Expected],
) -> Assignment:
    """``option`` of a decision, with what rules keep back now, and local dates and open times of its locations."""
    network = without(snapshot.network, order, avoided, snapshot.positions)
    keeps = kept_back(order, network, snapshot.rulesets, decision.decided_at)
    places = {
        shipment.location_id
        for planned in option.shipments
        for shipment in (planned, *(() if planned.offer is None else planned.offer.others))
        if shipment.location_id in snapshot.positions
    }
    days = {place: _local_date(snapshot, place, decision.decided_at) for place in places}
    open_times = {place: snapshot.network.open_times(snapshot.positions[place]) for place in places}
    return Assignment(option, decision_id, decision.versions, keeps, days, open_times, expected)


def kept_back(order: Order, network: Network, rulesets: Sequence[Ruleset], now: datetime) -> dict[StockKey, int]:
    """Units that rules and safety stock keep back, by sku and location: what a hold has to leave there.

    A decision saw to it on its snapshot. Whoever holds the units later, with the row locked, has to see to it again.
    """
    ruled = rule(order, network, rulesets, now)
    if ruled is None:
        return {}
    candidates = ruled.everyone.candidates
    kept = candidates.free - available(ruled.everyone, ruled.first_ruling)
    found: dict[StockKey, int] = {}
    for row, line in enumerate(order.lines):
        for at in np.flatnonzero(kept[row] > 0):
            key = line.sku, str(network.locations["location_id"][candidates.location[at]])
            found[key] = max(found.get(key, 0), round(kept[row, at]))
    return found


def without(network: Network, order: Order, avoided: Avoided, positions: Mapping[str, int]) -> Network:
    """``network`` without the stock, of the order's skus, that is to be avoided."""
    if not avoided.keys and not avoided.locations:
        return network
    full = {positions[location_id] for location_id in avoided.locations if location_id in positions}
    left = {}
    for sku in {line.sku for line in order.lines if line.sku in network.stock}:
        failed = {positions[at] for failed_sku, at in avoided.keys if failed_sku == sku and at in positions}
        left[sku] = _rows_not_at(network.stock[sku], full | failed)
    return network.with_stock(left)  # of no other sku anything is asked


def _rows_not_at(stock: SkuStock, places: Collection[int]) -> SkuStock:
    rows = ~np.isin(stock.location, list(places))
    columns = {column.name: getattr(stock, column.name) for column in fields(SkuStock)}
    return replace(stock, **{name: column[rows] for name, column in columns.items() if column is not None})


def _local_date(snapshot: Snapshot, location_id: str, instant: datetime) -> str:
    zone = ZoneInfo(snapshot.network.locations["timezone"][snapshot.positions[location_id]])
    return instant.astimezone(zone).date().isoformat()
