"""The Olist marketplace (Brazil, 2016–2018) as a dataset: a seller is a location, order × seller one attempt.

What the published files mean here, and what is done about their dirt, is told in ``docs/data.md``.
"""

from pathlib import Path
from typing import Final

import pandas as pd

from data.dataset import build_dataset
from data.imported import Imported
from data.local_time import end_of_day, to_utc
from data.olist_attempts import CARRIER_SERVICE, make_attempt_lines, make_attempts
from data.olist_files import ZONE, Notes, first_rows, local_times, numbers, read_files

#: South, north, west and east of Brazil, its islands included, in degrees.
_BRAZIL: Final = (-33.8, 5.3, -74.0, -28.8)


def import_olist(folder: Path) -> Imported:
    """Read the published CSV files in ``folder``.

    Raises
    ------
    DataError
        A file or a column is not there.
    """
    files = read_files(folder)
    notes = Notes()
    centroids = _centroids(files["geolocation"], notes)
    orders = _orders(files, centroids, notes)
    attempts = make_attempts(files, orders, notes)
    tables = {
        "locations": _locations(files["sellers"], centroids),
        "products": _products(files["products"], files["categories"], notes),
        "carrier_services": pd.DataFrame(
            {"carrier_service_id": [CARRIER_SERVICE], "carrier": ["olist"], "level": ["standard"]}
        ),
        "orders": orders.drop(columns=["status", "approved_at", "handed_over_at", "delivered_at", "weight"]),
        "order_lines": _order_lines(files["items"]),
        "fulfilments": attempts,
        "fulfilment_lines": make_attempt_lines(files["items"], attempts),
    }
    dataset, rejected = build_dataset(tables)
    return Imported(dataset, rejected, notes.all())


def _zip_prefix(prefix: "pd.Series[str]") -> "pd.Series[str]":
    """Five digits: leading zeros get lost when somebody reads prefixes as numbers."""
    return prefix.str.strip().str.zfill(5)


def _centroids(geolocation: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """Median of the distinct points of each zip prefix, without those outside Brazil; indexed by prefix."""
    points = pd.DataFrame(
        {
            "postal_code": _zip_prefix(geolocation["geolocation_zip_code_prefix"]),
            "latitude": numbers(geolocation, "geolocation_lat", "geolocation", "geolocation_zip_code_prefix", notes),
            "longitude": numbers(geolocation, "geolocation_lng", "geolocation", "geolocation_zip_code_prefix", notes),
        }
    ).drop_duplicates()
    south, north, west, east = _BRAZIL
    inside = points["latitude"].between(south, north) & points["longitude"].between(west, east)
    outside = ~inside & points[["latitude", "longitude"]].notna().all(axis=1)
    reason = "lies outside Brazil: not used for the middle of its zip prefix"
    notes.note(
        "geolocation",
        points,
        outside,
        key="postal_code",
        column="latitude, longitude",
        rule="outside_brazil",
        reason=reason,
    )
    return points[inside].groupby("postal_code")[["latitude", "longitude"]].median()


def _locations(sellers: pd.DataFrame, centroids: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "location_id": sellers["seller_id"],
            "location_type": "supplier",
            "country": "BR",
            "region": sellers["seller_state"],
            "postal_code": _zip_prefix(sellers["seller_zip_code_prefix"]),
            "timezone": ZONE,
        }
    ).join(centroids, on="postal_code")


def _products(products: pd.DataFrame, categories: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    by_name = first_rows(categories, "product_category_name_translation", "product_category_name", notes)
    english = by_name.set_index("product_category_name").iloc[:, 0]
    portuguese = products["product_category_name"]
    untranslated = portuguese.notna() & ~portuguese.isin(english.index)
    reason = "has no published translation: its Portuguese name is kept"
    notes.note(
        "products",
        products,
        untranslated,
        key="product_id",
        column="product_category_name",
        rule="untranslated",
        reason=reason,
    )
    weight_g = _above_zero(products, "product_weight_g", notes)
    sides_cm = pd.DataFrame({name: _above_zero(products, name, notes) for name in _SIDES})
    return pd.DataFrame(
        {
            "sku": products["product_id"],
            "category": portuguese.map(english).fillna(portuguese),
            "weight_kg": weight_g / 1000,
            "volume_l": sides_cm.prod(axis=1, skipna=False) / 1000,
            "longest_side_cm": sides_cm.max(axis=1, skipna=False),
            "hazmat": False,
            "bulky": False,
        }
    )


_SIDES: Final = ["product_length_cm", "product_height_cm", "product_width_cm"]


def _above_zero(products: pd.DataFrame, column: str, notes: Notes) -> "pd.Series[float]":
    values = numbers(products, column, "products", "product_id", notes)
    reason = "must be more than 0: left blank"
    notes.note("products", products, values <= 0, key="product_id", column=column, rule="zero", reason=reason)
    return values.where(values > 0)


def _orders(files: dict[str, pd.DataFrame], centroids: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """The canonical orders, with the status, instants and weight that their attempts share."""
    orders = files["orders"]
    customers = first_rows(files["customers"], "customers", "customer_id", notes)
    orders = orders.merge(customers, on="customer_id", how="left", validate="many_to_one")
    unknown = ~orders["customer_id"].isin(customers["customer_id"])
    notes.note(
        "orders",
        orders,
        unknown,
        key="order_id",
        column="customer_id",
        rule="unknown_customer",
        reason="has no row in the customers' file",
    )

    def instants(column: str) -> "pd.Series[pd.Timestamp]":
        return to_utc(local_times(orders, column, "orders", "order_id", notes), ZONE, first=True)

    promised_day = local_times(orders, "order_estimated_delivery_date", "orders", "order_id", notes)
    return pd.DataFrame(
        {
            "order_id": orders["order_id"],
            "customer_id": orders["customer_unique_id"],
            "placed_at": instants("order_purchase_timestamp"),
            "channel": "marketplace",
            "payment_method": _payment_methods(orders, files["payments"], notes),
            "currency": "BRL",
            "delivery_method": "home",
            "country": "BR",
            "region": orders["customer_state"],
            "postal_code": _zip_prefix(orders["customer_zip_code_prefix"]),
            # Published as a date: later than the end of that day is late by the calendar.
            "promised_at": to_utc(end_of_day(promised_day), ZONE, first=False),
            "status": orders["order_status"],
            "approved_at": instants("order_approved_at"),
            "handed_over_at": instants("order_delivered_carrier_date"),
            "delivered_at": instants("order_delivered_customer_date"),
            "weight": _weights(orders, files.get("weights"), notes),
        }
    ).join(centroids, on="postal_code")


def _payment_methods(orders: pd.DataFrame, payments: pd.DataFrame, notes: Notes) -> "pd.Series[str]":
    """The type of each order's largest payment, the first of equal ones; missing where nothing is published."""
    ranked = payments.assign(
        value=numbers(payments, "payment_value", "payments", "order_id", notes),
        position=numbers(payments, "payment_sequential", "payments", "order_id", notes),
    ).sort_values(["value", "position"], ascending=[False, True], kind="stable")
    largest = ranked.drop_duplicates("order_id").set_index("order_id")["payment_type"]
    unpaid = ~orders["order_id"].isin(largest.index)
    reason = "has no payment: payment_method left blank"
    notes.note("orders", orders, unpaid, key="order_id", column="order_id", rule="no_payment", reason=reason)
    return orders["order_id"].map(largest.where(largest != "not_defined"))


def _weights(orders: pd.DataFrame, weights: pd.DataFrame | None, notes: Notes) -> "pd.Series[float]":
    """Inverse sampling weight of each order; 1 where none is given."""
    if weights is None:
        return pd.Series(1.0, index=orders.index)
    weights = weights.assign(weight=numbers(weights, "weight", "sample_weights", "order_id", notes))
    unknown = ~weights["order_id"].isin(orders["order_id"])
    reason = "has no row in the orders' file: its weight is not used"
    notes.note(
        "sample_weights", weights, unknown, key="order_id", column="order_id", rule="unknown_order", reason=reason
    )
    by_order = first_rows(weights, "sample_weights", "order_id", notes).set_index("order_id")
    given = orders["order_id"].map(by_order["weight"])
    notes.note(
        "orders",
        orders,
        given.isna(),
        key="order_id",
        column="order_id",
        rule="unweighted",
        reason="has no sampling weight: counts once",
    )
    return given.fillna(1.0)


def _order_lines(items: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_id": items["order_id"],
            "line_id": items["order_item_id"],
            "sku": items["product_id"],
            "quantity": 1,
            "unit_price": items["price"],
        }
    )
