"""Rows of a CSV that are shorter than its header: pandas takes what they lack for missing, and says nothing."""

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from data.errors import UnreadableFileError


def refuse_short_rows(path: Path, *, width: int, delimiter: str, encoding: str) -> None:
    """Raise `UnreadableFileError`, with its line, for the first row of fewer than ``width`` fields. Blank lines pass.

    The file is one that pandas has read: as a text of this encoding, compressed or not.
    """
    with _opened(path) as content, io.TextIOWrapper(content, encoding=encoding, newline="") as text:
        rows = csv.reader(text, delimiter=delimiter)
        try:
            for row in rows:
                if len(row) < width and "".join(row).strip():
                    raise UnreadableFileError(
                        path, f"expected {width} fields in line {rows.line_num}, saw {len(row)}: is it cut short?"
                    )
        except csv.Error as error:
            raise UnreadableFileError(path, f"{error} in line {rows.line_num}") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Unpacked as pandas unpacks it, by the end of its name."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as content:
            yield content
        return
    with _UNPACK.get(path.suffix, io.FileIO)(path) as packed:
        yield io.BufferedReader(packed)


#: End of a name → what reads such a file.
_UNPACK: Final = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}
