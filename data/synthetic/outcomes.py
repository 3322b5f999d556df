"""What became of the attempts of one day: travel, cost and outcome, as the tables tell it, and the truth beside it."""

from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.synthetic.carriers import COLLECT, COLLECT_ID, SERVICES, SHORTEST_TRAVEL_HOURS, Lanes, of_carrier, of_service
from data.synthetic.clock import Clock
from data.synthetic.columns import Columns
from data.synthetic.demand import METHODS
from data.synthetic.durations import delivered_instant, ready_instant
from data.synthetic.history import ACCEPTED_AFTER, CANCELLED, PREPARED, REJECTED, SHORT, Attempt
from data.synthetic.network import Network
from data.synthetic.parcels import Parcels
from data.synthetic.places import AREA_OF_PLACE, REGION_OF_PLACE, distance_km
from data.synthetic.products import Range
from data.synthetic.stock import Records
from data.synthetic.tariffs import (
    HANDLING_LOG_SD,
    contract,
    handling_mean,
    handling_price,
    shipping_log_sd,
    shipping_mean,
)

FloatArray = NDArray[np.float64]

#: Median hours (of the store's day) until the customer comes, and their log-sd, by delivery method.
CUSTOMER_COMES: Final = {"click_and_collect": (6.0, 0.7), "reserve_and_collect": (3.0, 0.6)}
NOT_FETCHED_SHARE: Final = 0.10
NOT_FETCHED_HOURS: Final = 72.0
LOST_SHARE: Final = 0.003
LOST_HOURS: Final = 480.0

SERVICE_IDS: Final = np.array([*(service.carrier_service_id for service in SERVICES), COLLECT_ID], dtype=object)
SERVICE_LEVELS: Final = np.array([*(service.level for service in SERVICES), "collect"], dtype=object)


@dataclass(frozen=True)
class DayTables:
    """Rows of the tables, and of their truth, that one day adds."""

    fulfilments: Columns
    fulfilment_lines: Columns
    truth: Columns
    truth_lines: Columns


@dataclass(frozen=True)
class Ending:
    """How each attempt ended, were it waited for: hours since the first day, NaN where it never came to that."""

    accepted: FloatArray
    ready: FloatArray
    delivered: FloatArray
    ended: FloatArray
    outcome: NDArray[np.object_]
    reason: NDArray[np.object_]


class Outcomes:
    """Turns attempts into rows."""

    def __init__(self, clock: Clock, network: Network, products: Range, lanes: Lanes, *, horizon: float) -> None:
        """``horizon``: hours after the first day at which history ends; what is known later is still open."""
        self._clock, self._network, self._products = clock, network, products
        self._lanes, self._horizon = lanes, horizon
        self._contract = contract(network.types)
        self._handling = handling_price(network.types, network.labour)
        self._ids = np.array(network.ids, dtype=object)
        self._skus = np.array(products.skus, dtype=object)

    def tables(
        self, attempts: list[Attempt], first: int, records: Records, *, december: bool, rng: np.random.Generator
    ) -> DayTables:
        """Rows of ``attempts``, numbered from ``first``; ``december``: whether carriers are as full as then."""
        lines = _lines(attempts)
        facts = self._facts(attempts, lines)
        of_lines, truth = self._truth(facts, lines, records, december)
        ending = self._ending(facts, truth, rng)
        cost = {
            f"{part}_cost": np.round(_log_normal(truth[f"{part}_mean"], truth[f"{part}_sigma"], rng), 2)
            for part in ("shipping", "handling")
        }
        rows = self._fulfilments(facts, ending, cost, first)
        line_rows = self._fulfilment_lines(facts, lines, rows["fulfilment_id"])
        keys = ("fulfilment_id", "order_id", "location_id", "decided_at")
        line_keys = ("fulfilment_id", "line_id", "sku", "quantity")
        known = {"spare_units": lines["spare"], "days_since_count": lines["days"]}
        return DayTables(
            rows,
            line_rows,
            {name: rows[name] for name in keys} | truth | self._observed(facts, ending, cost),
            {name: line_rows[name] for name in line_keys} | known | {"failure_probability": of_lines},
        )

    def alternatives(self, considered: list[Attempt], records: Records, *, december: bool) -> Columns:
        """The truth of what a decision could have chosen, one row for each of those ``considered``."""
        lines = _lines(considered)
        facts = self._facts(considered, lines)
        _, truth = self._truth(facts, lines, records, december)
        return self._keys(facts) | truth

    def _facts(self, attempts: list[Attempt], lines: Columns) -> Columns:
        own = (
            *("location", "service", "decided", "work_hours", "ended", "ending", "propensity"),
            *("mu", "sigma", "rejection", "backlog", "footfall_ratio"),
        )
        facts: Columns = {name: np.array(list(map(attrgetter(name), attempts))) for name in own}
        facts["backlog"] = facts["backlog"].astype(float)
        jobs = [attempt.job for attempt in attempts]
        for name in ("order", "method", "place", "latitude", "longitude"):
            facts[name] = np.array(list(map(attrgetter(name), jobs)))
        size, products, units = len(attempts), self._products, lines["quantity"].astype(float)
        facts["lines"] = np.bincount(lines["attempt"], minlength=size).astype(float)
        facts["units"] = np.bincount(lines["attempt"], units, size)
        for name in ("weight_kg", "volume_l", "bulky"):
            facts[name] = np.bincount(lines["attempt"], getattr(products, name)[lines["sku"]] * units, size)
        return facts

    def _truth(self, facts: Columns, lines: Columns, records: Records, december: bool) -> tuple[FloatArray, Columns]:
        """P(not supplied) of each line, and the true distributions of each attempt."""
        network, location, service = self._network, facts["location"], facts["service"]
        latitude, longitude = network.latitude[location], network.longitude[location]
        parcels = Parcels(
            service=service,
            contract=self._contract[location],
            origin_area=network.area[location],
            destination_area=AREA_OF_PLACE[facts["place"]],
            destination_region=REGION_OF_PLACE[facts["place"]],
            distance_km=distance_km(latitude, longitude, facts["latitude"], facts["longitude"]),
            weight_kg=facts["weight_kg"],
            volume_l=facts["volume_l"],
            bulky=facts["bulky"] > 0,
            decided=facts["decided"],
        )
        collected = service == COLLECT
        carried = np.where(collected, 0, service)
        comes = np.array([CUSTOMER_COMES.get(METHODS[method], (1.0, 0.0)) for method in facts["method"]])
        of_lines, failure_probability = _failure(lines, facts["rejection"], records)
        return of_lines, {
            "location_type": network.types[location],
            "service_level": SERVICE_LEVELS[service],
            "ready_mu": facts["mu"],
            "ready_sigma": facts["sigma"],
            "shortest_travel_hours": np.where(collected, 0.0, SHORTEST_TRAVEL_HOURS),
            "travel_mu": np.where(collected, np.log(comes[:, 0]), self._lanes.travel_mu(parcels, december)),
            "travel_sigma": np.where(collected, comes[:, 1], of_service("log_sd")[carried]),
            "monday": np.where(collected, 0.0, of_carrier("monday")[carried]),
            "late_probability": np.where(collected, 0.0, of_carrier("late_probability")[carried]),
            "late_mu": np.log(of_carrier("late_hours")[carried]),
            "late_sigma": of_carrier("late_log_sd")[carried],
            "shipping_mean": shipping_mean(parcels),
            "shipping_sigma": shipping_log_sd(service),
            "handling_mean": handling_mean(
                self._handling[location], facts["lines"], facts["units"], facts["weight_kg"]
            ),
            "handling_sigma": np.full(len(service), HANDLING_LOG_SD),
            "rejection_probability": facts["rejection"],
            "failure_probability": failure_probability,
            "backlog": facts["backlog"],
            "footfall_ratio": facts["footfall_ratio"],
        }

    def _ending(self, facts: Columns, truth: Columns, rng: np.random.Generator) -> Ending:
        size, ending = len(facts["order"]), facts["ending"]
        collected = facts["service"] == COLLECT
        prepared = ending == PREPARED
        accepted = ready_instant(
            self._clock, facts["decided"], truth["location_type"], ACCEPTED_AFTER * facts["work_hours"]
        )
        late = np.exp(truth["late_mu"] + truth["late_sigma"] * rng.standard_normal(size))
        delivered = delivered_instant(
            self._clock,
            facts["ended"],
            collected,
            shortest=truth["shortest_travel_hours"],
            hours=np.exp(truth["travel_mu"] + truth["travel_sigma"] * rng.standard_normal(size)),
            late_hours=np.where(rng.random(size) < truth["late_probability"], late, 0.0),
            monday=truth["monday"],
        )
        reserved = facts["method"] == METHODS.index("reserve_and_collect")
        left_there = prepared & collected & reserved & (rng.random(size) < NOT_FETCHED_SHARE)
        lost = prepared & ~collected & (rng.random(size) < LOST_SHARE)
        ready = np.where(prepared, facts["ended"], np.nan)
        delivered = np.where(prepared & ~left_there & ~lost, delivered, np.nan)
        told_after = np.where(left_there, NOT_FETCHED_HOURS, LOST_HOURS)
        ended = np.where(left_there | lost, ready + told_after, np.where(prepared, delivered, facts["ended"]))
        cases = [ending == SHORT, ending == REJECTED, ending == CANCELLED, left_there, lost, collected]
        names = ["short_pick", "rejected", "cancelled", "cancelled", "lost", "collected"]
        reasons = ["not on the shelf", "no capacity", "customer cancelled", "not fetched", "lost by the carrier", ""]
        return Ending(
            np.where(ending == REJECTED, np.nan, accepted),
            ready,
            delivered,
            ended,
            outcome=np.select(cases, names, "delivered").astype(object),
            reason=np.select(cases, reasons, "").astype(object),
        )

    def _fulfilments(self, facts: Columns, ending: Ending, cost: Columns, first: int) -> Columns:
        """The table ``fulfilments``, with everything later than the horizon left out."""
        known = ending.ended <= self._horizon
        reason = ending.reason.copy()
        reason[~known | (reason == "")] = None
        return {
            "fulfilment_id": np.array([f"F{first + position:08d}" for position in range(len(known))], dtype=object),
            **self._keys(facts),
            "accepted_at": self._until_horizon(ending.accepted),
            "ready_at": self._until_horizon(ending.ready),
            "delivered_at": self._until_horizon(ending.delivered),
            "outcome": np.where(known, ending.outcome, "open"),
            "outcome_at": self._until_horizon(ending.ended),
            "failure_reason": reason,
            **cost,
            "propensity": facts["propensity"],
            "weight": 1.0,
        }

    def _keys(self, facts: Columns) -> Columns:
        return {
            "order_id": [f"O{number:08d}" for number in facts["order"]],
            "location_id": self._ids[facts["location"]],
            "carrier_service_id": SERVICE_IDS[facts["service"]],
            "decided_at": self._clock.timestamps(facts["decided"]),
        }

    def _fulfilment_lines(self, facts: Columns, lines: Columns, fulfilment_ids: NDArray[np.object_]) -> Columns:
        looked = np.isin(facts["ending"], (PREPARED, SHORT)) & (facts["ended"] <= self._horizon)
        return {
            "fulfilment_id": fulfilment_ids[lines["attempt"]],
            "line_id": (lines["line"] + 1).astype(str),
            "sku": self._skus[lines["sku"]],
            "quantity": lines["quantity"],
            "picked_quantity": np.where(looked[lines["attempt"]], lines["taken"].astype(float), np.nan),
        }

    def _observed(self, facts: Columns, ending: Ending, cost: Columns) -> Columns:
        """What came of it, for comparison: NaN where it was never known."""
        horizon, decided = self._horizon, facts["decided"]
        failed = np.isin(facts["ending"], (SHORT, REJECTED))
        known = (ending.ready <= horizon) | (failed & (ending.ended <= horizon))
        return {
            "ready_hours": np.where(ending.ready <= horizon, ending.ready, np.nan) - decided,
            "delivery_hours": np.where(ending.delivered <= horizon, ending.delivered, np.nan) - decided,
            "cost": cost["shipping_cost"] + cost["handling_cost"],
            "failed": np.where(known, failed.astype(float), np.nan),
        }

    def _until_horizon(self, instant: FloatArray) -> NDArray[np.datetime64]:
        return self._clock.timestamps(np.where(instant <= self._horizon, instant, np.nan))


def _lines(attempts: list[Attempt]) -> Columns:
    """The lines of all attempts, with the position of their attempt and its location."""
    names = ("line", "sku", "quantity", "taken", "spare", "days")
    lines: Columns = {name: np.array(list(chain.from_iterable(map(attrgetter(name), attempts)))) for name in names}
    lines["attempt"] = np.repeat(np.arange(len(attempts)), [len(attempt.sku) for attempt in attempts])
    lines["location"] = np.array([attempt.location for attempt in attempts])[lines["attempt"]]
    return lines


def _failure(lines: Columns, rejection: FloatArray, records: Records) -> tuple[FloatArray, FloatArray]:
    """P(not supplied) of each line, and P(refused or any line short) of each attempt."""
    short = records.short_probability(lines["location"], lines["sku"], lines["spare"], lines["days"])
    of_line = 1 - (1 - rejection[lines["attempt"]]) * (1 - short)
    log_found = np.bincount(lines["attempt"], np.log1p(-np.minimum(short, 1 - 1e-12)), len(rejection))
    return of_line, 1 - (1 - rejection) * np.exp(log_found)


def _log_normal(mean: FloatArray, sigma: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.asarray(mean * np.exp(sigma * rng.standard_normal(len(mean)) - sigma**2 / 2))
