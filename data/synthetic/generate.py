"""Write a retailer's history, and its truth, day by day."""

import json
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pandas as pd

from data.schemas import TABLES
from data.synthetic import carriers
from data.synthetic.columns import Columns
from data.synthetic.errors import TruthInsideDatasetError
from data.synthetic.presets import Preset
from data.synthetic.retailer import Retailer
from data.synthetic.writer import TRUTH_TABLES, Tables, canonical_schema, truth_schema
from data.whole import written_whole

#: What the retailer was drawn from: a file of the truth folder.
RETAILER_FILE: Final = "retailer.json"


def generate(preset: Preset, seed: int, out: Path, truth: Path) -> Generator[int, None, None]:
    """Write the canonical tables into ``out`` and what is hidden behind them into ``truth``, whole or not at all.

    Yields the days written so far, after each. When it is exhausted the files come to their places, the truth before
    the tables; where it is closed before, none does. Memory does not grow with the number of days. Raises
    `TruthInsideDatasetError` if training, which reads ``out``, could come upon the truth.
    """
    if truth.resolve() == out.resolve() or out.resolve() in truth.resolve().parents:
        raise TruthInsideDatasetError(truth, out)
    retailer = Retailer(preset, seed)
    with written_whole() as whole, ExitStack() as stack:
        drawn_from = {**asdict(preset), "first_day": preset.first_day.isoformat(), "seed": seed}
        whole.beside(truth / RETAILER_FILE).write_text(json.dumps(drawn_from, indent=2) + "\n", encoding="utf-8")
        hidden = stack.enter_context(Tables(truth, {name: truth_schema(name) for name in TRUTH_TABLES}, whole))
        tables = stack.enter_context(Tables(out, {name: canonical_schema(name) for name in TABLES}, whole))
        tables.add("locations", _columns(retailer.network.table()))
        tables.add("products", _columns(retailer.products.table()))
        tables.add("carrier_services", _columns(carriers.table()))
        for day, (rows, hidden_rows) in enumerate(retailer.days(), start=1):
            for name, frame in rows.items():
                tables.add(name, frame)
            for name, frame in hidden_rows.items():
                hidden.add(name, frame)
            yield day


def _columns(table: pd.DataFrame) -> Columns:
    return {str(name): table[name].to_numpy() for name in table}
