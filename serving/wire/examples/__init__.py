"""Requests and answers that look like those of a real retailer, for readers of the API: a file of JSON each."""

from importlib.resources import files
from typing import Any, Final

import orjson


def _read(name: str) -> Any:
    return orjson.loads(files(__name__).joinpath(f"{name}.json").read_bytes())


ORDER: Final[dict[str, Any]] = _read("order")
COLLECTED_ORDER: Final[dict[str, Any]] = _read("collected_order")
BASKET: Final[dict[str, Any]] = _read("basket")
PROMISES: Final[dict[str, Any]] = _read("promises")
BASKETS: Final[dict[str, Any]] = _read("baskets")
PROMISES_OF_ITEMS: Final[dict[str, Any]] = _read("promises_of_items")
#: By the name of their feed; what others refer to comes before them.
ROWS: Final[dict[str, list[dict[str, Any]]]] = {
    name: _read(name) for name in ("locations", "products", "carrier-services", "stock", "inbound", "footfall")
}
MOVEMENTS: Final[list[dict[str, Any]]] = _read("movements")
SHIPMENT_EVENTS: Final[dict[str, Any]] = _read("shipment_events")
FEED_ANSWER: Final[dict[str, Any]] = _read("feed_answer")
PROBLEM: Final[dict[str, Any]] = _read("problem")
RULESET: Final[dict[str, Any]] = _read("ruleset")
DECISION: Final[dict[str, Any]] = _read("decision")
CHANGES: Final[dict[str, Any]] = _read("changes")
MODELS: Final[dict[str, Any]] = _read("models")
READY: Final[dict[str, Any]] = _read("ready")
