"""What the service knows at one version of its state, in the form that decisions use. Nothing in it ever changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import Connection, Table, exists, select

from decision.custom import Custom
from decision.network import Network, SkuStock
from decision.rules.ruleset import Ruleset, compile_ruleset, default_ruleset
from features.facts import Columns
from serving.database.ruleset_store import live_rulesets
from serving.database.tables import carrier_services, footfall, inbound, locations, products, rulesets
from serving.database.versions import current_version
from serving.decisions.inputs import KeptPlaces, keep_places
from serving.state.capacity import Given, capacity_columns, given_since
from serving.state.columns import changed_stock, described, empty_columns, load_columns, load_inbound
from serving.state.footfall import Usual, footfall_columns, full_hour
from serving.state.shared import Shared


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold; weight (kg), volume (litres) and longest side (cm) are of one unit."""

    category: str | None
    weight_kg: float | None
    volume_l: float | None
    longest_side_cm: float | None
    hazmat: bool
    bulky: bool
    fragile: bool = False
    cold: bool = False
    tags: Sequence[str] | None = None
    attributes: Custom | None = None


def _empty_network() -> Network:
    none = np.empty(0)
    live = {"footfall": none, "footfall_ratio": none}
    return Network({**empty_columns(locations), **live}, empty_columns(carrier_services), {})


def _default_rulesets() -> tuple[Ruleset, ...]:
    return (default_ruleset(),)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``quarter``: that of an hour whose footfall and local days the network shows. ``positions``: of its locations.
    ``stock``: that of the network.

    ``places``: the locations without the shipments they are given, which change with every order (``given``); ``kept``:
    these and the services as the decision log keeps them.
    ``rulesets``: those published, or the one that comes with the engine while there are none.
    """

    version: int = -1
    quarter: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    network: Network = field(default_factory=_empty_network)
    places: Columns = field(default_factory=lambda: _empty_network().locations)
    given: Given = field(default_factory=dict)
    kept: KeptPlaces = field(default_factory=lambda: keep_places(_empty_network().locations, _empty_network().services))
    positions: Mapping[str, int] = field(default_factory=dict)
    products: Shared[Product] = field(default_factory=Shared)
    stock: Shared[SkuStock] = field(default_factory=Shared)
    rulesets: tuple[Ruleset, ...] = field(default_factory=_default_rulesets)

    @property
    def is_read(self) -> bool:
        """Whether the database told it. Else it is empty, or was kept earlier: dates are promised by it, no more."""
        return self.version >= 0


def refreshed(connection: Connection, before: Snapshot, quarter: datetime, usual: Usual) -> Snapshot:
    """``before`` with everything committed since, and footfall and local days of ``quarter``.

    Only what changed is read again. The version is read first: what others commit while this reads is seen now or next
    time, never missed.
    """
    version = current_version(connection)

    def changed(table: Table) -> bool:
        return bool(connection.execute(select(exists().where(table.c.changed_in > before.version))).scalar())

    places = load_columns(connection, locations) if changed(locations) else before.places
    positions = {location_id: at for at, location_id in enumerate(places["location_id"])}
    # Stock names locations by position: when the set of locations changes, every record is read again.
    same_places = positions.keys() == before.positions.keys()
    changed_skus = changed_stock(
        connection, before.version if same_places else -1, before.stock if same_places else {}, positions
    )
    stock = before.stock.updated(changed_skus) if same_places else Shared(changed_skus)
    hour = full_hour(quarter)
    if places is not before.places or hour != full_hour(before.quarter) or changed(footfall):
        visitors, ratio = footfall_columns(connection, places, hour, usual)
        places = {**places, "footfall": visitors, "footfall_ratio": ratio}
    services = load_columns(connection, carrier_services) if changed(carrier_services) else before.network.services
    given = given_since(connection, before.given, before.version)
    coming = load_inbound(connection, positions) if changed(inbound) or not same_places else before.network.inbound
    same = places is before.places and services is before.network.services
    network = before.network.with_stock(stock, coming) if same else Network(places, services, stock, coming)
    if not same or given is not before.given or quarter != before.quarter:
        network = network.with_capacity_used(*capacity_columns(places, given, quarter))
    return Snapshot(
        version=version,
        quarter=quarter,
        network=network,
        places=places,
        given=given,
        kept=before.kept if same else keep_places(places, services),
        positions=positions,
        products=before.products.updated(_changed_products(connection, before.version)),
        stock=stock,
        rulesets=_compiled(connection) if changed(rulesets) else before.rulesets,
    )


def _changed_products(connection: Connection, since: int) -> dict[str, Product]:
    rows = connection.execute(select(*described(products)).where(products.c.changed_in > since))
    return {sku: Product(*attributes) for sku, *attributes in rows}


def _compiled(connection: Connection) -> tuple[Ruleset, ...]:
    compiled = tuple(compile_ruleset(live.document, str(live.version)) for live in live_rulesets(connection))
    for ruleset in compiled:
        ruleset.conditions.prepare()  # not when the first order comes
    return compiled
