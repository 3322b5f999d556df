"""Whether a failed pick tells of the same sku in other stores: failures after one elsewhere, beside what was expected.

``python -m simulation.failed_again DATA TRUTH`` prints it for a synthetic history, whose truth knows the probability of
each failed pick from the record alone. One that is not explained by it would make the ratio more than 1.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from data.dataset import load_dataset
from simulation.truth import read_truth

DAYS: Final = (1, 3, 7)


@dataclass(frozen=True)
class FailedAgain:
    """Picks in stores within ``days`` of a failed one of the same sku in another: how many failed, and should have."""

    days: float
    picks: int
    failed: int
    expected: float

    @property
    def ratio(self) -> float:
        """How many times as often as expected."""
        return self.failed / self.expected


def failed_again(picks: pd.DataFrame, days: float) -> FailedAgain:
    """Count. ``picks``: columns ``sku, location_id, decided_at, known_at, failed``, and a probability, ``expected``."""
    failures = picks[picks["failed"]]
    by_sku = {str(sku): rows for sku, rows in failures.groupby("sku")}
    after = np.zeros(len(picks), bool)
    for sku, rows in picks.groupby("sku").indices.items():
        if str(sku) not in by_sku:
            continue
        before, here = by_sku[str(sku)], picks.iloc[rows]
        age = here["decided_at"].to_numpy()[:, None] - before["known_at"].to_numpy()
        elsewhere = here["location_id"].to_numpy()[:, None] != before["location_id"].to_numpy()
        recent = (age >= np.timedelta64(0)) & (age < np.timedelta64(round(days * 86_400), "s"))
        after[rows] = (recent & elsewhere).any(axis=1)
    chosen = picks[after]
    return FailedAgain(days, len(chosen), int(chosen["failed"].sum()), float(chosen["expected"].sum()))


def picks_in_stores(data: Path, truth: Path) -> pd.DataFrame:
    """Lines that a store looked for; ``expected`` is the true probability that it is not there, rejection apart."""
    dataset, known = load_dataset(data), read_truth(truth)
    stores = dataset.locations.loc[dataset.locations["location_type"] == "store", "location_id"]
    looked = dataset.fulfilments[
        dataset.fulfilments["location_id"].isin(stores) & ~dataset.fulfilments["outcome"].isin(["open", "rejected"])
    ]
    lines = dataset.fulfilment_lines.merge(
        looked[["fulfilment_id", "location_id", "decided_at", "outcome_at", "outcome"]], on="fulfilment_id"
    )
    lines = lines.merge(
        known.fulfilment_lines[["fulfilment_id", "line_id", "failure_probability"]], on=["fulfilment_id", "line_id"]
    ).merge(known.fulfilments[["fulfilment_id", "rejection_probability"]], on="fulfilment_id")
    failed = (lines["outcome"] == "short_pick") & (lines["picked_quantity"].fillna(0) < lines["quantity"])
    expected = 1 - (1 - lines["failure_probability"]) / (1 - lines["rejection_probability"])
    return pd.DataFrame(
        {
            "sku": lines["sku"].astype(str),
            "location_id": lines["location_id"].astype(str),
            "decided_at": lines["decided_at"].dt.tz_convert(None),
            "known_at": lines["outcome_at"].dt.tz_convert(None),
            "failed": failed,
            "expected": expected,
        }
    )


if __name__ == "__main__":
    found = picks_in_stores(Path(sys.argv[1]), Path(sys.argv[2]))
    share = found["failed"].sum() / found["expected"].sum()
    sys.stdout.write(f"all: {len(found)} picks, {share:.2f} times the failures expected\n")
    for told in (failed_again(found, days) for days in DAYS):
        sys.stdout.write(
            f"{told.days} days after one elsewhere: {told.picks} picks, {told.failed} failed, "
            f"{told.ratio:.2f} times those expected\n"
        )
