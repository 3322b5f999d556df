"""The guide tells the tables as they are, and its example works."""

import re
from pathlib import Path

import pandas as pd
import pytest

from data.imported import Imported
from data.mapped_import import import_mapped
from data.schema_docs import tables_in_markdown

GUIDE = (Path(__file__).parents[3] / "docs" / "data.md").read_text(encoding="utf-8")
SAMPLE = Path(__file__).parent / "mapped_sample"


def test_the_guide_tells_the_tables_as_they_are() -> None:
    told = GUIDE.partition("<!-- tables -->\n")[2].partition("<!-- /tables -->")[0]
    assert told.strip() == tables_in_markdown().strip(), "python -m data.schema_docs prints what belongs there"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    example = re.search(r"```yaml\n(# map.yaml\n.*?)```", GUIDE, re.DOTALL)
    assert example
    path = tmp_path_factory.mktemp("mapping") / "map.yaml"
    path.write_text(example.group(1), encoding="utf-8")
    return import_mapped(path, SAMPLE)


def test_units_value_maps_and_expressions(imported: Imported) -> None:
    products = imported.dataset.products.set_index("sku")
    assert products["weight_kg"].fillna(-1).tolist() == [0.85, 0.21, -1]
    assert products["volume_l"].tolist() == [7.68, 0.96, 3.0]
    assert products["longest_side_cm"].tolist() == [32.0, 15.0, 30.0]
    assert products["hazmat"].tolist() == [False, True, False]
    assert products["category"].tolist() == ["SCARPE", "PROFUMI", "MAGLIE"]
    locations = imported.dataset.locations
    assert locations["location_type"].tolist() == ["store", "store", "warehouse"]
    assert locations["country"].tolist() == ["IT", "ES", "IT"]
    assert locations["name"].iloc[0] == "Negozio Milano"


def test_files_of_a_pattern_are_one_source_and_what_is_left_out_is_noted(imported: Imported) -> None:
    orders = imported.dataset.orders
    assert orders["order_id"].tolist() == ["5001", "5002", "5004", "5005"]
    assert orders["channel"].tolist() == ["web", "app", "other", "web"]
    assert orders["postal_code"].iloc[0] == "00184"
    left_out = imported.notes[imported.notes["rule"] == "left_out"]
    assert left_out["key"].tolist() == ["ordini.numero=5003"]


def test_local_times_become_utc_each_in_its_zone(imported: Imported) -> None:
    orders = imported.dataset.orders
    assert orders["placed_at"].iloc[0] == pd.Timestamp("2026-01-07T17:30:00Z")
    assert orders["promised_at"].iloc[0] == pd.Timestamp("2026-01-12T22:59:59Z")
    attempts = imported.dataset.fulfilments.set_index("fulfilment_id")
    assert attempts.loc["5001:101", "delivered_at"] == pd.Timestamp("2026-01-09T10:20:00Z")
    assert attempts.loc["5001:101", "ready_at"] == pd.Timestamp("2026-01-07T19:05:00Z")
    assert attempts.loc["5002:102", "outcome_at"] == pd.Timestamp("2026-01-10T08:05:00Z")


def test_rows_of_one_attempt_become_one_and_their_costs_a_sum(imported: Imported) -> None:
    attempts = imported.dataset.fulfilments
    assert attempts["fulfilment_id"].tolist() == ["5001:101", "5002:102", "5004:900", "5005:900"]
    assert attempts["shipping_cost"].tolist() == [5.7, 0.0, 5.2, 5.2]


def test_a_cell_that_cannot_be_read_rejects_its_row(imported: Imported) -> None:
    rejected = imported.rejected[["table", "key", "column", "value", "reason"]].values.tolist()
    assert rejected == [
        ["order_lines", "order_id=5005, line_id=1", "quantity", "x", "is not a finite number"],
        ["fulfilment_lines", "fulfilment_id=5005:900, line_id=1", "quantity", "x", "is not a finite number"],
        ["fulfilment_lines", "fulfilment_id=5005:900, line_id=1", "picked_quantity", "x", "is not a finite number"],
        [
            "fulfilment_lines",
            "fulfilment_id=5005:900, line_id=1",
            "line_id",
            "1",
            "order_lines has no valid row with this line_id for the attempt's order",
        ],
    ]
