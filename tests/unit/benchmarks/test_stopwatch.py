"""Each function's own time is its phase's, and nothing stays wrapped."""

import types

import pytest

from benchmarks.stopwatch import Stopwatch


def _places() -> types.SimpleNamespace:
    space = types.SimpleNamespace(inner=lambda: 1)
    space.outer = lambda: space.inner() + 1
    return space


def test_phases_are_those_of_the_functions_called_and_results_pass_through() -> None:
    space, watch = _places(), Stopwatch()
    with watch.watching([(space, "outer", "whole"), (space, "inner", "part")]):
        assert space.outer() == 2
    assert set(watch.seconds) == {"whole", "part"}
    assert all(seconds >= 0 for seconds in watch.seconds.values())


def test_functions_are_as_before_once_watched() -> None:
    space, watch = _places(), Stopwatch()
    before = space.inner
    with watch.watching([(space, "inner", "part")]):
        assert space.inner is not before
    assert space.inner is before


def test_a_function_that_is_gone_is_not_overlooked() -> None:
    with pytest.raises(AttributeError, match="renamed"), Stopwatch().watching([(_places(), "renamed", "part")]):
        pass
