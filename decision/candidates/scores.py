"""What the models say about candidates: facts assembled, predictor asked, each number where plans look for it."""

from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import accumulate
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from decision.calendars.delivery_days import delivery_days, zone_of
from decision.calendars.dispatch import Dispatch, dispatch
from decision.candidates.asked import Asked, asked_of
from decision.candidates.candidates import Candidates
from decision.candidates.consolidation import NOTHING_OPEN
from decision.candidates.loads import Contents
from decision.candidates.parcels import Parcels, figures, joined_parcels, weighing, whole_and_alone
from decision.candidates.times import Times, times_of
from decision.network import Network
from decision.order import Order
from decision.predictor import HoursDistribution, Predictor, Rests

#: Takes positions of candidates and, for each, the contents of its shipment.
Ask: TypeAlias = Callable[[NDArray[np.intp], Contents], NDArray[np.float64]]


@dataclass(frozen=True)
class Scores:
    """Predictions for C candidates and L lines of one order. Candidates that were not scored hold NaN.

    ``delivery`` answers any quantile in hours from the decision, (C,), ``ready`` those of the handover; ``late`` (C,):
    probability of missing the promise, ``late_days`` (C,): days late to be expected, both 0 without a promise;
    ``pick_failure`` (L, C) per line; ``line_cost`` (L, C): cost of the line sent alone. Both are of the line as it was
    ordered. ``cost`` and ``failure`` ask for other contents: ``cost`` of shipments, ``failure`` of units of one line
    each, from the given candidates. Where a shipment joins an open one (`decision.candidates.consolidation`), its cost
    is what it adds. All hours are put off by calendars (`decision.calendars.dispatch`): those of ``times``, which
    orders share that are asked about together; ``row`` (C,): where there each candidate is (-1: not scored).
    """

    late: NDArray[np.float64]
    late_days: NDArray[np.float64]
    pick_failure: NDArray[np.float64]
    line_cost: NDArray[np.float64]
    delivery: Callable[[float], NDArray[np.float64]]
    ready: Callable[[float], NDArray[np.float64]]
    cost: Ask = field(repr=False)
    failure: Ask = field(repr=False)
    times: Times | None = field(default=None, repr=False)
    row: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp), repr=False)

    def arrivals(self, which: NDArray[np.intp]) -> HoursDistribution:
        """Return when what each candidate of ``which`` sends is there; ``LookupError`` where one was not scored."""
        return self._asked(which).arrival.take(self.row[which])

    def handovers(self, which: NDArray[np.intp]) -> HoursDistribution:
        """Return when each candidate of ``which`` hands over; ``LookupError`` where one was not scored."""
        return self._asked(which).arrival.ready.take(self.row[which])

    def leaving(self, which: NDArray[np.intp]) -> Dispatch:
        """Return when each candidate of ``which`` can hand over; ``LookupError`` where one was not scored."""
        return self._asked(which).leaves.take(self.row[which])

    def rests(self, which: NDArray[np.intp]) -> Rests:
        """Return on which dates the models know that what ``which`` send does not come; ``LookupError`` as above."""
        return self._asked(which).rests(self.row[which])

    def _asked(self, which: NDArray[np.intp]) -> Times:
        if self.times is None or (self.row[which] < 0).any():
            raise LookupError(f"no hours were predicted for the candidate(s) {which.tolist()}")
        return self.times


def score(
    orders: Sequence[Order],
    network: Network,
    candidates: Sequence[Candidates],
    usable: Sequence[NDArray[np.bool_]],
    *,
    predictor: Predictor,
    now: datetime,
) -> list[Scores]:
    """Ask the predictor about the (line, candidate) pairs of each order that are ``usable`` (L, C), and nothing else.

    What the customer collects is there when it is ready; everything else when it is delivered. No order's scores depend
    on the other orders: they are asked about together because that takes less time.
    """
    sending = [one for one in zip(orders, candidates, usable, strict=True) if one[2].any()]
    scored = _scored(sending, network, predictor, now) if sending else iter(())
    return [next(scored) if pairs.any() else _nothing(pairs.shape) for pairs in usable]


def _scored(
    each: Sequence[tuple[Order, Candidates, NDArray[np.bool_]]], network: Network, predictor: Predictor, now: datetime
) -> Iterator[Scores]:
    """Yield the scores of each order with its candidates and the pairs that are usable, of which it has some."""
    orders, candidates, usable = ([one[0] for one in each], [one[1] for one in each], [one[2] for one in each])
    asked, told = asked_of(orders, network, candidates, now), figures(orders)
    whole, alone = whole_and_alone(orders, told)
    first, first_line = _starts(candidates), _starts([order.lines for order in orders])
    rows = [np.flatnonzero(pairs.any(axis=0)) for pairs in usable]
    location, service, collected = (
        np.concatenate([getattr(one, name)[sending] for one, sending in zip(candidates, rows, strict=True)])
        for name in ("location", "service", "collected")
    )
    order_of_row = np.repeat(np.arange(len(orders)), [len(one) for one in rows])
    facts = asked.of(_of_all(rows, first), whole, order_of_row)
    leaves = dispatch(network, location, service, now)
    times = times_of(facts, ~collected, leaves, predictor)
    delivery, ready = cache(times.arrival.quantile), cache(times.arrival.ready.quantile)
    pairs = [np.nonzero(one) for one in usable]
    line, candidate = _of_all([one for one, _ in pairs], first_line), _of_all([one for _, one in pairs], first)
    failures = predictor.pick_failure(asked.at_places(candidate, alone, line))
    costs = predictor.cost(asked.of(candidate, alone, line))
    for at, (own, start, pair) in enumerate(zip(rows, _starts(rows), _starts([one for one, _ in pairs]), strict=True)):
        order, shape = orders[at], usable[at].shape
        timed, paired = np.arange(start, start + len(own)), np.arange(pair, pair + len(pairs[at][0]))
        asking = _Asking(order, asked, first[at], candidates[at].joined, weighing(told, at), predictor)
        of_all = partial(_spread, shape[1:], own)
        late = late_days = np.zeros(shape[1])
        if order.promised_at is not None:
            arriving = times.arrival.take(timed)
            left = hours_left(
                order,
                network,
                leaves.take(timed),
                service[timed],
                rests=times.rests(timed),
                until=order.promised_at,
                now=now,
            )
            late = of_all(arriving.probability_later_than(left))
            late_days = of_all(arriving.expected_excess(left)) / 24
        row = np.full(shape[1], -1)
        row[own] = timed
        yield Scores(
            late,
            late_days,
            _spread(shape, pairs[at], failures[paired]),
            _spread(shape, pairs[at], asking.with_joined(pairs[at][1], alone, line[paired], costs[paired])),
            cache(lambda level, of_all=of_all, timed=timed: of_all(delivery(level)[timed])),
            cache(lambda level, of_all=of_all, timed=timed: of_all(ready(level)[timed])),
            asking.cost,
            asking.failure,
            times,
            row,
        )


def _starts(each: Sequence[Sized]) -> list[int]:
    """Return where those of each begin, one after the other."""
    return [0, *accumulate(map(len, each))][:-1]


def _of_all(each: Sequence[NDArray[np.intp]], starts: Sequence[int]) -> NDArray[np.intp]:
    """Return positions in each as positions in all of them, one after the other."""
    return np.concatenate([start + one for start, one in zip(starts, each, strict=True)])


def _spread(shape: tuple[int, ...], where: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``values`` where they belong, NaN elsewhere."""
    spread = np.full(shape, np.nan)
    spread[where] = values
    return spread


@dataclass(frozen=True)
class _Asking:
    """What is asked about one order: its candidates are those of all that were ``asked`` about, from ``first`` on."""

    order: Order
    asked: Asked
    first: int
    joined: NDArray[np.intp]
    weigh: Callable[[NDArray[np.int64]], Parcels]
    predictor: Predictor

    def failure(self, which: NDArray[np.intp], held: Contents) -> NDArray[np.float64]:
        """Return the probability that units of one line each are not supplied."""
        return self.predictor.pick_failure(self.asked.of(self.first + which, self.weigh(held.units), held.which))

    def cost(self, which: NDArray[np.intp], held: Contents) -> NDArray[np.float64]:
        """Return the cost of shipments, or what they add to an open one."""
        amounts = self.weigh(held.units)
        costs = self.predictor.cost(self.asked.of(self.first + which, amounts, held.which))
        return self.with_joined(which, amounts, held.which, costs)

    def with_joined(
        self, which: NDArray[np.intp], amounts: Parcels, codes: NDArray[np.intp], costs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return ``costs`` of parcels by themselves, or what those that join an open shipment add to it."""
        joins = self.joined[which] != NOTHING_OPEN
        if not joins.any():
            return costs
        joining = which[joins]
        added = Parcels(*(getattr(amounts, field.name)[codes[joins]] for field in fields(amounts)))
        both = joined_parcels(self.order, added, self.joined[joining])
        before, after = (
            self.predictor.cost(self.asked.of(self.first + joining, parcel, np.arange(len(joining)))) for parcel in both
        )
        costs = costs.copy()
        costs[joins] = np.maximum(after - before, 0.0)
        return costs


def hours_left(
    order: Order,
    network: Network,
    leaves: Dispatch,
    service: NDArray[np.intp],
    *,
    rests: Rests,
    until: datetime,
    now: datetime,
) -> NDArray[np.float64]:
    """Return (rows,) the hours that parcels by ``service`` have until then, without the days that holidays take."""
    hours = np.full(len(service), (until - now).total_seconds() / 3600)
    zone = zone_of(order, network) if network.has_calendars else UTC
    counted = min(until - _LAST_MOMENT, now + _LONGEST_TRAVEL)
    days = (counted.astimezone(zone).date() - now.astimezone(zone).date()).days
    if not network.has_calendars or days < 0:
        return hours
    of_days = delivery_days(order, network, service, leaves, rests=rests, now=now, count=days + 1)
    return hours - 24 * of_days.lost[:, -1]


#: What is promised by midnight is promised for the day before.
_LAST_MOMENT: Final = timedelta(microseconds=1)
#: Holidays later than this hold no parcel up: some promise "never" as the end of the year 9999.
_LONGEST_TRAVEL: Final = timedelta(days=366)


def _nothing(shape: tuple[int, ...]) -> Scores:
    """Return the scores of candidates none of which may send anything."""
    lines, count = shape
    unknown, unknowns = np.full(count, np.nan), np.full((lines, count), np.nan)

    def never(level: float) -> NDArray[np.float64]:  # noqa: ARG001 - as of any level
        return unknown

    def not_asked(which: NDArray[np.intp], held: Contents) -> NDArray[np.float64]:  # noqa: ARG001 - as of any contents
        return np.full(len(which), np.nan)

    return Scores(unknown, unknown, unknowns, unknowns, never, never, not_asked, not_asked)
