"""Lanes: what a bundle says at its most cautious."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.history import History
from prediction.bundle import Bundle
from prediction.errors import LanesError
from prediction.lanes import LANES_FILE, LAST_RESORT, LEVELS, StepHours, read_lanes, write_lanes
from tests.conftest import CUT
from training.lanes import possible_facts
from training.packing import golden_facts


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 0.95, 0.987, 0.9995])
def test_lanes_are_never_faster_than_the_bundle(
    bundle_folder: Path, bundle: Bundle, history: History, level: float
) -> None:
    """Not for the attempts that it learnt from, nor for others that it was not asked about when they were made."""
    lanes = read_lanes(bundle_folder)
    for facts in (golden_facts(history, CUT), possible_facts(history, CUT, 99)):
        for head in ("delivery_hours", "ready_hours"):
            ours, theirs = (getattr(predictor, head)(facts).quantile(level) for predictor in (lanes, bundle))
            assert np.all(ours >= theirs), (ours / theirs).min()


def test_an_unknown_lane_is_as_slow_as_the_slowest(bundle_folder: Path, history: History) -> None:
    """A carrier service that nobody had heard of may be any."""
    lanes = read_lanes(bundle_folder)
    facts = dict(golden_facts(history, CUT))
    facts["carrier_service_id"] = np.full(len(facts["decided_at"]), "new", object)
    slowest = max(float(lanes.hours["delivery_hours"][:, 24].max()), 0.0)
    assert np.all(lanes.delivery_hours(facts).quantile(LEVELS[24]) == slowest)


@given(
    hours=st.lists(st.floats(0, 1e4), min_size=len(LEVELS), max_size=len(LEVELS)).map(sorted),
    level=st.floats(0.001, 0.9999),
    until=st.floats(0, 1e4),
)
def test_quantiles_and_probabilities_of_a_lane_do_not_contradict_each_other(
    hours: list[float], level: float, until: float
) -> None:
    """And what is to be waited for is no less than what the probabilities say."""
    one = StepHours(np.array([hours]), np.zeros(1, np.intp))
    at = one.quantile(level)
    assert 1 - one.probability_later_than(at)[0] >= level - 1e-12
    assert at[0] > until or 1 - one.probability_later_than(np.array([until]))[0] >= level - 1e-12
    later = one.probability_later_than(np.array([until]))[0]
    assert one.expected_excess(np.array([until]))[0] <= later * max(hours[-1] - until, 0.0) + 1e-6


def test_lanes_are_written_and_read_to_the_bit(bundle_folder: Path, tmp_path: Path) -> None:
    lanes = read_lanes(bundle_folder)
    write_lanes(lanes, tmp_path)
    again = read_lanes(tmp_path)
    assert (again.version, again.currency, dict(again.rows)) == (lanes.version, lanes.currency, dict(lanes.rows))
    assert all(np.array_equal(again.hours[head], hours) for head, hours in lanes.hours.items())


def test_lanes_that_were_altered_are_refused(bundle_folder: Path, tmp_path: Path) -> None:
    """Half a file, another number, no file."""
    content = (bundle_folder / LANES_FILE).read_text()
    table = json.loads(content)
    table["table"] = table["table"].replace("EUR", "USD")
    for damaged in (content[: len(content) // 2], json.dumps(table), "[]", "{}"):
        (tmp_path / LANES_FILE).write_text(damaged)
        with pytest.raises(LanesError, match=LANES_FILE):
            read_lanes(tmp_path)
    with pytest.raises(LanesError, match="cannot be read"):
        read_lanes(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.pop("failure"),
        lambda table: table["failure"].pop(),
        lambda table: table["rows"].pop(""),
        lambda table: table["rows"].update({"store std within": 99}),
        lambda table: table["hours"].pop("ready_hours"),
        lambda table: table["hours"]["ready_hours"][0].pop(),
        lambda table: table["hours"]["ready_hours"][0].insert(0, "soon"),
        lambda table: table["mean_cost"].__setitem__(0, None),
    ],
)
def test_lanes_that_lack_something_are_refused_whoever_vouches_for_them(
    change: Callable[[dict[str, Any]], Any], bundle_folder: Path, tmp_path: Path
) -> None:
    """They are asked when nothing else can be: a service fell over them then."""
    table = json.loads(json.loads((bundle_folder / LANES_FILE).read_text())["table"])
    change(table)
    content = json.dumps(table)
    vouched = {"sha256": hashlib.sha256(content.encode()).hexdigest(), "table": content}
    (tmp_path / LANES_FILE).write_text(json.dumps(vouched))
    with pytest.raises(LanesError, match=f"{LANES_FILE} is not a table of lanes"):
        read_lanes(tmp_path)


def test_the_last_resort_is_later_than_anything_usual(bundle: Bundle, history: History) -> None:
    facts = possible_facts(history, CUT, 1)
    assert np.all(LAST_RESORT.delivery_hours(facts).quantile(0.95) >= bundle.delivery_hours(facts).quantile(0.95))
