"""The network at one instant: every location, carrier service and stock record, as columns."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from decision.calendars.open_times import OpenTimes
from decision.calendars.opening import WeeklyHours, daily_cut_offs, day_of, weekly_hours
from decision.calendars.working_days import EVERY_WEEKDAY, WorkingDays, days_worked, days_worked_usually
from decision.custom import typed
from expressions.kinds import Kind
from expressions.sets import TextSets, encode_sets
from expressions.text import Text, encode
from features.coded import Coded, CodedColumns, factorised
from features.facts import Columns
from features.geography import on_the_globe
from features.places import PLACES

#: Fact → column.
_LOCATION_TEXTS: Final = {
    "location_id": "location_id",
    "location_type": "location_type",
    "location_country": "country",
    "location_region": "region",
    "location_postal_code": "postal_code",
    "location_timezone": "timezone",
}
_LOCATION_NUMBERS: Final = {
    "location_latitude": "latitude",
    "location_longitude": "longitude",
    "capacity_per_day": "capacity_per_day",
    "backlog": "backlog",
    "footfall_ratio": "footfall_ratio",
}
_SERVICE_TEXTS: Final = {"carrier_service_id": "carrier_service_id", "carrier": "carrier", "service_level": "level"}


@dataclass(frozen=True, slots=True)
class SkuStock:
    """Where one sku is recorded. Arrays of equal length, one row per location that has a record.

    ``location`` holds positions in ``Network.locations``, ascending; the units are float64. ``daily_demand``: units
    sold there in a usual day; ``markdown_risk``: probability that units there have to be sold at a lower price.
    Both may be told for some locations (NaN for others), or for none.
    """

    location: NDArray[np.intp]
    on_hand: NDArray[np.float64]
    reserved: NDArray[np.float64]
    safety_stock: NDArray[np.float64]
    counted_at: NDArray[np.float64]
    daily_demand: NDArray[np.float64] | None = None
    markdown_risk: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """Units of a sku on their way to a location, a position in ``Network.locations``; timezone-aware UTC."""

    location: int
    quantity: float
    expected_at: datetime


@dataclass(frozen=True)
class Network:
    """What can be decided about.

    ``locations``: columns ``location_id, location_type, name, country, region, postal_code, latitude, longitude,
    timezone, capacity_per_day, backlog, footfall, footfall_ratio``; ``services``: columns ``carrier_service_id,
    carrier, level, location_type, max_weight_kg, carbon_kg_per_shipment``. Text columns are object arrays with
    ``None`` for missing, numbers float64 with NaN.

    Columns that may be absent, where nobody tells: of both ``attributes`` (mappings, see `decision.custom`) and
    ``cut_offs`` (mappings, see `decision.calendars.opening`), ``closed_on`` (sequences of dates, text, ISO 8601) and
    ``closed_on_public_holidays`` (1 or 0); of services ``delivery_days`` (sequences of weekdays, see
    `decision.calendars.opening`); of locations ``tags`` (sequences of texts), ``opening_hours`` (mappings),
    ``capacity_used`` (shipments given today), ``capacity_used_on`` (the local day that it counts, text, ISO 8601;
    without the column it is always today) and ``rating``.

    ``inbound``: what is on its way, by sku.
    """

    locations: Columns
    services: Columns
    stock: Mapping[str, SkuStock]
    inbound: Mapping[str, Sequence[Inbound]] = field(default_factory=dict)
    _columns: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def location_texts(self) -> Mapping[str, Text]:
        """The text columns of ``locations`` as rules compare them, made when first asked for."""
        return {name: encode(column) for name, column in self.locations.items() if _is_text(name, column)}

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Where each location is among ``locations``, by its id."""
        return {location_id: at for at, location_id in enumerate(self.locations["location_id"].tolist())}

    @cached_property
    def location_facts(self) -> CodedColumns:
        """The facts (`features.facts`) of each location, and what is remembered of it; made when first asked for."""
        return CodedColumns(
            {name: self.locations[column] for name, column in _LOCATION_NUMBERS.items()},
            {name: factorised(self.locations[column]) for name, column in _LOCATION_TEXTS.items()},
            PLACES,
        )

    @cached_property
    def service_ids(self) -> NDArray[np.object_]:
        """The id of each carrier service, then ``None``, which position −1 finds: no carrier service."""
        return np.append(self.services["carrier_service_id"], np.array([None]))

    @cached_property
    def service_facts(self) -> Mapping[str, Coded]:
        """The facts of each carrier service, followed by one row without any: no carrier service."""
        return {
            name: factorised(np.append(self.services[column], np.array([None])))
            for name, column in _SERVICE_TEXTS.items()
        }

    @cached_property
    def service_texts(self) -> Mapping[str, Text]:
        """The text columns of ``services``, followed by one row without any: no carrier service."""
        return {name: encode([*column, None]) for name, column in self.services.items() if _is_text(name, column)}

    @cached_property
    def location_tags(self) -> TextSets:
        """The tags of each location."""
        return encode_sets(_cells(self.locations, "tags"))

    @cached_property
    def location_hours(self) -> WeeklyHours:
        """The opening hours of each location."""
        return weekly_hours(_cells(self.locations, "opening_hours"))

    @cached_property
    def location_cut_offs(self) -> NDArray[np.float64]:
        """The cut-off of each location on each weekday (`decision.calendars.opening.daily_cut_offs`)."""
        return daily_cut_offs(_cells(self.locations, "cut_offs"))

    @cached_property
    def service_cut_offs(self) -> NDArray[np.float64]:
        """The same of each carrier service, followed by one row without any: no carrier service."""
        return daily_cut_offs([*_cells(self.services, "cut_offs"), None])

    def with_stock(
        self, stock: Mapping[str, SkuStock], inbound: Mapping[str, Sequence[Inbound]] | None = None
    ) -> "Network":
        """Return the network with other stock, and what is on its way; what was worked out of its columns is kept."""
        other = copy(self)
        object.__setattr__(other, "stock", stock)
        if inbound is not None:
            object.__setattr__(other, "inbound", inbound)
        return other

    def with_capacity_used(self, used: NDArray[np.float64], day: NDArray[np.object_]) -> "Network":
        """Return the network whose locations were given so many shipments that day; the rest is kept as above."""
        columns = {"capacity_used": used, "capacity_used_on": day}
        other = copy(self)
        object.__setattr__(other, "locations", {**self.locations, **columns})
        texts = {name: encode(column) for name, column in columns.items() if _is_text(name, column)}
        vars(other)["location_texts"] = {**self.location_texts, **texts}
        written = {("written", name) for name in columns}
        # Copied at once: others may be remembering meanwhile.
        kept = {key: made for key, made in dict(self._columns).items() if key not in written}
        object.__setattr__(other, "_columns", kept)
        return other

    @cached_property
    def has_calendars(self) -> bool:
        """Whether anybody told hours, cut-offs or days on which something is closed, public holidays too."""
        days = (*self.location_days, *self.service_days)
        return bool(
            self.location_hours.known.any()
            or not np.isnan(self.location_cut_offs).all()
            or not np.isnan(self.service_cut_offs).all()
            or any(day != WorkingDays() for day in days)
            or any(keeps == 1 for keeps in _cells(self.services, "closed_on_public_holidays"))
        )

    @cached_property
    def location_days(self) -> Sequence[WorkingDays]:
        """On which days each location works; it keeps the holidays of where it is."""
        places = zip(
            self.location_hours.weekdays(),
            _cells(self.locations, "closed_on"),
            _cells(self.locations, "closed_on_public_holidays"),
            zip(self.locations["country"], self.locations["region"], strict=True),
            strict=True,
        )
        return [
            WorkingDays(week, _dates(closed), where if keeps == 1 else None) for week, closed, keeps, where in places
        ]

    def open_times(self, place: int) -> OpenTimes:
        """Return when one location is open; where it never is, as if nobody had told its hours."""
        hours = self.locations["opening_hours"][place] if "opening_hours" in self.locations else None
        days = self.location_days[place]
        days = days if days.weekdays else replace(days, weekdays=EVERY_WEEKDAY)
        return OpenTimes(hours, ZoneInfo(self.locations["timezone"][place]), days.works)

    @cached_property
    def service_days(self) -> Sequence[WorkingDays]:
        """On which days each carrier service delivers, public holidays apart; then one without any: every day."""
        told = zip(_cells(self.services, "delivery_days"), _cells(self.services, "closed_on"), strict=True)
        weeks = [(EVERY_WEEKDAY if days is None else frozenset(map(day_of, days)), closed) for days, closed in told]
        return [*(WorkingDays(week, _dates(closed)) for week, closed in weeks), WorkingDays()]

    def delivers_on(self, service: int, country: str, region: str | None) -> WorkingDays:
        """Return the days on which a carrier service delivers there; position −1 is no service, which is every day."""
        keeps = [*_cells(self.services, "closed_on_public_holidays"), None][service] == 1
        return replace(self.service_days[service], holidays_of=(country, region) if keeps else None)

    def days_worked(self, first: date, count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return (R, count) whether each location works on the dates from ``first`` on, and whether usually."""
        days = self.location_days
        return self.once(  # type: ignore[no-any-return]  # what is remembered is of many types
            ("days", first, count), lambda: (days_worked(days, first, count), days_worked_usually(days, first, count))
        )

    def days_worked_at(self, place: int, first: date, count: int) -> NDArray[np.bool_]:
        """Return (1, count) whether one location works on the dates from ``first`` on."""
        return self.once(  # type: ignore[no-any-return]  # what is remembered is of many types
            ("days", place, first, count), lambda: days_worked([self.location_days[place]], first, count)
        )

    def locations_near(self, latitude: float, longitude: float, count: int) -> NDArray[np.intp]:
        """Return the positions of the ``count`` locations nearest to a place, nearest first, by a tree.

        Locations that nobody placed are not among them.
        """
        rows, tree = self._on_the_globe
        if not len(rows):
            return rows
        _, near = tree.query(on_the_globe(np.array([latitude]), np.array([longitude]))[0], min(count, len(rows)))
        return np.asarray(rows[np.atleast_1d(near)])

    @cached_property
    def _on_the_globe(self) -> tuple[NDArray[np.intp], KDTree]:
        latitude, longitude = self.locations["latitude"], self.locations["longitude"]
        rows = np.flatnonzero(~np.isnan(latitude) & ~np.isnan(longitude))
        return rows, KDTree(on_the_globe(latitude[rows], longitude[rows]))

    def location_attribute(self, name: str, kind: Kind) -> Any:
        """Return a custom attribute of each location as a column of expressions, made when first asked for."""
        return self.once(("location", name, kind), lambda: typed(_cells(self.locations, "attributes"), name, kind))

    def service_attribute(self, name: str, kind: Kind) -> Any:
        """Return a custom attribute of each carrier service, followed by one row without: no carrier service."""
        return self.once(
            ("service", name, kind), lambda: typed([*_cells(self.services, "attributes"), None], name, kind)
        )

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what ``make`` makes of these columns, made when first asked for by this ``key``."""
        if key not in self._columns:
            self._columns[key] = make()
        return self._columns[key]


#: Columns of objects that are no texts.
STRUCTURED: Final = frozenset({"attributes", "tags", "opening_hours", "cut_offs", "closed_on", "delivery_days"})


def _is_text(name: str, column: NDArray[Any]) -> bool:
    return column.dtype == object and name not in STRUCTURED


def _cells(columns: Columns, name: str) -> Sequence[Any]:
    rows = len(next(iter(columns.values()), ()))
    return [None] * rows if name not in columns else list(columns[name])


def _dates(written: Sequence[str] | None) -> frozenset[date]:
    return frozenset(map(date.fromisoformat, written or ()))
