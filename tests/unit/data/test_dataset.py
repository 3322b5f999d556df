"""A dataset on disk is the dataset that was written, byte for byte the same each time."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from data.dataset import build_dataset, digest, load_dataset, read_findings, write_dataset
from data.errors import DataError, InvalidDatasetError, MissingTableError, UnfinishedDatasetError, UnknownTableError
from tests.unit.data.small import small_tables, with_cell


def test_what_is_written_is_what_is_loaded(tmp_path: Path) -> None:
    dataset, _ = build_dataset(small_tables())
    write_dataset(dataset, tmp_path)
    loaded = load_dataset(tmp_path)
    for name, frame in dataset.tables().items():
        pd.testing.assert_frame_equal(loaded.tables()[name], frame)


def test_the_same_rows_give_the_same_bytes_and_the_same_digest(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_dataset(build_dataset(small_tables())[0], tmp_path / folder)
    for path in sorted((tmp_path / "a").glob("*.parquet")):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert digest(load_dataset(tmp_path / "a")) == digest(load_dataset(tmp_path / "b"))


def test_the_digest_does_not_depend_on_how_files_are_written(tmp_path: Path) -> None:
    dataset, _ = build_dataset(small_tables())
    write_dataset(dataset, tmp_path)
    path = tmp_path / "order_lines.parquet"
    table = pq.ParquetFile(path).read()
    pq.write_table(table.replace_schema_metadata({"by": "somebody"}), path, compression="none", row_group_size=1)
    assert digest(load_dataset(tmp_path)) == digest(dataset)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("locations", "latitude", 45.6),
        ("locations", "latitude", None),
        ("locations", "name", ""),
        ("products", "bulky", True),
        ("order_lines", "quantity", 3),
        ("orders", "placed_at", pd.Timestamp("2026-03-02T12:00:00.000001Z")),
    ],
)
def test_the_digest_changes_with_any_value(table: str, column: str, value: object) -> None:
    tables = small_tables()
    tables["locations"] = tables["locations"].assign(name=["x", "y"])
    before, after = (
        digest(build_dataset(version)[0]) for version in (tables, with_cell(tables, table, 0, column, value))
    )
    assert before != after


def test_texts_that_only_join_to_the_same_have_another_digest() -> None:
    first, second = (
        digest(build_dataset({**small_tables(), "carrier_services": services})[0])
        for services in (
            pd.DataFrame({"carrier_service_id": ["std", "x"], "carrier": ["ab", "c"], "level": ["l", "l"]}),
            pd.DataFrame({"carrier_service_id": ["std", "x"], "carrier": ["a", "bc"], "level": ["l", "l"]}),
        )
    )
    assert first != second


def test_bad_rows_on_disk_are_refused_with_their_number_and_what_to_do(tmp_path: Path) -> None:
    write_dataset(build_dataset(small_tables())[0], tmp_path)
    lines = pd.read_parquet(tmp_path / "order_lines.parquet").assign(quantity=[1, 0, 0])
    lines.to_parquet(tmp_path / "order_lines.parquet")
    with pytest.raises(InvalidDatasetError) as raised:
        load_dataset(tmp_path)
    assert "has 4 bad row(s):" in str(raised.value)
    assert "order_lines.quantity must be at least 1: 2" in str(raised.value)
    assert "fulfilment_lines.line_id order_lines has no valid row" in str(raised.value)
    assert f"smista data import --source tables --from {tmp_path}" in str(raised.value)


def test_rejected_rows_are_written_beside_and_stale_ones_removed(tmp_path: Path) -> None:
    dataset, rejected = build_dataset(with_cell(small_tables(), "products", 1, "weight_kg", -1))
    write_dataset(dataset, tmp_path, rejected)
    assert (tmp_path / "rejected" / "products.parquet").is_file()
    pd.testing.assert_frame_equal(
        read_findings(tmp_path / "rejected").sort_values(["table", "row"], ignore_index=True),
        rejected.sort_values(["table", "row"], ignore_index=True),
    )
    write_dataset(dataset, tmp_path)
    assert read_findings(tmp_path / "rejected").empty


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_dataset(build_dataset(small_tables())[0], tmp_path)
    (tmp_path / "orders.parquet").unlink()
    with pytest.raises(MissingTableError, match=r"lacks orders.parquet"):
        load_dataset(tmp_path)


def test_a_folder_whose_writer_was_killed_is_refused_until_it_is_written_again(tmp_path: Path) -> None:
    dataset = build_dataset(small_tables())[0]
    write_dataset(dataset, tmp_path)
    (tmp_path / "orders.parquet").rename(tmp_path / "orders.parquet.unfinished")
    with pytest.raises(UnfinishedDatasetError, match=r"interrupted \(orders\.parquet unfinished\)"):
        load_dataset(tmp_path)
    write_dataset(dataset, tmp_path)
    assert digest(load_dataset(tmp_path)) == digest(dataset)


def test_a_file_that_is_not_parquet_is_named(tmp_path: Path) -> None:
    write_dataset(build_dataset(small_tables())[0], tmp_path)
    (tmp_path / "orders.parquet").write_text("order_id\n")
    with pytest.raises(DataError, match=r"orders.parquet cannot be read: it is no whole Parquet file"):
        load_dataset(tmp_path)


def test_a_table_of_a_mistyped_name_is_named_and_not_lost(tmp_path: Path) -> None:
    """Stock may be absent: nobody would have missed it."""
    write_dataset(build_dataset(small_tables())[0], tmp_path)
    (tmp_path / "stock.parquet").rename(tmp_path / "stocks.parquet")
    with pytest.raises(UnknownTableError, match=r"nobody knows: stocks.parquet. Move or rename them; the tables are"):
        load_dataset(tmp_path)
    (tmp_path / "stocks.parquet").rename(tmp_path / "._stock.parquet")  # a desktop's, of a copy
    assert not len(load_dataset(tmp_path).stock)


def test_stock_and_footfall_may_be_absent_on_disk(tmp_path: Path) -> None:
    write_dataset(build_dataset(small_tables())[0], tmp_path)
    (tmp_path / "stock.parquet").unlink()
    (tmp_path / "footfall.parquet").unlink()
    assert load_dataset(tmp_path).stock.empty
