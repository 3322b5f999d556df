"""The network at one instant: every location, carrier service and stock record, as columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from decision.custom import typed
from expressions.kinds import Kind
from expressions.sets import TextSets, encode_sets
from expressions.text import Text, encode
from features.facts import Columns


@dataclass(frozen=True, slots=True)
class SkuStock:
    """Where one sku is recorded. Arrays of equal length, one row per location that has a record.

    ``location`` holds positions in ``Network.locations``, ascending; the units are float64.
    """

    location: NDArray[np.intp]
    on_hand: NDArray[np.float64]
    reserved: NDArray[np.float64]
    safety_stock: NDArray[np.float64]
    counted_at: NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """What can be decided about.

    ``locations``: columns ``location_id, location_type, name, country, region, postal_code, latitude, longitude,
    timezone, capacity_per_day, backlog, footfall, footfall_ratio``; ``services``: columns ``carrier_service_id,
    carrier, level, location_type, max_weight_kg, carbon_kg_per_shipment``. Text columns are object arrays with
    ``None`` for missing, numbers float64 with NaN. Of both ``attributes`` (an object array of mappings, see
    `decision.custom`) and of locations ``tags`` (an object array of sequences of texts) may be absent: nobody told.
    """

    locations: Columns
    services: Columns
    stock: Mapping[str, SkuStock]
    _columns: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def location_texts(self) -> Mapping[str, Text]:
        """The text columns of ``locations`` as rules compare them, made when first asked for."""
        return {name: encode(column) for name, column in self.locations.items() if _is_text(name, column)}

    @cached_property
    def service_texts(self) -> Mapping[str, Text]:
        """The text columns of ``services``, followed by one row without any: no carrier service."""
        return {name: encode([*column, None]) for name, column in self.services.items() if _is_text(name, column)}

    @cached_property
    def location_tags(self) -> TextSets:
        """The tags of each location."""
        return encode_sets(_cells(self.locations, "tags"))

    def location_attribute(self, name: str, kind: Kind) -> Any:
        """Return a custom attribute of each location as a column of expressions, made when first asked for."""
        return self._once(("location", name, kind), lambda: typed(_cells(self.locations, "attributes"), name, kind))

    def service_attribute(self, name: str, kind: Kind) -> Any:
        """Return a custom attribute of each carrier service, followed by one row without: no carrier service."""
        return self._once(
            ("service", name, kind), lambda: typed([*_cells(self.services, "attributes"), None], name, kind)
        )

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._columns:
            self._columns[key] = make()
        return self._columns[key]


#: Columns of objects that are no texts.
STRUCTURED: Final = frozenset({"attributes", "tags"})


def _is_text(name: str, column: NDArray[Any]) -> bool:
    return column.dtype == object and name not in STRUCTURED


def _cells(columns: Columns, name: str) -> Sequence[Any]:
    rows = len(next(iter(columns.values()), ()))
    return [None] * rows if name not in columns else list(columns[name])
