"""Failures after one of the same sku elsewhere are counted beside what was expected."""

import pandas as pd

from simulation.failed_again import failed_again


def picks(*rows: tuple[str, str, int, bool]) -> pd.DataFrame:
    """(sku, location, hour, failed): each was to be expected at one in ten, and known after an hour."""
    start = pd.Timestamp("2026-03-02")
    at = [start + pd.Timedelta(hours=hour) for _, _, hour, _ in rows]
    return pd.DataFrame(
        {
            "sku": [sku for sku, *_ in rows],
            "location_id": [place for _, place, *_ in rows],
            "decided_at": at,
            "known_at": [then + pd.Timedelta(hours=1) for then in at],
            "failed": [failed for *_, failed in rows],
            "expected": 0.1,
        }
    )


def test_only_picks_after_a_known_failure_elsewhere_count() -> None:
    told = failed_again(
        picks(
            ("A", "S1", 0, True),
            ("A", "S2", 0, False),  # nobody knew yet
            ("A", "S1", 2, False),  # the same store
            ("B", "S2", 2, True),  # another sku
            ("A", "S2", 2, True),
            ("A", "S3", 28, False),
            ("A", "S1", 26, False),  # after that in S2
        ),
        days=1,
    )
    assert (told.picks, told.failed) == (2, 1), "S2 after S1, S1 after S2; what S3 learnt of S2 is older than a day"
