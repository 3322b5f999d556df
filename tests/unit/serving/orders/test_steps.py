"""The steps of a shipment that calibration follows: whoever is assigned has to end some time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from serving.orders.records import ShipmentLineRecord, ShipmentRecord
from serving.orders.states import ARRIVED, LIVE, ShipmentState
from serving.orders.steps import Stage, steps

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASSIGNED = ShipmentRecord(
    shipment_id="H-1",
    order_id="W-1",
    number=1,
    location_id="S014",
    carrier_service_id="std",
    state=ShipmentState.ASSIGNED,
    decision_id="D-1",
    capacity_day="2026-03-02",
    expected_p50_at=NINE,
    expected_p90_at=NINE,
    pick_failure=0.0,
    assigned_at=NINE,
    changed_at=NINE,
    lines=(ShipmentLineRecord("1", "SKU-1", 1),),
)
SENT = replace(ASSIGNED, state=ShipmentState.HANDED_OVER, ready_at=NINE + HOUR, changed_at=NINE + 2 * HOUR)


def told(before: ShipmentRecord, after: ShipmentRecord) -> list[tuple[Stage, datetime]]:
    return [(step.stage, step.happened_at) for step in steps(before, after)]


def test_what_is_handed_over_is_ready_and_what_is_delivered_has_arrived_when_it_happened() -> None:
    delivered = replace(SENT, state=ShipmentState.DELIVERED, outcome_at=NINE + 5 * HOUR, changed_at=NINE + 9 * HOUR)
    assert told(ASSIGNED, SENT) == [(Stage.READY, NINE + HOUR)]
    assert told(SENT, delivered) == [(Stage.ARRIVED, NINE + 5 * HOUR)]
    assert told(delivered, delivered) == []


@pytest.mark.parametrize("state", [state for state in ShipmentState if state not in LIVE])
def test_who_will_not_be_sent_any_more_is_not_under_way_any_more(state: ShipmentState) -> None:
    """Failed, withdrawn, or offered to several of whom another has it."""
    assert told(ASSIGNED, replace(ASSIGNED, state=state, changed_at=NINE + HOUR)) == [(Stage.ENDED, NINE + HOUR)]


@pytest.mark.parametrize("state", [state for state in LIVE if state not in ARRIVED])
def test_who_is_on_its_way_has_not_ended(state: ShipmentState) -> None:
    assert told(ASSIGNED, replace(ASSIGNED, state=state, changed_at=NINE + HOUR)) == []


def test_whose_clocks_contradict_each_other_ends_without_arriving() -> None:
    early = replace(SENT, state=ShipmentState.DELIVERED, outcome_at=NINE, changed_at=NINE + 9 * HOUR)
    assert told(SENT, early) == [(Stage.ENDED, NINE + 9 * HOUR)]
    assert told(ASSIGNED, replace(SENT, ready_at=NINE - HOUR)) == []
