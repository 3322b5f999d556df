"""Other locations are asked about without anybody noticing, and of each order the earliest is taken."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.chosen_dates import ASKED, first_of_each, with_alternatives
from data.dataset import Dataset, load_dataset
from data.synthetic.generate import generate
from data.synthetic.presets import Preset
from features.history import History, read_history
from features.statistics import STATISTICS
from simulation.truth import Truth, read_truth

TINY = Preset(date(2026, 1, 5), 30, warehouses=1, stores=6, suppliers=1, skus=40, orders_per_day=30)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Truth]:
    """A month of a small retailer."""
    folder: Path = tmp_path_factory.mktemp("chosen")
    for _ in generate(TINY, 5, folder / "history", folder / "truth"):
        pass
    return load_dataset(folder / "history"), read_truth(folder / "truth")


def test_what_is_known_of_attempts_does_not_change_by_asking_about_others(made: tuple[Dataset, Truth]) -> None:
    dataset, truth = made
    alone, beside = read_history(dataset), read_history(with_alternatives(dataset, truth.alternatives))
    expected, actual = alone.attempt_columns(STATISTICS), beside.attempt_columns(STATISTICS)
    really = ~_is_asked(beside)
    for name, column in expected.items():
        np.testing.assert_array_equal(actual[name][really], column, err_msg=name)


def test_who_is_asked_about_is_known_as_who_was_chosen(made: tuple[Dataset, Truth]) -> None:
    """The location that was chosen is among those asked about: of both the same is known."""
    dataset, truth = made
    history = read_history(with_alternatives(dataset, truth.alternatives))
    columns = history.attempt_columns(STATISTICS)
    is_asked = _is_asked(history)
    names = ("order_id", "location_id", "carrier_service_id", "decided_at")
    keys = list(zip(history.attempts.order_id, *(columns[name] for name in names[1:]), strict=True))
    chosen = {key: row for row, key in enumerate(keys) if not is_asked[row]}
    pairs = [(row, chosen[keys[row]]) for row in np.flatnonzero(is_asked).tolist() if keys[row] in chosen]
    assert len(pairs) > 100
    asked_rows, chosen_rows = np.array(pairs).T
    for name, column in columns.items():
        np.testing.assert_array_equal(column[asked_rows], column[chosen_rows], err_msg=name)


@given(st.integers(0, 2**32 - 1))
def test_of_each_order_the_earliest_is_taken_and_of_equals_the_nearest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 12))
    order, day, km = rng.integers(0, 4, size), rng.integers(0, 3, size), rng.permutation(size).astype(float)
    order = np.unique(order, return_inverse=True)[1]
    taken = first_of_each(order, day, km)
    expected = [
        min(np.flatnonzero(order == number).tolist(), key=lambda row: (day[row], km[row]))
        for number in range(order.max() + 1)
    ]
    assert taken.tolist() == expected


def _is_asked(history: History) -> NDArray[np.bool_]:
    return np.char.startswith(history.attempts.fulfilment_id.astype(str), ASKED)
