"""The Olist marketplace (Brazil, 2016–2018) as a dataset: a seller is a location, order × seller one attempt.

What the published files mean here, and what is done about their dirt, is told in ``docs/data.md``.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from data.dataset import build_dataset
from data.imported import Imported
from data.olist_files import ZONE, Notes, local_times, numbers, read_files, to_utc

CARRIER_SERVICE: Final = "olist-standard"

#: Published status → outcome. Anything else is still open.
OUTCOMES: Final = {"delivered": "delivered", "unavailable": "short_pick", "canceled": "rejected"}
_OPEN: Final = ("shipped", "invoiced", "processing", "approved", "created")

#: South, north, west and east of Brazil, its islands included, in degrees.
_BRAZIL: Final = (-33.8, 5.3, -74.0, -28.8)

#: The publisher does not say when an order failed; after this long, and after its promised date, it was surely known.
_SURELY_KNOWN: Final = pd.Timedelta(days=30)


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
    attempts = _attempts(files, orders, notes)
    tables = {
        "locations": _locations(files["sellers"], centroids),
        "products": _products(files["products"], files["categories"], notes),
        "carrier_services": pd.DataFrame(
            {"carrier_service_id": [CARRIER_SERVICE], "carrier": ["olist"], "level": ["standard"]}
        ),
        "orders": orders.drop(columns=["status", "approved_at", "handed_over_at", "delivered_at", "weight"]),
        "order_lines": _order_lines(files["items"]),
        "fulfilments": attempts,
        "fulfilment_lines": _attempt_lines(files["items"], attempts),
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
    notes.note("geolocation", points, outside, "postal_code", "latitude, longitude", "outside_brazil", reason)
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
    english = categories.drop_duplicates("product_category_name").set_index("product_category_name").iloc[:, 0]
    portuguese = products["product_category_name"]
    untranslated = portuguese.notna() & ~portuguese.isin(english.index)
    reason = "has no published translation: its Portuguese name is kept"
    notes.note("products", products, untranslated, "product_id", "product_category_name", "untranslated", reason)
    sizes = {
        name: _above_zero(products, name, notes)
        for name in ("product_weight_g", "product_length_cm", "product_height_cm", "product_width_cm")
    }
    volume_cm3 = sizes["product_length_cm"] * sizes["product_height_cm"] * sizes["product_width_cm"]
    return pd.DataFrame(
        {
            "sku": products["product_id"],
            "category": portuguese.map(english).fillna(portuguese),
            "weight_kg": sizes["product_weight_g"] / 1000,
            "volume_l": volume_cm3 / 1000,
            "hazmat": False,
            "bulky": False,
        }
    )


def _above_zero(products: pd.DataFrame, column: str, notes: Notes) -> "pd.Series[float]":
    values = numbers(products, column, "products", "product_id", notes)
    reason = "must be more than 0: left blank"
    notes.note("products", products, values <= 0, "product_id", column, "zero", reason)
    return values.where(values > 0)


def _orders(files: dict[str, pd.DataFrame], centroids: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """The canonical orders, with the status, instants and weight that their attempts share."""
    orders = files["orders"]
    customers = files["customers"].drop_duplicates("customer_id")
    orders = orders.merge(customers, on="customer_id", how="left", validate="many_to_one")
    unknown = ~orders["customer_id"].isin(customers["customer_id"])
    notes.note(
        "orders", orders, unknown, "order_id", "customer_id", "unknown_customer", "has no row in the customers' file"
    )

    def instants(column: str, *, first: bool = True) -> "pd.Series[pd.Timestamp]":
        return to_utc(local_times(orders, column, "orders", "order_id", notes), first=first)

    promised_day = local_times(orders, "order_estimated_delivery_date", "orders", "order_id", notes).dt.normalize()
    return pd.DataFrame(
        {
            "order_id": orders["order_id"],
            "customer_id": orders["customer_unique_id"],
            "placed_at": instants("order_purchase_timestamp"),
            "channel": "marketplace",
            "currency": "BRL",
            "delivery_method": "home",
            "country": "BR",
            "region": orders["customer_state"],
            "postal_code": _zip_prefix(orders["customer_zip_code_prefix"]),
            # The last second of the promised day: later than that is late by the calendar.
            "promised_at": to_utc(promised_day + pd.Timedelta(days=1, seconds=-1), first=False),
            "status": orders["order_status"],
            "approved_at": instants("order_approved_at"),
            "handed_over_at": instants("order_delivered_carrier_date"),
            "delivered_at": instants("order_delivered_customer_date"),
            "weight": _weights(orders, files.get("weights"), notes),
        }
    ).join(centroids, on="postal_code")


def _weights(orders: pd.DataFrame, weights: pd.DataFrame | None, notes: Notes) -> "pd.Series[float]":
    """Inverse sampling weight of each order; 1 where none is given."""
    if weights is None:
        return pd.Series(1.0, index=orders.index)
    by_order = weights.assign(weight=numbers(weights, "weight", "sample_weights", "order_id", notes))
    given = orders["order_id"].map(by_order.drop_duplicates("order_id").set_index("order_id")["weight"])
    notes.note(
        "orders", orders, given.isna(), "order_id", "order_id", "unweighted", "has no sampling weight: counts once"
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


def _attempt_ids(items: pd.DataFrame) -> "pd.Series[str]":
    return items["order_id"] + ":" + items["seller_id"]


def _attempts(files: dict[str, pd.DataFrame], orders: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """One row per order × seller, in the order in which the items name them."""
    items = files["items"]
    without = ~orders["order_id"].isin(items["order_id"])
    reason = "names no seller: an order without an attempt"
    notes.note("orders", orders, without, "order_id", "status", "no_seller", reason)

    costed = items.assign(
        fulfilment_id=_attempt_ids(items),
        freight=numbers(items, "freight_value", "order_lines", "order_id", notes),
    )
    shipments = costed.groupby(["fulfilment_id", "order_id", "seller_id"], sort=False)
    # One unreadable freight leaves the sum unknown.
    attempts = shipments["freight"].sum(skipna=False).rename("shipping_cost").reset_index()
    known = orders.drop_duplicates("order_id").set_index("order_id")
    attempts = attempts.join(known, on="order_id")
    _blank_the_impossible(attempts, notes)
    _note_the_unusual(attempts, notes)
    outcome = _outcomes(attempts)
    delivered = (outcome == "delivered") & attempts["delivered_at"].notna()
    surely = pd.concat(
        [
            attempts["placed_at"] + _SURELY_KNOWN,
            attempts[["promised_at", "handed_over_at", "delivered_at"]].max(axis=1),
        ],
        axis=1,
    ).max(axis=1)
    return pd.DataFrame(
        {
            "fulfilment_id": attempts["fulfilment_id"],
            "order_id": attempts["order_id"],
            "location_id": attempts["seller_id"],
            "carrier_service_id": CARRIER_SERVICE,
            "decided_at": attempts["placed_at"],
            "accepted_at": attempts["approved_at"],
            "ready_at": attempts["handed_over_at"],
            "delivered_at": attempts["delivered_at"],
            "outcome": outcome,
            "outcome_at": attempts["delivered_at"].where(delivered, surely.where(outcome != "open")),
            "failure_reason": attempts["status"].where(outcome.isin(["short_pick", "rejected", "cancelled"])),
            "shipping_cost": attempts["shipping_cost"],
            "weight": attempts["weight"],
        }
    )


def _outcomes(attempts: pd.DataFrame) -> "pd.Series[str]":
    """A cancelled order that had left the seller is no failure to pick it."""
    outcome = attempts["status"].map(OUTCOMES).fillna("open")
    left = attempts["handed_over_at"].notna() | attempts["delivered_at"].notna()
    return outcome.mask((attempts["status"] == "canceled") & left, "cancelled")


def _blank_the_impossible(attempts: pd.DataFrame, notes: Notes) -> None:
    """Blank, in place, the instants that cannot be; the order stands, its other instants too."""
    for early, late, blanked, words in (
        ("approved_at", "placed_at", "approved_at", "approved before its purchase: accepted_at left blank"),
        ("handed_over_at", "placed_at", "handed_over_at", "with the carrier before its purchase: ready_at left blank"),
        ("delivered_at", "placed_at", "delivered_at", "with the customer before its purchase: delivered_at left blank"),
        # The customer confirms the delivery; the carrier's scan may come late.
        (
            "delivered_at",
            "handed_over_at",
            "handed_over_at",
            "with the customer before the carrier: ready_at left blank",
        ),
        ("handed_over_at", "approved_at", "approved_at", "with the carrier before approval: accepted_at left blank"),
    ):
        wrong = attempts[early] < attempts[late]
        rule = f"{early}_before_{late}"
        notes.note("fulfilments", attempts, wrong, "fulfilment_id", f"{early}, {late}", rule, words)
        attempts[blanked] = attempts[blanked].mask(wrong)


def _note_the_unusual(attempts: pd.DataFrame, notes: Notes) -> None:
    """Note what is kept as it is, but which a reader of the figures should know."""
    status = attempts["status"]
    delivered = attempts["delivered_at"].notna()
    several = attempts["order_id"].duplicated(keep=False)
    for rows, column, rule, reason in (
        (
            (status == "delivered") & ~delivered,
            "delivered_at",
            "delivery_undated",
            "delivered, but nobody says when: known after the promised date, and 30 days after purchase",
        ),
        (
            (status == "canceled") & delivered,
            "delivered_at",
            "cancelled_after_delivery",
            "cancelled, not a failed pick",
        ),
        (
            (status == "canceled") & ~delivered & attempts["handed_over_at"].notna(),
            "handed_over_at",
            "cancelled_after_handover",
            "cancelled, not a failed pick",
        ),
        (several, "order_id", "several_sellers", "the order's instants are known once, and shared by its sellers"),
        (attempts["shipping_cost"] == 0, "shipping_cost", "free_freight", "its freight is zero, and kept"),
        (
            status.notna() & ~status.isin([*OUTCOMES, *_OPEN]),
            "status",
            "unknown_status",
            "is a status nobody knows: taken as open",
        ),
    ):
        notes.note("fulfilments", attempts, rows, "fulfilment_id", column, rule, reason)


def _attempt_lines(items: pd.DataFrame, attempts: pd.DataFrame) -> pd.DataFrame:
    """Everything was found where the order was delivered; else nobody says what was."""
    identifiers = _attempt_ids(items)
    delivered = identifiers.isin(attempts["fulfilment_id"][attempts["outcome"] == "delivered"])
    return pd.DataFrame(
        {
            "fulfilment_id": identifiers,
            "line_id": items["order_item_id"],
            "sku": items["product_id"],
            "quantity": 1,
            "picked_quantity": np.where(delivered, 1.0, np.nan),
        }
    )
