"""The date that can be promised for one way of delivery: decided as an order would be, then read off its plan.

The plan is the best one of the order without a promise. The order that comes of it, with the date as its promise, is
decided by the same computation: the same plan then keeps its promise, and any that beats it is cheaper for being on
time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from decision.calendars.delivery_days import DeliveryDays, delivery_days, zone_of
from decision.calendars.dispatch import Dispatch, dispatch, next_opening
from decision.candidates.candidates import FROM_THE_SHELF, Candidates
from decision.candidates.inbound import arrivals, with_arrived
from decision.decide import price, rule
from decision.decision import ShipmentLine
from decision.network import Network
from decision.order import Order
from decision.plans.planning import best_plan
from decision.plans.ranked import Ranked, Ruled
from decision.predictor import Predictor
from decision.promise import NotPromised, Promise, PromisedShipment
from decision.promises.awaited import Awaited, the_plan, the_slowest
from decision.rules.calendar import steady_until
from decision.rules.parts import PromiseTerms
from decision.rules.ruleset import Ruleset
from decision.rules.ruling import holds
from decision.rules.situation import Situation

#: Nothing is promised for later dates.
DAYS_AHEAD: Final = 60
#: Most dates are no later.
SOON: Final = 10
#: What HiGHS may take for a large basket.
SECONDS: Final = 0.1
EARLIEST: Final = 0.1
LIKELY: Final = 0.5
#: Causes that may be gone once stock has come.
_HELPED_BY_STOCK: Final = ("no_stock", "nothing_travels", "no_plan")
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Asking:
    """What promises are made from at the instant ``now``: orders that come within ``valid_for`` are decided alike.

    ``awaited`` says which parcels a date waits for; ``days_later``: delivery days by which it is later than those ask.
    """

    network: Network
    rulesets: Sequence[Ruleset]
    predictor: Predictor
    now: datetime
    valid_for: timedelta
    awaited: Callable[[Ranked], Awaited] = the_plan
    days_later: int = 0


def promise(order: Order, asking: Asking) -> Promise | NotPromised:
    """Return the earliest date for ``order`` that the ruleset's confidence allows, or why there is none.

    ``order.promised_at`` is not looked at. Where stock is lacking, what is on its way is waited for.
    """
    order = replace(order, promised_at=None)
    found = _promise(order, asking, asking.now)
    coming = list(arrivals(asking.network, order, asking.now))
    for instant in coming:
        if isinstance(found, Promise) or found.cause not in _HELPED_BY_STOCK:
            break
        then = replace(asking, network=with_arrived(asking.network, order, asking.now, instant), now=instant)
        later = _promise(order, then, asking.now)
        if isinstance(later, Promise):  # what should have come by the time of the order is not waited for any more
            until = max(asking.now, min(later.valid_until, coming[0] - _SECOND))
            found = replace(later, waits_until=instant, valid_until=until)
    return found


def _promise(order: Order, asking: Asking, asked_at: datetime) -> Promise | NotPromised:
    network, now = asking.network, asking.now
    ruled = rule(order, network, asking.rulesets, now)
    if ruled is None:
        return _none(order, "no_ruleset")
    lacking = tuple(
        line.line_id
        for line, free in zip(order.lines, ruled.everyone.candidates.free, strict=True)
        if not (free > 0).any()
    )
    if len(lacking) == len(order.lines):
        return _none(order, *_without(order, ruled, lacking))
    ranked = best_plan(price(ruled, asking.predictor), SECONDS)
    if not ranked.plans or any(ranked.plans[0].left_out):
        left_out = ranked.plans[0].left_out if ranked.plans else ()
        lines = tuple(line.line_id for line, units in zip(order.lines, left_out, strict=False) if units)
        return _none(order, *(_without(order, ruled, lacking) if lacking else ("no_plan", lines)))
    return _told(order, ranked, asking, asked_at)


def _without(order: Order, ruled: Ruled, lacking: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return why no candidate has the lines that are ``lacking``: there are no units, or nothing brings them."""
    if order.delivery_method in FROM_THE_SHELF and ruled.ruleset.collect_from == "store":
        return "no_stock", lacking
    stock = ruled.everyone.network.stock
    records = {line.line_id: stock.get(line.sku) for line in order.lines if line.line_id in lacking}
    gone = tuple(line for line, known in records.items() if known is None or not (known.on_hand > known.reserved).any())
    return ("no_stock", gone) if gone else ("nothing_travels", lacking)


def _told(order: Order, ranked: Ranked, asking: Asking, asked_at: datetime) -> Promise | NotPromised:
    network, now, situation = asking.network, asking.now, ranked.ruled.situation
    plan, terms = ranked.plans[0], ranked.ruled.ruleset.promises
    awaited = asking.awaited(ranked)
    sent_from = situation.candidates.take(np.array([sent.candidate for sent in plan.shipments]))
    coming = situation.candidates.take(awaited.rows)
    leaves = dispatch(network, coming.location, coming.service, now)
    cut_off = _cut_off(leaves, now) if now == asked_at else None  # what waits for stock is not handed over today
    valid_until = asked_at + asking.valid_for
    if cut_off is not None:  # a place closes on the second, and what comes then is too late
        valid_until = max(asked_at, min(valid_until, cut_off - _SECOND))
    zones = [ZoneInfo(zone) for zone in dict.fromkeys(network.locations["timezone"])]
    valid_until = steady_until(
        [rule.active for rule in ranked.ruled.rules if rule.active], zones, asked_at, valid_until
    )
    # The slowest may be too late for today sooner than the plan is: the order may come after all the same.
    ordered_at = valid_until if asking.awaited is the_plan else asked_at + asking.valid_for
    waiting = _Waiting(order, network, coming, awaited, leaves, now, max(ordered_at, now))
    home = order.delivery_method == "home"
    read = (_date if home else _opening)(waiting, terms.confidence, asking.days_later)
    if read is None and asking.awaited is the_slowest:  # no plan would be promised later
        read = (_last_date if home else _last_opening)(waiting)
    if read is None:
        return _none(order, "too_uncertain")
    earliest, likely = (_at_level(waiting, level, read.promised_at) for level in (EARLIEST, LIKELY))
    fee = _fee(terms, order, situation)
    days = (read.promised_at - asked_at) / timedelta(days=1)
    return Promise(
        delivery_method=order.delivery_method,
        service_level=order.service_level,
        collect_location_id=order.collect_location_id,
        promised_at=read.promised_at,
        promised_on=read.promised_on,
        timezone=waiting.zone.key,
        confidence=read.confidence,
        pick_failure=float(1 - np.prod([1 - ranked.priced.pick_failure(sent) for sent in plan.shipments])),
        earliest_at=earliest,
        likely_at=likely,
        cut_off_at=cut_off,
        valid_until=valid_until,
        waits_until=None,
        fee=fee,
        cost=sum(ranked.priced.cost(sent) for sent in plan.shipments),
        carbon_kg=float(sent_from.carbon_kg.sum()),
        worth=(fee or 0.0) + terms.day * days,
        shipments=tuple(
            PromisedShipment(
                str(network.locations["location_id"][place]),
                None if service < 0 else str(network.services["carrier_service_id"][service]),
                tuple(ShipmentLine(x.line_id, x.sku, n) for x, n in zip(order.lines, sent.units, strict=True) if n),
            )
            for sent, place, service in zip(plan.shipments, sent_from.location, sent_from.service, strict=True)
        ),
        ruleset=f"{ranked.ruled.ruleset.name}@{ranked.ruled.ruleset.version}",
        bundle=asking.predictor.version,
    )


@dataclass(frozen=True)
class _Read:
    promised_at: datetime
    promised_on: date
    confidence: float


@dataclass(frozen=True)
class _Waiting:
    """Parcels on their way: their order may come as late as ``ordered_at``."""

    order: Order
    network: Network
    parcels: Candidates
    awaited: Awaited
    leaves: Dispatch
    now: datetime
    ordered_at: datetime

    @cached_property
    def zone(self) -> ZoneInfo:
        """The clock of the destination."""
        return zone_of(self.order, self.network)

    @cached_property
    def today(self) -> date:
        """The date at the destination."""
        return self.now.astimezone(self.zone).date()

    @cached_property
    def days(self) -> DeliveryDays:
        """Of the parcels, on the dates from today on."""
        service = self.parcels.service
        return delivery_days(self.order, self.network, service, self.leaves, now=self.now, count=DAYS_AHEAD)

    @cached_property
    def _lost(self) -> tuple[NDArray[np.float64], list[int]]:
        """The distinct hours that parcels lose on their way, (K, N), and which of these on each date."""
        distinct, which = np.unique(24.0 * self.days.lost, axis=1, return_inverse=True)
        return distinct, which.ravel().tolist()

    def midnight(self, ahead: int) -> datetime:
        """The instant at which a date begins at the destination, so many dates from today."""
        return datetime.combine(self.today + timedelta(days=ahead), datetime.min.time(), self.zone).astimezone(UTC)

    def surely(self, until: Sequence[datetime], ahead: Sequence[int] | slice) -> NDArray[np.float64]:
        """Return (T,) the probability that everything is there ``until`` each instant, on the date so far ``ahead``."""
        hours = np.array([(instant - self.ordered_at) / _HOUR for instant in until])
        return self.awaited.within(hours - 24.0 * self.days.lost[:, ahead])

    def there(self, level: float, since: datetime) -> Iterator[tuple[int, datetime]]:
        """Yield dates, as days ahead, and from when on each all is there with probability ``level``, if ordered then.

        Each day that a parcel loses before its date puts it off by a day.
        """
        lost, which = self._lost
        hours: dict[int, float] = {}
        for ahead, at in enumerate(which):
            if at not in hours:
                hours[at] = self.awaited.quantile(lost[:, at], level)
            if hours[at] < (DAYS_AHEAD + 1) * 24:
                instant = since + timedelta(hours=hours[at])
                if instant.astimezone(self.zone).date() <= self.today + timedelta(days=ahead):
                    yield ahead, max(_whole_minute(instant), self.midnight(ahead))


def _date(waiting: _Waiting, confidence: float, days_later: int) -> _Read | None:
    """Return the end of the first delivery day by which everything is there with ``confidence``."""
    delivers = np.asarray(waiting.days.delivers.all(axis=0))
    for until in (SOON, DAYS_AHEAD):  # later days are only asked where none of the first will do
        ends = [waiting.midnight(ahead + 1) for ahead in range(until)]
        sure = waiting.surely(ends, slice(until))
        found = np.flatnonzero(delivers[:until] & (sure >= confidence))[days_later:]
        if len(found):
            first = int(found[0])
            return _Read(ends[first], waiting.today + timedelta(days=first), float(sure[first]))
    return None


def _opening(waiting: _Waiting, confidence: float, days_later: int) -> _Read | None:
    """Return when the store is open, the first time that everything is there with ``confidence``."""
    for ahead, instant in _openings(waiting, confidence, waiting.ordered_at):
        sure = float(waiting.surely([instant], [ahead])[0])
        if sure >= confidence:
            days_later -= 1
        if days_later < 0:
            return _Read(instant, waiting.today + timedelta(days=ahead), sure)
    return None


def _last_date(waiting: _Waiting) -> _Read | None:
    """Return the end of the last delivery day for which anything is promised, however sure."""
    found = np.flatnonzero(waiting.days.delivers.all(axis=0))
    if not len(found):
        return None
    last = int(found[-1])
    end = waiting.midnight(last + 1)
    return _Read(end, waiting.today + timedelta(days=last), float(waiting.surely([end], [last])[0]))


def _last_opening(waiting: _Waiting) -> _Read | None:
    """Return when the store opens on the last day for which anything is promised, however sure."""
    for ahead in reversed(range(DAYS_AHEAD)):
        opens = _opens(waiting, ahead, waiting.midnight(ahead))
        if opens is not None:
            sure = float(waiting.surely([opens], [ahead])[0])
            return _Read(opens, waiting.today + timedelta(days=ahead), sure)
    return None


def _openings(waiting: _Waiting, level: float, since: datetime) -> Iterator[tuple[int, datetime]]:
    for ahead, instant in waiting.there(level, since):
        opens = _opens(waiting, ahead, instant)
        if opens is not None:
            yield ahead, opens


def _opens(waiting: _Waiting, ahead: int, instant: datetime) -> datetime | None:
    """Return when the store is open from ``instant`` on, if it is on the date so far ``ahead``."""
    ids = waiting.network.locations["location_id"]
    place = int(np.flatnonzero(ids == waiting.order.collect_location_id)[0])
    opens = next_opening(waiting.network, place, instant)
    return opens if opens.astimezone(waiting.zone).date() == waiting.today + timedelta(days=ahead) else None


def _at_level(waiting: _Waiting, level: float, latest: datetime) -> datetime:
    home = waiting.order.delivery_method == "home"
    instants = waiting.there(level, waiting.now) if home else _openings(waiting, level, waiting.now)
    return min(next((instant for _, instant in instants), latest), latest)


def _whole_minute(instant: datetime) -> datetime:
    """The first whole minute after ``instant``: hours are rounded, and just then it may not be quite as sure."""
    return instant + timedelta(minutes=1) - (instant - datetime.min.replace(tzinfo=UTC)) % timedelta(minutes=1)


def _cut_off(leaves: Dispatch, now: datetime) -> datetime | None:
    told = leaves.cut_off_hours[~np.isnan(leaves.cut_off_hours)]
    return now + timedelta(hours=float(told.min())) if len(told) else None


def _fee(terms: PromiseTerms, order: Order, situation: Situation) -> float | None:
    """Return what the customer pays by the first fee that fits, or ``None`` where none does."""
    for fee in terms.fees:
        fits = fee.method in {None, order.delivery_method} and fee.level in {None, order.service_level}
        if fits and holds(fee.when, situation):
            return fee.money
    return None


def _none(order: Order, cause: str, line_ids: tuple[str, ...] = ()) -> NotPromised:
    return NotPromised(order.delivery_method, order.service_level, order.collect_location_id, cause, line_ids)
