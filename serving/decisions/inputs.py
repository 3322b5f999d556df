"""What a decision was made from, as bytes that are kept with it, and back.

Places and carrier services change seldom and are kept once per state, under the SHA-256 of their content. With each
decision goes the order as it was decided (with what the products were), the stock records of its skus and what the
locations that have them were given on their day, which changes with every order. What is read
back decides the same, to the bit: numbers are written with all their digits.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import numpy as np
import orjson

from decision.network import Inbound, Network, SkuStock
from decision.order import Destination, Line, OpenShipment, Order
from features.facts import Columns
from serving.wire.promise_token import read_promised

_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY
#: Little is gained by trying harder: numbers repeat or they do not.
_EFFORT: Final = 1
#: Columns of locations that change with every order.
_CAPACITY: Final = ("capacity_used", "capacity_used_on")


@dataclass(frozen=True, slots=True)
class KeptPlaces:
    """Locations and carrier services as bytes. ``digest``: SHA-256 of what was packed."""

    digest: str
    content: bytes


def keep_places(locations: Columns, services: Columns) -> KeptPlaces:
    """Return every location and carrier service as bytes."""
    written = orjson.dumps([_written(locations), _written(services)], option=_OPTIONS)
    return KeptPlaces(hashlib.sha256(written).hexdigest(), zlib.compress(written, _EFFORT))


def read_places(content: bytes) -> tuple[str, Columns, Columns]:
    """Return the digest, the locations and the services that `keep_places` wrote."""
    written = zlib.decompress(content)
    locations, services = orjson.loads(written)
    return hashlib.sha256(written).hexdigest(), _read(locations), _read(services)


def keep_stock(network: Network, skus: Iterable[str]) -> bytes:
    """Return the stock records of ``skus``, and what is on its way of them; a sku without a record is left out."""
    wanted = sorted(set(skus))
    known = {sku: network.stock[sku] for sku in wanted if sku in network.stock}
    columns = {sku: [getattr(record, field.name) for field in fields(SkuStock)] for sku, record in known.items()}
    coming = {sku: network.inbound[sku] for sku in wanted if sku in network.inbound}
    return zlib.compress(orjson.dumps([columns, coming], option=_OPTIONS), _EFFORT)


def read_stock(content: bytes) -> tuple[dict[str, SkuStock], dict[str, list[Inbound]]]:
    """Return the records, and what was on its way, that `keep_stock` wrote."""
    written = orjson.loads(zlib.decompress(content))
    # Earlier versions kept the records alone.
    records, coming = (written, {}) if isinstance(written, dict) else written
    return {sku: _record(*columns) for sku, columns in records.items()}, {
        sku: [
            Inbound(item["location"], item["quantity"], datetime.fromisoformat(item["expected_at"])) for item in items
        ]
        for sku, items in coming.items()
    }


def _record(location: list[int], *columns: list[float | None] | None) -> SkuStock:
    # A column that a later version added was not kept: nobody had told it.
    names = [field.name for field in fields(SkuStock)][1:]
    figures: dict[str, Any] = {
        name: None if column is None else np.array(column, float) for name, column in zip(names, columns, strict=False)
    }
    return SkuStock(np.array(location, np.intp), **figures)


def keep_capacity(network: Network, skus: Iterable[str]) -> bytes:
    """Return what the locations that have a record of ``skus`` were given on their day."""
    rows = sorted({int(row) for sku in skus if sku in network.stock for row in network.stock[sku].location})
    columns = {name: network.locations[name][rows].tolist() for name in _CAPACITY if name in network.locations}
    return zlib.compress(orjson.dumps({"row": rows, **columns}, option=_OPTIONS), _EFFORT)


def read_capacity(content: bytes, locations: Columns) -> Columns:
    """Return ``locations`` with what `keep_capacity` wrote."""
    kept = orjson.loads(zlib.decompress(content))
    changed = {}
    for name in _CAPACITY:
        if name in kept:
            changed[name] = locations[name].copy()
            changed[name][kept["row"]] = kept[name]
    return {**locations, **changed}


def keep_order(order: Order) -> bytes:
    """Return the order as it is decided."""
    return zlib.compress(orjson.dumps(order, option=_OPTIONS), _EFFORT)


def read_order(content: bytes) -> Order:
    """Return the order that `keep_order` wrote."""
    written = orjson.loads(zlib.decompress(content))
    promised_at, promise = written["promised_at"], written.get("promise")
    return Order(
        **{
            **written,
            "placed_at": datetime.fromisoformat(written["placed_at"]),
            "promise": None if promise is None else read_promised(orjson.dumps(promise)),
            "promised_at": None if promised_at is None else datetime.fromisoformat(promised_at),
            "destination": Destination(**written["destination"]),
            "lines": tuple(Line(**{**line, "tags": tuple(line["tags"])}) for line in written["lines"]),
            "tags": tuple(written["tags"]),
            # Nothing was tried before where an earlier version kept the order.
            "not_found": tuple((sku, location_id) for sku, location_id in written.get("not_found", ())),
            "passed_stages": tuple(written.get("passed_stages", ())),
            "open_shipments": tuple(OpenShipment(**shipment) for shipment in written["open_shipments"]),
        }
    )


def _written(columns: Columns) -> dict[str, Any]:
    return {
        str(name): [column.dtype.name, column.tolist() if column.dtype == object else np.ascontiguousarray(column)]
        for name, column in columns.items()
    }


def _read(written: Mapping[str, Any]) -> Columns:
    return {name: _column(kind, values) for name, (kind, values) in written.items()}


def _column(kind: str, values: list[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    if kind != "object":
        return np.array(values, kind)  # a missing number was written as null, and null is read as NaN
    column = np.empty(len(values), object)
    column[:] = values
    return column
