"""The network as it was known last, kept in the work folder: a service whose database is away when it starts promises
by it.

A line of JSON each: rulesets and places first, then products and stock in parts, so that others are answered between.
"""

import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Final

import orjson
import structlog

from decision.network import Inbound, Network, SkuStock
from decision.rules.ruleset import compile_ruleset
from serving.database.ruleset_store import live_rulesets
from serving.decisions.inputs import KeptPlaces, keep_stock, read_places, read_stock
from serving.service import Service
from serving.state.capacity import capacity_columns
from serving.state.shared import Shared
from serving.state.snapshot import Product, Snapshot

NETWORK_FILE: Final = "network.jsonl"
#: Skus in a line.
_PART: Final = 500

log = structlog.get_logger()


def keep_network(service: Service) -> None:
    """Write what the database told; where it cannot be written, what was kept before stays, and the log says why."""
    snapshot, path = service.live.snapshot, service.settings.work_folder / NETWORK_FILE
    if not snapshot.is_read:
        return
    rulesets = [(live.document, live.version) for live in service.database.read_now(live_rulesets)]
    unfinished = path.with_suffix(f".{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            file.write(orjson.dumps([rulesets, b64encode(snapshot.kept.content).decode()]) + b"\n")
            known = sorted(snapshot.products)
            for skus in (known[at : at + _PART] for at in range(0, len(known), _PART)):
                products = {sku: snapshot.products[sku] for sku in skus}
                stock = b64encode(keep_stock(snapshot.network, skus)).decode()
                file.write(orjson.dumps([products, stock]) + b"\n")
        unfinished.replace(path)
    except OSError as error:
        log.warning("the network is not kept: without the database, no service can start", error=str(error))


#: Of products, what earlier versions did not keep.
_NOT_KEPT: Final = {"longest_side_cm": None}


def find_network(folder: Path) -> Snapshot | None:
    """Return what was kept, ``None`` where nothing is. It is older than anything in the database."""
    path = folder / NETWORK_FILE
    if not path.exists():
        return None
    try:
        first, *parts = path.read_bytes().splitlines()
        return _read(first, parts)
    # Whatever is wrong with the file, or with this version's reading of it: the service starts as if there were none.
    except Exception:
        log.exception("the network that was kept cannot be read: it is as if none had been")
        return None


def _read(first: bytes, parts: list[bytes]) -> Snapshot:
    rulesets, places = orjson.loads(first)
    content = b64decode(places)
    digest, locations, services = read_places(content)
    known = Snapshot()
    products: dict[str, Product] = {}
    stock: dict[str, SkuStock] = {}
    inbound: dict[str, list[Inbound]] = {}
    for part in parts:
        told, packed = orjson.loads(part)
        records, coming = read_stock(b64decode(packed))
        products |= {sku: Product(**{**_NOT_KEPT, **product}) for sku, product in told.items()}
        stock |= records
        inbound |= coming
    network = Network(locations, services, Shared(stock), inbound)
    return Snapshot(
        network=network.with_capacity_used(*capacity_columns(locations, {}, known.quarter)),
        places=locations,
        kept=KeptPlaces(digest, content),
        positions={location_id: at for at, location_id in enumerate(locations["location_id"])},
        products=Shared(products),
        stock=Shared(stock),
        rulesets=tuple(compile_ruleset(document, str(version)) for document, version in rulesets) or known.rulesets,
    )
