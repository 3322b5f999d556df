"""The published files of the Olist marketplace, read as they are: text, with typed columns made from it on request."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from data.errors import ColumnError, MissingTableError
from data.findings import find, join_findings
from data.source_files import read_csv

ZONE: Final = "America/Sao_Paulo"

#: name → (file, columns that are read from it). The misspelt columns of the products are not among them.
FILES: Final = {
    "orders": (
        "olist_orders_dataset.csv",
        (
            "order_id",
            "customer_id",
            "order_status",
            "order_purchase_timestamp",
            "order_approved_at",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
            "order_estimated_delivery_date",
        ),
    ),
    "items": (
        "olist_order_items_dataset.csv",
        ("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"),
    ),
    "payments": (
        "olist_order_payments_dataset.csv",
        ("order_id", "payment_sequential", "payment_type", "payment_value"),
    ),
    "customers": (
        "olist_customers_dataset.csv",
        ("customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_state"),
    ),
    "sellers": ("olist_sellers_dataset.csv", ("seller_id", "seller_zip_code_prefix", "seller_state")),
    "products": (
        "olist_products_dataset.csv",
        (
            "product_id",
            "product_category_name",
            "product_weight_g",
            "product_length_cm",
            "product_height_cm",
            "product_width_cm",
        ),
    ),
    "categories": (
        "product_category_name_translation.csv",
        ("product_category_name", "product_category_name_english"),
    ),
    "geolocation": (
        "olist_geolocation_dataset.csv",
        ("geolocation_zip_code_prefix", "geolocation_lat", "geolocation_lng"),
    ),
    "weights": ("sample_weights.csv", ("order_id", "weight")),
}

#: Not published by Olist: the inverse of a sample's drawing probability, there when the files are a sample.
OPTIONAL: Final = ("weights",)


def read_files(folder: Path) -> dict[str, pd.DataFrame]:
    """Every file as text columns.

    Raises
    ------
    MissingTableError
        A file is not there.
    UnreadableFileError
        A file is no CSV.
    ColumnError
        A file lacks a column.
    """
    return {
        name: _read(folder / file, columns)
        for name, (file, columns) in FILES.items()
        if name not in OPTIONAL or (folder / file).is_file()
    }


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise MissingTableError(f"{path} is not there. Put the published Olist files, with their names, in one folder.")
    # The translations begin with a byte order mark.
    frame = read_csv(path)
    lacking = [column for column in columns if column not in frame]
    if lacking:
        raise ColumnError(
            f"{path} lacks the column(s) {', '.join(lacking)}. Columns found: {', '.join(map(str, frame))}."
        )
    return frame[list(columns)]


@dataclass
class Notes:
    """Collects what is noted while tables are made. ``note`` is called with the rows concerned."""

    parts: list[pd.DataFrame] = field(default_factory=list)

    def note(
        self, table: str, frame: pd.DataFrame, rows: "pd.Series[bool]", *, key: str, column: str, rule: str, reason: str
    ) -> None:
        """One note for each of ``rows``; ``key`` and ``column`` are columns of ``frame``."""
        self.parts.append(find(table, frame, rows, key=(key,), column=column, rule=rule, reason=reason))

    def all(self) -> pd.DataFrame:
        """Every note, in the order in which it was made."""
        return join_findings(self.parts)


def numbers(frame: pd.DataFrame, column: str, table: str, key: str, notes: Notes) -> "pd.Series[float]":
    """Text as finite numbers; what is not one is blanked and noted."""
    values = pd.to_numeric(frame[column], errors="coerce").astype("float64")
    values = values.where(np.isfinite(values))
    unreadable = values.isna() & frame[column].notna()
    reason = "is not a finite number: left blank"
    notes.note(table, frame, unreadable, key=key, column=column, rule="unreadable", reason=reason)
    return values


def local_times(frame: pd.DataFrame, column: str, table: str, key: str, notes: Notes) -> "pd.Series[pd.Timestamp]":
    """Text as naive local times; what is not one is blanked and noted."""
    times = pd.to_datetime(frame[column], errors="coerce", format="ISO8601").dt.as_unit("us")
    unreadable = times.isna() & frame[column].notna()
    reason = "is not a time: left blank"
    notes.note(table, frame, unreadable, key=key, column=column, rule="unreadable", reason=reason)
    return times


def first_rows(frame: pd.DataFrame, table: str, key: str, notes: Notes) -> pd.DataFrame:
    """The first row of each ``key``; the others are noted."""
    repeated = frame[key].duplicated() & frame[key].notna()
    reason = "an earlier row has the same key, and counts"
    notes.note(table, frame, repeated, key=key, column=key, rule="repeated_key", reason=reason)
    return frame.drop_duplicates(key)
