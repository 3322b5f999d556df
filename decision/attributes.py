"""What rules may mention: every attribute with its type, unit and meaning, and how it is read.

Shapes: an attribute of the order is one value; of candidates (location, service, prediction) it is (C,); of the
line in question ``line.*`` it is (L, 1), and of that line at the candidate ``stock.*`` (L, C). They broadcast.
"""

# ruff: noqa: E501 - the table below reads best with one attribute to a line

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from decision.candidates import Candidates
from decision.custom import typed
from decision.network import Network
from decision.order import Line, Order
from decision.scores import Scores
from expressions.kinds import Kind, ListOf, Names
from expressions.sets import TextSets, encode_sets
from expressions.text import Text, encode


@dataclass(frozen=True)
class Situation:
    """What rules look at. ``scores`` are there once predictions are."""

    order: Order
    network: Network
    candidates: Candidates
    now: datetime
    atp: NDArray[np.float64]
    scores: Scores | None = None


@dataclass(frozen=True)
class Attribute:
    """One name of the language, documented."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    null: str
    read: Callable[[Situation], Any]

    @property
    def space(self) -> str:
        """Return what stands before the dot."""
        return self.name.split(".")[0]


_NUMBER, _TEXT, _TRUTH, _TEXTS = Kind
NEVER: Final = "never missing"


def _hours(later: datetime | None, now: datetime) -> NDArray[np.float64]:
    return np.array(np.nan if later is None else (later - now) / timedelta(hours=1))


#: Position of one value per line beside the candidates' axis: (L, 1).
_BELOW: Final = (slice(None), None)


def _at(column: Any, positions: Any) -> Any:
    """Return a column's values at ``positions``, of whatever type it is."""
    return column.take(positions) if isinstance(column, Text | TextSets) else column[positions]


def _number(value: float | None) -> NDArray[np.float64]:
    return np.array(np.nan if value is None else value, float)


def _total(order: Order, name: str) -> NDArray[np.float64]:
    return np.array(sum(_one(line, name) * line.quantity for line in order.lines))


def _one(line: Line, name: str) -> float:
    value = getattr(line, name)
    return float("nan") if value is None else float(value)


def _location(column: str) -> Callable[[Situation], Any]:
    return lambda s: s.network.locations[column][s.candidates.location]


def _location_text(column: str) -> Callable[[Situation], Text]:
    return lambda s: s.network.location_texts[column].take(s.candidates.location)


def _service_text(column: str) -> Callable[[Situation], Text]:
    return lambda s: s.network.service_texts[column].take(s.candidates.service)


def _local(measure: Callable[[datetime], float]) -> Callable[[Situation], NDArray[np.float64]]:
    """Return how to measure the local time of each candidate, once per time zone."""

    def read(s: Situation) -> NDArray[np.float64]:
        zones = s.network.location_texts["timezone"].take(s.candidates.location)
        local = [measure(s.now.astimezone(ZoneInfo(zone))) for zone in zones.vocabulary]
        return np.array([*local, np.nan, np.nan])[zones.codes]

    return read


def _scored(read: Callable[[Scores], Any]) -> Callable[[Situation], Any]:
    def value(s: Situation) -> Any:
        assert s.scores is not None, "predictions are asked for before they are made"
        return read(s.scores)

    return value


ATTRIBUTES: Final = (
    Attribute("order.delivery_method", _TEXT, "", "home, click_and_collect, reserve_and_collect or ship_to_store", NEVER, lambda s: encode(s.order.delivery_method)),
    Attribute("order.channel", _TEXT, "", "where the order came from", "not told", lambda s: encode(s.order.channel)),
    Attribute("order.payment_method", _TEXT, "", "how the customer pays", "not told", lambda s: encode(s.order.payment_method)),
    Attribute("order.currency", _TEXT, "", "ISO 4217", NEVER, lambda s: encode(s.order.currency)),
    Attribute("order.country", _TEXT, "", "of the destination, ISO 3166-1 alpha-2", NEVER, lambda s: encode(s.order.destination.country)),
    Attribute("order.region", _TEXT, "", "of the destination", "not told", lambda s: encode(s.order.destination.region)),
    Attribute("order.postal_code", _TEXT, "", "of the destination", "not told", lambda s: encode(s.order.destination.postal_code)),
    Attribute("order.collect_location_id", _TEXT, "", "where the customer collects", "delivered, not collected", lambda s: encode(s.order.collect_location_id)),
    Attribute("order.customer_tier", _TEXT, "", "how the customer stands with the company: gold, …", "not told", lambda s: encode(s.order.customer_tier)),
    Attribute("order.tags", _TEXTS, "", "of the order", "never missing; empty where not told", lambda s: encode_sets([s.order.tags]).take(0)),
    Attribute("order.value", _NUMBER, "money", "price of all lines together", "a price is not told", lambda s: _total(s.order, "unit_price")),
    Attribute("order.weight_kg", _NUMBER, "kg", "of all lines together", "a weight is not known", lambda s: _total(s.order, "weight_kg")),
    Attribute("order.volume_l", _NUMBER, "litres", "of all lines together", "a volume is not known", lambda s: _total(s.order, "volume_l")),
    Attribute("order.units", _NUMBER, "units", "of all lines together", NEVER, lambda s: np.array(float(sum(line.quantity for line in s.order.lines)))),
    Attribute("order.promised_in_hours", _NUMBER, "hours", "from now to the promised instant; negative once it has passed", "nothing promised", lambda s: _hours(s.order.promised_at, s.now)),
    Attribute("order.age_hours", _NUMBER, "hours", "since the order was placed", NEVER, lambda s: -_hours(s.order.placed_at, s.now)),
    Attribute("line.sku", _TEXT, "", "of the line in question", NEVER, lambda s: encode([[line.sku] for line in s.order.lines])),
    Attribute("line.category", _TEXT, "", "of its product", "not known", lambda s: encode([[line.category] for line in s.order.lines])),
    Attribute("line.quantity", _NUMBER, "units", "asked for", NEVER, lambda s: _lines(s.order, "quantity")[:, None]),
    Attribute("line.unit_price", _NUMBER, "money", "of one unit", "not told", lambda s: _lines(s.order, "unit_price")[:, None]),
    Attribute("line.weight_kg", _NUMBER, "kg", "of one unit", "not known", lambda s: _lines(s.order, "weight_kg")[:, None]),
    Attribute("line.volume_l", _NUMBER, "litres", "of one unit", "not known", lambda s: _lines(s.order, "volume_l")[:, None]),
    Attribute("line.hazmat", _TRUTH, "", "dangerous goods", NEVER, lambda s: _lines(s.order, "hazmat")[:, None]),
    Attribute("line.bulky", _TRUTH, "", "does not fit a usual parcel", NEVER, lambda s: _lines(s.order, "bulky")[:, None]),
    Attribute("line.fragile", _TRUTH, "", "breaks easily", NEVER, lambda s: _lines(s.order, "fragile")[:, None]),
    Attribute("line.cold", _TRUTH, "", "must be kept cold", NEVER, lambda s: _lines(s.order, "cold")[:, None]),
    Attribute("line.group", _TEXT, "", "lines of one group ship together or not at all", "in none", lambda s: encode([[line.group] for line in s.order.lines])),
    Attribute("line.tags", _TEXTS, "", "of the line's product", "never missing; empty where not told", lambda s: encode_sets(line.tags for line in s.order.lines).take(_BELOW)),
    Attribute("location.id", _TEXT, "", "the candidate location", NEVER, _location_text("location_id")),
    Attribute("location.type", _TEXT, "", "warehouse, store, supplier or hub", NEVER, _location_text("location_type")),
    Attribute("location.name", _TEXT, "", "as people call it", "not known", _location_text("name")),
    Attribute("location.country", _TEXT, "", "ISO 3166-1 alpha-2", NEVER, _location_text("country")),
    Attribute("location.region", _TEXT, "", "state or province", "not known", _location_text("region")),
    Attribute("location.postal_code", _TEXT, "", "of the location", "not known", _location_text("postal_code")),
    Attribute("location.timezone", _TEXT, "", "IANA zone", NEVER, _location_text("timezone")),
    Attribute("location.tags", _TEXTS, "", "of the location", "never missing; empty where not told", lambda s: s.network.location_tags.take(s.candidates.location)),
    Attribute("location.distance_km", _NUMBER, "km", "as the crow flies, to the destination", "a place has no coordinates", lambda s: s.candidates.distance_km),
    Attribute("location.capacity_per_day", _NUMBER, "shipments", "it can prepare in a day", "no limit known", _location("capacity_per_day")),
    Attribute("location.backlog", _NUMBER, "shipments", "decided for it and not ready yet", "not known", _location("backlog")),
    Attribute("location.backlog_share", _NUMBER, "days", "backlog ÷ capacity per day", "either is not known, or the capacity is 0", lambda s: _ratio(_location("backlog")(s), _location("capacity_per_day")(s))),
    Attribute("location.footfall", _NUMBER, "visitors", "in the last full hour", "not counted", _location("footfall")),
    Attribute("location.footfall_ratio", _NUMBER, "ratio", "footfall ÷ usual for that hour of the week", "not counted", _location("footfall_ratio")),
    Attribute("service.id", _TEXT, "", "the carrier service", "collected without one", _service_text("carrier_service_id")),
    Attribute("service.carrier", _TEXT, "", "who carries it", "collected without one", _service_text("carrier")),
    Attribute("service.level", _TEXT, "", "standard, express, … or collect", "collected without one", _service_text("level")),
    Attribute("service.max_weight_kg", _NUMBER, "kg", "that it carries in one shipment", "no limit", lambda s: np.where(np.isinf(s.candidates.max_weight_kg), np.nan, s.candidates.max_weight_kg)),
    Attribute("service.carbon_kg", _NUMBER, "kg CO2e", "of one shipment (0 where not known)", NEVER, lambda s: s.candidates.carbon_kg),
    Attribute("stock.on_hand", _NUMBER, "units", "recorded of the line's sku at the location", "no record", lambda s: s.candidates.on_hand),
    Attribute("stock.atp", _NUMBER, "units", "available to promise: on hand − reserved − recorded safety stock", NEVER, lambda s: s.atp),
    Attribute("stock.days_since_count", _NUMBER, "days", "age of the stock record", "no record", lambda s: (s.now.timestamp() - s.candidates.counted_at) / 86_400),
    Attribute("prediction.delivery_p10_hours", _NUMBER, "hours", "until delivered (or ready to collect): 1 in 10 is faster", "not scored", _scored(lambda p: p.delivery(0.1))),
    Attribute("prediction.delivery_p50_hours", _NUMBER, "hours", "until delivered (or ready to collect): half are faster", "not scored", _scored(lambda p: p.delivery(0.5))),
    Attribute("prediction.delivery_p90_hours", _NUMBER, "hours", "until delivered (or ready to collect): 9 in 10 are faster", "not scored", _scored(lambda p: p.delivery(0.9))),
    Attribute("prediction.ready_p50_hours", _NUMBER, "hours", "until handed to the carrier or ready to collect: half are faster", "not scored", _scored(lambda p: p.ready(0.5))),
    Attribute("prediction.ready_p90_hours", _NUMBER, "hours", "until handed to the carrier or ready to collect: 9 in 10 are faster", "not scored", _scored(lambda p: p.ready(0.9))),
    Attribute("prediction.p_late", _NUMBER, "probability", "of missing the promise (0 without one)", "not scored", _scored(lambda p: p.late)),
    Attribute("prediction.late_days", _NUMBER, "days", "late to be expected (0 without a promise)", "not scored", _scored(lambda p: p.late_days)),
    Attribute("prediction.line_cost", _NUMBER, "money", "of sending the line in question alone", "not scored", _scored(lambda p: p.line_cost)),
    Attribute("prediction.line_pick_failure", _NUMBER, "probability", "that the location will not supply the line in question", "not scored", _scored(lambda p: p.pick_failure)),
    Attribute("now.hour", _NUMBER, "hours", "local time at the location, 13.5 is half past one", NEVER, _local(lambda t: t.hour + t.minute / 60)),
    Attribute("now.weekday", _NUMBER, "", "local day at the location: Monday 1 … Sunday 7", NEVER, _local(lambda t: t.isoweekday())),
    Attribute("now.month", _NUMBER, "", "local month at the location: 1 … 12", NEVER, _local(lambda t: t.month)),
    Attribute("now.day", _NUMBER, "", "local day of the month at the location", NEVER, _local(lambda t: t.day)),
)  # fmt: skip

BY_NAME: Final = {attribute.name: attribute for attribute in ATTRIBUTES}

#: What expressions read, or may read: dotted name → type.
Reads: TypeAlias = Names

#: Spaces with custom attributes, which a ruleset declares: how the column of one is read.
CUSTOM: Final[dict[str, Callable[[Situation, str, Kind], Any]]] = {
    "order": lambda s, name, kind: _at(typed([s.order.attributes], name, kind), 0),
    "line": lambda s, name, kind: _at(typed([line.attributes for line in s.order.lines], name, kind), _BELOW),
    "location": lambda s, name, kind: _at(s.network.location_attribute(name, kind), s.candidates.location),
    "service": lambda s, name, kind: _at(s.network.service_attribute(name, kind), s.candidates.service),
}

#: Spaces whose attributes differ from line to line.
PER_LINE: Final = frozenset({"line", "stock"})
_PER_LINE_PREDICTIONS: Final = frozenset({"prediction.line_cost", "prediction.line_pick_failure"})


def names_of(*spaces: str, custom: Mapping[str, Kind] | None = None) -> Names:
    """Return the names that an expression may mention which sees these spaces; ``lines`` is among the spaces.

    ``custom``: declared custom attributes by their dotted names.
    """
    known = {**{a.name: a.kind for a in ATTRIBUTES}, **(custom or {})}
    names: dict[str, Kind | ListOf] = {name: kind for name, kind in known.items() if _space(name) in spaces}
    if "lines" in spaces:
        # An item of ``lines`` has the fields of the line in question.
        names["lines"] = ListOf(
            {name.removeprefix("line."): kind for name, kind in known.items() if _space(name) == "line"}
        )
    return names


def _space(name: str) -> str:
    return name.partition(".")[0]


def together(reads: Iterable[Reads]) -> Reads:
    """Return what several expressions read, as one."""
    union: dict[str, Kind | ListOf] = {}
    for names in reads:
        for name, kind in names.items():
            known = union.get(name)
            both = isinstance(kind, ListOf) and isinstance(known, ListOf)
            union[name] = ListOf({**known.fields, **kind.fields}) if both else kind  # type: ignore[union-attr]
    return union


def is_per_line(names: Iterable[str]) -> bool:
    """Return whether a condition over ``names`` is about single lines rather than whole candidates."""
    return any(_space(name) in PER_LINE or name in _PER_LINE_PREDICTIONS for name in names)


def needs_prediction(names: Iterable[str]) -> bool:
    """Return whether a condition over ``names`` has to wait for predictions."""
    return any(name.startswith("prediction.") for name in names)


def read_columns(reads: Reads, situation: Situation) -> dict[str, Any]:
    """Return the columns that expressions read."""
    return {
        name: _listed(kind, situation) if isinstance(kind, ListOf) else _column(name, kind, situation)
        for name, kind in reads.items()
    }


def _column(name: str, kind: Kind, situation: Situation) -> Any:
    attribute = BY_NAME.get(name)
    if attribute is not None:
        return attribute.read(situation)
    space, _, custom = name.split(".", 2)
    return CUSTOM[space](situation, custom, kind)


def _listed(listing: ListOf, situation: Situation) -> dict[str, Any]:
    columns = {field: _column(f"line.{field}", kind, situation) for field, kind in listing.fields.items()}
    return {field: _at(column, (slice(None), 0)) for field, column in columns.items()}


def _lines(order: Order, name: str) -> NDArray[Any]:
    return np.array([_one(line, name) for line in order.lines])


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    return numerator / np.where(denominator == 0, np.nan, denominator)
