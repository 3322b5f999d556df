"""The rows that a table of a mapping is made from: files read, joined and sifted, with every column by name."""

import difflib
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import MissingTableError, UnreadableFileError
from data.findings import find, join_findings, told
from data.mapping import Join, Mapping, TableMapping
from data.source_files import read_csv, read_parquet
from data.yaml_lines import Place
from expressions.compiled import CompiledExpression, compile_expression
from expressions.errors import ExpressionError
from expressions.kinds import Kind
from expressions.text import encode


@dataclass(frozen=True, eq=False)
class Rows:
    """Columns are named ``source.column``; those of ``base``, whose rows these are, also without ``source``."""

    mapping: Mapping
    base: str
    frame: pd.DataFrame

    def column(self, name: str, place: Place) -> "pd.Series[Any]":
        """The column called ``name``, or `MappingError` at ``place``."""
        for full in (f"{self.base}.{name}", name):
            if full in self.frame:
                return self.frame[full]
        known = [str(column).removeprefix(f"{self.base}.") for column in self.frame]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise self.mapping.error(place, f"there is no column {name}; {hint}There are {', '.join(known)}")

    def compile(self, source: str, kind: Kind | None, place: Place) -> CompiledExpression:
        """The expression over these columns, or `MappingError` at ``place``."""
        try:
            return compile_expression(source, self._names(), kind)
        except ExpressionError as error:
            hint = (
                "; columns of a CSV are text: double(name) is the number" if "needs a number" in error.message else ""
            )
            raise self.mapping.error(place, f"expression {source!r}: {error}{hint}") from error

    def read(self, expression: CompiledExpression) -> dict[str, Any]:
        """The columns that ``expression`` reads, as it reads them."""
        columns = {name: self.column(name, ()) for name in sorted(expression.names)}
        return {name: _encode(column) for name, column in columns.items()}

    def sift(self, keep: NDArray[np.bool_]) -> "Rows":
        """These rows where ``keep`` holds."""
        return Rows(self.mapping, self.base, self.frame[keep].reset_index(drop=True))

    def _names(self) -> dict[str, Kind]:
        kinds = {str(name): _kind(self.frame[name]) for name in self.frame}
        prefix = f"{self.base}."
        return {name.removeprefix(prefix): kind for name, kind in kinds.items() if name.startswith(prefix)} | kinds


def read_sources(mapping: Mapping, folder: Path) -> dict[str, pd.DataFrame]:
    """Every source, by name: columns of a CSV as text, of a Parquet file as they are.

    Raises
    ------
    DataError
        A file is not there or cannot be read, or the files of one pattern differ in their columns.
    """
    return {name: _read_source(mapping, name, folder) for name in mapping.sources}


def _read_source(mapping: Mapping, name: str, folder: Path) -> pd.DataFrame:
    source = mapping.sources[name]
    place: Place = ("sources", name, "file")
    pattern = Path(source.file)
    if pattern.is_absolute() or ".." in pattern.parts or not pattern.name:
        raise mapping.error(place, f"{source.file!r} must name a file in the folder given by --from")
    paths = [path for path in sorted(folder.glob(str(pattern))) if path.is_file()]
    if not paths:
        raise MissingTableError(str(mapping.error(place, f"there is no file {source.file} in {folder}")))
    frames: list[pd.DataFrame] = []
    for path in paths:
        frame = _read_file(mapping, name, path)
        if frames and set(frame) != set(frames[0]):
            only = sorted(str(column) for column in set(frame) ^ set(frames[0]))
            raise mapping.error(place, f"{path} and {paths[0]} must have the same columns: only one has {only[0]}")
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _read_file(mapping: Mapping, name: str, path: Path) -> pd.DataFrame:
    source = mapping.sources[name]
    try:
        if path.suffix == ".parquet":
            return read_parquet(path)
        return read_csv(path, delimiter=source.delimiter, encoding=source.encoding, missing=source.missing)
    except UnreadableFileError as error:
        hint = " Say its encoding, such as encoding: cp1252." if isinstance(error.__cause__, UnicodeDecodeError) else ""
        raise mapping.error(("sources", name, "file"), f"{error}{hint}") from error


def join_sources(
    mapping: Mapping, name: str, table: TableMapping, sources: MappingOf[str, pd.DataFrame]
) -> tuple[Rows, NDArray[np.int64], pd.DataFrame]:
    """The rows that table ``name`` is made from, their positions in the source, and notes.

    Notes are on what did not join or was left out.
    """
    assert table.source is not None
    base = table.source
    rows = Rows(mapping, base, sources[base].add_prefix(f"{base}."))
    positions = np.arange(len(rows.frame))
    notes = []
    for position, join in enumerate(table.join):
        place: Place = ("tables", name, "join", position)
        rows, unjoined = _join(rows, name, join, sources, place)
        notes.append(unjoined)
    if table.where is not None:
        condition = rows.compile(table.where, Kind.TRUTH, ("tables", name, "where"))
        keep = np.broadcast_to(condition.is_true(rows.read(condition)), len(rows.frame))
        first = str(rows.frame.columns[0])
        reason = f"left out: not where {table.where}"
        left_out = pd.Series(~keep)
        notes.append(find(name, rows.frame, left_out, key=(first,), column=first, rule="left_out", reason=reason))
        rows, positions = rows.sift(keep), positions[keep]
    return rows, positions, join_findings(notes)


def _join(
    rows: Rows, table: str, join: Join, sources: MappingOf[str, pd.DataFrame], place: Place
) -> tuple[Rows, pd.DataFrame]:
    source, on = join.source, join.on
    other = Rows(rows.mapping, source, sources[source].add_prefix(f"{source}."))
    if any(str(column).startswith(f"{source}.") for column in rows.frame):
        raise rows.mapping.error(place, f"{source} is here already")
    own = [str(rows.column(name, (*place, "on", name)).name) for name in on]
    its = [str(other.column(name, (*place, "on", key)).name) for key, name in on.items()]
    for left, right in zip(own, its, strict=True):
        held = [_in_words(rows.frame[left]), _in_words(other.frame[right])]
        if held[0] != held[1]:
            raise rows.mapping.error((*place, "on"), f"{left} and {right} do not compare: {' and '.join(held)}")
    known = other.frame[other.frame[its].notna().all(axis=1)].reset_index(drop=True)
    repeated = known.duplicated(its)
    reason = "an earlier row of the source has the same key, and is the one joined"
    column = ", ".join(its)
    repetitions = find(source, known, repeated, key=its, column=column, rule="repeated_key", reason=reason)
    joined = rows.frame.merge(
        known[~repeated], how="left", left_on=own, right_on=its, validate="many_to_one", indicator="found"
    )
    lost = (joined.pop("found") == "left_only") & joined[own].notna().all(axis=1)
    reason = f"{source} has no row with this key: its columns are missing here"
    unjoined = find(table, joined, lost, key=own, column=", ".join(own), rule="not_joined", reason=reason)
    return Rows(rows.mapping, rows.base, joined), join_findings([repetitions, unjoined])


def _in_words(column: "pd.Series[Any]") -> str:
    """What a column holds, for two columns that are compared."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return "instants"
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return "local times"
    return {Kind.TEXT: "texts", Kind.NUMBER: "numbers", Kind.TRUTH: "truths"}[_kind(column)]


def _kind(column: "pd.Series[Any]") -> Kind:
    """Times and everything else that is neither number nor truth count as the text that they print as."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return Kind.TRUTH
    return Kind.NUMBER if pd.api.types.is_numeric_dtype(column.dtype) else Kind.TEXT


def _encode(column: "pd.Series[Any]") -> Any:
    if _kind(column) is Kind.TEXT:
        return encode([told(value) for value in column])
    return column.to_numpy("float64", na_value=np.nan)
