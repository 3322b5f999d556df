"""The date that can be promised for one way of delivery: decided as an order would be, then read off its plan.

The plan is the best one of the order without a promise. The order that comes of it, with the date as its promise, is
decided by the same computation: the same plan then keeps its promise, and any that beats it is cheaper for being on
time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from decision.calendars.delivery_days import zone_of
from decision.calendars.dispatch import Dispatch
from decision.candidates.candidates import FROM_THE_SHELF
from decision.candidates.inbound import arrivals, with_arrived
from decision.decide import price, rule
from decision.decision import ShipmentLine
from decision.explanation.missing import missing_of
from decision.network import Network
from decision.order import Order
from decision.plans.planning import best_plan, too_few_parcels
from decision.plans.ranked import Ranked, Ruled
from decision.predictor import Predictor
from decision.promise import NotPromised, Promise, PromisedShipment
from decision.promises.awaited import NOW, Awaited, PlanAwaited, SlowestAwaited, Whiles
from decision.promises.dates import Waiting, at_level, first_date, first_opening, last_date, last_opening
from decision.rules.calendar import steady_until
from decision.rules.parts import PromiseTerms
from decision.rules.ruleset import Ruleset
from decision.rules.ruling import holds
from decision.rules.situation import Situation

#: What HiGHS may take for a large basket.
SECONDS: Final = 0.1
EARLIEST: Final = 0.1
LIKELY: Final = 0.5
#: Causes that may be gone once stock has come.
_HELPED_BY_STOCK: Final = ("no_stock", "nothing_travels", "no_plan", "not_in_time")
_HOUR: Final = timedelta(hours=1)
#: So many instants are looked at, from now on as long as a promise is valid: between them models change little.
_LOOKS: Final = 6
#: By so little what is just sure enough may not be at an instant between them: who asks again then may be told another.
_JUST: Final = 1e-4
_SECOND: Final = timedelta(seconds=1)
_Found = TypeVar("_Found")
_Next = TypeVar("_Next")


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
    awaited: type[Awaited] = PlanAwaited
    days_later: int = 0


def promise(order: Order, asking: Asking) -> Promise | NotPromised:
    """Return the earliest date for ``order`` that the ruleset's confidence allows, or why there is none.

    ``order.promised_at`` is not looked at. Where stock is lacking, what is on its way is waited for.
    """
    return promises([order], asking)[0]


def promises(orders: Sequence[Order], asking: Asking) -> list[Promise | NotPromised]:
    """Return the `promise` of each order. None depends on the others: made together, they take less time."""
    orders = [replace(order, promised_at=None) for order in orders]
    found = _promises(orders, asking, asking.now)
    return [_or_once_come(one, order, asking) for one, order in zip(found, orders, strict=True)]


def _or_once_come(found: Promise | NotPromised, order: Order, asking: Asking) -> Promise | NotPromised:
    """Return what was found or, where there is no date, that of the order once what is on its way has come."""
    coming = list(arrivals(asking.network, order, asking.now))
    for instant in coming:
        if isinstance(found, Promise) or found.cause not in _HELPED_BY_STOCK:
            break
        then = replace(asking, network=with_arrived(asking.network, order, asking.now, instant), now=instant)
        (later,) = _promises([order], then, asking.now)
        if isinstance(later, Promise):  # what should have come by the time of the order is not waited for any more
            until = max(asking.now, min(later.valid_until, coming[0] - _SECOND))
            found = replace(later, waits_until=instant, valid_until=until, kept_until=until)
    return found


def _promises(orders: Sequence[Order], asking: Asking, asked_at: datetime) -> list[Promise | NotPromised]:
    ruled = [_ruled(order, asking) for order in orders]
    ranked = _further(ruled, partial(_ranked, asking))
    return _further(ranked, partial(_told, asking, asked_at))


def _further(
    found: Sequence[_Found | NotPromised], step: Callable[[Sequence[_Found]], Sequence[_Next | NotPromised]]
) -> list[_Next | NotPromised]:
    """Return what the next ``step`` makes of what was found, all of it together, where there was no reason to stop."""
    after = iter(step([one for one in found if not isinstance(one, NotPromised)]))
    return [one if isinstance(one, NotPromised) else next(after) for one in found]


def _ruled(order: Order, asking: Asking) -> Ruled | NotPromised:
    ruled = rule(order, asking.network, asking.rulesets, asking.now)
    if ruled is None:
        return _none(order, "no_ruleset")
    lacking = _lacking(ruled)
    return _none(order, *_without(ruled, lacking)) if len(lacking) == len(order.lines) else ruled


def _ranked(asking: Asking, ruled: Sequence[Ruled]) -> list[Ranked | NotPromised]:
    return [_complete(best_plan(priced, SECONDS)) for priced in price(ruled, asking.predictor)]


def _complete(ranked: Ranked) -> Ranked | NotPromised:
    if ranked.plans and not any(ranked.plans[0].left_out):
        return ranked
    lacking = _lacking(ranked.ruled)
    return _none(ranked.ruled.situation.order, *_without(ranked.ruled, lacking)) if lacking else _no_plan(ranked)


def _lacking(ruled: Ruled) -> tuple[str, ...]:
    """Return the lines of which no candidate has a unit."""
    everyone = ruled.everyone
    free = zip(everyone.order.lines, everyone.candidates.free, strict=True)
    return tuple(line.line_id for line, units in free if not (units > 0).any())


def _no_plan(ranked: Ranked) -> NotPromised:
    """Return why no plan sends all of what is in stock: what stands against which line, or lines that it leaves out."""
    order = ranked.ruled.situation.order
    if ranked.plans:
        left_out = zip(order.lines, ranked.plans[0].left_out, strict=True)
        return _none(order, "no_plan", tuple(line.line_id for line, units in left_out if units))
    if ranked.unproved:
        return _none(order, "not_in_time")
    missing = missing_of(replace(ranked, too_few_parcels=too_few_parcels(ranked, SECONDS)))
    reasons = {rule.id: rule.reasons for rule in ranked.ruled.rules if rule.reasons}
    without = _none(order, "no_plan", tuple(line.line_id for line in missing))
    return replace(without, missing=missing, reasons=reasons)


def _without(ruled: Ruled, lacking: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return why no candidate has the lines that are ``lacking``: there are no units, or nothing brings them."""
    order = ruled.everyone.order
    if order.delivery_method in FROM_THE_SHELF and ruled.ruleset.collect_from == "store":
        return "no_stock", lacking
    stock = ruled.everyone.network.stock
    records = {line.line_id: stock.get(line.sku) for line in order.lines if line.line_id in lacking}
    gone = tuple(line for line, known in records.items() if known is None or not (known.on_hand > known.reserved).any())
    return ("no_stock", gone) if gone else ("nothing_travels", lacking)


@dataclass(frozen=True)
class _Sent:
    """What the best plan of an order sends, when that ``leaves``, and until when an order is decided alike."""

    ranked: Ranked
    awaited: Awaited
    leaves: Dispatch
    cut_off: datetime | None
    valid_until: datetime
    whiles: Whiles


def _told(asking: Asking, asked_at: datetime, ranked: Sequence[Ranked]) -> list[Promise | NotPromised]:
    if not ranked:
        return []
    sent = [_sent(one, asking, asked_at) for one in ranked]
    later = asking.awaited.ordered([one.awaited for one in sent], [one.whiles for one in sent])
    orders = [one.ruled.situation.order for one in ranked]
    towards = {(order.destination, order.collect_location_id): order for order in orders}
    zones = {where: zone_of(order, asking.network) for where, order in towards.items()}
    return [
        _dated(one, of_one, zones[order.destination, order.collect_location_id], asking, asked_at)
        for one, of_one, order in zip(sent, later, orders, strict=True)
    ]


def _sent(ranked: Ranked, asking: Asking, asked_at: datetime) -> _Sent:
    now, awaited = asking.now, asking.awaited.of(ranked)
    leaves = ranked.priced.scores.leaving(awaited.rows)
    cut_off = _cut_off(leaves, now) if now == asked_at else None  # what waits for stock is not handed over today
    valid_until = asked_at + asking.valid_for
    if cut_off is not None:  # a place closes on the second, and what comes then is too late
        valid_until = max(asked_at, min(valid_until, cut_off - _SECOND))
    calendars = [rule.active for rule in ranked.ruled.rules if rule.active]
    if calendars:
        zones = [ZoneInfo(zone) for zone in dict.fromkeys(asking.network.locations["timezone"])]
        valid_until = steady_until(calendars, zones, asked_at, valid_until)
    # The slowest may be too late for today sooner than the plan is: the order may come after all the same.
    ordered_at = valid_until if asking.awaited is PlanAwaited else asked_at + asking.valid_for
    longest = max(ordered_at - now, timedelta()) / _HOUR
    after = np.linspace(0.0, longest, _LOOKS) if longest else NOW.after
    # Who asks again later is told a date for orders that come so much later, too: but for those of a nearer end.
    again = longest + after[1:] if valid_until == asked_at + asking.valid_for else NOW.again
    return _Sent(ranked, awaited, leaves, cut_off, valid_until, Whiles(after, again))


def _dated(sent: _Sent, later: Awaited, zone: ZoneInfo, asking: Asking, asked_at: datetime) -> Promise | NotPromised:
    network, situation, ranked = asking.network, sent.ranked.ruled.situation, sent.ranked
    order, plan, terms = situation.order, ranked.plans[0], ranked.ruled.ruleset.promises
    candidates, sending = situation.candidates, np.array([one.candidate for one in plan.shipments])
    rows = sent.awaited.rows
    waiting = Waiting(
        order,
        network,
        candidates.service[rows],
        sent.leaves,
        ranked.priced.scores.rests(rows),
        asking.now,
        zone,
        sent.awaited,
        later,
    )
    home = order.delivery_method == "home"
    read = (first_date if home else first_opening)(waiting, terms.confidence, asking.days_later)
    if read is None and asking.awaited is SlowestAwaited:  # no plan would be promised later
        read = (last_date if home else last_opening)(waiting)
    if read is None:
        return _none(order, "too_uncertain")
    stays, asked_until = read.again >= terms.confidence + _JUST, sent.valid_until
    if not stays.all():
        asked_until = asked_at + timedelta(hours=float(sent.whiles.after[max(int(stays.argmin()) - 1, 0)]))
    earliest, likely = (at_level(waiting, level, read.promised_at) for level in (EARLIEST, LIKELY))
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
        pick_failure=float(1 - np.prod([1 - ranked.priced.pick_failure(one) for one in plan.shipments])),
        earliest_at=earliest,
        likely_at=likely,
        cut_off_at=sent.cut_off,
        valid_until=asked_until,
        kept_until=sent.valid_until,
        waits_until=None,
        fee=fee,
        cost=sum(ranked.priced.cost(one) for one in plan.shipments),
        carbon_kg=float(candidates.carbon_kg[sending].sum()),
        worth=(fee or 0.0) + terms.day * days,
        shipments=tuple(
            PromisedShipment(
                str(network.locations["location_id"][place]),
                None if service < 0 else str(network.services["carrier_service_id"][service]),
                tuple(ShipmentLine(x.line_id, x.sku, n) for x, n in zip(order.lines, one.units, strict=True) if n),
            )
            for one, place, service in zip(
                plan.shipments, candidates.location[sending], candidates.service[sending], strict=True
            )
        ),
        ruleset=f"{ranked.ruled.ruleset.name}@{ranked.ruled.ruleset.version}",
        bundle=asking.predictor.version,
    )


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
