"""Until when a store has to accept and to hand over is told as instants at which somebody is there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from decision.calendars.dispatch import next_opening
from decision.decision import Delivery, Option, Shipment, ShipmentLine
from decision.network import Network
from decision.rules.attributes import ReadColumns
from expressions.kinds import Kind
from serving.orders.assigning import Assignment, placed
from serving.orders.events import By
from serving.orders.records import LineRecord, OrderRecord, ShipmentRecord
from serving.orders.states import OrderState
from tests.unit.decision.world import order, places, situation

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: Monday 2 March to Saturday, nine to seven in Milan.
SHOP = {"location_id": "S", "opening_hours": {day: ["09:00-19:00"] for day in WEEK[:6]}}


def store(**more: Any) -> Network:
    """A store as fed, with whatever else is told of it."""
    return places({**SHOP, **more})


def rome(text: str) -> datetime:
    """The instant at which clocks in Milan show March ``text``, in winter."""
    return datetime.fromisoformat(f"2026-03-{text}:00+01:00").astimezone(UTC)


def assigned(net: Network, at: datetime, ready: datetime, may_wait: timedelta, p_late: float = 0.0) -> ShipmentRecord:
    """An order assigned ``at`` an instant, whose handover, expected at ``ready``, may wait so long for its promise.

    The parcel travels for a day, as good as exactly.
    """
    there = ready + 24 * HOUR
    record = OrderRecord(
        order_id="A",
        state=OrderState.BACKORDERED,
        client="checkout",
        placed_at=at,
        received_at=at,
        expires_at=None,
        decision_id=None,
        request=b'{"delivery_method": "home"}',
        failures=0,
        tried_in=0,
        tried_quarter=at,
        lines=(LineRecord("1", "LAMP", 1, 1),),
        shipments=(),
        promised_at=there + may_wait,
    )
    shipment = Shipment(
        location_id="S",
        location_name=None,
        location_type="store",
        carrier_service_id=None,
        distance_km=None,
        lines=(ShipmentLine("1", "LAMP", 1),),
        delivery=Delivery(there, there, there, p_late, ready),
        pick_failure=0.0,
        terms={},
    )
    option = Option(1, 0.0, 0.0, 0.0, "", {}, (shipment,))
    plan = Assignment(option, "decision", {}, {}, {"S": "2026-03-02"}, {"S": net.open_times(0)}, {})
    (made,) = placed(record, plan, By("test", at)).after.shipments
    return made


def milestones(*told: Any, **more: Any) -> tuple[datetime, datetime]:
    """Until when it has to be accepted, and to be handed over."""
    made = assigned(*told, **more)
    assert made.accept_by is not None
    assert made.hand_over_by is not None
    return made.accept_by, made.hand_over_by


def near(told: tuple[datetime, datetime], *expected: str) -> bool:
    """Whether these are the instants, as exactly as how sure a promise is tells them: to two minutes."""
    return all(abs(one - rome(other)) <= 2 * MINUTE for one, other in zip(told, expected, strict=True))


def somebody_is_there(net: Network, instant: datetime) -> bool:
    """Whether rules take the store as open at an instant, or just before it."""
    columns = (
        ReadColumns({"location.open_now": Kind.NUMBER}, situation(net, order("LAMP"), now))
        for now in (instant, instant - timedelta(seconds=1))
    )
    return any(bool(column["location.open_now"][0] == 1) for column in columns)


def test_what_may_wait_until_night_is_handed_over_before_the_store_closes_with_time_left_to_pick_it() -> None:
    told = milestones(store(), rome("02 10:00"), ready=rome("02 14:00"), may_wait=12 * HOUR)
    assert near(told, "02 15:00", "02 19:00")


def test_what_may_wait_until_sunday_or_a_day_on_which_it_is_closed_is_due_the_working_day_before() -> None:
    told = milestones(store(), rome("06 10:00"), ready=rome("06 12:00"), may_wait=48 * HOUR)
    assert near(told, "07 17:00", "07 19:00")
    told = milestones(store(closed_on=["2026-03-07"]), rome("06 10:00"), ready=rome("06 12:00"), may_wait=48 * HOUR)
    assert near(told, "06 17:00", "06 19:00")


def test_what_may_wait_until_a_public_holiday_is_due_the_evening_before() -> None:
    liberation = datetime(2026, 4, 25, 10, tzinfo=UTC)  # a Saturday
    keeps = store(closed_on_public_holidays=1.0)
    ready = liberation - 44 * HOUR
    _, hand_over_by = milestones(keeps, ready - HOUR, ready=ready, may_wait=44 * HOUR)
    assert hand_over_by == datetime(2026, 4, 24, 17, tzinfo=UTC)


def test_what_may_wait_while_the_store_is_open_waits_as_long() -> None:
    told = milestones(store(), rome("02 10:00"), ready=rome("02 12:00"), may_wait=3 * HOUR)
    assert near(told, "02 13:00", "02 15:00")


def test_nights_do_not_shorten_the_time_to_accept() -> None:
    """An order of the last minutes of a day may as well be accepted the next morning."""
    told = milestones(store(), rome("02 18:50"), ready=rome("03 11:00"), may_wait=6 * HOUR)
    assert near(told, "03 14:50", "03 17:00")


def test_what_comes_at_night_need_not_be_accepted_before_the_store_opens() -> None:
    told = milestones(store(), rome("02 22:00"), ready=rome("03 10:00"), may_wait=timedelta())
    assert near(told, "03 09:00", "03 10:00")


def test_a_location_that_tells_no_hours_has_every_hour_to_work() -> None:
    for net in (places({"location_id": "S"}), store(opening_hours={})):
        told = milestones(net, rome("02 10:00"), ready=rome("02 14:00"), may_wait=12 * HOUR)
        assert near(told, "02 22:00", "03 02:00")


def test_what_was_too_late_when_it_was_assigned_is_overdue_at_once() -> None:
    told = milestones(store(), rome("02 10:00"), ready=rome("02 14:00"), may_wait=-6 * HOUR, p_late=0.9)
    assert max(told) < rome("02 10:00")


def test_a_promise_for_the_end_of_all_calendars_can_be_kept() -> None:
    at = rome("02 10:00")
    until = datetime(9999, 12, 31, 23, tzinfo=UTC) - (at + 25 * HOUR)
    assert max(milestones(store(), at, ready=at + HOUR, may_wait=until)).year == 9999


quarters = st.integers(24, 92).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
spans = st.tuples(quarters, st.one_of(quarters, st.just("01:00"))).filter(lambda span: span[0] != span[1]).map("-".join)
weeks = st.dictionaries(st.sampled_from(WEEK), st.lists(spans, min_size=1, max_size=3), min_size=1)
dates = st.integers(0, 13).map(lambda days: (MONDAY + timedelta(days=days)).date().isoformat())
hours = st.floats(0.1, 100).map(lambda hours: timedelta(hours=hours))


@settings(max_examples=200)
@example(week={"mon": ["09:00-19:00"]}, closed=[], zone="Europe/Rome", at=HOUR, work=HOUR, may_wait=12 * HOUR)
@given(
    week=weeks,
    closed=st.lists(dates, max_size=4),
    zone=st.sampled_from(["Europe/Rome", "America/New_York", "Asia/Kolkata"]),
    at=hours,
    work=hours,
    may_wait=hours,
)
def test_no_step_is_due_when_nobody_is_there_or_before_the_store_has_the_task(
    *, week: dict[str, list[str]], closed: list[str], zone: str, at: timedelta, work: timedelta, may_wait: timedelta
) -> None:
    net = store(opening_hours=week, closed_on=closed, timezone=zone)
    ready = next_opening(net, 0, MONDAY + at) + work
    accept_by, hand_over_by = milestones(net, MONDAY + at, ready=ready, may_wait=may_wait)
    assert MONDAY + at <= accept_by <= hand_over_by <= ready + may_wait
    assert somebody_is_there(net, accept_by)
    assert somebody_is_there(net, hand_over_by)


@pytest.mark.parametrize("late", [HOUR, 30 * HOUR])
def test_what_was_too_late_is_not_due_at_night_either(late: timedelta) -> None:
    for told in milestones(store(), rome("03 22:00"), ready=rome("04 11:00"), may_wait=-late, p_late=0.9):
        assert somebody_is_there(store(), told)
