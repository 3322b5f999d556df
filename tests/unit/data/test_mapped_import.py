"""A mapping and the adapter agree; what cannot be mapped is refused with file, line and what to do."""

from codecs import BOM_UTF8
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import DataError, MappingError
from data.imported import Imported
from data.mapped_import import import_mapped
from data.olist import import_olist
from tests.shared_data import need_shared_data

OLIST = Path(__file__).parents[3] / "data" / "mappings" / "olist.yaml"
SAMPLE = Path(__file__).parent / "olist_sample"

#: What a mapping cannot express: medians of points, the largest of several payments.
_BEYOND = {"latitude", "longitude", "payment_method"}


def _assert_equal(mapped: Imported, adapted: Imported) -> None:
    for name, frame in adapted.dataset.tables().items():
        other = mapped.dataset.tables()[name]
        shared = [column for column in frame if column not in _BEYOND and column != "outcome_at"]
        pd.testing.assert_frame_equal(other[shared], frame[shared])
    # When a failure was known nobody says, and the mapping is content with a plainer guess.
    attempts = adapted.dataset.fulfilments
    known = attempts["delivered_at"].notna() & (attempts["outcome"] == "delivered") | (attempts["outcome"] == "open")
    pd.testing.assert_series_equal(mapped.dataset.fulfilments["outcome_at"][known], attempts["outcome_at"][known])


def test_mapping_and_adapter_give_equal_tables() -> None:
    mapped, adapted = import_mapped(OLIST, SAMPLE), import_olist(SAMPLE)
    _assert_equal(mapped, adapted)
    assert mapped.rejected[["table", "key"]].drop_duplicates().values.tolist() == (
        adapted.rejected[["table", "key"]].drop_duplicates().values.tolist()
    )


def test_files_and_a_mapping_that_begin_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    for path in (*SAMPLE.iterdir(), OLIST):
        (tmp_path / path.name).write_bytes(BOM_UTF8 + path.read_bytes().removeprefix(BOM_UTF8))
    _assert_equal(import_mapped(tmp_path / OLIST.name, tmp_path), import_mapped(OLIST, SAMPLE))


def test_mapping_and_adapter_give_equal_tables_on_the_real_history() -> None:
    folder = need_shared_data("olist")
    _assert_equal(import_mapped(OLIST, folder), import_olist(folder))


_ORDERS = (
    "numero,quando,prezzo,zona,cosa\n1,2026-03-29 02:30:00,10,Europe/Rome,a\n2,2026-10-25 02:30:00,20,Europe/Rome,b\n"
)

_TABLES = """
sources:
  o: {{file: o.csv}}
tables:
  locations: {{rows: [{{location_id: S, location_type: store, country: IT, timezone: Europe/Rome}}]}}
  products: {{rows: [{{sku: A, hazmat: false, bulky: false}}]}}
  carrier_services: {{rows: [{{carrier_service_id: std, carrier: c, level: standard}}]}}
  orders:
    from: o
    columns:
      order_id: numero
      currency: {{constant: EUR}}
      delivery_method: {{constant: home}}
      country: {{constant: NO}}
      placed_at: {placed_at}
  order_lines:
    from: o
    columns:
      order_id: numero
      line_id: {{constant: 1}}
      sku: {{constant: A}}
      quantity: {{constant: 1}}
      unit_price: {unit_price}
  fulfilments:
    rows:
      - {{fulfilment_id: F, order_id: "1", location_id: S, decided_at: "2026-03-29T03:00:00Z", outcome: open}}
  fulfilment_lines:
    rows: [{{fulfilment_id: F, line_id: "1", sku: A, quantity: 1}}]
"""


def _import(
    folder: Path,
    orders: str = _ORDERS,
    placed_at: str = "{column: quando, timezone: Europe/Rome}",
    unit_price: str = "prezzo",
    source: str = "o.csv",
) -> Imported:
    (folder / "o.csv").write_text(orders)
    mapping = folder / "map.yaml"
    mapping.write_text(_TABLES.format(placed_at=placed_at, unit_price=unit_price).replace("o.csv", source))
    return import_mapped(mapping, folder)


def test_hours_of_the_clock_change_are_told_one_way(tmp_path: Path) -> None:
    orders = _import(tmp_path).dataset.orders
    assert orders["placed_at"].tolist() == [pd.Timestamp("2026-03-29T01:00:00Z"), pd.Timestamp("2026-10-25T00:30:00Z")]
    assert orders["country"].tolist() == ["NO", "NO"]


@pytest.mark.parametrize(
    ("placed_at", "instant"),
    [
        ('{expression: \'quando.replace(" ", "T") + "+02:00"\'}', "2026-03-29T00:30:00Z"),
        ("{column: quando, timezone_column: zona}", "2026-03-29T01:00:00Z"),
        ("{column: quando, timezone: Europe/Rome, end_of_day: true}", "2026-03-29T21:59:59Z"),
        ("{column: prezzo, format: epoch_seconds}", "1970-01-01T00:00:10Z"),
        ("{column: prezzo, format: epoch_milliseconds}", "1970-01-01T00:00:00.010Z"),
        ("{constant: '2026-03-29T00:30:00Z'}", "2026-03-29T00:30:00Z"),
        ("{constant: '2026-03-29 02:30:00+02'}", "2026-03-29T00:30:00Z"),
        ("{constant: 31-12-2025, format: '%d-%m-%Y', timezone: Europe/Rome}", "2025-12-30T23:00:00Z"),
        ("{constant: 31/12/2025 10-30, format: '%d/%m/%Y %H-%M', timezone: Asia/Kolkata}", "2025-12-31T05:00:00Z"),
        ("{constant: 31/12/2025 10:00 +0530, format: '%d/%m/%Y %H:%M %z'}", "2025-12-31T04:30:00Z"),
        (
            "{constant: 1767222000, format: epoch_seconds, timezone: Europe/Rome, end_of_day: true}",
            "2026-01-01T22:59:59Z",
        ),
    ],
)
def test_instants_come_in_many_ways(tmp_path: Path, placed_at: str, instant: str) -> None:
    assert _import(tmp_path, placed_at=placed_at).dataset.orders["placed_at"].iloc[0] == pd.Timestamp(instant)


@pytest.mark.parametrize(
    ("unit_price", "expected"),
    [
        ("prezzo", [10.0, 20.0]),
        ("{column: prezzo, unit: cents}", [0.1, 0.2]),
        ("{expression: double(prezzo) * 1.22 - 2}", [10.2, 22.4]),
        ("{column: cosa, values: {a: 1, b: null}, default: 7}", [1.0, 7.0]),
        ("{column: cosa, values: {a: 1}, otherwise: 3}", [1.0, 3.0]),
        ("{column: prezzo, when: cosa == 'b', default: 0}", [0.0, 20.0]),
        ("{first_of: [{column: prezzo, when: cosa == 'b'}, {constant: 5}]}", [5.0, 20.0]),
    ],
)
def test_numbers_come_in_many_ways(tmp_path: Path, unit_price: str, expected: list[float]) -> None:
    assert _import(tmp_path, unit_price=unit_price).dataset.order_lines["unit_price"].tolist() == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    ("columns", "reason", "value"),
    [
        ({"unit_price": "{column: cosa, values: {a: 1}}"}, "is not among the values mapped: a", "b"),
        (
            {"unit_price": "{expression: 1 / (double(prezzo) - 20)}"},
            "cannot be computed: 1 / (double(prezzo) - 20)",
            None,
        ),
        ({"placed_at": "{column: quando}"}, "is not an instant with its offset from UTC", "2026-10-25 02:30:00"),
        ({"placed_at": "{column: quando, timezone_column: cosa}"}, "has no IANA time zone", "2026-10-25 02:30:00"),
        ({"placed_at": "{column: quando, timezone: Europe/Rome, format: '%d/%m/%Y'}"}, "is not a time written", None),
        ({"placed_at": "{column: quando, format: '%d/%m/%Y %z'}"}, "is not a time written %d/%m/%Y %z", None),
        (
            {"placed_at": "{constant: 1767222000000, format: epoch_seconds}"},
            "is more than 290 years: is its unit",
            None,
        ),
    ],
)
def test_a_cell_that_cannot_be_mapped_is_rejected_with_the_reason(
    tmp_path: Path, columns: dict[str, str], reason: str, value: str | None
) -> None:
    arguments: dict[str, Any] = columns
    rejected = _import(tmp_path, **arguments).rejected
    own = rejected[rejected["column"].isin(list(columns)) & rejected["key"].str.contains("order_id=2")].iloc[0]
    assert own["reason"].startswith(reason)
    if value is not None:
        assert own["value"] == value


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"unit_price": "prezo"},
            "line 23: tables.order_lines.columns.unit_price.column: there is no column prezo; did you mean prezzo?",
        ),
        (
            {"unit_price": "{colum: prezzo}"},
            "line 23: tables.order_lines.columns.unit_price.colum: nobody knows this word; did you mean column?",
        ),
        ({"unit_price": "{expression: prezo * 2}"}, "unknown name prezo; did you mean prezzo?"),
        ({"unit_price": "{expression: prezzo * 2}"}, "columns of a CSV are text: double(name) is the number"),
        ({"unit_price": "{expression: __import__('os')}"}, "unknown function"),
        ({"unit_price": "{expression: cosa}"}, "this must be a number, but it is a text"),
        (
            {"unit_price": "{column: prezzo, unit: miles}"},
            "miles does not convert; known are units, cents, thousandths",
        ),
        ({"unit_price": "{column: prezzo, default: none}"}, "unit_price.default: none is no number, such as 1.5"),
        (
            {"placed_at": "{column: quando, default: 2026-01-01}"},
            "placed_at.default: 2026-01-01 is no instant, such as",
        ),
        ({"unit_price": "{column: prezzo, constant: 2}"}, "give one of column, expression, constant and first_of"),
        ({"unit_price": "{column: prezzo, timezone: UTC}"}, "timezone is for instants, and unit_price is number"),
        ({"placed_at": "{column: quando, timezone: Europe/Roma}"}, "Europe/Roma is not the name of an IANA time zone"),
        ({"placed_at": "{column: quando, after: placed_at, unit: days}"}, "is counted from itself"),
        ({"placed_at": "{column: quando, unit: days}"}, "say after which instant"),
        ({"placed_at": "{column: quando, end_of_day: true}"}, "say in which timezone"),
        ({"placed_at": "{column: quando, format: '%d/%m/%Y'}"}, "placed_at: say in which timezone"),
        ({"placed_at": "{column: quando, format: '%d/%q', timezone: UTC}"}, "placed_at.format: 'q' is a bad directive"),
        ({"placed_at": "{first_of: [quando], timezone: UTC}"}, "say timezone in each entry of first_of"),
        (
            {"placed_at": "{constant: 1, unit: days, after: placed_at, end_of_day: true}"},
            "end_of_day has no meaning for what is counted from placed_at",
        ),
        ({"placed_at": "{column: quando, column: zona}"}, "line 15: column stands here a second time"),
        ({"placed_at": "*quando"}, "aliases (*name) are not read"),
        ({"placed_at": "{column"}, "is not YAML"),
        ({"unit_price": "{column: prezzo, aggregate: sum}"}, "aggregate: nothing is aggregated without group_by"),
        ({"placed_at": "{constant: !!timestamp 5}"}, "line 15: '5' is not what its tag tag:yaml.org,2002:timestamp"),
        ({"unit_price": "{constant: !!int five}"}, "line 23: 'five' is not what its tag"),
        ({"unit_price": "[prezzo]"}, "unit_price: must be a mapping: words with their values"),
        (
            {"unit_price": "{constant: [1, 2]}"},
            "unit_price.constant: must be one value: a text, a number, true or false",
        ),
        ({"unit_price": "{column: cosa, values: {a: {b: 1}}}"}, "unit_price.values.a: must be one value: a text"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_where_and_what_to_do(
    tmp_path: Path, columns: dict[str, str], message: str
) -> None:
    arguments: dict[str, Any] = columns
    with pytest.raises(MappingError) as raised:
        _import(tmp_path, **arguments)
    assert str(raised.value).startswith(str(tmp_path / "map.yaml"))
    assert message in str(raised.value)


@pytest.mark.parametrize("file", ["../secret.csv", "/etc/passwd", "none.csv"])
def test_files_lie_in_the_folder(tmp_path: Path, file: str) -> None:
    (tmp_path / "map.yaml").write_text(_TABLES.format(placed_at="quando", unit_price="prezzo").replace("o.csv", file))
    with pytest.raises(DataError, match=r"map.yaml, line 3: sources.o.file: "):
        import_mapped(tmp_path / "map.yaml", tmp_path)


def test_a_key_that_stands_twice_in_a_joined_source_joins_once(tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text("id,prezzo\na,1\na,2\n")
    (tmp_path / "o.csv").write_text(_ORDERS)
    text = _TABLES.format(placed_at="{column: quando, timezone: Europe/Rome}", unit_price="z.prezzo")
    text = text.replace("o: {file: o.csv}", "o: {file: o.csv}\n  z: {file: z.csv}")
    text = text.replace(
        "order_lines:\n    from: o\n", "order_lines:\n    from: o\n    join: [{source: z, on: {cosa: id}}]\n"
    )
    (tmp_path / "map.yaml").write_text(text)
    imported = import_mapped(tmp_path / "map.yaml", tmp_path)
    assert imported.dataset.order_lines["unit_price"].fillna(-1).tolist() == [1.0, -1.0]
    assert imported.notes[["table", "rule"]].values.tolist() == [["z", "repeated_key"], ["order_lines", "not_joined"]]


def test_parquet_columns_keep_their_types(tmp_path: Path) -> None:
    pd.DataFrame(
        {
            "numero": [1, 2],
            "quando": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "prezzo": [1.5, 2.5],
            "cosa": ["a", "b"],
        }
    ).to_parquet(tmp_path / "o.parquet")
    text = _TABLES.format(
        placed_at="{column: quando, timezone: Europe/Rome}", unit_price="{expression: prezzo * 2}"
    ).replace("o.csv", "o.parquet")
    (tmp_path / "map.yaml").write_text(text)
    dataset = import_mapped(tmp_path / "map.yaml", tmp_path).dataset
    assert dataset.orders["order_id"].tolist() == ["1", "2"]
    assert dataset.orders["placed_at"].iloc[0] == pd.Timestamp("2025-12-31T23:00:00Z")
    assert dataset.order_lines["unit_price"].tolist() == [3.0, 5.0]


def test_decimals_of_a_parquet_file_are_numbers_to_the_last_digit_and_identifiers_whole(tmp_path: Path) -> None:
    """As data warehouses write them: prices in decimals, keys as NUMBER(38, 0)."""
    quando = [pd.Timestamp("2026-03-02T10:00Z")] * 2
    for keys in ([1, 2], [1, 10**30]):
        columns = {
            "numero": pa.array([Decimal(key) for key in keys], pa.decimal128(38, 0)),
            "quando": quando,
            "prezzo": pa.array([Decimal("174.77"), None], pa.decimal128(20, 2)),
        }
        pq.write_table(pa.table(columns), tmp_path / "o.parquet")
        price = "{expression: prezzo + 0.0}"
        dataset = _import(tmp_path, placed_at="quando", unit_price=price, source="o.parquet").dataset
        assert dataset.orders["order_id"].tolist() == [str(key) for key in keys]
        assert dataset.order_lines["unit_price"].fillna(-1).tolist() == [174.77, -1]


def test_texts_that_a_database_wrote_as_bytes_are_texts_and_others_are_told(tmp_path: Path) -> None:
    quando = [pd.Timestamp("2026-03-02T10:00Z")] * 2
    columns = {"numero": [b"1", "è".encode()], "quando": quando, "prezzo": [b"\xff", b"2"]}
    pq.write_table(pa.table(columns), tmp_path / "o.parquet")
    imported = _import(tmp_path, placed_at="quando", unit_price="{expression: double(prezzo)}", source="o.parquet")
    assert imported.dataset.orders["order_id"].tolist() == ["1", "è"]
    assert imported.rejected["value"].tolist()[:2] == [r"o.prezzo=b'\xff'", "o.prezzo=b'2'"]


@pytest.mark.parametrize(
    ("quando", "zone", "kept"),
    [
        ("9999-12-31 23:59:59", "America/New_York", []),
        ("9999-12-31 23:59:59", "Europe/Rome", ["9999-12-31 22:59:59+00:00"]),
        ("0001-01-01 00:00:00", "Asia/Tokyo", []),
        ("0001-01-01 00:00:00", "America/New_York", ["0001-01-01 04:56:02+00:00"]),
    ],
)
def test_a_stand_in_for_never_is_an_instant_or_is_told(tmp_path: Path, quando: str, zone: str, kept: list[str]) -> None:
    """It was a traceback where the instant lies in another year than the calendar has."""
    orders = f"numero,quando,prezzo,zona,cosa\n1,{quando},10,{zone},a\n"
    imported = _import(tmp_path, orders, placed_at="{column: quando, timezone_column: zona}")
    assert imported.dataset.orders["placed_at"].astype("str").tolist() == kept
    told = imported.rejected["reason"].tolist()[:1]
    assert told == ([] if kept else ["lies beyond the calendar, whose years are 1 to 9999"])


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Rome"])
@pytest.mark.parametrize("end_of_day", ["", ", end_of_day: true"])
def test_times_of_a_parquet_file_beyond_the_calendar_are_told(
    tmp_path: Path, zone: str | None, end_of_day: str
) -> None:
    quando = pa.array([0, 2**45], pa.timestamp("s", zone))
    pq.write_table(pa.table({"numero": [1, 2], "quando": quando, "prezzo": [1, 2]}), tmp_path / "o.parquet")
    placed_at = f"{{column: quando, timezone: Europe/Rome{end_of_day}}}"
    imported = _import(tmp_path, placed_at=placed_at, source="o.parquet")
    assert imported.dataset.orders["order_id"].tolist() == ["1"]
    first = imported.rejected.iloc[0]
    assert (first["row"], first["reason"]) == (1, "lies beyond the calendar, whose years are 1 to 9999")
    assert first["value"].startswith("1116918-05-14 19:20:32")


def test_what_can_never_be_computed_rejects_every_row(tmp_path: Path) -> None:
    rejected = _import(tmp_path, unit_price="{expression: 1 / 0}").rejected
    assert rejected["reason"].tolist()[:2] == ["cannot be computed: 1 / 0"] * 2


def test_files_of_a_pattern_may_order_their_columns_as_they_like(tmp_path: Path) -> None:
    (tmp_path / "o2.csv").write_text("quando,numero,prezzo,zona,cosa\n2026-04-01 10:00:00,3,30,Europe/Rome,c\n")
    imported = _import(tmp_path, source="o*.csv")
    assert imported.dataset.orders["order_id"].tolist() == ["1", "2", "3"]
    assert imported.dataset.order_lines["unit_price"].tolist() == [10.0, 20.0, 30.0]


def test_files_of_a_pattern_with_other_columns_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "o2.csv").write_text("numero,quando,price,zona,cosa\n")
    with pytest.raises(MappingError, match="must have the same columns: only one has pr"):
        _import(tmp_path, source="o*.csv")


def test_a_file_in_another_encoding_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "o2.csv").write_bytes("città\n".encode("cp1252"))
    with pytest.raises(MappingError, match=r"sources.o.file: .*o2.csv cannot be read: .* Say its encoding, such as"):
        _import(tmp_path, source="o2.csv")


def test_truths_of_a_parquet_file_are_translated_as_the_mapping_writes_them(tmp_path: Path) -> None:
    pd.DataFrame({"numero": [1, 2], "quando": pd.Timestamp("2026-03-02T10:00Z"), "prezzo": [True, False]}).to_parquet(
        tmp_path / "o.parquet"
    )
    imported = _import(
        tmp_path, placed_at="quando", unit_price="{column: prezzo, values: {true: 1, false: 2}}", source="o.parquet"
    )
    assert imported.dataset.order_lines["unit_price"].tolist() == [1.0, 2.0]


def test_truths_of_a_parquet_file_are_truths_though_some_are_missing(tmp_path: Path) -> None:
    """One missing value made a text of the column, and the mapping an error."""
    columns = {"numero": [1, 2], "quando": pd.Timestamp("2026-03-02T10:00Z"), "prezzo": [True, None]}
    pd.DataFrame(columns).to_parquet(tmp_path / "o.parquet")
    price = "{expression: 'prezzo ? 3.0 : 4.0', default: 5}"
    imported = _import(tmp_path, placed_at="quando", unit_price=price, source="o.parquet")
    assert imported.dataset.order_lines["unit_price"].tolist() == [3.0, 5.0]


def test_a_list_in_a_cell_rejects_its_row(tmp_path: Path) -> None:
    pd.DataFrame({"numero": [[1, 2]], "quando": pd.Timestamp("2026-03-02T10:00Z"), "prezzo": [1]}).to_parquet(
        tmp_path / "o.parquet"
    )
    rejected = _import(tmp_path, placed_at="quando", source="o.parquet").rejected
    assert rejected[["value", "reason"]].values.tolist()[0] == ["[1 2]", "is not text"]


def test_a_time_may_be_counted_from_one_that_was_missing_and_has_a_default(tmp_path: Path) -> None:
    placed_at = "{column: quando, timezone: Europe/Rome, default: '2026-01-01T00:00:00Z'}"
    promised_at = "{constant: 2, unit: days, after: placed_at}"
    imported = _import(
        tmp_path, "numero,quando,prezzo\n1,,10\n", placed_at=f"{placed_at}\n      promised_at: {promised_at}"
    )
    assert imported.dataset.orders["promised_at"].tolist() == [pd.Timestamp("2026-01-03T00:00:00Z")]


def _with_orders(folder: Path, words: str, orders: str) -> Imported:
    (folder / "o.csv").write_text(orders)
    mapping = _TABLES.format(placed_at="quando", unit_price="prezzo")
    (folder / "map.yaml").write_text(
        mapping.replace("  orders:\n    from: o\n", f"  orders:\n    from: o\n    {words}\n")
    )
    return import_mapped(folder / "map.yaml", folder)


def test_a_rejected_row_is_told_by_where_it_stands_in_what_was_read(tmp_path: Path) -> None:
    orders = "numero,quando,prezzo\n1,2026-01-01T00:00:00Z,1\n2,2026-01-01T00:00:00Z,1\n3,bad,1\n"
    rejected = _with_orders(tmp_path, "where: numero != '2'", orders).rejected
    assert rejected.loc[rejected["table"] == "orders", ["row", "value"]].values.tolist() == [[2, "bad"]]


def test_rows_without_the_key_that_groups_them_are_rejected_each_by_itself(tmp_path: Path) -> None:
    orders = "numero,quando,prezzo\n1,2026-01-01T00:00:00Z,1\n,2026-01-01T00:00:00Z,1\n1,2026-01-01T00:00:00Z,1\n,,2\n"
    imported = _with_orders(tmp_path, "group_by: [order_id]", orders)
    assert imported.dataset.orders["order_id"].tolist() == ["1"]
    rejected = imported.rejected
    assert rejected.loc[rejected["table"] == "orders", "row"].drop_duplicates().tolist() == [1, 3]


def test_keys_of_two_sources_that_cannot_be_equal_are_refused(tmp_path: Path) -> None:
    pd.DataFrame({"quando": [pd.Timestamp("2026-01-01T00:00:00Z")]}).to_parquet(tmp_path / "p.parquet")
    mapping = _TABLES.format(placed_at="quando", unit_price="prezzo").replace(
        "{file: o.csv}", "{file: o.csv}\n  p: {file: p.parquet}"
    )
    join = "join: [{source: p, on: {quando: quando}}]"
    (tmp_path / "o.csv").write_text(_ORDERS)
    (tmp_path / "map.yaml").write_text(
        mapping.replace("  orders:\n    from: o\n", f"  orders:\n    from: o\n    {join}\n")
    )
    with pytest.raises(MappingError, match=r"o.quando and p.quando do not compare: texts and instants"):
        import_mapped(tmp_path / "map.yaml", tmp_path)
