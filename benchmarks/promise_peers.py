"""Other ways to promise a date: the one that the company published, and tables of days as they are kept by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.kept_promises import CONFIDENCE, SETTINGS, Days, local_day
from features.geography import haversine_km
from features.history import Attempts

Rows = NDArray[np.intp]

#: Days of the week on which a table counts, Monday first.
EVERY_DAY: Final = "1111111"
NOT_ON_SUNDAYS: Final = "1111110"
#: Where one zone ends and the next begins, between regions of one country.
BANDS_KM: Final = (100.0, 300.0, 600.0, 1000.0)


def published_on(orders: pd.DataFrame, order_ids: NDArray[np.object_], zone: str) -> Days:
    """The local date that each order's customer was told."""
    promised = orders.set_index("order_id")["promised_at"].reindex(order_ids)
    # The promise is kept as the last instant of its date.
    seconds = promised.dt.as_unit("us").dt.tz_localize(None).to_numpy().astype(np.int64) / 1e6
    return local_day(seconds - 1.0, zone)


@dataclass(frozen=True)
class Entries:
    """Which entries of a table of days are an attempt's: how it is prepared and how it is carried; one row each."""

    prepared: NDArray[np.str_]
    carried: NDArray[np.str_]


@dataclass(frozen=True)
class Trips:
    """How long attempts took in counted days, beside their entries; one row per attempt."""

    entries: Entries
    processing: Days
    transit: Days


def by_zone(attempts: Attempts, rows: Rows) -> Entries:
    """The entries of the attempts at ``rows`` in a table of location types and zones."""
    return Entries(attempts.columns["location_type"][rows].astype(str), zones_of(attempts, rows))


def by_zone_and_service(attempts: Attempts, rows: Rows) -> Entries:
    """The same, in a table whose zones have a column for each service level."""
    entries = by_zone(attempts, rows)
    levels = attempts.columns["service_level"][rows].astype(str)
    return Entries(entries.prepared, np.char.add(np.char.add(entries.carried, " "), levels))


def zones_of(attempts: Attempts, rows: Rows) -> NDArray[np.str_]:
    """Same region, or how far away in the same country, or abroad."""
    at = {name: column[rows] for name, column in attempts.columns.items()}
    ends = ("location_latitude", "location_longitude", "destination_latitude", "destination_longitude")
    km = haversine_km(*(at[name] for name in ends))
    band = np.char.add("band ", np.digitize(km, BANDS_KM).astype(str))
    inland = np.asarray(at["location_country"] == at["destination_country"], dtype=bool)
    near = inland & np.asarray(at["location_region"] == at["destination_region"], dtype=bool)
    return np.where(near, "region", np.where(inland, band, "abroad"))


def counted_days(first: Days, last: Days, week: str) -> Days:
    """How many days of ``week`` lie after ``first``, up to ``last``."""
    after_first, after_last = ((days + 1).astype("datetime64[D]") for days in (first, last))
    return np.asarray(np.busday_count(after_first, after_last, weekmask=week), dtype=np.int64)


def days_later(first: Days, count: Days, week: str) -> Days:
    """The ``count``-th day of ``week`` after each ``first``."""
    start = first.astype("datetime64[D]")
    return np.asarray(np.busday_offset(start, count, roll="preceding", weekmask=week).astype(np.int64))


@dataclass(frozen=True)
class DaysTable:
    """Whole days of processing by location type, and of transit by zone and service level."""

    processing: "pd.Series[float]"
    transit: "pd.Series[float]"

    @classmethod
    def learn(cls, trips: Trips, percentile: float) -> "DaysTable":
        """Each entry is the number of days that ``percentile`` of its trips did not exceed."""

        def entries(days: Days, by: NDArray[np.str_]) -> "pd.Series[float]":
            return pd.Series(days).groupby(by).quantile(percentile, interpolation="higher")

        return cls(entries(trips.processing, trips.entries.prepared), entries(trips.transit, trips.entries.carried))

    def days(self, entries: Entries) -> Days:
        """Processing and transit together; what has no entry takes the longest of the table."""
        processing = self.processing.reindex(entries.prepared).fillna(self.processing.max())
        transit = self.transit.reindex(entries.carried).fillna(self.transit.max())
        return (processing.to_numpy() + transit.to_numpy()).astype(np.int64)


def by_hand(trips: Trips) -> DaysTable:
    """Each entry is what nearly all of its own trips took: whoever enters processing does not see transit."""
    return DaysTable.learn(trips, CONFIDENCE)


def tuned(trips: Trips) -> DaysTable:
    """The table of the lowest percentile that would have kept nearly all of the trips that it is learnt from.

    The highest percentile's where none keeps so many.
    """
    tables = (DaysTable.learn(trips, percentile) for percentile in SETTINGS)
    took = trips.processing + trips.transit
    enough = (table for table in tables if np.mean(took <= table.days(trips.entries)) >= CONFIDENCE)
    return next(enough, DaysTable.learn(trips, SETTINGS[-1]))


@dataclass(frozen=True)
class Table:
    """One way to keep a table of days: what its entries are, how they are set, and the days of ``week`` it counts.

    ``suffix``: of the names of its figures.
    """

    title: str
    suffix: str
    entries_of: Callable[[Attempts, Rows], Entries]
    learn: Callable[[Trips], DaysTable]
    week: str

    def promised_on(self, attempts: Attempts, learnt: Rows, rows: Rows, zone: str) -> Days:
        """Local dates that the table, learnt from the attempts ``learnt``, tells of those at ``rows``.

        ``learnt``: handed over and delivered.
        """
        decided, ready, delivered = (
            local_day(instants[learnt], zone)
            for instants in (attempts.decided_at, attempts.ready_at, attempts.delivered_at)
        )
        processing, transit = counted_days(decided, ready, self.week), counted_days(ready, delivered, self.week)
        table = self.learn(Trips(self.entries_of(attempts, learnt), processing, transit))
        days = table.days(self.entries_of(attempts, rows))
        return days_later(local_day(attempts.decided_at[rows], zone), days, self.week)


#: As it is configured by hand, and then as well as whole days by zone and service can be kept.
TABLES: Final = (
    Table("table by hand", "", by_zone, by_hand, EVERY_DAY),
    Table("tuned table by service", "_tuned", by_zone_and_service, tuned, EVERY_DAY),
    Table(
        "tuned table by service without Sundays", "_tuned_without_sundays", by_zone_and_service, tuned, NOT_ON_SUNDAYS
    ),
)
