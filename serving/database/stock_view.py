"""One sku in the whole network: in total, by type of location, by location."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from serving.database.stock_ledger import NEVER, available, unavailable
from serving.database.tables import inbound, locations, stock

_RECORDED: Final = ("on_hand", "reserved", "held", "safety_stock")
_UNITS: Final = (*_RECORDED, "inbound", "atp")


def stock_of(connection: Connection, sku: str) -> dict[str, Any]:
    """What is known of ``sku``; the fields are those of `serving.wire.stock.StockAnswer`."""
    expected: dict[str, list[dict[str, Any]]] = defaultdict(list)
    coming = select(inbound).where(inbound.c.sku == sku, inbound.c.quantity > 0).order_by(inbound.c.expected_at)
    for item in connection.execute(coming):
        expected[item.location_id].append(
            {"inbound_id": item.inbound_id, "quantity": item.quantity, "expected_at": item.expected_at}
        )
    known = {row.location_id: row for row in connection.execute(select(stock).where(stock.c.sku == sku))}
    kinds_known = connection.execute(select(locations.c.location_id, locations.c.location_type))
    types = {location_id: location_type for location_id, location_type in kinds_known}  # noqa: C416 (rows are no pairs)
    places = []
    for location_id in sorted(known.keys() | expected.keys()):
        row, on_its_way = known.get(location_id), expected[location_id]
        short = row is not None and unavailable(row) > row.reserved + row.held
        places.append(
            {
                "location_id": location_id,
                "location_type": types[location_id],
                **{name: 0 if row is None else getattr(row, name) for name in _RECORDED},
                "inbound": sum(item["quantity"] for item in on_its_way),
                "atp": 0 if row is None else max(available(row), 0),
                "counted_at": None if row is None or row.counted_at == NEVER else row.counted_at,
                "short_at": row.short_at if row is not None and short else None,
                "expected": on_its_way,
            }
        )
    kinds = sorted({place["location_type"] for place in places})
    return {
        "sku": sku,
        "total": _sum(places),
        "by_type": {kind: _sum(place for place in places if place["location_type"] == kind) for kind in kinds},
        "by_location": places,
    }


def _sum(places: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    listed = list(places)
    return {name: sum(place[name] for place in listed) for name in _UNITS}
