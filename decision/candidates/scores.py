"""What the models say about candidates: facts assembled, predictor asked, each number where plans look for it."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from decision.calendars.delivery_days import delivery_days, zone_of
from decision.calendars.dispatch import Dispatch, dispatch
from decision.candidates.arrival import Arrival, PutOff
from decision.candidates.candidates import NO_SERVICE, Candidates
from decision.candidates.consolidation import NOTHING_OPEN, open_shipments_at
from decision.candidates.loads import Contents
from decision.candidates.parcels import Parcels, joined_parcels, parcels, weighing
from decision.network import Network
from decision.order import Order
from decision.predictor import HoursDistribution, Predictor
from features.coded import Coded, CodedColumns, Repeated, distinct_codes
from features.places import PLACES

_DAY: Final = 86_400.0


@dataclass(frozen=True)
class Asked:
    """The facts (`features.facts`) of one order, each column as long as there are things it differs between.

    ``places``: the locations of the candidates, P of them; ``candidates`` (C rows); ``lines``: the order's lines at
    these places, (L · P rows), line by line. ``place`` (C,): where each candidate is among the places.
    """

    places: CodedColumns
    candidates: CodedColumns
    lines: CodedColumns
    place: NDArray[np.intp]

    def of(self, rows: NDArray[np.intp], amounts: Parcels, which: NDArray[np.intp]) -> CodedColumns:
        """Return the facts of sending parcels, ``which`` of ``amounts`` each, from the candidates at ``rows``."""
        return CodedColumns(
            {},
            {},
            PLACES,
            Repeated(amounts.facts, which),
            Repeated(self.candidates, rows),
            Repeated(self.lines, amounts.heaviest[which] * self.places.rows + self.place[rows]),
        )

    def at_places(self, rows: NDArray[np.intp], amounts: Parcels, which: NDArray[np.intp]) -> CodedColumns:
        """Return the same facts, put together once per place: what looks at no service follows from fewer rows."""
        places = self.places.rows
        distinct, found = distinct_codes(which * places + self.place[rows])
        parcel, place = np.divmod(distinct, places)
        lines = Repeated(self.lines, amounts.heaviest[parcel] * places + place)
        there = CodedColumns({}, {}, PLACES, Repeated(amounts.facts, parcel), lines)
        return CodedColumns({}, {}, PLACES, Repeated(self.candidates, rows), Repeated(there, found))


def asked_of(order: Order, network: Network, candidates: Candidates, now: datetime) -> Asked:
    """Return the facts of an order's candidates, and of its lines there."""
    location, place = distinct_codes(candidates.location)
    first = np.searchsorted(candidates.location, location)
    places, lines = _place_facts(order, network, location, now), len(order.lines)
    everywhere, line = np.tile(np.arange(len(location)), lines), np.repeat(np.arange(lines), len(location))
    services = {name: text.take(candidates.service) for name, text in network.service_facts.items()}
    return Asked(
        places,
        CodedColumns({}, services, PLACES, Repeated(places, place)),
        CodedColumns(
            {
                "on_hand": candidates.on_hand[:, first].ravel(),
                "days_since_count": ((now.timestamp() - candidates.counted_at[:, first]) / _DAY).ravel(),
            },
            {
                name: Coded(np.array([getattr(line, name) for line in order.lines], object), line)
                for name in ("sku", "category")
            },
            PLACES,
            Repeated(places, everywhere),
        ),
        place,
    )


def _place_facts(order: Order, network: Network, location: NDArray[np.intp], now: datetime) -> CodedColumns:
    """Return the facts of each location with those of the order that hold everywhere."""
    to = order.destination
    everywhere = np.zeros(len(location), np.intp)
    texts = {
        "channel": order.channel,
        "payment_method": order.payment_method,
        "delivery_method": order.delivery_method,
        "destination_country": to.country,
        "destination_region": to.region,
        "destination_postal_code": to.postal_code,
    }
    numbers = {
        "decided_at": now.timestamp(),
        "destination_latitude": to.latitude,
        "destination_longitude": to.longitude,
    }
    return CodedColumns(
        {name: np.full(len(location), np.nan if value is None else value, float) for name, value in numbers.items()},
        {name: Coded(np.array([value], object), everywhere) for name, value in texts.items()},
        PLACES,
        Repeated(network.location_facts, location),
    )


assert NO_SERVICE == -1


#: Takes positions of candidates and, for each, the contents of its shipment.
Ask: TypeAlias = Callable[[NDArray[np.intp], Contents], NDArray[np.float64]]


@dataclass(frozen=True)
class Scores:
    """Predictions for C candidates and L lines. Candidates that were not scored hold NaN.

    ``delivery`` answers any quantile in hours from the decision, (C,); ``late`` (C,): probability of missing the
    promise, ``late_days`` (C,): days late to be expected, both 0 without a promise; ``pick_failure`` (L, C) per line;
    ``line_cost`` (L, C): cost of the line sent alone. Both are of the line as it was ordered. ``cost`` and ``failure``
    ask for other contents: ``cost`` of shipments, ``failure`` of units of one line each, from the given candidates.
    Where a shipment joins an open one (`decision.candidates.consolidation`), its cost is what it adds. ``arrivals``
    gives the distribution of hours at the given candidates, ``arrivals_later`` that of orders which come so many hours
    later, (rows,), counted from then: models know the hour and the weekday. ``handovers`` gives that of ``ready``. All
    hours are put off by calendars (`decision.calendars.dispatch`).
    """

    late: NDArray[np.float64]
    late_days: NDArray[np.float64]
    pick_failure: NDArray[np.float64]
    line_cost: NDArray[np.float64]
    delivery: Callable[[float], NDArray[np.float64]]
    ready: Callable[[float], NDArray[np.float64]]
    cost: Ask = field(repr=False)
    failure: Ask = field(repr=False)
    arrivals: Callable[[NDArray[np.intp]], HoursDistribution] = field(repr=False)
    arrivals_later: Callable[[NDArray[np.intp], NDArray[np.float64]], HoursDistribution] = field(repr=False)
    handovers: Callable[[NDArray[np.intp]], HoursDistribution] = field(repr=False)


def score(
    order: Order,
    network: Network,
    candidates: Candidates,
    usable: NDArray[np.bool_],
    *,
    predictor: Predictor,
    now: datetime,
) -> Scores:
    """Ask the predictor about the (line, candidate) pairs that are ``usable`` (L, C), and about nothing else.

    What the customer collects is there when it is ready; everything else when it is delivered.
    """
    count = usable.shape[1]
    rows = np.flatnonzero(usable.any(axis=0))
    if not len(rows):
        return _nothing(usable.shape)
    quantities = np.array([line.quantity for line in order.lines])
    asked = asked_of(order, network, candidates, now)
    of_parcels = asked.of
    order_facts = of_parcels(rows, parcels(order, quantities[None]), np.zeros(len(rows), np.intp))
    travels = ~candidates.collected[rows]
    service = candidates.service[rows]
    leaves = dispatch(network, candidates.location[rows], service, now)
    arriving = _arrival(order_facts, travels, predictor, leaves)
    ready = arriving.ready

    def arrivals_later(which: NDArray[np.intp], hours: NDArray[np.float64]) -> HoursDistribution:
        at = position[which]
        facts = _ordered_at(order_facts, at, now.timestamp() + 3600 * hours)
        return _arrival(facts, travels[at], predictor, leaves.later(at, hours))

    def of_all(values: NDArray[np.float64]) -> NDArray[np.float64]:
        spread = np.full(count, np.nan)
        spread[rows] = values
        return spread

    joined, weigh = open_shipments_at(order, network, candidates), weighing(order)

    def added_cost(which: NDArray[np.intp], amounts: Parcels, codes: NDArray[np.intp]) -> NDArray[np.float64]:
        one_each = np.arange(len(which))
        added = Parcels(*(getattr(amounts, field.name)[codes] for field in fields(amounts)))
        both = joined_parcels(order, added, joined[which])
        before, after = (predictor.cost(of_parcels(which, parcel, one_each)) for parcel in both)
        return np.maximum(after - before, 0.0)

    def cost(which: NDArray[np.intp], amounts: Parcels, codes: NDArray[np.intp]) -> NDArray[np.float64]:
        joins = joined[which] != NOTHING_OPEN
        if not joins.any():
            return predictor.cost(of_parcels(which, amounts, codes))
        costs = np.empty(len(which))
        costs[joins] = added_cost(which[joins], amounts, codes[joins])
        if not joins.all():
            costs[~joins] = predictor.cost(of_parcels(which[~joins], amounts, codes[~joins]))
        return costs

    late = late_days = np.zeros(count)
    if order.promised_at is not None:
        left = hours_left(order, network, leaves, service, until=order.promised_at, now=now)
        late = of_all(arriving.probability_later_than(left))
        late_days = of_all(arriving.expected_excess(left)) / 24
    pairs = np.nonzero(usable)
    lines = parcels(order, np.diag(quantities))
    pick_failure, line_cost = np.full(usable.shape, np.nan), np.full(usable.shape, np.nan)
    pick_failure[usable] = predictor.pick_failure(asked.at_places(pairs[1], lines, pairs[0]))
    line_cost[usable] = cost(pairs[1], lines, pairs[0])
    position = np.full(count, -1, np.intp)
    position[rows] = np.arange(len(rows))
    return Scores(
        late,
        late_days,
        pick_failure,
        line_cost,
        cache(lambda level: of_all(arriving.quantile(level))),
        cache(lambda level: of_all(ready.quantile(level))),
        lambda which, held: cost(which, weigh(held.units), held.which),
        lambda which, held: predictor.pick_failure(of_parcels(which, weigh(held.units), held.which)),
        lambda which: arriving.take(position[which]),
        arrivals_later,
        lambda which: ready.take(position[which]),
    )


def _arrival(order_facts: CodedColumns, travels: NDArray[np.bool_], predictor: Predictor, leaves: Dispatch) -> Arrival:
    """Return when each row is with the customer; where a calendar is told, not before it and put off by it.

    What leaves no more today is no later than what is ordered in its last second, and that is what the models are asked
    about: they need not know the cut-off, and whoever orders later on the same day is told nothing earlier.
    """
    delay = leaves.delay_hours
    if leaves.counts_from.any():
        ordered = order_facts["decided_at"]
        counts = np.maximum(ordered, leaves.counts_from)
        order_facts = _ordered_at(order_facts, np.arange(len(counts)), counts)
        delay = delay + (counts - ordered) / 3600
    ready = predictor.ready_hours(order_facts)
    delivered = predictor.delivery_hours(order_facts) if travels.any() else ready
    if not (delay.any() or leaves.earliest_hours.any()):
        return Arrival(ready, delivered, travels)
    put_off = partial(PutOff, delay=delay, earliest=leaves.earliest_hours)
    return Arrival(put_off(ready), put_off(delivered), travels)


def _ordered_at(facts: CodedColumns, rows: NDArray[np.intp], instants: NDArray[np.float64]) -> CodedColumns:
    """Return the facts at ``rows`` of the same orders at later ``instants``, seconds since 1970, (rows,) both."""
    counted = facts["days_since_count"][rows] + (instants - facts["decided_at"][rows]) / _DAY
    return CodedColumns({"decided_at": instants, "days_since_count": counted}, {}, PLACES, Repeated(facts, rows))


def hours_left(
    order: Order, network: Network, leaves: Dispatch, service: NDArray[np.intp], *, until: datetime, now: datetime
) -> NDArray[np.float64]:
    """Return (rows,) the hours that parcels by ``service`` have until then, without the days that holidays take."""
    hours = np.full(len(service), (until - now).total_seconds() / 3600)
    zone = zone_of(order, network) if network.has_calendars else UTC
    counted = min(until - _LAST_MOMENT, now + _LONGEST_TRAVEL)
    days = (counted.astimezone(zone).date() - now.astimezone(zone).date()).days
    if not network.has_calendars or days < 0:
        return hours
    of_days = delivery_days(order, network, service, leaves, now=now, count=days + 1)
    return hours - 24 * of_days.lost[:, -1]


#: What is promised by midnight is promised for the day before.
_LAST_MOMENT: Final = timedelta(microseconds=1)
#: Holidays later than this hold no parcel up: some promise "never" as the end of the year 9999.
_LONGEST_TRAVEL: Final = timedelta(days=366)


def not_predicted(which: NDArray[np.intp], *_: object) -> HoursDistribution:
    """Stands where nothing was predicted: nothing can be asked."""
    raise LookupError(f"no hours were predicted for the candidate(s) {which.tolist()}")


def _nothing(shape: tuple[int, ...]) -> Scores:
    """Return the scores of candidates none of which may send anything."""
    lines, count = shape
    unknown, unknowns = np.full(count, np.nan), np.full((lines, count), np.nan)

    def never(level: float) -> NDArray[np.float64]:  # noqa: ARG001 - as of any level
        return unknown

    def not_asked(which: NDArray[np.intp], held: Contents) -> NDArray[np.float64]:  # noqa: ARG001 - as of any contents
        return np.full(len(which), np.nan)

    return Scores(
        unknown,
        unknown,
        unknowns,
        unknowns,
        never,
        never,
        not_asked,
        not_asked,
        not_predicted,
        not_predicted,
        not_predicted,
    )
