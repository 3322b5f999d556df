"""Whether an order keeps what its customer was told, and what has changed since where it does not.

A promise is read off the plan that the order would get; the order is decided by the same computation, later. Nothing is
kept between the two: where the date does not stand any more, it is compared what the promise rested on with what is
known now.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from decision.decision import Decision, Option
from decision.explanation.fingerprints import calendar_fingerprint, fingerprints
from decision.network import Network
from decision.plans.ranked import Ruled
from decision.promised import KeptPromise, PromiseChange, Promised, PromisedUnits
from decision.rules.ruling import available
from decision.rules.situation import Situation

#: Probabilities that differ by less are the same: a promise looks at some instants of the time for which it is valid,
#: and between them, by the hour that the models know, an order may be this much less sure.
TOLERANCE: Final = 0.002


def keeps(option: Option, promised: Promised) -> bool:
    """Return whether an option has everything there as promised, as surely as it was promised."""
    return not option.missing and option.on_time is not None and option.on_time >= promised.confidence - TOLERANCE


def keeping(decision: Decision, promised: Promised) -> int | None:
    """Return the rank of the first option that keeps the promise."""
    return next((option.rank for option in decision.options if keeps(option, promised)), None)


def kept(decision: Decision, everyone: Situation, ruled: Ruled | None, once_come: float | None) -> KeptPromise:
    """Return whether the promise of the order is kept by ``decision``, and if it is not, what has changed.

    ``everyone``: the situation that was decided, before any rule; ``ruled``: after those that need no prediction.
    ``once_come``: of an order that waits for stock, the probability that it is on time once that has come.
    """
    promised = everyone.order.promise
    assert promised is not None
    rank = keeping(decision, promised)
    if rank is None and once_come is not None and once_come >= promised.confidence - TOLERANCE:
        return KeptPromise(promised.promised_at, promised.confidence, once_come, True, None, promised.waits_until)
    taken = None if not decision.options else decision.options[(rank or 1) - 1]
    on_time = once_come if taken is None else taken.on_time
    rank_taken = None if taken is None else taken.rank
    told = KeptPromise(promised.promised_at, promised.confidence, on_time, rank is not None, rank_taken, None)
    if told.kept:
        return told
    changes = tuple(_once(_changes(promised, decision, everyone, ruled)))
    if not changes:
        more = {"on_time": on_time, "confidence": promised.confidence} if on_time is not None else {}
        changes = (PromiseChange("probability" if more else "no_plan", more),)
    return replace(told, changed=changes)


def by_option(told: KeptPromise, option: Option) -> KeptPromise:
    """Return whether the promise is kept by ``option``, which somebody chose from the same decision."""
    if option.rank == told.rank:
        return told
    is_kept = not option.missing and (option.on_time or 0.0) >= told.confidence - TOLERANCE
    changed = () if is_kept else told.changed or (PromiseChange("chosen", {"rank": option.rank}),)
    return KeptPromise(told.promised_at, told.confidence, option.on_time, is_kept, option.rank, None, changed)


def _once(changes: Iterator[PromiseChange]) -> Iterator[PromiseChange]:
    """Yield each change once: several skus may have lain at one location."""
    told: list[PromiseChange] = []
    for change in changes:
        if change not in told:
            told.append(change)
            yield change


def _changes(
    promised: Promised, decision: Decision, everyone: Situation, ruled: Ruled | None
) -> Iterator[PromiseChange]:
    now = decision.decided_at
    asked = fingerprints(everyone.order)
    other = [name for name, fingerprint in asked.items() if promised.asked.get(name) != fingerprint]
    if other:
        yield PromiseChange("order", {"parts": ", ".join(other)})
    for name in ("ruleset", "bundle"):
        before, after = getattr(promised, name), decision.versions[name]
        if before != after:
            yield PromiseChange(name, {"before": before, "after": after})
    if now > promised.valid_until:
        yield PromiseChange("valid_until", {"until": _written(promised.valid_until)})
    if promised.cut_off_at is not None and now > promised.cut_off_at:
        yield PromiseChange("cut_off", {"until": _written(promised.cut_off_at)})
    if promised.waits_until is not None:
        yield from _of_inbound(promised, everyone)
    skus = {line.sku for line in everyone.order.lines}  # of no other anything was asked
    for units in promised.units:
        if units.sku in skus:
            yield from _of_place(units, decision, everyone, ruled)


def _of_inbound(promised: Promised, everyone: Situation) -> Iterator[PromiseChange]:
    """What was to come, and will not, or has not."""
    assert promised.waits_until is not None
    network = everyone.network
    for units in promised.units:
        on_its_way = sum(
            item.quantity
            for item in network.inbound.get(units.sku, ())
            if network.locations["location_id"][item.location] == units.location_id
            and everyone.now < item.expected_at <= promised.waits_until
        )
        free = _free(units, everyone, None)
        if on_its_way + free < units.units:
            until = _written(promised.waits_until)
            yield PromiseChange(
                "inbound",
                {
                    "location": units.location_id,
                    "units": int(on_its_way + free),
                    "needed": units.units,
                    "sku": units.sku,
                    "until": until,
                },
            )


def _of_place(
    units: PromisedUnits, decision: Decision, everyone: Situation, ruled: Ruled | None
) -> Iterator[PromiseChange]:
    """What has changed of a location, and its carrier service, that was to send ``units``."""
    network = everyone.network
    found = np.flatnonzero(network.locations["location_id"] == units.location_id)
    if not len(found):
        yield PromiseChange("location", {"location": units.location_id})
        return
    promise = everyone.order.promise
    capacity = float(network.locations["capacity_per_day"][found[0]])
    full, recorded = _used_today(int(found[0]), everyone) >= capacity, _recorded(units, network)
    service = units.carrier_service_id
    is_known = service in {None, *network.services["carrier_service_id"].tolist()}
    if service and not (is_known and (_is_brought(units, everyone) or (recorded or 0) < units.units)):
        yield PromiseChange("service", {"service": service, "location": units.location_id})
    works = calendar_fingerprint(
        network, (units.location_id, everyone.order.collect_location_id), units.carrier_service_id
    )
    if units.calendar not in {None, works}:
        yield PromiseChange("calendar", {"location": units.location_id})
    # What lies where no more is prepared today was left out of what is decided on: it has not gone.
    if promise is not None and promise.waits_until is None and not (full and recorded is None):
        free = _free(units, everyone, ruled)
        if free < units.units:
            place: dict[str, str | int | float] = {"location": units.location_id, "sku": units.sku}
            lacking = {**place, "units": max(0, free), "needed": units.units}
            yield PromiseChange("stock", lacking)
    lines = {line.line_id for line in everyone.order.lines if line.sku == units.sku}
    for exclusion in decision.excluded:
        same_service = exclusion.carrier_service_id in {None, units.carrier_service_id}
        if exclusion.location_id == units.location_id and same_service and _about(exclusion.line_ids, lines):
            rule = {"location": units.location_id, "rule": exclusion.rule_id, "reason": exclusion.reason}
            yield PromiseChange("rule", rule)
    if full:
        yield PromiseChange("capacity", {"location": units.location_id, "capacity": int(capacity)})


def _used_today(place: int, everyone: Situation) -> float:
    """Return how many shipments the location was given on its day; 0 where nobody counts them."""
    locations = everyone.network.locations
    if "capacity_used" not in locations:
        return 0.0
    today = everyone.now.astimezone(ZoneInfo(str(locations["timezone"][place]))).date().isoformat()
    if "capacity_used_on" in locations and locations["capacity_used_on"][place] != today:
        return 0.0
    return float(locations["capacity_used"][place])


def _recorded(units: PromisedUnits, network: Network) -> float | None:
    """Return how many units of the sku the location may promise by its record alone; ``None`` where it has none."""
    stock = network.stock.get(units.sku)
    if stock is None:
        return None
    at = np.flatnonzero(network.locations["location_id"][stock.location] == units.location_id)
    return float((stock.on_hand - stock.reserved - stock.safety_stock)[at[0]]) if len(at) else None


def _is_brought(units: PromisedUnits, everyone: Situation) -> bool:
    """Return whether the parcel that they were to come in still may travel by its service: it is not too heavy."""
    network, candidates, promise = everyone.network, everyone.candidates, everyone.order.promise
    assert promise is not None
    service = network.service_ids[candidates.service]
    places = network.locations["location_id"][candidates.location]
    brought = (service == units.carrier_service_id) & (places == units.location_id)
    weights = {line.sku: line.weight_kg or 0.0 for line in everyone.order.lines}
    parcel = (units.location_id, units.carrier_service_id)
    sent = [one for one in promise.units if (one.location_id, one.carrier_service_id) == parcel]
    weight = sum(weights.get(one.sku, 0.0) * one.units for one in sent)
    return bool((brought & candidates.carry(np.array(weight))).any())


def _about(concerned: tuple[str, ...], lines: set[str]) -> bool:
    return not concerned or not lines.isdisjoint(concerned)


def _free(units: PromisedUnits, everyone: Situation, ruled: Ruled | None) -> int:
    """Return how many units of the sku the location may give: what rules keep back is not among them.

    Of a location that nothing can be sent from, by its record.
    """
    free = everyone.atp if ruled is None else available(ruled.everyone, ruled.first_ruling)
    ids = everyone.network.locations["location_id"][everyone.candidates.location]
    rows = np.flatnonzero([line.sku == units.sku for line in everyone.order.lines])
    there = np.flatnonzero(ids == units.location_id)
    if not len(there):
        return int(_recorded(units, everyone.network) or 0)
    return int(free[np.ix_(rows, there)].max(initial=0.0))


def _written(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
