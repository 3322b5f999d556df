"""What rules may mention: every attribute with its type, unit and meaning.

Shapes: an attribute of the order is one value; of candidates (location, service, prediction) it is (C,); of the
line in question ``line.*`` it is (L, 1), and of that line at the candidate ``stock.*`` (L, C). They broadcast.
"""

# ruff: noqa: E501 - the table below reads best with one attribute to a line

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from decision.rules.reading import (
    BELOW,
    CUSTOM,
    at,
    by_clock,
    capacity_used,
    hours,
    line_figure,
    line_text,
    location,
    location_text,
    minutes_to_cut_off,
    open_now,
    opens_in_hours,
    ratio,
    scored,
    service_text,
    total,
    zone,
)
from decision.rules.situation import Situation
from expressions.kinds import Kind, ListOf, Names
from expressions.sets import encode_sets
from expressions.text import encode


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
#: What `cap` rules compare with.
CAPACITY_USED: Final = "location.capacity_used"

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
    Attribute("order.value", _NUMBER, "money", "price of all lines together", "a price is not told", lambda s: total(s.order, "unit_price")),
    Attribute("order.weight_kg", _NUMBER, "kg", "of all lines together", "a weight is not known", lambda s: total(s.order, "weight_kg")),
    Attribute("order.volume_l", _NUMBER, "litres", "of all lines together", "a volume is not known", lambda s: total(s.order, "volume_l")),
    Attribute("order.units", _NUMBER, "units", "of all lines together", NEVER, lambda s: np.array(float(sum(line.quantity for line in s.order.lines)))),
    Attribute("order.promised_in_hours", _NUMBER, "hours", "from now to the promised instant; negative once it has passed", "nothing promised", lambda s: hours(s.order.promised_at, s.now)),
    Attribute("order.age_hours", _NUMBER, "hours", "since the order was placed", NEVER, lambda s: -hours(s.order.placed_at, s.now)),
    Attribute("line.sku", _TEXT, "", "of the line in question", NEVER, line_text("sku")),
    Attribute("line.category", _TEXT, "", "of its product", "not known", line_text("category")),
    Attribute("line.quantity", _NUMBER, "units", "asked for", NEVER, line_figure("quantity")),
    Attribute("line.unit_price", _NUMBER, "money", "of one unit", "not told", line_figure("unit_price")),
    Attribute("line.value", _NUMBER, "money", "of all its units", "the price is not told", lambda s: np.round(line_figure("unit_price")(s) * line_figure("quantity")(s), 9)),
    Attribute("line.weight_kg", _NUMBER, "kg", "of one unit", "not known", line_figure("weight_kg")),
    Attribute("line.volume_l", _NUMBER, "litres", "of one unit", "not known", line_figure("volume_l")),
    Attribute("line.longest_side_cm", _NUMBER, "cm", "of one unit", "not known", line_figure("longest_side_cm")),
    Attribute("line.hazmat", _TRUTH, "", "dangerous goods", NEVER, line_figure("hazmat")),
    Attribute("line.bulky", _TRUTH, "", "does not fit a usual parcel", NEVER, line_figure("bulky")),
    Attribute("line.fragile", _TRUTH, "", "breaks easily", NEVER, line_figure("fragile")),
    Attribute("line.cold", _TRUTH, "", "must be kept cold", NEVER, line_figure("cold")),
    Attribute("line.group", _TEXT, "", "lines of one group ship together or not at all", "in none", line_text("group")),
    Attribute("line.tags", _TEXTS, "", "of the line's product", "never missing; empty where not told", lambda s: encode_sets(line.tags for line in s.order.lines).take(BELOW)),
    Attribute("location.id", _TEXT, "", "the candidate location", NEVER, location_text("location_id")),
    Attribute("location.type", _TEXT, "", "warehouse, store, supplier or hub", NEVER, location_text("location_type")),
    Attribute("location.name", _TEXT, "", "as people call it", "not known", location_text("name")),
    Attribute("location.country", _TEXT, "", "ISO 3166-1 alpha-2", NEVER, location_text("country")),
    Attribute("location.region", _TEXT, "", "state or province", "not known", location_text("region")),
    Attribute("location.postal_code", _TEXT, "", "of the location", "not known", location_text("postal_code")),
    Attribute("location.timezone", _TEXT, "", "IANA zone", NEVER, location_text("timezone")),
    Attribute("location.tags", _TEXTS, "", "of the location", "never missing; empty where not told", lambda s: s.network.location_tags.take(s.candidates.location)),
    Attribute("location.distance_km", _NUMBER, "km", "as the crow flies, to the destination", "a place has no coordinates", lambda s: s.candidates.distance_km),
    Attribute("location.zone", _TEXT, "", "delivery zone of the destination seen from the location: same_region, same_country or abroad", "never missing; same_region only where both regions are told", zone),
    Attribute("location.capacity_per_day", _NUMBER, "shipments", "it can prepare in a day", "no limit known", location("capacity_per_day")),
    Attribute("location.capacity_used", _NUMBER, "shipments", "given to it so far today, by its own calendar", "not told for today", capacity_used),
    Attribute("location.capacity_left", _NUMBER, "shipments", "capacity per day − capacity used", "either is not known", lambda s: location("capacity_per_day")(s) - capacity_used(s)),
    Attribute("location.backlog", _NUMBER, "shipments", "decided for it and not ready yet", "not known", location("backlog")),
    Attribute("location.backlog_share", _NUMBER, "days", "backlog ÷ capacity per day", "either is not known, or the capacity is 0", lambda s: ratio(location("backlog")(s), location("capacity_per_day")(s))),
    Attribute("location.footfall", _NUMBER, "visitors", "in the last full hour", "not counted", location("footfall")),
    Attribute("location.footfall_ratio", _NUMBER, "ratio", "footfall ÷ usual for that hour of the week", "not counted", location("footfall_ratio")),
    Attribute("location.open_now", _TRUTH, "", "within its opening hours, on a day on which it is not closed", "no hours known", open_now),
    Attribute("location.opens_in_hours", _NUMBER, "hours", "until it opens next; 0 while it is open", "no hours known, or it does not open in the next two months", opens_in_hours),
    Attribute("location.minutes_to_cut_off", _NUMBER, "minutes", "until its cut-off of today, by its own calendar; negative once it has passed", "no cut-off today, or it is closed", lambda s: minutes_to_cut_off(s, s.network.location_cut_offs[s.candidates.location])),
    Attribute("location.rating", _NUMBER, "", "how well it does, by whatever scale the feed uses", "not told", location("rating")),
    Attribute("service.id", _TEXT, "", "the carrier service", "collected without one", service_text("carrier_service_id")),
    Attribute("service.carrier", _TEXT, "", "who carries it", "collected without one", service_text("carrier")),
    Attribute("service.level", _TEXT, "", "standard, express, … or collect", "collected without one", service_text("level")),
    Attribute("service.max_weight_kg", _NUMBER, "kg", "that it carries in one shipment", "no limit", lambda s: np.where(np.isinf(s.candidates.max_weight_kg), np.nan, s.candidates.max_weight_kg)),
    Attribute("service.carbon_kg", _NUMBER, "kg CO2e", "of one shipment (0 where not known)", NEVER, lambda s: s.candidates.carbon_kg),
    Attribute("service.minutes_to_cut_off", _NUMBER, "minutes", "until its cut-off of today by the location's clock; negative once it has passed", "no cut-off today, or the location is closed", lambda s: minutes_to_cut_off(s, s.network.service_cut_offs[s.candidates.service])),
    Attribute("stock.on_hand", _NUMBER, "units", "recorded of the line's sku at the location", "no record", lambda s: s.candidates.on_hand),
    Attribute("stock.atp", _NUMBER, "units", "available to promise: on hand − reserved − recorded safety stock", NEVER, lambda s: s.atp),
    Attribute("stock.daily_demand", _NUMBER, "units", "sold there in a usual day", "not told", lambda s: s.candidates.daily_demand),
    Attribute("stock.days_of_cover", _NUMBER, "days", "available to promise ÷ daily demand", "the demand is not told, or is 0", lambda s: ratio(s.atp, s.candidates.daily_demand)),
    Attribute("stock.markdown_risk", _NUMBER, "probability", "that the units there will have to be sold at a lower price", "not told", lambda s: s.candidates.markdown_risk),
    Attribute("stock.days_since_count", _NUMBER, "days", "age of the stock record", "no record", lambda s: (s.now.timestamp() - s.candidates.counted_at) / 86_400),
    Attribute("prediction.delivery_p10_hours", _NUMBER, "hours", "until delivered (or ready to collect): 1 in 10 is faster", "not scored", scored(lambda p: p.delivery(0.1))),
    Attribute("prediction.delivery_p50_hours", _NUMBER, "hours", "until delivered (or ready to collect): half are faster", "not scored", scored(lambda p: p.delivery(0.5))),
    Attribute("prediction.delivery_p90_hours", _NUMBER, "hours", "until delivered (or ready to collect): 9 in 10 are faster", "not scored", scored(lambda p: p.delivery(0.9))),
    Attribute("prediction.ready_p50_hours", _NUMBER, "hours", "until handed to the carrier or ready to collect: half are faster", "not scored", scored(lambda p: p.ready(0.5))),
    Attribute("prediction.ready_p90_hours", _NUMBER, "hours", "until handed to the carrier or ready to collect: 9 in 10 are faster", "not scored", scored(lambda p: p.ready(0.9))),
    Attribute("prediction.p_late", _NUMBER, "probability", "of missing the promise (0 without one)", "not scored", scored(lambda p: p.late)),
    Attribute("prediction.late_days", _NUMBER, "days", "late to be expected (0 without a promise)", "not scored", scored(lambda p: p.late_days)),
    Attribute("prediction.line_cost", _NUMBER, "money", "of sending the line in question alone", "not scored", scored(lambda p: p.line_cost)),
    Attribute("prediction.line_pick_failure", _NUMBER, "probability", "that the location will not supply the line in question", "not scored", scored(lambda p: p.pick_failure)),
    Attribute("now.hour", _NUMBER, "hours", "local time at the location, 13.5 is half past one", NEVER, by_clock(lambda t: t.hour + t.minute / 60)),
    Attribute("now.weekday", _NUMBER, "", "local day at the location: Monday 1 … Sunday 7", NEVER, by_clock(lambda t: t.isoweekday())),
    Attribute("now.month", _NUMBER, "", "local month at the location: 1 … 12", NEVER, by_clock(lambda t: t.month)),
    Attribute("now.day", _NUMBER, "", "local day of the month at the location", NEVER, by_clock(lambda t: t.day)),
)  # fmt: skip

BY_NAME: Final = {attribute.name: attribute for attribute in ATTRIBUTES}

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


def together(reads: Iterable[Names]) -> Names:
    """Return what several expressions read, as one."""
    union: dict[str, Kind | ListOf] = {}
    for names in reads:
        for name, kind in names.items():
            known = union.get(name)
            if isinstance(kind, ListOf) and isinstance(known, ListOf):
                union[name] = ListOf({**known.fields, **kind.fields})
            else:
                union[name] = kind
    return union


def is_per_line(names: Iterable[str]) -> bool:
    """Return whether a condition over ``names`` is about single lines rather than whole candidates."""
    return any(_space(name) in PER_LINE or name in _PER_LINE_PREDICTIONS for name in names)


def needs_prediction(names: Iterable[str]) -> bool:
    """Return whether a condition over ``names`` has to wait for predictions."""
    return any(name.startswith("prediction.") for name in names)


class ReadColumns(dict[str, Any]):
    """The columns that expressions read, each read when it is first asked for.

    What the order alone settles (no date was promised) asks for nothing of its candidates.
    """

    def __init__(self, reads: Names, situation: Situation) -> None:
        """``reads``: whatever may be asked for."""
        super().__init__()
        self._reads, self._situation = reads, situation

    def __missing__(self, name: str) -> Any:
        """Read a column. Raises ``KeyError`` for one that nobody said was read."""
        kind = self._reads[name]
        read = _listed(kind, self._situation) if isinstance(kind, ListOf) else _column(name, kind, self._situation)
        self[name] = read
        return read


def _column(name: str, kind: Kind, situation: Situation) -> Any:
    attribute = BY_NAME.get(name)
    if attribute is not None:
        return attribute.read(situation)
    space, _, custom = name.split(".", 2)
    return CUSTOM[space](situation, custom, kind)


def _listed(listing: ListOf, situation: Situation) -> dict[str, Any]:
    columns = {field: _column(f"line.{field}", kind, situation) for field, kind in listing.fields.items()}
    return {field: at(column, (slice(None), 0)) for field, column in columns.items()}
