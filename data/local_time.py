"""Local times as instants, the hours of the clock change included."""

import numpy as np
import pandas as pd


def to_utc(times: "pd.Series[pd.Timestamp]", zone: str, *, first: bool) -> "pd.Series[pd.Timestamp]":
    """Naive local times of the IANA ``zone`` as UTC instants (microseconds); missing stays missing.

    A time that the end of summer time repeats is its ``first`` passing or its second; a time that the beginning of
    summer time skips is moved to the end of the gap.
    """
    ambiguous = np.full(len(times), first)
    local = times.dt.as_unit("us").dt.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward")
    return local.dt.tz_convert("UTC")


def end_of_day(times: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The last second of each naive time's day: what is later is late by the calendar."""
    return times.dt.normalize() + pd.Timedelta(days=1, seconds=-1)
