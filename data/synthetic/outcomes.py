"""What became of the attempts of one day: travel, cost and outcome, as the tables tell it, and the truth beside it."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.synthetic.carriers import COLLECT, COLLECT_ID, SERVICES, SHORTEST_TRAVEL_HOURS, Lanes, of_carrier, of_service
from data.synthetic.clock import Clock
from data.synthetic.demand import METHODS
from data.synthetic.durations import delivered_instant
from data.synthetic.history import CANCELLED, PREPARED, REJECTED, SHORT, Attempt
from data.synthetic.network import Network
from data.synthetic.places import AREAS, PLACES, distance_km
from data.synthetic.products import Range
from data.synthetic.stock import Records
from data.synthetic.tariffs import HANDLING_LOG_SD, handling_mean, shipping_log_sd, shipping_mean

FloatArray = NDArray[np.float64]

#: Median hours (of the store's day) until the customer comes, and their log-sd, by delivery method.
CUSTOMER_COMES: Final = {"click_and_collect": (6.0, 0.7), "reserve_and_collect": (3.0, 0.6)}
NOT_FETCHED_SHARE: Final = 0.10
NOT_FETCHED_HOURS: Final = 72.0
LOST_SHARE: Final = 0.003
LOST_HOURS: Final = 480.0

SERVICE_IDS: Final = np.array([*(service.carrier_service_id for service in SERVICES), COLLECT_ID], dtype=object)
SERVICE_LEVELS: Final = np.array([*(service.level for service in SERVICES), "collect"], dtype=object)
REGIONS: Final = sorted({place.region for place in PLACES})


@dataclass(frozen=True)
class DayTables:
    """Rows of the tables, and of their truth, that one day adds."""

    fulfilments: pd.DataFrame
    fulfilment_lines: pd.DataFrame
    truth: pd.DataFrame
    truth_lines: pd.DataFrame


class Outcomes:
    """Turns attempts into rows."""

    def __init__(
        self, clock: Clock, network: Network, products: Range, records: Records, lanes: Lanes, horizon: float
    ) -> None:
        """``horizon``: hours after the first day at which history ends; what is known later is still open."""
        self._clock, self._network, self._products = clock, network, products
        self._records, self._lanes, self._horizon = records, lanes, horizon
        self._area_of_place = np.array([AREAS.index(place.area) for place in PLACES])
        self._region_of_place = np.array([REGIONS.index(place.region) for place in PLACES])
        self._ids = np.array(network.ids, dtype=object)
        self._skus = np.array(products.skus, dtype=object)

    def tables(self, attempts: list[Attempt], first: int, december: bool, rng: np.random.Generator) -> DayTables:
        """Rows of ``attempts``, numbered from ``first``; ``december``: whether carriers are as full as then."""
        lines = self._lines(attempts, first)
        facts = self._facts(attempts, lines)
        truth = self._truth(facts, december)
        lines["p"] = self._records.short_probability(lines["location"], lines["sku"], lines["spare"], lines["days"])
        rejected = facts["rejection"][lines["attempt"]]
        lines["p"] = 1 - (1 - rejected) * (1 - lines["p"])
        supplied = np.bincount(lines["attempt"], np.log1p(-np.minimum(lines["p"], 1 - 1e-12)), len(attempts))
        several = np.bincount(lines["attempt"], minlength=len(attempts)) - 1
        truth["failure_probability"] = -np.expm1(supplied - several * np.log1p(-facts["rejection"]))
        rows, observed = self._rows(facts, truth, rng)
        picked = np.where(observed["pick_known"][lines["attempt"]], lines["taken"].astype(float), np.nan)
        fulfilment_lines = pd.DataFrame(
            {
                "fulfilment_id": rows["fulfilment_id"].to_numpy()[lines["attempt"]],
                "line_id": (lines["line"] + 1).astype(str),
                "sku": self._skus[lines["sku"]],
                "quantity": lines["quantity"],
                "picked_quantity": picked,
            }
        )
        truth_lines = fulfilment_lines[["fulfilment_id", "line_id", "sku", "quantity"]].assign(
            recorded_on_hand=lines["spare"] + lines["quantity"],
            days_since_count=lines["days"],
            failure_probability=lines["p"],
        )
        keys = rows[["fulfilment_id", "order_id", "location_id", "decided_at"]]
        told = pd.DataFrame({name: truth[name] for name in truth} | observed["told"])
        return DayTables(rows, fulfilment_lines, pd.concat([keys, told], axis=1), truth_lines)

    def _lines(self, attempts: list[Attempt], first: int) -> dict[str, Any]:
        count = [len(attempt.sku) for attempt in attempts]
        attempt = np.repeat(np.arange(len(attempts)), count)
        stacked = {
            name: np.concatenate([getattr(item, name) for item in attempts])
            for name in ("line", "sku", "quantity", "taken", "spare", "days")
        }
        location = np.array([item.location for item in attempts])[attempt]
        return stacked | {"attempt": attempt, "location": location, "first": first}

    def _facts(self, attempts: list[Attempt], lines: dict[str, Any]) -> dict[str, Any]:
        facts: dict[str, Any] = {
            name: np.array([getattr(item, name) for item in attempts])
            for name in ("location", "service", "decided", "propensity", "mu", "sigma", "work_hours", "rejection")
            + ("ending", "accepted", "ended")
        }
        facts |= {
            name: np.array([getattr(item.job, name) for item in attempts])
            for name in ("order", "method", "place", "latitude", "longitude")
        }
        facts["number"] = np.arange(len(attempts)) + lines["first"]
        size, products = len(attempts), self._products
        units = lines["quantity"].astype(float)
        facts["lines"] = np.bincount(lines["attempt"], minlength=size).astype(float)
        facts["units"] = np.bincount(lines["attempt"], units, size)
        for name in ("weight_kg", "volume_l"):
            facts[name] = np.bincount(lines["attempt"], getattr(products, name)[lines["sku"]] * units, size)
        facts["bulky"] = np.bincount(lines["attempt"], products.bulky[lines["sku"]], size) > 0
        return facts

    def _truth(self, facts: dict[str, Any], december: bool) -> dict[str, Any]:
        """The true distributions of each attempt."""
        network, location, service = self._network, facts["location"], facts["service"]
        collected = service == COLLECT
        carried = np.where(collected, 0, service)
        types = network.types[location]
        origin, destination = network.area[location], self._area_of_place[facts["place"]]
        km = distance_km(network.latitude[location], network.longitude[location], facts["latitude"], facts["longitude"])
        mu = self._lanes.travel_mu(
            carried,
            origin,
            destination,
            self._region_of_place[facts["place"]],
            km,
            facts["weight_kg"],
            facts["bulky"],
            facts["decided"],
            np.full(len(km), float(december)),
        )
        comes = np.array([CUSTOMER_COMES.get(METHODS[method], (1.0, 0.0)) for method in facts["method"]])
        weight, decided = facts["weight_kg"], facts["decided"]
        shipping = shipping_mean(
            service, types, origin, destination, km, weight, facts["volume_l"], facts["bulky"], decided
        )
        handling = handling_mean(types, network.labour[location], facts["lines"], facts["units"], weight)
        return {
            "location_type": types,
            "service_level": SERVICE_LEVELS[service],
            "ready_mu": facts["mu"],
            "ready_sigma": facts["sigma"],
            "shortest_travel_hours": np.where(collected, 0.0, SHORTEST_TRAVEL_HOURS),
            "travel_mu": np.where(collected, np.log(comes[:, 0]), mu),
            "travel_sigma": np.where(collected, comes[:, 1], of_service("log_sd")[carried]),
            "monday": np.where(collected, 0.0, of_carrier("monday")[carried]),
            "late_probability": np.where(collected, 0.0, of_carrier("late_probability")[carried]),
            "late_mu": np.log(of_carrier("late_hours")[carried]),
            "late_sigma": of_carrier("late_log_sd")[carried],
            "shipping_mean": shipping,
            "shipping_sigma": shipping_log_sd(service),
            "handling_mean": handling,
            "handling_sigma": np.full(len(km), HANDLING_LOG_SD),
            "rejection_probability": facts["rejection"],
        }

    def _rows(
        self, facts: dict[str, Any], truth: dict[str, Any], rng: np.random.Generator
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """The table ``fulfilments``, with everything later than the horizon left out."""
        size, ending, horizon = len(facts["order"]), facts["ending"], self._horizon
        collected = facts["service"] == COLLECT
        late = rng.random(size) < truth["late_probability"]
        late_hours = np.where(late, np.exp(truth["late_mu"] + truth["late_sigma"] * rng.standard_normal(size)), 0.0)
        hours = np.exp(truth["travel_mu"] + truth["travel_sigma"] * rng.standard_normal(size))
        delivered = delivered_instant(
            self._clock,
            facts["ended"],
            collected,
            truth["shortest_travel_hours"],
            hours,
            late_hours,
            truth["monday"],
        )
        prepared = ending == PREPARED
        reserved = facts["method"] == METHODS.index("reserve_and_collect")
        unfetched = prepared & collected & reserved & (rng.random(size) < NOT_FETCHED_SHARE)
        lost = prepared & ~collected & (rng.random(size) < LOST_SHARE)
        ready = np.where(prepared, facts["ended"], np.nan)
        delivered = np.where(prepared & ~unfetched & ~lost, delivered, np.nan)
        ended = np.where(prepared, delivered, facts["ended"])
        ended = np.where(unfetched, ready + NOT_FETCHED_HOURS, np.where(lost, ready + LOST_HOURS, ended))
        outcome = np.select(
            [ending == SHORT, ending == REJECTED, (ending == CANCELLED) | unfetched, lost, collected],
            ["short_pick", "rejected", "cancelled", "lost", "collected"],
            "delivered",
        ).astype(object)
        reason = np.select(
            [ending == SHORT, ending == REJECTED, ending == CANCELLED, unfetched, lost],
            ["not on the shelf", "no capacity", "customer cancelled", "not fetched", "lost by the carrier"],
            "",
        ).astype(object)
        known = ended <= horizon
        outcome[~known] = "open"
        reason[~known | (reason == "")] = None
        shipping = _log_normal(truth["shipping_mean"], truth["shipping_sigma"], rng)
        handling = _log_normal(truth["handling_mean"], truth["handling_sigma"], rng)

        def until_horizon(instant: FloatArray) -> NDArray[np.datetime64]:
            return self._clock.timestamps(np.where(instant <= horizon, instant, np.nan))

        rows = pd.DataFrame(
            {
                "fulfilment_id": [f"F{number:08d}" for number in facts["number"]],
                "order_id": [f"O{number:08d}" for number in facts["order"]],
                "location_id": self._ids[facts["location"]],
                "carrier_service_id": SERVICE_IDS[facts["service"]],
                "decided_at": self._clock.timestamps(facts["decided"]),
                "accepted_at": until_horizon(facts["accepted"]),
                "ready_at": until_horizon(ready),
                "delivered_at": until_horizon(delivered),
                "outcome": outcome,
                "outcome_at": until_horizon(ended),
                "failure_reason": reason,
                "shipping_cost": np.round(shipping, 2),
                "handling_cost": np.round(handling, 2),
                "propensity": facts["propensity"],
                "weight": 1.0,
            }
        )
        failed = np.isin(ending, (SHORT, REJECTED))
        told = {
            "ready_hours": np.where(ready <= horizon, ready, np.nan) - facts["decided"],
            "delivery_hours": np.where(delivered <= horizon, delivered, np.nan) - facts["decided"],
            "cost": rows["shipping_cost"].to_numpy() + rows["handling_cost"].to_numpy(),
            "failed": np.where((prepared & (ready <= horizon)) | (failed & known), failed.astype(float), np.nan),
        }
        pick_known = np.isin(ending, (PREPARED, SHORT)) & (facts["ended"] <= horizon)
        return rows, {"told": told, "pick_known": pick_known}


def _log_normal(mean: FloatArray, sigma: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.asarray(mean * np.exp(sigma * rng.standard_normal(len(mean)) - sigma**2 / 2))
