"""Files are read as they are, or refused with what is wrong with them: nothing shifts, nothing changes in silence."""

import gzip
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from data.errors import UnreadableFileError
from data.source_files import read_csv, read_parquet


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id;peso\nA;1;\nB;2;\n", "its rows have more fields than its header, which has 2"),
        ("id;peso;peso\nA;1;2\n", "its header has peso more than once"),
        ("id;peso\nA;1\nB;2;3\n", "Expected 2 fields in line 3, saw 3"),
        ("id;peso\nA;1\nB\nC;3\n", "expected 2 fields in line 3, saw 1"),
        ("id;nota;peso\nA;;1\n\nB;x", "expected 3 fields in line 4, saw 2"),
        ('id;peso\n"A\na";1\nB', "expected 2 fields in line 4, saw 1"),
        ('id;peso\n"A;1\n', "EOF inside string"),
        ("", "No columns"),
    ],
)
def test_a_csv_whose_rows_do_not_fit_its_header_is_refused(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(UnreadableFileError, match=why) as raised:
        read_csv(path, delimiter=";")
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("header", ["id;peso", '"id";"peso"'])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "UTF8"])
def test_a_csv_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path, header: str, encoding: str) -> None:
    content = f"\ufeff{header}\nA;1\n".encode()
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(content))
    for name in ("a.csv", "b.csv.gz"):
        read = read_csv(tmp_path / name, delimiter=";", encoding=encoding)
        assert read.to_dict("list") == {"id": ["A"], "peso": ["1"]}


def test_what_excel_calls_unicode_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffcittà\tpeso\nForlì\t1\n".encode("utf-16-le"))
    assert read_csv(tmp_path / "a.txt", delimiter="\t", encoding="utf-16").to_dict("list") == {
        "città": ["Forlì"],
        "peso": ["1"],
    }


def test_a_csv_in_another_encoding_is_refused_with_the_byte_at_which_one_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("città\nRoma\n".encode("cp1252"))
    with pytest.raises(UnreadableFileError, match="it is not utf-8-sig text, by its byte 4"):
        read_csv(path)
    assert list(read_csv(path, encoding="cp1252")) == ["città"]


def test_a_compressed_csv_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id\n" + b"A\n" * 1000)[:30])
    with pytest.raises(UnreadableFileError, match="ended before"):
        read_csv(path)
    path.with_name("a.zip").write_bytes(b"PK")
    with pytest.raises(UnreadableFileError, match="not a zip file"):
        read_csv(path.with_name("a.zip"))


def test_a_row_that_is_cut_short_is_found_in_a_compressed_csv_too(tmp_path: Path) -> None:
    content = "città;peso\nRoma;1\nForlì\n".encode("cp1252")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", content)
    for name in ("a.csv.gz", "a.zip"):
        with pytest.raises(UnreadableFileError, match="expected 2 fields in line 3, saw 1"):
            read_csv(tmp_path / name, delimiter=";", encoding="cp1252")


def test_rows_with_all_their_fields_are_read_though_the_last_is_blank_as_are_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,peso\nA,\n\n   \nB,2\n")
    assert read_csv(path)["id"].tolist() == ["A", "B"]
    path.write_text("id\nA\n\nB\n")
    assert read_csv(path)["id"].tolist() == ["A", "B"]


def test_blank_cells_of_a_csv_are_missing_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,what\n007, \nNA,null\n")
    read = read_csv(path)
    assert read["id"].tolist() == ["007", "NA"]
    assert read["what"].isna().tolist() == [True, False]


def test_long_identifiers_stay_themselves_beside_missing_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"id": pd.array([2**53 + 1, None], dtype="Int64")}).to_parquet(path)
    assert read_parquet(path)["id"].iloc[0] == 2**53 + 1


def test_an_index_that_pandas_wrote_is_a_column_and_its_row_numbers_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    frame = pd.DataFrame({"id": ["A", "B"], "peso": [1, 2]})
    for key in ("id", "peso"):
        frame.set_index(key).to_parquet(path)
        pd.testing.assert_frame_equal(read_parquet(path)[["id", "peso"]], frame)
    frame[frame["peso"] > 1].to_parquet(path)
    assert list(read_parquet(path)) == ["id", "peso"]
