"""What an import gives: the dataset, what was set aside, and what was changed on the way."""

from dataclasses import dataclass

import pandas as pd

from data.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Imported:
    """``rejected`` and ``notes`` are findings (`data.findings`).

    A note says what the source had and what became of it: nothing is corrected, and nothing left out, in silence.
    """

    dataset: Dataset
    rejected: pd.DataFrame
    notes: pd.DataFrame
