"""Local times become the instants that the standard library's zones say."""

# ruff: noqa: DTZ001 - times without a zone are what this is about

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from data.local_time import end_of_day, to_utc

ZONES = ("America/Sao_Paulo", "Europe/Rome", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")


def _oracle(local: datetime, zone: str, first: bool) -> datetime:
    """PEP 495: fold 0 is the first passing; a time in the gap, seen from before it, is as far behind its end."""
    instant = local.replace(tzinfo=ZoneInfo(zone), fold=0 if first else 1).astimezone(UTC)
    back = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if back == local:
        return instant
    before = local.replace(tzinfo=ZoneInfo(zone), fold=0).utcoffset()
    after = local.replace(tzinfo=ZoneInfo(zone), fold=1).utcoffset()
    assert before is not None
    assert after is not None
    # The gap ends at the instant at which the later offset begins to hold.
    low, high = (local - after).replace(tzinfo=UTC), (local - before).replace(tzinfo=UTC)
    while (high - low).total_seconds() > 1e-6:
        middle = low + (high - low) / 2
        if middle.astimezone(ZoneInfo(zone)).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


@given(
    st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)).map(lambda time: time.replace(microsecond=0)),
    st.sampled_from(ZONES),
    st.booleans(),
)
@example(datetime(2018, 2, 17, 23, 30), "America/Sao_Paulo", True)
@example(datetime(2018, 2, 17, 23, 30), "America/Sao_Paulo", False)
@example(datetime(2017, 10, 15, 0, 30), "America/Sao_Paulo", True)
@example(datetime(2026, 3, 29, 2, 59, 59), "Europe/Rome", False)
def test_every_local_time_is_the_instant_that_the_zone_says(local: datetime, zone: str, first: bool) -> None:
    converted = to_utc(pd.Series([local]), zone, first=first).iloc[0]
    assert abs((converted - pd.Timestamp(_oracle(local, zone, first))).total_seconds()) < 1e-5


@given(
    st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)),
    st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(ZONES),
    st.booleans(),
)
def test_later_than_the_end_of_the_promised_day_is_late_by_the_calendar(
    promised: datetime, arrived: datetime, zone: str, first: bool
) -> None:
    arrived = arrived.replace(microsecond=0)
    deadline = to_utc(end_of_day(pd.Series([promised])), zone, first=False).iloc[0]
    delivered = to_utc(pd.Series([arrived]), zone, first=first).iloc[0]
    assert (delivered > deadline) == (arrived.date() > promised.date())
