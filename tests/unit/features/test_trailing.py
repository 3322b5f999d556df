"""Trailing means: what they say of keys seen never, rarely and often."""

import numpy as np
import pytest

from features.facts import FloatArray
from features.trailing import DAY_SECONDS, Observations, Statistic, heard_before, means, sums_as_of
from features.trailing_sums import TrailingSums

OVERALL = Statistic("overall", "hours", (), (10.0, 40.0))
BY_PLACE = Statistic("by_place", "hours", ("place",), (10.0, 40.0), "overall", 5)


def observed(
    days: list[float], values: list[float], places: list[str], weights: list[float] | None = None
) -> Observations:
    """Values of hours at places, known after so many days."""
    known_at = np.array(days, dtype=np.float64) * DAY_SECONDS
    columns = {"place": np.array(places, dtype=object), "decided_at": known_at}
    weight = np.ones(len(days)) if weights is None else np.array(weights)
    return Observations(known_at, np.array(values, dtype=np.float64), weight, columns)


def means_as_of(made: Observations, day: float, place: str) -> dict[str, float]:
    """Both means of a place as of a day."""
    instants = np.array([day * DAY_SECONDS])
    columns = {"place": np.array([place], dtype=object), "decided_at": instants}
    sums = {s.name: sums_as_of(s, made, s.keys(columns), instants, 0.0) for s in (OVERALL, BY_PLACE)}
    heard_at = {"hours": heard_before(made, instants)}
    return {name: float(column[0]) for name, column in means([OVERALL, BY_PLACE], sums, heard_at, 0.0).items()}


def test_after_one_half_life_an_observation_counts_half() -> None:
    """Ten days old against new: the mean of 0 and 3 is 2."""
    found = means_as_of(observed([0, 10], [0.0, 3.0], ["a", "a"]), 10.001, "a")
    assert found["overall_10d"] == pytest.approx(2.0)
    assert found["overall_40d"] == pytest.approx(3 / (1 + 2**-0.25))


def test_a_weight_counts_as_so_many_observations() -> None:
    """A sampled row stands for many."""
    once = means_as_of(observed([1, 1, 1], [0.0, 6.0, 6.0], ["a"] * 3), 2, "a")
    weighted = means_as_of(observed([1, 1], [0.0, 6.0], ["a"] * 2, [1.0, 2.0]), 2, "a")
    assert weighted == pytest.approx(once)


def test_what_is_known_at_the_very_instant_is_not_known_before_it() -> None:
    """A decision sees only what came earlier."""
    made = observed([1, 2], [5.0, 7.0], ["a", "a"])
    assert means_as_of(made, 2, "a")["overall_10d"] == pytest.approx(5.0)
    assert np.isnan(means_as_of(made, 1, "a")["overall_10d"])


def test_a_place_never_seen_has_the_mean_of_all() -> None:
    """Shrinkage all the way."""
    found = means_as_of(observed([1, 2], [5.0, 7.0], ["a", "b"]), 3, "elsewhere")
    assert found["by_place_10d"] == found["overall_10d"]


def test_a_place_seen_often_has_its_own_mean() -> None:
    """Whatever the others do."""
    made = observed([1.0] * 10_100, [2.0] * 10_000 + [9.0] * 100, ["often"] * 10_000 + ["other"] * 100)
    assert means_as_of(made, 1.5, "often")["by_place_10d"] == pytest.approx(2.0, abs=0.01)


def test_a_place_seen_as_much_as_the_strength_lies_half_way() -> None:
    """Five observations made just now, strength five."""
    made = observed([1.0] * 10, [2.0] * 5 + [4.0] * 5, ["here"] * 5 + ["there"] * 5)
    assert means_as_of(made, 1.0 + 1e-9, "here")["by_place_10d"] == pytest.approx(2.5)


def test_old_observations_of_a_place_give_way_to_the_mean_of_all() -> None:
    """Evidence fades: after many half-lives a place is as good as unseen."""
    made = observed([0.0] * 50 + [400.0], [2.0] * 50 + [8.0], ["here"] * 50 + ["there"])
    assert means_as_of(made, 400.1, "here")["by_place_10d"] == pytest.approx(8.0, abs=1e-3)


def test_while_nothing_is_heard_nothing_is_forgotten() -> None:
    """A year without outcomes must not make a good place and a bad one alike."""
    made = observed([1.0] * 10, [2.0] * 5 + [4.0] * 5, ["here"] * 5 + ["there"] * 5)
    assert means_as_of(made, 366.0, "here")["by_place_10d"] == pytest.approx(2.5)


def test_nothing_known_is_not_a_number() -> None:
    """Trees know what to do with that; zero hours would be a lie."""
    assert all(np.isnan(value) for value in means_as_of(observed([], [], []), 3, "a").values())


def test_a_service_that_knew_nothing_says_so_too() -> None:
    """As the history does."""
    state = TrailingSums([OVERALL, BY_PLACE], 0.0)
    columns = {"place": np.array(["a"], dtype=object), "decided_at": np.array([1.0])}
    found = means([OVERALL, BY_PLACE], state.as_of_now(columns, [OVERALL, BY_PLACE]), state.heard_at(1), 0.0)
    assert all(np.isnan(column).all() for column in found.values())


def test_observations_of_another_measure_change_nothing() -> None:
    """Each statistic follows its own measure."""
    state = TrailingSums([OVERALL], 0.0)
    state.observe("cost", observed([1], [5.0], ["a"]))
    assert not len(state.to_arrays()["overall.keys"])


def test_a_place_of_which_only_another_measure_was_told_is_not_written() -> None:
    """Statistics of the same places share where these stand, not what is known of them."""
    costs = Statistic("cost_by_place", "cost", ("place",), BY_PLACE.half_lives_days)
    state = TrailingSums([OVERALL, BY_PLACE, costs], 0.0)
    state.observe("hours", observed([1], [5.0], ["a"]))
    state.observe("cost", observed([2, 3], [7.0, 8.0], ["b", "a"]))
    arrays = state.to_arrays()
    assert arrays["by_place.keys"].tolist() == ["a"]
    assert arrays["cost_by_place.keys"].tolist() == ["a", "b"]
    read = TrailingSums.from_arrays(state.statistics, 0.0, arrays).to_arrays()
    assert all(np.array_equal(arrays[name], read[name]) for name in arrays if not name.endswith("heard_at"))


@pytest.mark.parametrize(("half_lives", "strength"), [((0.0,), 1.0), ((-3.0, 5.0), 1.0), ((5.0,), -1.0)])
def test_decay_and_strength_that_make_no_sense_are_refused(half_lives: tuple[float, ...], strength: float) -> None:
    """The statistic is named."""
    with pytest.raises(ValueError, match="odd: half-lives must be positive"):
        Statistic("odd", "hours", (), half_lives, None, strength)


def test_a_state_that_lacks_a_statistic_is_refused() -> None:
    """A bundle of other statistics is not read half."""
    arrays: dict[str, FloatArray] = TrailingSums([OVERALL], 0.0).to_arrays()  # type: ignore[assignment]  # keys are text
    with pytest.raises(KeyError, match="by_place"):
        TrailingSums.from_arrays([OVERALL, BY_PLACE], 0.0, arrays)
