"""Time spent in each phase of a computation, measured from outside: its functions are wrapped, not changed.

The time is that of the processor, all threads together: what else the machine does meanwhile does not count.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from time import process_time
from typing import Any


class Stopwatch:
    """Seconds by phase. Where one timed function calls another, the time is the inner one's."""

    def __init__(self) -> None:
        """Start with no time spent."""
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner: list[float] = []

    def timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, whose own time counts for ``phase``."""

        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            start = process_time()
            try:
                return function(*arguments, **named)
            finally:
                spent = process_time() - start
                self.seconds[phase] += spent - self._inner.pop()
                if self._inner:
                    self._inner[-1] += spent

        return call

    @contextmanager
    def watching(self, watched: Sequence[tuple[Any, str, str]]) -> Iterator[None]:
        """Time every (module or class, name of a function, phase) while the context lasts.

        Raises ``AttributeError`` when there is no function of that name: the phases must follow the code.
        """
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in watched]
        try:
            for owner, name, phase in watched:
                setattr(owner, name, self.timed(phase, getattr(owner, name)))
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)
