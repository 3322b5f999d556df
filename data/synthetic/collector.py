"""Days are played without Python's search for cycles of objects."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_search_for_cycles() -> Iterator[None]:
    """Let the collector rest.

    A day makes a hundred thousand objects that live for hours of its time, none of them in a cycle: looking through
    them again and again costs a fifth of the day and frees nothing. They go, as ever, with the last reference to them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
