"""What is promised of one order does not depend on the orders that are asked about with it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from decision.network import Inbound, Network
from decision.order import Destination, Order
from decision.promise import Promise
from decision.promises.awaited import SlowestAwaited
from decision.promises.promising import Asking, promise, promises
from features.facts import Columns
from tests.property.random_world import Formula, world
from tests.unit.decision.world import DUOMO, NOW, Hours

ADDRESSES = (
    Destination("IT", "20121", "Lombardia", *DUOMO),
    Destination("IT", "00184", "Lazio", 41.89, 12.48),
    Destination("IT", "50122"),
)
METHODS = ("home", "click_and_collect", "reserve_and_collect", "ship_to_store")
SEEDS = range(30)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS = [str(NOW.date()), str((NOW + timedelta(days=1)).date())]


class Particular(Formula):
    """Heads that look at all that orders may differ in: where parcels go, how, for whom, when, and what is in them."""

    version = "particular@1"

    def delivery_hours(self, facts: Columns) -> Hours:
        """Farther by postal code, slower in the evening."""
        usual, postal = super().delivery_hours(facts), [int(code) % 97 for code in facts["destination_postal_code"]]
        return Hours(usual.low + postal + self._slower(facts), usual.high + postal + self._slower(facts))

    def ready_hours(self, facts: Columns) -> Hours:
        """Slower where more is to be packed."""
        usual = super().ready_hours(facts)
        return Hours(usual.low, usual.high + self._slower(facts) + np.nan_to_num(facts["weight_kg"]))

    def cost(self, facts: Columns) -> Any:
        """Dearer to where nobody knows how far it is."""
        return super().cost(facts) + np.nan_to_num(facts["destination_latitude"], nan=60.0) / 100

    @staticmethod
    def _slower(facts: Columns) -> Any:
        told = zip(facts["channel"], facts["payment_method"], facts["delivery_method"], strict=True)
        words = [len(channel or "") + 2 * len(payment or "") + len(method) for channel, payment, method in told]
        return np.array(words) / 10 + facts["decided_at"] % 86_400 / 36_000


def orders_of(rng: np.random.Generator, order: Order, network: Network) -> list[Order]:
    """Return several orders of some of the lines, each to an address or a store of its own."""
    found = []
    for _ in range(int(rng.integers(2, 9))):
        method = str(rng.choice(METHODS))
        chosen = rng.permutation(len(order.lines))[: int(rng.integers(1, len(order.lines) + 1))]
        found.append(
            replace(
                order,
                delivery_method=method,
                service_level=str(rng.choice(["standard", "express"])) if rng.random() < 0.5 else None,
                collect_location_id=None if method == "home" else str(rng.choice(network.locations["location_id"])),
                destination=ADDRESSES[int(rng.integers(0, len(ADDRESSES)))],
                lines=tuple(order.lines[at] for at in sorted(chosen)),
                channel=[None, "web", "app"][int(rng.integers(0, 3))],
                payment_method=[None, "card"][int(rng.integers(0, 2))],
                open_shipments=order.open_shipments if rng.random() < 0.5 else (),
            )
        )
    return found


def asked(seed: int) -> tuple[list[Order], Asking]:
    rng = np.random.default_rng(seed)
    order, network, ruleset = world(rng)
    coming = {f"K{at}": [Inbound(0, 9.0, NOW + timedelta(hours=30 + at))] for at in range(5) if rng.random() < 0.3}
    zones = rng.choice(np.array(["Europe/Rome", "America/New_York"], object), len(network.locations["timezone"]))
    hours = [{day: ["08:00-14:00"] for day in WEEK} if rng.random() < 0.5 else None for _ in zones]
    closed = [DAYS if rng.random() < 0.3 else [] for _ in zones]
    told: dict[str, Any] = {"timezone": zones, "opening_hours": hours, "closed_on": closed}
    columns = {name: np.fromiter(column, np.dtype(object), len(zones)) for name, column in told.items()}
    network = replace(network, inbound=coming, locations={**network.locations, **columns})
    now = NOW + timedelta(hours=int(rng.choice([0, 3, 9, 30])))
    return orders_of(rng, order, network), Asking(network, [ruleset], Particular(), now, timedelta(minutes=15))


def test_orders_are_promised_together_what_each_is_promised_alone() -> None:
    dates = 0
    for seed in SEEDS:
        orders, asking = asked(seed)
        alone = [promise(order, asking) for order in orders]
        assert promises(orders, asking) == alone
        dates += sum(isinstance(one, Promise) for one in alone)
    assert dates > 50


def test_so_it_is_where_dates_wait_for_the_slowest() -> None:
    for seed in SEEDS:
        orders, asking = asked(seed)
        cautious = replace(asking, awaited=SlowestAwaited, days_later=1)
        assert promises(orders, cautious) == [promise(order, cautious) for order in orders]
