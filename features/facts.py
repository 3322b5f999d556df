"""The facts a feature may be computed from: one named NumPy column each, one row per thing to predict.

The same columns are assembled from a history (`features.history`) and from one request
(`decision.candidates.asked`); everything after this point is the same code for both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Named columns of equal length. Text columns have dtype object (``None`` where missing), numbers float64 (NaN).
Columns: TypeAlias = Mapping[str, NDArray[Any]]
#: Numbers, NaN where missing.
FloatArray: TypeAlias = NDArray[np.float64]
#: Text with ``None`` where missing.
TextColumn: TypeAlias = NDArray[np.object_]


@dataclass(frozen=True)
class Fact:
    """One column: its name, whether it is text or a number, its unit and meaning."""

    name: str
    is_text: bool
    meaning: str


FACTS: Final = (
    Fact("decided_at", False, "instant of the decision, seconds since 1970-01-01 UTC"),
    Fact("channel", True, "where the order came from"),
    Fact("payment_method", True, "how the customer pays: a slip or transfer is confirmed later than a card"),
    Fact("delivery_method", True, "home, click_and_collect, reserve_and_collect or ship_to_store"),
    Fact("destination_country", True, "ISO 3166-1 alpha-2"),
    Fact("destination_region", True, "state or province"),
    Fact("destination_postal_code", True, "as written on the parcel"),
    Fact("destination_latitude", False, "degrees"),
    Fact("destination_longitude", False, "degrees"),
    Fact("location_id", True, "the candidate location"),
    Fact("location_type", True, "warehouse, store, supplier or hub"),
    Fact("location_country", True, "ISO 3166-1 alpha-2"),
    Fact("location_region", True, "state or province"),
    Fact("location_postal_code", True, "of the location"),
    Fact("location_latitude", False, "degrees"),
    Fact("location_longitude", False, "degrees"),
    Fact("location_timezone", True, "IANA zone"),
    Fact("capacity_per_day", False, "shipments the location can prepare in a day"),
    Fact("backlog", False, "attempts decided for the location and neither ready nor failed yet"),
    Fact("footfall_ratio", False, "visitors of the last full hour ÷ usual for that hour of the week"),
    Fact("carrier_service_id", True, "how it would travel; missing: collected"),
    Fact("carrier", True, "who carries it"),
    Fact("service_level", True, "standard, express, …"),
    Fact("weight_kg", False, "of the lines in question, together"),
    Fact("volume_l", False, "of the lines in question, together, litres"),
    Fact("longest_side_cm", False, "of the longest unit of the lines in question that were measured, centimetres"),
    Fact("size_class", True, "small, large or oversize, as carriers handle it (`features.sizes`)"),
    Fact("value", False, "price of the lines in question, together, in the order's currency"),
    Fact("units", False, "of the lines in question, together"),
    Fact("lines", False, "how many lines are in question"),
    Fact("sku", True, "of the line in question (of the heaviest, where several are)"),
    Fact("category", True, "of that sku"),
    Fact("on_hand", False, "recorded units of that sku at the location"),
    Fact("days_since_count", False, "age of that stock record, days"),
)


def check_facts(facts: Columns) -> int:
    """Return the number of rows of ``facts``, or raise ``ValueError`` naming what is missing or of unequal length."""
    missing = [fact.name for fact in FACTS if fact.name not in facts]
    if missing:
        raise ValueError(f"facts lack the column(s) {', '.join(missing)}")
    lengths = {fact.name: len(facts[fact.name]) for fact in FACTS}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"facts differ in length: {lengths}")
    return int(np.size(facts["decided_at"]))
