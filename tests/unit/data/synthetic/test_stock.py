"""Recorded stock, the true stock behind it, and the probability of not finding what was asked."""

import numpy as np
import pandas as pd

from data.synthetic.network import Network
from data.synthetic.products import Range
from data.synthetic.stock import Records
from tests.unit.data.synthetic.conftest import SMALL, Made


def _records(seed: int = 1) -> tuple[Records, Network]:
    draw = np.random.default_rng(seed)
    products = Range.draw(SMALL.skus, draw)
    network = Network.draw(SMALL, draw)
    records = Records(network, products, SMALL.orders_per_day, draw)
    records.first(draw)
    return records, network


def test_two_thirds_of_store_records_are_wrong_and_hardly_any_of_a_warehouse(made: Made) -> None:
    wrong = made.truth_stock["on_hand"] != made.truth_stock["true_on_hand"]
    kind = made.truth_stock["location_id"].str[0]
    assert 0.55 < wrong[kind == "S"].mean() < 0.75
    assert wrong[kind == "W"].mean() < 0.005


def test_the_truth_speaks_of_the_records_that_were_written(made: Made) -> None:
    key = ["location_id", "sku", "counted_at", "on_hand"]
    pd.testing.assert_frame_equal(made.truth_stock[key], made.dataset.stock[key], check_dtype=False)


def test_a_decision_saw_the_last_record(made: Made) -> None:
    """Units beyond those asked follow from the last record, less what was promised and not yet picked."""
    asked = made.truth_lines.merge(made.dataset.fulfilments[["fulfilment_id", "location_id", "decided_at"]])
    asked = asked.sort_values("decided_at", ignore_index=True)
    records = made.dataset.stock.sort_values("counted_at")
    seen = pd.merge_asof(asked, records, left_on="decided_at", right_on="counted_at", by=["location_id", "sku"])
    age = (seen["decided_at"] - seen["counted_at"]).dt.total_seconds() / 86_400
    np.testing.assert_allclose(seen["days_since_count"], age, atol=1e-9)
    promised = seen["on_hand"] - seen["quantity"] - seen["spare_units"]
    assert (promised >= 0).all()
    assert (promised[seen["location_id"].str.startswith("S")] == 0).mean() > 0.9


def test_the_true_probability_of_failure_is_the_share_that_fails(made: Made) -> None:
    """In every range of the probability, within four standard errors."""
    known = made.truth[made.truth["failed"].notna()]
    for _, rows in known.groupby(pd.cut(known["failure_probability"], [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 1])):
        error = np.sqrt((rows["failure_probability"] * (1 - rows["failure_probability"])).sum())
        assert abs(rows["failed"].sum() - rows["failure_probability"].sum()) < 4 * error + 1e-9


def test_failure_is_likelier_with_less_to_spare_and_with_an_older_record() -> None:
    records, network = _records()
    store = np.full(3, network.of_type("store")[0])
    sku = np.zeros(3, np.int64)
    by_spare = records.short_probability(store, sku, np.array([0, 2, 5]), np.full(3, 4.0))
    by_age = records.short_probability(store, sku, np.full(3, 1), np.array([0.0, 7.0, 30.0]))
    assert (np.diff(by_spare) < 0).all()
    assert (np.diff(by_age) > 0).all()


def test_the_probability_is_how_often_the_shelf_is_short() -> None:
    """The Skellam tail against asking the same record again and again, afresh each time."""
    rng = np.random.default_rng(5)
    records, network = _records()
    store = int(network.of_type("store")[3])
    sku, asked, trials = [int(np.flatnonzero(records.stocked[store])[0])], [1], 4_000
    short = 0
    for trial in range(trials):
        counted_at = 24.0 * 10 * trial
        records.picked(store, sku, [0], taken=[0], at=counted_at, rng=rng)
        records.on_hand[store, sku] = 2
        assert records.spare(store, sku, asked) == [1]
        assert records.days(store, sku, counted_at + 24.0 * 4) == [4.0]
        short += records.ask(store, sku, asked, counted_at + 24.0 * 4, rng)[0] < 1
        records.release(store, sku, asked)
    where, spare_units, days_old = np.array([store]), np.array([1]), np.array([4.0])
    expected = float(records.short_probability(where, np.array(sku), spare_units, days_old)[0])
    assert abs(short / trials - expected) < 4 * np.sqrt(expected * (1 - expected) / trials)


def test_what_is_promised_to_one_order_is_not_there_for_the_next() -> None:
    rng = np.random.default_rng(6)
    records, network = _records()
    warehouse = int(network.of_type("warehouse")[0])
    sku = [int(np.flatnonzero(records.stocked[warehouse])[0])]
    everything = records.on_hand[warehouse, sku].tolist()
    assert records.spare(warehouse, sku, everything) == [0]
    first = records.ask(warehouse, sku, everything, 0.0, rng)
    assert records.spare(warehouse, sku, [1]) == [-1]
    second = records.ask(warehouse, sku, [1], 0.0, rng)
    assert first[0] > 0
    assert second[0] == 0
