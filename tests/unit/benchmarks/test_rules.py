"""Three rule engines give the same verdicts on the benchmark's rules."""

import pytest

pytest.importorskip("zen")
pytest.importorskip("cel")

from benchmarks.rules import measure_rules


def test_all_engines_agree_on_every_verdict() -> None:
    figures = {figure.name: figure for figure in measure_rules(seed=3, locations=6).figures}
    assert figures["disagreements"].value == 0
    assert 0 < figures["verdicts_true_share"].value < 1
