"""Bad rows are set aside with their reason, and nothing else is."""

from typing import Any

import pandas as pd
import pytest

from data.dataset import build_dataset
from data.errors import ColumnError, MissingTableError
from data.schemas import TABLES
from tests.unit.data.small import small_tables, with_cell

LATE = pd.Timestamp("2026-03-09T12:00:00Z")
EARLY = pd.Timestamp("2026-03-01T12:00:00Z")


def test_a_dataset_without_faults_is_kept_whole() -> None:
    tables = small_tables()
    dataset, rejected = build_dataset(tables)
    assert rejected.empty
    assert {name: len(frame) for name, frame in dataset.tables().items()} == {
        name: len(tables.get(name, ())) for name in TABLES
    }


def test_tables_that_a_source_lacks_are_empty_with_the_right_types() -> None:
    dataset, _ = build_dataset(small_tables())
    assert dataset.stock.dtypes["counted_at"] == pd.DatetimeTZDtype("us", "UTC")
    assert dataset.footfall.dtypes["visitors"] == "float64"
    assert dataset.stock.empty
    assert dataset.footfall.empty


def test_columns_that_may_be_missing_are_added_and_the_weight_is_one() -> None:
    dataset, _ = build_dataset(small_tables())
    assert dataset.locations["region"].isna().all()
    assert dataset.fulfilments["weight"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("table", "column", "value", "rule", "reason"),
    [
        ("locations", "location_id", None, "missing", "must not be missing"),
        ("locations", "location_id", "  ", "missing", "must not be missing"),
        ("locations", "location_id", "S2", "duplicate_key", "an earlier row has the same key"),
        ("locations", "location_type", "shop", "unknown_value", "must be one of warehouse, store, supplier, hub"),
        ("locations", "latitude", 91.0, "out_of_range", "must be at most 90"),
        ("locations", "latitude", "north", "unreadable", "is not a finite number"),
        ("locations", "latitude", float("inf"), "unreadable", "is not a finite number"),
        ("locations", "country", "ITA", "wrong_length", "must have 2 characters"),
        ("locations", "timezone", "Italy", "unknown_timezone", "must be the name of an IANA time zone"),
        ("products", "weight_kg", 0.0, "out_of_range", "must be more than 0"),
        ("products", "hazmat", "perhaps", "unreadable", "is neither true nor false"),
        ("products", "hazmat", None, "missing", "must not be missing"),
        ("order_lines", "quantity", 0, "out_of_range", "must be at least 1"),
        ("order_lines", "quantity", 1.5, "unreadable", "is not a whole number"),
        ("order_lines", "quantity", None, "missing", "must not be missing"),
        ("order_lines", "sku", "C", "unknown_key", "products has no valid row with this sku"),
        ("orders", "placed_at", "2026-03-02 12:00", "unreadable", "is not an instant with its offset from UTC"),
        ("orders", "placed_at", pd.NaT, "missing", "must not be missing"),
        ("fulfilments", "ready_at", EARLY, "ready_before_decided", "ready_at lies before decided_at"),
        ("fulfilments", "ready_at", LATE, "delivered_before_ready", "delivered_at lies before ready_at"),
        ("fulfilments", "outcome_at", pd.NaT, "outcome_undated", "the outcome is not open, but outcome_at is missing"),
        ("fulfilments", "outcome_at", EARLY, "known_too_early", "outcome_at lies before decided_at"),
        ("fulfilments", "shipping_cost", -1.0, "out_of_range", "must be at least 0"),
        ("fulfilments", "carrier_service_id", "post", "unknown_key", "carrier_services has no valid row with this"),
        ("fulfilment_lines", "line_id", "7", "unknown_key", "order_lines has no valid row with this line_id"),
        ("fulfilment_lines", "picked_quantity", 3.0, "picked_too_many", "picked_quantity is more than quantity"),
    ],
)
def test_a_bad_cell_takes_its_row_out_and_says_why(table: str, column: str, value: Any, rule: str, reason: str) -> None:
    row = 1 if rule == "duplicate_key" else 0
    tables = with_cell(small_tables(), table, row, column, "S1" if rule == "duplicate_key" else value)
    dataset, rejected = build_dataset(tables)
    own = rejected[(rejected["table"] == table) & (rejected["row"] == row)]
    assert own["rule"].tolist() == [rule]
    assert own["reason"].iloc[0].startswith(reason)
    assert column in own["column"].iloc[0].split(", ")
    assert len(dataset.tables()[table]) == len(tables[table]) - 1


def test_the_finding_shows_the_key_and_the_value_as_it_came() -> None:
    _, rejected = build_dataset(with_cell(small_tables(), "order_lines", 1, "quantity", "two"))
    finding = rejected[rejected["table"] == "order_lines"].iloc[0]
    assert finding["key"] == "order_id=W1, line_id=2"
    assert finding["value"] == "two"


def test_every_fault_of_a_row_is_told() -> None:
    tables = with_cell(small_tables(), "locations", 0, "country", "ITA")
    _, rejected = build_dataset(with_cell(tables, "locations", 0, "latitude", "north"))
    own = rejected[rejected["table"] == "locations"]
    assert sorted(own["column"]) == ["country", "latitude"]


def test_rows_that_point_at_a_removed_row_go_with_it_down_to_the_last() -> None:
    dataset, rejected = build_dataset(with_cell(small_tables(), "orders", 0, "currency", "EURO"))
    assert dataset.orders["order_id"].tolist() == ["W2"]
    assert dataset.order_lines["order_id"].tolist() == ["W2"]
    assert dataset.fulfilments["fulfilment_id"].tolist() == ["F2"]
    assert dataset.fulfilment_lines["fulfilment_id"].tolist() == ["F2"]
    counted = rejected.groupby("table").size().to_dict()
    assert counted == {"orders": 1, "order_lines": 2, "fulfilments": 1, "fulfilment_lines": 2}


def test_of_rows_with_one_key_the_first_is_kept() -> None:
    tables = small_tables()
    twice = tables["order_lines"].iloc[[0, 1, 2, 0]].reset_index(drop=True).assign(quantity=[1, 2, 1, 9])
    dataset, rejected = build_dataset({**tables, "order_lines": twice})
    assert dataset.order_lines["quantity"].tolist() == [1, 2, 1]
    assert rejected["row"].tolist() == [3]


def test_types_that_lose_nothing_are_taken_as_they_are_meant() -> None:
    tables = small_tables()
    tables["orders"] = tables["orders"].assign(
        placed_at=["2026-03-02T12:00:00Z", "2026-03-02T14:00:00+01:00"], currency=pd.Categorical(["EUR", "EUR"])
    )
    tables["order_lines"] = tables["order_lines"].assign(line_id=[1, 2, 1], quantity=["1", "2", "1"])
    tables["fulfilment_lines"] = tables["fulfilment_lines"].assign(quantity=[1.0, 2.0, 1.0])
    tables["products"] = tables["products"].assign(hazmat=["False", "true"], bulky=[0, 0])
    dataset, rejected = build_dataset(tables)
    assert rejected.empty
    assert dataset.orders["placed_at"].iloc[1] == pd.Timestamp("2026-03-02T13:00:00Z")
    assert dataset.products["hazmat"].tolist() == [False, True]
    assert dataset.order_lines["line_id"].tolist() == ["1", "2", "1"]


def test_a_missing_table_is_named() -> None:
    tables = small_tables()
    del tables["orders"]
    with pytest.raises(MissingTableError, match="orders"):
        build_dataset(tables)


def test_a_missing_column_is_named() -> None:
    tables = small_tables()
    tables["orders"] = tables["orders"].drop(columns="currency")
    with pytest.raises(ColumnError, match=r"orders lacks the column\(s\) currency"):
        build_dataset(tables)


def test_a_column_that_nobody_knows_is_named() -> None:
    tables = small_tables()
    tables["products"] = tables["products"].rename(columns={"weight_kg": "wieght_kg"})
    with pytest.raises(ColumnError, match="wieght_kg"):
        build_dataset(tables)


def test_times_without_a_zone_are_refused_whole() -> None:
    tables = small_tables()
    tables["orders"] = tables["orders"].assign(placed_at=tables["orders"]["placed_at"].dt.tz_localize(None))
    with pytest.raises(ColumnError, match=r"orders.placed_at holds times without a time zone"):
        build_dataset(tables)


def test_times_beyond_the_calendar_are_told_by_whatever_clock() -> None:
    tables = small_tables()
    beyond = pd.Series([0, 2**45]).astype("datetime64[s]").dt.tz_localize("UTC").dt.tz_convert("Europe/Rome")
    tables["orders"] = tables["orders"].assign(placed_at=beyond)
    _, rejected = build_dataset(tables)
    first = rejected.iloc[0]
    assert (first["column"], first["rule"]) == ("placed_at", "unreadable")
    assert first["value"].startswith("1116918-05-14")
    assert first["reason"].startswith("lies beyond the calendar")


def test_a_span_of_time_is_no_price() -> None:
    """It counted as so many nanoseconds."""
    tables = small_tables()
    tables["order_lines"] = tables["order_lines"].assign(unit_price=pd.Timedelta(hours=1))
    _, rejected = build_dataset(tables)
    assert set(rejected[rejected["table"] == "order_lines"]["reason"]) == {"is not a finite number"}


def test_identifiers_that_are_fractions_are_no_text() -> None:
    tables = small_tables()
    tables["products"] = tables["products"].assign(sku=[1.0, 2.0])
    _, rejected = build_dataset(tables)
    assert rejected[rejected["table"] == "products"]["reason"].tolist() == ["is not text", "is not text"]
