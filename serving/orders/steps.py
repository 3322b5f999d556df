"""The steps of shipments that calibration follows: assigned, ready, arrived, ended otherwise. Values in, values out.

A shipment without its end is under way, which teaches too: whoever is assigned has to end some time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from prediction.following import Expected
from serving.orders.records import ShipmentRecord
from serving.orders.states import ARRIVED, LIVE


class Stage(StrEnum):
    """``ended``: otherwise than by arriving, or by clocks that contradict each other."""

    ASSIGNED = "assigned"
    READY = "ready"
    ARRIVED = "arrived"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a shipment; with its assignment, what the bundle expected of it then."""

    shipment_id: str
    stage: Stage
    happened_at: datetime
    expected: Expected | None = None


def steps(before: ShipmentRecord, after: ShipmentRecord) -> Iterator[Step]:
    """What became known of a shipment beside its assignment."""
    ready_at = after.ready_at
    if before.ready_at is None and ready_at is not None and ready_at >= after.assigned_at:
        yield Step(after.shipment_id, Stage.READY, ready_at)
    if before.state is after.state or (after.state in LIVE and after.state not in ARRIVED):
        return
    ended_at = after.outcome_at or after.changed_at
    if after.state not in ARRIVED:
        yield Step(after.shipment_id, Stage.ENDED, ended_at)
    elif ended_at >= max(after.assigned_at, ready_at or after.assigned_at):
        yield Step(after.shipment_id, Stage.ARRIVED, ended_at)
    else:
        yield Step(after.shipment_id, Stage.ENDED, after.changed_at)
