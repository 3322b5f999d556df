"""The Olist files, with all their dirt, become a dataset of which every choice is told.

``olist_sample`` has tiny files in the published layout, one order for each kind of dirt, named after it.
"""

import shutil
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.dataset import digest
from data.errors import ColumnError, MissingTableError
from data.imported import Imported
from data.olist import import_olist
from tests.shared_data import need_shared_data

SAMPLE = Path(__file__).parent / "olist_sample"


@pytest.fixture(scope="module")
def imported() -> Imported:
    return import_olist(SAMPLE)


def _attempt(imported: Imported, order: str) -> Any:
    attempts = imported.dataset.fulfilments
    return attempts[attempts["order_id"] == order].iloc[0]


def _order(imported: Imported, order: str) -> Any:
    orders = imported.dataset.orders
    return orders[orders["order_id"] == order].iloc[0]


def _notes(imported: Imported, key: str) -> list[str]:
    return imported.notes[imported.notes["key"].str.contains(key)]["rule"].tolist()


def test_files_that_begin_with_a_byte_order_mark_are_the_same_history(imported: Imported, tmp_path: Path) -> None:
    _with_marks(SAMPLE, tmp_path)
    assert digest(import_olist(tmp_path).dataset) == digest(imported.dataset)


def _with_marks(folder: Path, out: Path) -> None:
    for path in folder.iterdir():
        (out / path.name).write_bytes(BOM_UTF8 + path.read_bytes().removeprefix(BOM_UTF8))


def test_local_times_become_utc(imported: Imported) -> None:
    attempt = _attempt(imported, "plain")
    assert attempt["decided_at"] == pd.Timestamp("2018-05-02T13:00:00Z")
    assert attempt["accepted_at"] == pd.Timestamp("2018-05-02T13:10:00Z")
    assert attempt["ready_at"] == pd.Timestamp("2018-05-03T12:00:00Z")
    assert attempt["delivered_at"] == pd.Timestamp("2018-05-10T21:00:00Z")
    assert attempt["outcome_at"] == attempt["delivered_at"]
    assert attempt["outcome"] == "delivered"


def test_the_hour_that_comes_twice_is_its_first_passing(imported: Imported) -> None:
    assert _attempt(imported, "summer_ends")["decided_at"] == pd.Timestamp("2018-02-18T01:30:00Z")


def test_the_hour_that_does_not_exist_is_moved_to_the_end_of_the_gap(imported: Imported) -> None:
    assert _attempt(imported, "summer_begins")["decided_at"] == pd.Timestamp("2017-10-15T03:00:00Z")


@pytest.mark.parametrize(("order", "late"), [("plain", False), ("on_its_last_day", False), ("late_by_an_hour", True)])
def test_lateness_goes_by_the_calendar(imported: Imported, order: str, late: bool) -> None:
    assert (_attempt(imported, order)["delivered_at"] > _order(imported, order)["promised_at"]) == late


@pytest.mark.parametrize(
    ("order", "blank", "kept", "rule"),
    [
        ("handed_before_bought", "ready_at", "delivered_at", "handed_over_at_before_placed_at"),
        ("handed_before_approved", "accepted_at", "ready_at", "handed_over_at_before_approved_at"),
        ("delivered_before_handed", "ready_at", "delivered_at", "delivered_at_before_handed_over_at"),
    ],
)
def test_an_impossible_instant_is_blanked_and_noted_and_its_attempt_stays(
    imported: Imported, order: str, blank: str, kept: str, rule: str
) -> None:
    attempt = _attempt(imported, order)
    assert pd.isna(attempt[blank])
    assert pd.notna(attempt[kept])
    assert rule in _notes(imported, f"{order}:s1")


@pytest.mark.parametrize(
    ("order", "outcome", "reason", "known"),
    [
        ("cancelled_at_once", "rejected", "canceled", "2018-06-01T13:00:00Z"),
        ("cancelled_on_its_way", "cancelled", "canceled", "2018-06-01T13:00:00Z"),
        ("cancelled_after_delivery", "cancelled", "canceled", "2018-06-01T13:00:00Z"),
        ("unavailable", "short_pick", "unavailable", "2018-07-21T02:59:59Z"),
        ("delivered_undated", "delivered", None, "2018-06-01T13:00:00Z"),
        ("still_open", "open", None, None),
        ("strange_status", "open", None, None),
    ],
)
def test_what_became_of_an_attempt_and_when_it_was_surely_known(
    imported: Imported, order: str, outcome: str, reason: str | None, known: str | None
) -> None:
    attempt = _attempt(imported, order)
    assert attempt["outcome"] == outcome
    assert attempt["failure_reason"] == reason or (reason is None and pd.isna(attempt["failure_reason"]))
    assert attempt["outcome_at"] == pd.Timestamp(known) if known else pd.isna(attempt["outcome_at"])


def test_each_seller_of_an_order_is_one_attempt_with_the_freight_of_its_items(imported: Imported) -> None:
    attempts = imported.dataset.fulfilments
    two = attempts[attempts["order_id"] == "two_sellers"]
    assert two["fulfilment_id"].tolist() == ["two_sellers:s1", "two_sellers:s2"]
    assert two["shipping_cost"].tolist() == [10.0, 0.0]
    assert _notes(imported, "two_sellers:s2") == ["several_sellers", "free_freight"]


def test_an_order_without_a_seller_is_an_order_without_an_attempt(imported: Imported) -> None:
    assert _order(imported, "without_seller")["region"] == "RS"
    assert "without_seller" not in set(imported.dataset.fulfilments["order_id"])
    assert _notes(imported, "without_seller") == ["no_payment", "unweighted", "no_seller"]


def test_places_have_five_digits_and_the_median_of_their_points_in_brazil(imported: Imported) -> None:
    order = _order(imported, "plain")
    assert (order["postal_code"], order["latitude"], order["longitude"]) == ("01012", -24.0, -47.0)
    sellers = imported.dataset.locations
    assert sellers["postal_code"].tolist() == ["01027", "88000"]
    assert sellers["latitude"].isna().tolist() == [False, True]
    assert "outside_brazil" in imported.notes["rule"].tolist()


def test_products_without_weight_or_translation(imported: Imported) -> None:
    products = imported.dataset.products.set_index("sku")
    assert products["category"].fillna("none").tolist() == ["health_beauty", "pc_gamer", "none"]
    assert products.loc["p1", "weight_kg"] == 0.225
    assert products.loc["p1", "volume_l"] == 2.24
    assert products.loc["p1", "longest_side_cm"] == 16
    assert products["longest_side_cm"].isna().tolist() == [False, False, True]
    assert products["weight_kg"].isna().tolist() == [False, True, True]
    assert _notes(imported, "weightless") == ["untranslated", "zero"]


def test_the_largest_payment_is_how_the_customer_pays(imported: Imported) -> None:
    assert _order(imported, "plain")["payment_method"] == "boleto"
    assert _order(imported, "two_sellers")["payment_method"] == "credit_card"
    assert pd.isna(_order(imported, "unavailable")["payment_method"])
    assert "no_payment" in _notes(imported, "unpaid")


def test_customers(imported: Imported) -> None:
    assert _order(imported, "plain")["customer_id"] == "u1"
    assert pd.isna(_order(imported, "two_sellers")["customer_id"])
    assert "unknown_customer" in _notes(imported, "unknown_customer")


def test_weights_are_the_published_ones_or_one(imported: Imported, tmp_path: Path) -> None:
    assert _attempt(imported, "plain")["weight"] == 7.4755
    assert _attempt(imported, "still_open")["weight"] == 1.0
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True)
    (tmp_path / "sample_weights.csv").unlink()
    assert (import_olist(tmp_path).dataset.fulfilments["weight"] == 1.0).all()


def test_a_second_weight_of_an_order_and_one_of_no_order_are_told(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True)
    (tmp_path / "sample_weights.csv").write_text("order_id,weight\nplain,2\nnobody,5\nplain,9\n")
    imported = import_olist(tmp_path)
    assert _attempt(imported, "plain")["weight"] == 2
    told = imported.notes[imported.notes["table"] == "sample_weights"]
    assert told[["row", "key", "rule"]].values.tolist() == [
        [1, "order_id=nobody", "unknown_order"],
        [2, "order_id=plain", "repeated_key"],
    ]


def test_a_customer_and_a_translation_that_come_twice_are_told(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True)
    for file in ("olist_customers_dataset.csv", "product_category_name_translation.csv"):
        first, *rows = (tmp_path / file).read_text().splitlines()
        (tmp_path / file).write_text("\n".join([first, *rows, rows[0]]))
    told = import_olist(tmp_path).notes
    assert told[told["rule"] == "repeated_key"]["table"].tolist() == ["customers", "product_category_name_translation"]


def test_an_order_without_a_readable_purchase_is_rejected_with_all_that_hangs_on_it(imported: Imported) -> None:
    own = imported.rejected[imported.rejected["key"].str.contains("unreadable")]
    assert sorted(own["table"].unique()) == ["fulfilment_lines", "fulfilments", "order_lines", "orders"]
    assert set(imported.rejected["key"].str.contains("unreadable")) == {True}


def test_what_was_found_is_recorded_where_the_order_was_delivered(imported: Imported) -> None:
    lines = imported.dataset.fulfilment_lines.set_index("fulfilment_id")["picked_quantity"]
    assert lines["plain:s1"] == 1.0
    assert pd.isna(lines["unavailable:s1"])


def test_a_missing_file_and_a_missing_column_are_named(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True)
    (tmp_path / "olist_sellers_dataset.csv").write_text("seller_id,seller_state\ns1,SP\n")
    with pytest.raises(ColumnError, match="seller_zip_code_prefix"):
        import_olist(tmp_path)
    (tmp_path / "olist_sellers_dataset.csv").unlink()
    with pytest.raises(MissingTableError, match=r"olist_sellers_dataset.csv is not there"):
        import_olist(tmp_path)


def test_the_real_history() -> None:
    imported = import_olist(need_shared_data("olist"))
    assert imported.rejected.empty
    attempts = imported.dataset.fulfilments
    assert len(imported.dataset.orders) == 13_853
    assert len(imported.dataset.order_lines) == 14_973
    assert len(imported.dataset.locations) == 3_095
    day = attempts["decided_at"].dt.tz_convert("America/Sao_Paulo").dt.strftime("%Y-%m")
    window = attempts[day.isin(["2018-05", "2018-06"]) & (attempts["outcome"] == "delivered")]
    assert window["delivered_at"].notna().sum() == 1_750
    assert set(attempts["weight"]) == {7.4755, 1.0}
