"""Tables of days as they are kept by hand: whole days, by what has been, and no more of them than the share needs."""

import numpy as np

from benchmarks.promise_peers import (
    EVERY_DAY,
    NOT_ON_SUNDAYS,
    Entries,
    Trips,
    counted_days,
    days_later,
    table_that_keeps,
)

PERCENTILES = [0.5, 0.7, 0.9, 0.99]


def trips(processing: list[int], transit: list[int]) -> Trips:
    """From one warehouse to one zone."""
    count = len(processing)
    entries = Entries(np.full(count, "warehouse"), np.full(count, "near"))
    return Trips(entries, np.array(processing), np.array(transit))


def test_the_table_is_the_lowest_that_would_have_kept_the_share() -> None:
    """Nine of ten trips took three days, one took nine: a share of 0.9 needs three, a higher one needs nine."""
    past = trips([1] * 10, [2] * 9 + [8])
    assert table_that_keeps(0.9, past, PERCENTILES).days(past.entries).tolist() == [3] * 10
    assert table_that_keeps(0.95, past, PERCENTILES).days(past.entries).tolist() == [9] * 10


def test_where_no_table_keeps_so_many_it_is_the_highest() -> None:
    """A percentile below one leaves some out."""
    past = trips([1] * 10, [2] * 9 + [8])
    assert table_that_keeps(0.95, past, PERCENTILES[:2]).days(past.entries).tolist() == [3] * 10


def test_what_the_table_does_not_know_takes_the_longest_of_it() -> None:
    """A zone that nothing went to."""
    table = table_that_keeps(0.9, trips([1, 1, 2], [2, 2, 2]), [0.99])
    asked = Entries(np.array(["warehouse"]), np.array(["far"]))
    assert table.days(asked).tolist() == [4]


def test_days_are_counted_and_added_without_sundays() -> None:
    """From Friday 2026-03-06 on: Monday is the second day without the Sunday, the third with it."""
    friday = np.array([np.datetime64("2026-03-06").astype(np.int64)])
    monday = friday + 3
    assert counted_days(friday, monday, NOT_ON_SUNDAYS).tolist() == [2]
    assert counted_days(friday, monday, EVERY_DAY).tolist() == [3]
    assert days_later(friday, np.array([2]), NOT_ON_SUNDAYS).tolist() == monday.tolist()
