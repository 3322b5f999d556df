"""Files that come to their places all together, or not at all.

They are written beside their places, as ``NAME.unfinished``, and renamed once all of them are written. Where writing
fails or is interrupted they are taken away, and what was there before stays; a process that is killed, or killed while
it renames, leaves some, by which its folder is known not to be whole.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_UNFINISHED: Final = ".unfinished"


class Whole:
    """Files that are being written, in the order in which they will come to their places."""

    def __init__(self) -> None:
        self._places: dict[Path, Path] = {}
        self._stale: list[Path] = []

    def beside(self, path: Path) -> Path:
        """Return where to write what is to be at ``path``, whose folder is made if it is not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._places[path] = path.with_name(f"{path.name}{_UNFINISHED}")
        return self._places[path]

    def without(self, path: Path) -> None:
        """Take away what is at ``path`` once the others come, if none of them comes there."""
        self._stale.append(path)

    def put(self) -> None:
        """Put every file to its place."""
        for path in self._stale:
            path.unlink()
        for path, beside in self._places.items():
            os.replace(beside, path)

    def drop(self) -> None:
        """Take away what was written."""
        for beside in self._places.values():
            beside.unlink(missing_ok=True)


@contextmanager
def written_whole() -> Iterator[Whole]:
    """Files to be written; they come to their places where the context ends well, and go where it does not."""
    whole = Whole()
    try:
        yield whole
    except BaseException:
        whole.drop()
        raise
    whole.put()


def unfinished_in(folder: Path) -> list[str]:
    """Return the names of files of ``folder`` that are being written, or were when somebody was interrupted."""
    return sorted(path.name.removesuffix(_UNFINISHED) for path in folder.glob(f"[!.]*{_UNFINISHED}"))
