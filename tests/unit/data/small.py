"""A small retailer that every rule accepts: two stores, two products, two orders; each test breaks what it is about."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def small_tables() -> dict[str, pd.DataFrame]:
    """Fresh tables, with only the columns that a source must give and those that tests break."""
    noon = pd.Timestamp("2026-03-02T12:00:00Z")
    return {
        "locations": pd.DataFrame(
            {
                "location_id": ["S1", "S2"],
                "location_type": ["store", "warehouse"],
                "country": ["IT", "IT"],
                "latitude": [45.5, None],
                "timezone": ["Europe/Rome", "Europe/Rome"],
            }
        ),
        "products": pd.DataFrame(
            {"sku": ["A", "B"], "weight_kg": [0.5, None], "hazmat": [False, True], "bulky": [False, False]}
        ),
        "carrier_services": pd.DataFrame(
            {"carrier_service_id": ["std"], "carrier": ["Corriere"], "level": ["standard"]}
        ),
        "orders": pd.DataFrame(
            {
                "order_id": ["W1", "W2"],
                "placed_at": [noon, noon + pd.Timedelta(hours=1)],
                "currency": ["EUR", "EUR"],
                "delivery_method": ["home", "home"],
                "country": ["IT", "IT"],
            }
        ),
        "order_lines": pd.DataFrame(
            {
                "order_id": ["W1", "W1", "W2"],
                "line_id": ["1", "2", "1"],
                "sku": ["A", "B", "A"],
                "quantity": [1, 2, 1],
                "unit_price": [9.9, 5.0, 9.9],
            }
        ),
        "fulfilments": pd.DataFrame(
            {
                "fulfilment_id": ["F1", "F2"],
                "order_id": ["W1", "W2"],
                "location_id": ["S1", "S2"],
                "carrier_service_id": ["std", "std"],
                "decided_at": [noon, noon],
                "ready_at": [noon + pd.Timedelta(hours=2), pd.NaT],
                "delivered_at": [noon + pd.Timedelta(days=2), pd.NaT],
                "outcome": ["delivered", "open"],
                "outcome_at": [noon + pd.Timedelta(days=2), pd.NaT],
                "shipping_cost": [4.5, 4.5],
            }
        ),
        "fulfilment_lines": pd.DataFrame(
            {
                "fulfilment_id": ["F1", "F1", "F2"],
                "line_id": ["1", "2", "1"],
                "sku": ["A", "B", "A"],
                "quantity": [1, 2, 1],
                "picked_quantity": [1.0, 2.0, None],
            }
        ),
    }


def with_cell(
    tables: Mapping[str, pd.DataFrame], table: str, row: int, column: str, value: Any
) -> dict[str, pd.DataFrame]:
    """The tables with one cell put to another value."""
    changed = tables[table][column].astype("object").tolist()
    changed[row] = value
    return {**tables, table: tables[table].assign(**{column: pd.Series(changed, dtype="object")})}
