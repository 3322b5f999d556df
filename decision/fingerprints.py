"""What an order asks for, as fingerprints by which two orders are compared without being kept."""

import hashlib
from dataclasses import asdict

import orjson

from decision.order import Order


def fingerprints(order: Order) -> dict[str, str]:
    """Return a short fingerprint of each part of what is asked for: its lines, where it goes, who asks."""
    parts = {
        "lines": sorted(orjson.dumps([x.sku, x.quantity, x.unit_price, x.group]) for x in order.lines),
        "destination": [orjson.dumps(asdict(order.destination))],
        "customer": [
            orjson.dumps(
                [
                    order.channel,
                    order.payment_method,
                    order.customer_id,
                    order.customer_tier,
                    order.tags,
                    order.attributes,
                    [shipment.shipment_id for shipment in order.open_shipments],
                ]
            )
        ],
    }
    return {name: hashlib.sha256(b"\n".join(written)).hexdigest()[:12] for name, written in parts.items()}
