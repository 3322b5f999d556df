"""Tables of days as they are kept by hand: whole days, by what has been, and no more of them than the share needs."""

import numpy as np

from benchmarks.promise_peers import (
    EVERY_DAY,
    NOT_ON_SUNDAYS,
    Entries,
    Trips,
    by_hand,
    counted_days,
    days_later,
    tuned,
)


def trips(processing: list[int], transit: list[int]) -> Trips:
    """From one warehouse to one zone."""
    count = len(processing)
    entries = Entries(np.full(count, "warehouse"), np.full(count, "near"))
    return Trips(entries, np.array(processing), np.array(transit))


def test_by_hand_each_entry_is_set_by_its_own_trips() -> None:
    """One of ten is prepared late and another is long on its way: the table adds both, though none took so long."""
    past = trips([1] * 9 + [4], [8] + [2] * 9)
    assert by_hand(past).days(past.entries).tolist() == [12] * 10


def test_a_tuned_table_is_the_lowest_that_would_have_kept_the_share() -> None:
    """Six of a hundred are prepared late and ten others are long on their way: days for the ones keep the others."""
    past = trips([4] * 6 + [1] * 94, [2] * 90 + [5] * 10)
    assert tuned(past).days(past.entries).tolist() == [6] * 100
    assert by_hand(past).days(past.entries).tolist() == [9] * 100


def test_what_the_table_does_not_know_takes_the_longest_of_it() -> None:
    """A zone that nothing went to."""
    table = by_hand(trips([1, 1, 2], [2, 2, 2]))
    asked = Entries(np.array(["warehouse"]), np.array(["far"]))
    assert table.days(asked).tolist() == [4]


def test_days_are_counted_and_added_without_sundays() -> None:
    """From Friday 2026-03-06 on: Monday is the second day without the Sunday, the third with it."""
    friday = np.array([np.datetime64("2026-03-06").astype(np.int64)])
    monday = friday + 3
    assert counted_days(friday, monday, NOT_ON_SUNDAYS).tolist() == [2]
    assert counted_days(friday, monday, EVERY_DAY).tolist() == [3]
    assert days_later(friday, np.array([2]), NOT_ON_SUNDAYS).tolist() == monday.tolist()
