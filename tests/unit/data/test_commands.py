"""`smista data import` and `smista data check`, as people and programs use them."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from data.commands import app
from data.dataset import build_dataset, write_dataset
from data.findings import FINDING_COLUMNS
from data.report import check
from data.report_view import show
from data.synthetic.presets import PRESETS
from tests.unit.data.small import small_tables

SAMPLE = Path(__file__).parent / "olist_sample"


def _run(*arguments: object, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A dataset on disk with one quantity of nought, and one line of an order that nobody knows."""
    write_dataset(build_dataset(small_tables())[0], tmp_path)
    lines = pd.read_parquet(tmp_path / "order_lines.parquet").assign(quantity=[1, 0, 1], order_id=["W1", "W1", "W9"])
    lines.to_parquet(tmp_path / "order_lines.parquet")
    return tmp_path


def test_a_valid_dataset_is_reported_and_exits_0(tmp_path: Path) -> None:
    write_dataset(build_dataset(small_tables())[0], tmp_path)
    printed = _run("check", tmp_path)
    assert "order_lines · rows 3 · rejected 0" in printed
    assert "orders.placed_at · from 2026-03-02T12:00:00+00:00 · to 2026-03-02T13:00:00+00:00" in printed
    assert "products.weight_kg · rows 1 · share 50.0%" in printed
    assert "Valid. sha256:" in printed


def test_bad_rows_are_shown_by_reason_and_exit_1(broken: Path) -> None:
    printed = _run("check", broken, exit_code=1)
    assert (
        "order_lines.quantity · rows 1 · reason must be at least 1 · e.g. order_id=W1, line_id=2 · value 0" in printed
    )
    assert "order_lines.order_id · rows 1 · refers to orders.order_id · e.g. order_id=W9, line_id=1" in printed
    assert "Not valid" in printed


def test_json_is_one_document_and_nothing_else(broken: Path) -> None:
    report = json.loads(_run("check", broken, "--json", exit_code=1))
    assert report["valid"] is False
    assert report["tables"]["order_lines"] == {"rows": 1, "rejected_rows": 2, "missing": {}, "spans": {}}
    assert report["rejected"][0]["rule"] == "out_of_range"
    assert {group["refers_to"]: group["rows"] for group in report["unjoined"]} == {
        "orders.order_id": 1,
        "order_lines.line_id": 2,
    }
    assert report["attempts_without_lines"] == 1


def test_a_folder_that_is_no_dataset_says_what_is_missing(tmp_path: Path) -> None:
    assert "lacks locations.parquet" in _run("check", tmp_path, exit_code=1)
    assert "lacks locations.parquet" in json.loads(_run("check", tmp_path, "--json", exit_code=1))["error"]


def test_a_folder_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    _run("check", tmp_path / "nowhere", exit_code=2)


def test_importing_sets_bad_rows_aside_and_tells_what_was_changed(tmp_path: Path) -> None:
    printed = _run("import", "--source", "olist", "--from", SAMPLE, "--out", tmp_path)
    assert "Set aside by the import" in printed
    assert "orders.placed_at · rows 1 · reason must not be missing · e.g. order_id=unreadable" in printed
    assert "with the customer before the carrier: ready_at left blank" in printed
    assert pd.read_parquet(tmp_path / "rejected" / "orders.parquet")["key"].tolist() == ["order_id=unreadable"]
    assert "Set aside by the import" in _run("check", tmp_path)


def test_importing_a_dataset_again_mends_it(broken: Path, tmp_path: Path) -> None:
    report = json.loads(_run("import", "--source", "tables", "--from", broken, "--out", tmp_path / "b", "--json"))
    assert report["valid"]
    assert {group["rule"] for group in report["set_aside"]} == {"out_of_range", "unknown_key"}
    _run("check", tmp_path / "b")


def test_when_nothing_valid_is_left_of_a_table_the_import_says_no(broken: Path, tmp_path: Path) -> None:
    pd.read_parquet(broken / "orders.parquet").assign(currency="EURO").to_parquet(broken / "orders.parquet")
    printed = _run("import", "--source", "tables", "--from", broken, "--out", tmp_path / "b", exit_code=1)
    assert "Not valid: no valid row in orders, order_lines, fulfilments, fulfilment_lines." in printed


@pytest.mark.parametrize("arguments", [(), ("--source", "olist", "--mapping", __file__), ("--source", "sap")])
def test_neither_both_or_an_unknown_source_is_wrong_use(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    _run("import", "--from", SAMPLE, "--out", tmp_path, *arguments, exit_code=2)


def test_a_mapping_that_cannot_be_used_says_where(tmp_path: Path) -> None:
    mapping = tmp_path / "map.yaml"
    mapping.write_text("tables:\n  order:\n    rows: []\n")
    printed = _run("import", "--mapping", mapping, "--from", SAMPLE, "--out", tmp_path, exit_code=1)
    assert f"{mapping}, line 2: tables.order: there is no such table" in printed


def test_on_a_terminal_a_report_is_tables_and_data_is_shown_as_it_stands(broken: Path) -> None:
    lines = pd.read_parquet(broken / "order_lines.parquet").assign(line_id=["1", "[red]", "1"])
    lines.to_parquet(broken / "order_lines.parquet")
    console = Console(force_terminal=True, width=200, record=True, file=io.StringIO())
    show(check(broken), console)
    printed = console.export_text()
    assert "│ order_lines      │ 1    │ 2        │" in printed
    assert "order_id=W1, line_id=[red]" in printed


@pytest.mark.parametrize("content", ["order_id\n1,2\n", "é\n", ""])
def test_olist_files_that_cannot_be_read_are_named(tmp_path: Path, content: str) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(SAMPLE, raw)
    (raw / "olist_orders_dataset.csv").write_text(content, encoding="latin-1")
    printed = _run("import", "--source", "olist", "--from", raw, "--out", tmp_path / "out", exit_code=1)
    assert "olist_orders_dataset.csv cannot be read: " in printed


def test_a_dataset_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    printed = _run("import", "--source", "olist", "--from", SAMPLE, "--out", tmp_path / "file" / "out", exit_code=1)
    assert str(tmp_path / "file" / "out") in printed


@pytest.mark.parametrize("option", ["--out", "--truth"])
def test_generating_into_a_file_is_wrong_use(tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("mine")
    folders = {"--out": tmp_path / "out", "--truth": tmp_path / "truth", option: tmp_path / "file"}
    _run("generate", *(word for each in folders.items() for word in each), exit_code=2)


def test_generating_where_no_folder_can_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert str(tmp_path / "file" / "out") in _run("generate", "--out", tmp_path / "file" / "out", exit_code=1)


def test_the_truth_of_the_folder_in_which_one_is_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    few_days = replace(PRESETS["demo"], days=2, stores=8, skus=40)
    monkeypatch.setitem(PRESETS, "demo", few_days)
    _run("generate", "--out", ".")
    assert (tmp_path / "orders.parquet").is_file()
    assert (tmp_path.parent / f"{tmp_path.name}-truth" / "stock.parquet").is_file()


@pytest.mark.parametrize(
    "content",
    [{"mine": [1]}, {name: [["a list"]] for name in FINDING_COLUMNS}, {name: ["a text"] for name in FINDING_COLUMNS}],
)
def test_a_file_of_another_making_among_the_rejected_rows_is_named(broken: Path, content: dict[str, object]) -> None:
    (broken / "rejected").mkdir()
    pd.DataFrame(content).to_parquet(broken / "rejected" / "mine.parquet")
    assert "mine.parquet cannot be read: it is not what an import writes" in _run("check", broken, exit_code=1)
