"""How fast a date is promised on one core, beside bare inference of the same rows."""

from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median
from time import perf_counter, process_time
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.decide import AskedBundle, bare_inference
from benchmarks.report import Figure
from benchmarks.retailer import RETAILER, Retailer, make_retailer, network_of, orders_of
from decision.order import Order
from decision.promise import Promise
from decision.promises.promising import Asking, promise, promises
from decision.rules.ruleset import default_ruleset
from serving.promises.in_time import TOGETHER

LOCATIONS: Final = (50, 500, 2_000)
LINES: Final = (1, 5)
TARGETED: Final = "1x500"
PROMISES: Final = 200
#: Items of a page, in a network of so many locations.
ITEMS: Final = 100
ITEMS_LOCATIONS: Final = 500
VALID_FOR: Final = timedelta(minutes=15)
#: What vendors publish, of hardware of their own.
VENDORS_MS: Final = 250.0
VENDORS_PER_SECOND: Final = 1_400.0


@dataclass(frozen=True)
class Timing:
    """Seconds: of ``each`` promise by the clock; of the processor, the median ``whole`` and its ``bare`` inference."""

    each: list[float]
    whole: float
    bare: float


def measure_promises(seed: int) -> list[Figure]:
    """Promise lines to a customer's home, by one carrier service that serves every location, all of which have all.

    From the order to the promise: reading the request and writing the answer are not in it.
    """
    retailer = make_retailer(RETAILER, seed)
    figures = []
    for locations in LOCATIONS:
        rng = np.random.default_rng([seed, locations])
        network = network_of(_with_locations(retailer, locations), locations, rng)
        asking = Asking(network, (default_ruleset(),), retailer.bundle, retailer.now, VALID_FOR)
        for lines in LINES:
            orders = orders_of(retailer, PROMISES, lines, rng)
            figures += _figures(f"{lines}x{locations}", _timed(orders, asking, retailer))
            if (lines, locations) == (1, ITEMS_LOCATIONS):
                figures.append(Figure(f"ms_per_item_{ITEMS}x{locations}", _of_a_page(orders[:ITEMS], asking)))
    return figures


def _of_a_page(orders: list[Order], asking: Asking) -> float:
    """Milliseconds of the processor for each item of a page, all of them to one address, as the service makes them."""
    page = [replace(order, destination=orders[0].destination) for order in orders]
    start = process_time()
    for first in range(0, len(page), TOGETHER):
        promises(page[first : first + TOGETHER], asking)
    return 1000 * (process_time() - start) / len(page)


def _with_locations(retailer: Retailer, count: int) -> Retailer:
    """The retailer with one carrier service, and as many locations, by having its own again under other names."""
    places = retailer.dataset.locations
    again = [places.assign(location_id=places["location_id"] + f"-{at}") for at in range(1, -(-count // len(places)))]
    services = retailer.dataset.carrier_services
    anywhere = services[services["location_type"].isna() & (services["level"] != "collect")].iloc[:1]
    more = replace(
        retailer.dataset, locations=pd.concat([places, *again], ignore_index=True), carrier_services=anywhere
    )
    return replace(retailer, dataset=more)


def _timed(orders: list[Order], asking: Asking, retailer: Retailer) -> Timing:
    asked = AskedBundle(retailer.bundle)
    each, wholes, bares = [], [], []
    promise(orders[0], asking)
    for order in orders:
        start, of_processor = perf_counter(), process_time()
        told = promise(order, asking)
        wholes.append(process_time() - of_processor)
        each.append(perf_counter() - start)
        assert isinstance(told, Promise), "every location has every line"
        asked.matrices.clear()
        promise(order, replace(asking, predictor=asked))
        bares.append(bare_inference(asked, retailer))
    return Timing(each, median(wholes), median(bares))


def _figures(size: str, timing: Timing) -> list[Figure]:
    p50, p95, p99 = (1000 * np.quantile(timing.each, [0.5, 0.95, 0.99])).tolist()
    figures = [
        Figure(f"p50_ms_{size}", p50),
        Figure(f"p95_ms_{size}", p95),
        Figure(f"p99_ms_{size}", p99, {"published by vendors, of their hardware": VENDORS_MS}),
        Figure(
            f"promises_per_second_{size}",
            len(timing.each) / sum(timing.each),
            {"published by vendors, of their hardware": VENDORS_PER_SECOND},
        ),
        Figure(f"promise_over_inference_{size}", timing.whole / timing.bare),
    ]
    if size == TARGETED:
        figures.append(Figure("promise_over_inference", timing.whole / timing.bare, target="≤ 1.6"))
    return figures
