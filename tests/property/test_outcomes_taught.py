"""Whatever locations tell, in whatever order and however often: a shipment teaches each thing once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from hypothesis import given
from hypothesis import strategies as st

from decision.order import Destination, Line, Order
from serving.errors import ConflictError, InvalidRequestError
from serving.orders.events import By
from serving.orders.happening import Cost, happened
from serving.orders.outcomes import Outcome, observed, taught
from serving.orders.records import LineRecord, OrderRecord, ShipmentLineRecord, ShipmentRecord
from serving.orders.states import OWN, OrderState, ShipmentEvent, ShipmentState

NOW: Final = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
PLACE: Final[dict[str, Any]] = {
    "location_type": "store",
    "country": "IT",
    "region": "MI",
    "postal_code": "20121",
    "latitude": 45.5,
    "longitude": None,
}
SKUS: Final = {"1": "A", "2": "B", "3": "A"}
ORDER: Final = Order(
    order_id="W-1",
    placed_at=NOW,
    currency="EUR",
    delivery_method="home",
    destination=Destination("IT", "00184"),
    lines=tuple(Line(line_id, sku, 2, weight_kg=0.5) for line_id, sku in SKUS.items()),
)


def assigned(method: str) -> OrderRecord:
    """An order whose lines are all assigned to one store, in which a collected one waits for its customer."""
    lines = tuple(ShipmentLineRecord(line_id, sku, 2) for line_id, sku in SKUS.items())
    shipment = ShipmentRecord(
        "H-1", "W-1", 1, "S014", None, ShipmentState.ASSIGNED, "D-1", "2026-03-02", NOW, NOW, 0.1, NOW, NOW, lines
    )
    return OrderRecord(
        order_id="W-1",
        state=OrderState.ASSIGNED,
        client="test",
        placed_at=NOW,
        received_at=NOW,
        expires_at=None,
        decision_id="D-1",
        request=orjson.dumps({"delivery_method": method, "collect_location_id": "S014"}),
        failures=0,
        tried_in=0,
        tried_quarter=NOW,
        lines=tuple(LineRecord(line_id, sku, 2, 0) for line_id, sku in SKUS.items()),
        shipments=(shipment,),
    )


events = st.fixed_dictionaries(
    {
        "event": st.sampled_from([event for event in ShipmentEvent if event not in OWN]),
        "hours": st.integers(-30, 60),
        "picked": st.dictionaries(st.sampled_from(sorted(SKUS)), st.integers(0, 2)),
        "cost": st.none() | st.builds(Cost, st.none() | st.floats(0, 50), st.none() | st.floats(0, 50)),
    }
)


def told(order: OrderRecord, event: dict[str, Any]) -> OrderRecord:
    """The order after what was told of its shipment; the same where that cannot be."""
    at = NOW + timedelta(hours=event["hours"])
    by = By("test", at, "because")
    named = {"picked": event["picked"], "cost": event["cost"]}
    try:
        return happened(order, "H-1", event["event"], by, occurred_at=at, **named).after
    except (ConflictError, InvalidRequestError):
        return order


def rows(outcomes: list[Outcome]) -> Counter[tuple[Any, ...]]:
    """Outcomes as rows, whatever their order."""
    return Counter((o.measure, o.facts["sku"], o.history_at.timestamp(), o.value) for o in outcomes)


@given(st.sampled_from(["home", "click_and_collect"]), st.lists(events, max_size=8))
def test_what_was_taught_step_by_step_is_what_the_shipment_teaches_in_the_end(
    method: str, happening: list[dict[str, Any]]
) -> None:
    order = assigned(method)
    learnt: list[Outcome] = []
    for event in happening:
        after = told(order, event)
        learnt += taught(order.shipments[0], after.shipments[0], ORDER, PLACE)
        order = after
    in_the_end = observed(order.shipments[0], ORDER, PLACE)
    assert rows(learnt) == Counter(
        (measure, made.columns["sku"][row], made.known_at[row], made.value[row])
        for measure, made in in_the_end.items()
        for row in range(len(made))
    )
    failures = [outcome for outcome in learnt if outcome.measure == "pick_failure"]
    assert len(failures) in {0, len(SKUS)}
    assert {measure: n for measure, n in Counter(o.measure for o in learnt).items() if n > 1}.keys() <= {"pick_failure"}


def test_lines_that_were_taken_off_teach_nothing() -> None:
    """A history has no line of no units."""
    order = assigned("home")
    (shipment,) = order.shipments
    left = tuple(ShipmentLineRecord(line.line_id, line.sku, 0 if line.sku == "B" else 2) for line in shipment.lines)
    smaller = replace(shipment, lines=left, state=ShipmentState.HANDED_OVER, ready_at=NOW + timedelta(hours=3))
    assert observed(smaller, ORDER, PLACE)["pick_failure"].columns["sku"].tolist() == ["A", "A"]
