"""A mapping that never changes, and whose changed copies share with it what did not change."""

from collections.abc import Iterator, Mapping
from typing import Final, Generic, TypeVar

V = TypeVar("V")
#: A copy costs this many references, and the entries of each part that changes.
_PARTS: Final = 1024


class Shared(Mapping[str, V], Generic[V]):
    """Texts and what they name, in parts by hash: a change copies the parts that it touches, not the whole."""

    __slots__ = ("_parts", "_size")

    def __init__(self, content: Mapping[str, V] | None = None) -> None:
        """Start with ``content``."""
        self._parts: tuple[dict[str, V], ...] = ({},) * _PARTS
        self._size = 0
        if content:
            changed = self.updated(content)
            self._parts, self._size = changed._parts, changed._size

    def updated(self, changes: Mapping[str, V]) -> "Shared[V]":
        """Return this with ``changes``; this itself where there are none."""
        if not changes:
            return self
        parts = list(self._parts)
        copied: set[int] = set()
        for name, value in changes.items():
            at = hash(name) % _PARTS
            if at not in copied:
                parts[at] = dict(parts[at])
                copied.add(at)
            parts[at][name] = value
        result: Shared[V] = Shared()
        result._parts = tuple(parts)
        result._size = self._size + sum(len(parts[at]) - len(self._parts[at]) for at in copied)
        return result

    def __getitem__(self, name: str) -> V:
        """Return what ``name`` names. Raises ``KeyError``."""
        return self._parts[hash(name) % _PARTS][name]

    def get(self, name: str, default: V | None = None) -> V | None:  # type: ignore[override] # one default is enough
        """Return what ``name`` names, or ``default``."""
        return self._parts[hash(name) % _PARTS].get(name, default)

    def __contains__(self, name: object) -> bool:
        """Whether ``name`` names something."""
        return name in self._parts[hash(name) % _PARTS]

    def __iter__(self) -> Iterator[str]:
        """Return the names, in no order that means anything."""
        return (name for part in self._parts for name in part)

    def __len__(self) -> int:
        """Return how many names there are."""
        return self._size
