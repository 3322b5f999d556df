"""Local times as instants, the hours of the clock change included."""

from typing import Any, Final

import numpy as np
import pandas as pd

#: Zones are asked by way of Python's calendar, which ends on either side, and an offset leads beyond its ends. No clock
#: changes in the days between.
_FIRST: Final = pd.Timestamp("0001-01-03").as_unit("us")
_LAST: Final = pd.Timestamp("9999-12-29").as_unit("us")


def to_utc(times: "pd.Series[pd.Timestamp]", zone: str, *, first: bool) -> "pd.Series[pd.Timestamp]":
    """Naive local times (years 1 to 9999) of the IANA ``zone`` as UTC instants (microseconds); missing stays missing.

    A time that the end of summer time repeats is its ``first`` passing or its second; a time that the beginning of
    summer time skips is moved to the end of the gap. At either end of the calendar the instant may lie beyond it.
    """
    ambiguous = np.full(len(times), first)
    local = times.dt.as_unit("us")
    near = local.mask(local < _FIRST, _FIRST).mask(local > _LAST, _LAST)
    instants = near.dt.tz_localize(zone, ambiguous=ambiguous, nonexistent="shift_forward").dt.tz_convert("UTC")
    return instants + (local - near)


def to_local(instants: "pd.Series[pd.Timestamp]", zone: str) -> "pd.Series[pd.Timestamp]":
    """Instants (years 1 to 9999) as naive local times of the IANA ``zone`` (microseconds); missing stays missing."""
    utc = instants.dt.as_unit("us")
    first, last = _FIRST.tz_localize("UTC"), _LAST.tz_localize("UTC")
    near = utc.mask(utc < first, first).mask(utc > last, last)
    return near.dt.tz_convert(zone).dt.tz_localize(None) + (utc - near)


def beyond_calendar(times: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
    """Where a time, with or without a zone, lies before the year 1 or after the year 9999."""
    told: pd.Series[bool] = in_utc(times).dt.year.between(1, 9999)
    return times.notna() & ~told


def in_utc(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """``values``, instants by the clock of UTC: by a zone's, pandas tells none beyond the calendar."""
    return values.dt.tz_convert("UTC") if isinstance(values.dtype, pd.DatetimeTZDtype) else values


def end_of_day(times: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The last second of each naive time's day: what is later is late by the calendar."""
    return times.dt.normalize() + pd.Timedelta(days=1, seconds=-1)
