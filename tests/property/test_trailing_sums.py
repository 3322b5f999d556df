"""Trailing means against a mean computed the long way, and a service's sums against the history's."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.trailing import DAY_SECONDS, Observations, Statistic, heard_before, means, sums_as_of
from features.trailing_sums import TrailingSums

LANDMARK = 20_000 * DAY_SECONDS
OVERALL = Statistic("overall", "hours", (), (7.0, 90.0))
BY_PLACE = Statistic("by_place", "hours", ("place",), (7.0, 90.0), "overall", 3)
BY_PAIR = Statistic("by_pair", "hours", ("place", "service"), (7.0, 90.0), "by_place", 2)
STATISTICS = (OVERALL, BY_PLACE, BY_PAIR)

PLACES = st.sampled_from(["a", "b", None, "a b"])
#: Whole hours, so that equal instants are common.
INSTANTS = st.integers(-100, 4_000).map(lambda hours: LANDMARK + hours * 3600.0)


@dataclass(frozen=True)
class Made:
    """One observation."""

    known_at: float
    value: float
    weight: float
    place: str | None
    service: str | None


@st.composite
def histories(draw: st.DrawFn) -> list[Made]:
    """Observations in the order in which they became known."""
    made = draw(
        st.lists(
            st.builds(Made, INSTANTS, st.floats(-4, 8), st.floats(0.1, 30), PLACES, st.sampled_from(["std", None])),
            max_size=40,
        )
    )
    return sorted(made, key=lambda one: one.known_at)


def text(values: list[str | None]) -> NDArray[Any]:
    """A text column."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def observations(made: list[Made]) -> Observations:
    """As arrays."""
    known_at = np.array([one.known_at for one in made], dtype=np.float64)
    return Observations(
        known_at,
        # Minus zero and zero are the same number and need not give the same bits.
        np.array([one.value + 0.0 for one in made], dtype=np.float64),
        np.array([one.weight for one in made], dtype=np.float64),
        {
            "place": text([one.place for one in made]),
            "service": text([one.service for one in made]),
            "decided_at": known_at,
        },
    )


def rows(asked: list[tuple[float, str | None]]) -> dict[str, NDArray[Any]]:
    """Columns of what is asked for: an instant and a place each."""
    return {
        "place": text([place for _, place in asked]),
        "service": text(["std"] * len(asked)),
        "decided_at": np.array([instant for instant, _ in asked], dtype=np.float64),
    }


def history_means(made: list[Made], columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    """As the history computes them."""
    observed, instants = observations(made), columns["decided_at"]
    sums = {s.name: sums_as_of(s, observed, s.keys(columns), instants, LANDMARK) for s in STATISTICS}
    return means(STATISTICS, sums, {"hours": heard_before(observed, instants)}, LANDMARK)


def slow_mean(made: list[Made], instant: float, days: float, level: int, place: str | None) -> float:
    """The decayed mean by its definition, age by age, shrunk to the level above."""
    keys: list[tuple[str | None, ...]] = [(), (place,), (place, "std")]
    weight = weighted = 0.0
    for one in made:
        if one.known_at < instant and (one.place, one.service)[:level] == keys[level]:
            decay = one.weight * 0.5 ** ((instant - one.known_at) / (days * DAY_SECONDS))
            weight, weighted = weight + decay, weighted + decay * one.value
    if level:
        towards = slow_mean(made, instant, days, level - 1, place)
        if not math.isnan(towards):
            # The prior is as old as the last thing heard.
            heard = max(one.known_at for one in made if one.known_at < instant)
            strength = STATISTICS[level].strength * 0.5 ** ((instant - heard) / (days * DAY_SECONDS))
            weight, weighted = weight + strength, weighted + strength * towards
    return weighted / weight if weight else math.nan


@given(histories(), st.lists(st.tuples(INSTANTS, PLACES), min_size=1, max_size=8))
def test_every_mean_is_the_decayed_mean_of_what_was_known_before(
    made: list[Made], asked: list[tuple[float, str | None]]
) -> None:
    """At every level, for every half-life, seen or not."""
    found = history_means(made, rows(asked))
    for level, statistic in enumerate(STATISTICS):
        for days in statistic.half_lives_days:
            expected = [slow_mean(made, instant, days, level, place) for instant, place in asked]
            np.testing.assert_allclose(found[statistic.column(days)], expected, rtol=1e-9, atol=1e-9)


def written(state: TrailingSums) -> dict[str, bytes]:
    """The whole state, to the bit."""
    return {name: array.tobytes() for name, array in state.to_arrays().items()}


@given(histories(), st.lists(PLACES, min_size=1, max_size=8), st.data())
def test_a_service_told_piece_by_piece_knows_to_the_bit_what_the_history_knows(
    made: list[Made], places: list[str | None], data: st.DataObject
) -> None:
    """However the observations are cut into pieces, and with the state written and read again on the way."""
    now = made[-1].known_at + 3600.0 if made else LANDMARK
    cuts = sorted(data.draw(st.lists(st.integers(0, len(made)), max_size=6)))
    state = TrailingSums(STATISTICS, LANDMARK)
    for start, end in zip([0, *cuts], [*cuts, len(made)], strict=True):
        piece = observations(made[start:end])
        if data.draw(st.booleans()):
            before, known = state, written(state)
            state = state.after([("hours", piece)])
            assert written(before) == known  # whoever holds it is not disturbed
        else:
            state.observe("hours", piece)
        if data.draw(st.booleans()):
            state = TrailingSums.from_arrays(STATISTICS, LANDMARK, state.to_arrays())
    columns = rows([(now, place) for place in places])
    told = means(STATISTICS, state.as_of_now(columns, STATISTICS), state.heard_at(len(places)), LANDMARK)
    for name, expected in history_means(made, columns).items():
        assert np.array_equal(told[name], expected, equal_nan=True), name


@given(histories(), histories(), st.lists(st.tuples(INSTANTS, PLACES), min_size=1, max_size=8))
def test_what_becomes_known_later_changes_nothing(
    made: list[Made], other: list[Made], asked: list[tuple[float, str | None]]
) -> None:
    """To the bit: the future is exchanged for another one."""
    instant = min(instant for instant, _ in asked)
    columns = rows([(instant, place) for _, place in asked])
    past = [one for one in made if one.known_at < instant]
    future = [one for one in other if one.known_at >= instant]
    before, after = history_means(past, columns), history_means(past + future, columns)
    for name, expected in before.items():
        assert np.array_equal(after[name], expected, equal_nan=True), name
