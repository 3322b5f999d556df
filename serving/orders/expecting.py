"""What the bundle says of shipments before it learns, kept so that calibration and costs learn what came of it."""

from collections.abc import Iterable
from datetime import datetime

import numpy as np

from decision.candidates.asked import asked_of
from decision.candidates.candidates import NO_SERVICE, Candidates
from decision.candidates.consolidation import NOTHING_OPEN
from decision.candidates.parcels import parcels
from decision.decision import Option, Shipment
from decision.order import Order
from prediction.following import Expected
from serving.orders.assigning import Sent, sent
from serving.state.served import ServedPredictor
from serving.state.snapshot import Snapshot


def expected_of(
    option: Option, order: Order, snapshot: Snapshot, predictor: ServedPredictor | None, now: datetime
) -> dict[Sent, Expected]:
    """What is said, by `sent`, of every shipment of ``option`` and everyone it is offered to, if assigned ``now``.

    Each is asked about by what it holds itself, as a history has it. Nothing is said without a bundle, nor of who is
    not in the network any more.
    """
    if predictor is None:
        return {}
    services = {name: at for at, name in enumerate(snapshot.network.services["carrier_service_id"])}
    services[None] = NO_SERVICE
    known = [
        shipment
        for shipment in _all(option)
        if shipment.location_id in snapshot.positions and shipment.carrier_service_id in services
    ]
    known.sort(key=lambda shipment: snapshot.positions[shipment.location_id])  # as candidates stand
    if not known:
        return {}
    units = [{line.line_id: line.quantity for line in shipment.lines} for shipment in known]
    held = np.array([[of_one.get(line.line_id, 0) for line in order.lines] for of_one in units])
    candidates = _candidates(
        [snapshot.positions[shipment.location_id] for shipment in known],
        [services[shipment.carrier_service_id] for shipment in known],
        len(order.lines),
    )
    each = np.arange(len(known))
    facts = asked_of([order], snapshot.network, [candidates], now).of(each, parcels(order, held), each)
    return {sent(shipment): said for shipment, said in zip(known, predictor.expected(facts), strict=True)}


def _all(option: Option) -> Iterable[Shipment]:
    for shipment in option.shipments:
        yield shipment
        if shipment.offer is not None:
            yield from shipment.offer.others


def _candidates(locations: list[int], services: list[int], lines: int) -> Candidates:
    """Those who send the shipments. Of their stock nothing is told: neither hours nor costs follow from it."""
    unknown, unknowns = np.full(len(locations), np.nan), np.full((lines, len(locations)), np.nan)
    return Candidates(
        location=np.array(locations, np.intp),
        service=np.array(services, np.intp),
        joined=np.full(len(locations), NOTHING_OPEN, np.intp),
        collected=np.zeros(len(locations), bool),
        distance_km=unknown,
        max_weight_kg=unknown,
        carbon_kg=unknown,
        on_hand=unknowns,
        free=unknowns,
        safety=unknowns,
        counted_at=unknowns,
        daily_demand=unknowns,
        markdown_risk=unknowns,
    )
