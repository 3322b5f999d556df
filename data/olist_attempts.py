"""The attempts in the Olist files: each order × seller is one, with its instants, cost and outcome."""

from typing import Final

import numpy as np
import pandas as pd

from data.olist_files import Notes, numbers

CARRIER_SERVICE: Final = "olist-standard"

#: Published status → outcome. Anything else is still open.
OUTCOMES: Final = {"delivered": "delivered", "unavailable": "short_pick", "canceled": "rejected"}
_OPEN: Final = ("shipped", "invoiced", "processing", "approved", "created")

#: The publisher does not say when an order failed; after this long, and after its promised date, it was surely known.
_SURELY_KNOWN: Final = pd.Timedelta(days=30)


def _attempt_ids(items: pd.DataFrame) -> "pd.Series[str]":
    return items["order_id"] + ":" + items["seller_id"]


def make_attempts(files: dict[str, pd.DataFrame], orders: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """One row per order × seller, in the order in which the items name them."""
    items = files["items"]
    without = ~orders["order_id"].isin(items["order_id"])
    reason = "names no seller: an order without an attempt"
    notes.note("orders", orders, without, key="order_id", column="status", rule="no_seller", reason=reason)

    costed = items.assign(
        fulfilment_id=_attempt_ids(items),
        freight=numbers(items, "freight_value", "order_lines", "order_id", notes),
    )
    shipments = costed.groupby(["fulfilment_id", "order_id", "seller_id"], sort=False, dropna=False)
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
        notes.note(
            "fulfilments", attempts, wrong, key="fulfilment_id", column=f"{early}, {late}", rule=rule, reason=words
        )
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
            ~status.isin([*OUTCOMES, *_OPEN]),
            "status",
            "unknown_status",
            "is no status that is known: taken as open",
        ),
    ):
        notes.note("fulfilments", attempts, rows, key="fulfilment_id", column=column, rule=rule, reason=reason)


def make_attempt_lines(items: pd.DataFrame, attempts: pd.DataFrame) -> pd.DataFrame:
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
