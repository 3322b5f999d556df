"""A small retailer, made once for all tests."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from data.dataset import Dataset, load_dataset
from data.synthetic.generate import generate
from data.synthetic.presets import Preset
from tests.made_once import made_once

#: Ninety days over the end of summer time.
SMALL = Preset(date(2025, 9, 1), 90, warehouses=1, stores=10, suppliers=2, skus=80, orders_per_day=45)


@dataclass(frozen=True, eq=False)
class Made:
    """A generated history: its tables and, as tables, its truth."""

    dataset: Dataset
    folder: Path
    truth_folder: Path
    truth: pd.DataFrame
    truth_lines: pd.DataFrame
    truth_stock: pd.DataFrame


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The small retailer of seed 7."""

    def make(folder: Path) -> None:
        days = list(generate(SMALL, 7, folder / "small", folder / "small-truth"))
        assert days == list(range(1, SMALL.days + 1))

    synthetic = made_once("synthetic", make, tmp_path_factory)
    folder, hidden = synthetic / "small", synthetic / "small-truth"
    names = ("fulfilments", "fulfilment_lines", "stock")
    return Made(load_dataset(folder), folder, hidden, *(pd.read_parquet(hidden / f"{name}.parquet") for name in names))
