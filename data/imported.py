"""What an import gives: the dataset, what was set aside, and what was changed on the way."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.dataset import Dataset, build_dataset, read_tables
from data.findings import no_findings


@dataclass(frozen=True, eq=False)
class Imported:
    """``rejected`` and ``notes`` are findings (`data.findings`).

    A note says what the source had and what became of it: nothing is corrected, and nothing left out, in silence.
    """

    dataset: Dataset
    rejected: pd.DataFrame
    notes: pd.DataFrame


def import_tables(folder: Path) -> Imported:
    """Take the canonical tables in ``folder`` as they are, and set their bad rows aside.

    Raises
    ------
    DataError
        A table or a column is lacking, a column is unknown, or a file is not Parquet.
    """
    dataset, rejected = build_dataset(read_tables(folder))
    return Imported(dataset, rejected, no_findings())
