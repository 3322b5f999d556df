"""A benchmark's answer, as a person and as a program read it."""

import io
import json

import numpy as np
from rich.console import Console

from benchmarks.report import Figure, Report, show, to_json

REPORT = Report("Two figures", [Figure("mae", 90.0, {"median": 120.0}, "≤ 94"), Figure("rows", 1750.0)], seed=7)


def test_the_json_document_has_figures_peers_versions_and_seed_and_nothing_else() -> None:
    document = json.loads(to_json(REPORT))
    assert set(document) == {"figures", "peers", "versions", "seed"}
    assert document["figures"] == {"mae": 90.0, "rows": 1750.0}
    assert document["peers"] == {"mae": {"median": 120.0}}
    assert document["seed"] == 7
    assert {"python", "lightgbm", "numpy"} <= set(document["versions"])


def test_a_person_sees_each_peer_with_the_ratio_and_the_target() -> None:
    out = io.StringIO()
    show(REPORT, Console(file=out, width=120))
    (line,) = [line for line in out.getvalue().splitlines() if line.startswith("mae")]
    assert "90" in line
    assert "≤ 94" in line
    assert "median 120 (×0.75)" in line


def test_figures_worked_out_by_numpy_are_numbers_in_the_json_document() -> None:
    percentile = np.percentile([1.0, 2.0], 50)
    document = json.loads(to_json(Report("One", [Figure("p50", percentile, {"before": percentile})], seed=1)))
    assert (document["figures"], document["peers"]) == ({"p50": 1.5}, {"p50": {"before": 1.5}})
