"""A dataset: the canonical tables in memory, and as a folder of Parquet files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.conform import INSTANT, NUMBER, TEXT, TRUTH, WHOLE, columns_of
from data.errors import (
    InvalidDatasetError,
    MissingTableError,
    UnfinishedDatasetError,
    UnknownTableError,
    UnreadableFileError,
)
from data.findings import FINDING_COLUMNS, are_findings, no_findings
from data.schemas import OPTIONAL_TABLES, TABLES
from data.source_files import read_parquet
from data.validation import validate
from data.whole import Whole, unfinished_in, written_whole

_ARROW = {
    TEXT: pa.large_string(),
    NUMBER: pa.float64(),
    WHOLE: pa.int64(),
    TRUTH: pa.bool_(),
    INSTANT: pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """The canonical tables (see `data.schemas`), each valid by itself and joined to the others.

    A table that the source does not have is there with its columns and no rows.
    """

    locations: pd.DataFrame
    products: pd.DataFrame
    carrier_services: pd.DataFrame
    orders: pd.DataFrame
    order_lines: pd.DataFrame
    stock: pd.DataFrame
    footfall: pd.DataFrame
    fulfilments: pd.DataFrame
    fulfilment_lines: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, in the order in which they are validated."""
        return {name: getattr(self, name) for name in TABLES}


def build_dataset(
    tables: Mapping[str, pd.DataFrame], faults: pd.DataFrame | None = None
) -> tuple[Dataset, pd.DataFrame]:
    """Return the dataset of the valid rows of ``tables``, and the findings about the others.

    ``faults`` are findings made before (rows by position in ``tables``): their rows are removed too.

    Raises
    ------
    DataError
        A table or column is lacking, or a column is unknown.
    """
    kept, rejected = validate(tables, faults)
    return Dataset(**kept), rejected


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables in ``folder``, as they are in their files.

    Raises
    ------
    MissingTableError
        The folder, or the file of a table that every dataset needs, is not there.
    UnfinishedDatasetError
        The folder is being written, or that was interrupted.
    UnknownTableError
        There is a Parquet file of another name.
    DataError
        A file is not Parquet.
    """
    if not folder.is_dir():
        raise MissingTableError(f"{folder} is not a folder. A dataset is a folder of Parquet files.")
    if unfinished := unfinished_in(folder):
        raise UnfinishedDatasetError(folder, unfinished)
    lacking = [name for name in TABLES if name not in OPTIONAL_TABLES and not (folder / f"{name}.parquet").is_file()]
    if lacking:
        raise MissingTableError(f"{folder} lacks {', '.join(f'{name}.parquet' for name in lacking)}.")
    unknown = sorted({path.stem for path in folder.glob("[!.]*.parquet")} - TABLES.keys())
    if unknown:
        raise UnknownTableError(
            f"{folder} has table(s) that nobody knows: {', '.join(f'{name}.parquet' for name in unknown)}. "
            f"Move or rename them; the tables are {', '.join(TABLES)}."
        )
    paths = {name: folder / f"{name}.parquet" for name in TABLES}
    return {name: read_parquet(path) for name, path in paths.items() if path.is_file()}


def load_dataset(folder: Path) -> Dataset:
    """Read and validate the dataset in ``folder``.

    Raises
    ------
    MissingTableError, ColumnError
        A table or a column is not there.
    UnfinishedDatasetError
        The folder is being written, or that was interrupted.
    InvalidDatasetError
        Rows break the rules of their tables. Importing a folder again sets such rows aside.
    """
    dataset, rejected = build_dataset(read_tables(folder))
    if len(rejected):
        counts = rejected.value_counts(["table", "column", "reason"], sort=False).sort_index().reset_index()
        lines = "\n".join(f"  {row.table}.{row.column} {row.reason}: {row.count}" for row in counts.itertuples())
        raise InvalidDatasetError(
            f"{folder} has {rejected.groupby(['table', 'row']).ngroups} bad row(s):\n{lines}\n"
            f"`smista data check {folder}` shows them; "
            f"`smista data import --source tables --from {folder} --out ANOTHER` sets them aside."
        )
    return dataset


def write_dataset(
    dataset: Dataset, folder: Path, rejected: pd.DataFrame | None = None, notes: pd.DataFrame | None = None
) -> None:
    """Write ``dataset`` to ``folder``, whole or not at all: the same rows give the same bytes.

    ``rejected`` and ``notes`` are findings (`data.findings`): they become ``rejected/<table>.parquet`` and
    ``notes/<table>.parquet``; what an earlier write left there is removed.
    """
    with written_whole() as whole:
        _write_findings(no_findings() if rejected is None else rejected, folder / "rejected", whole)
        _write_findings(no_findings() if notes is None else notes, folder / "notes", whole)
        for name, frame in dataset.tables().items():
            _write(_to_arrow(name, frame), whole.beside(folder / f"{name}.parquet"))


def read_findings(folder: Path) -> pd.DataFrame:
    """Read what `write_dataset` wrote to ``rejected`` or ``notes``; empty when there is nothing.

    Raises `UnreadableFileError` when a file there is of another making.
    """
    parts = []
    for path in sorted(folder.glob("*.parquet")):
        parts.append(read_parquet(path))
        if not are_findings(parts[-1]):
            raise UnreadableFileError(path, f"it is not what an import writes, with {', '.join(FINDING_COLUMNS)}")
    return pd.concat(parts, ignore_index=True) if parts else no_findings()


def digest(dataset: Dataset) -> str:
    """``sha256:…`` of the content: tables, columns, rows in their order; not of how the files were written."""
    state = hashlib.sha256()
    for name, frame in dataset.tables().items():
        table = _to_arrow(name, frame)
        state.update(f"{name} {table.num_rows}\n".encode())
        for column, values in zip(table.column_names, table.columns, strict=True):
            state.update(f"{column} {values.type}\n".encode())
            _digest_column(state, values.combine_chunks())
    return f"sha256:{state.hexdigest()}"


def _digest_column(state: "hashlib._Hash", values: pa.Array) -> None:
    state.update(np.packbits(values.is_valid().to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_large_string(values.type):
        texts = values.fill_null("")
        state.update(pc.binary_length(texts).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
        offsets = np.frombuffer(texts.buffers()[1], dtype="<i8")[texts.offset : texts.offset + len(texts) + 1]
        if len(texts) and offsets[-1] > offsets[0]:
            state.update(memoryview(texts.buffers()[2])[offsets[0] : offsets[-1]])
    elif pa.types.is_timestamp(values.type):
        state.update(values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
    elif pa.types.is_boolean(values.type):
        state.update(np.packbits(values.to_numpy(zero_copy_only=False)).tobytes())
    else:
        numbers = values.fill_null(0).to_numpy(zero_copy_only=False)
        # Minus zero equals zero, and must not change the digest.
        state.update((numbers + 0).astype(f"<{numbers.dtype.kind}8").tobytes())


def _to_arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """Explicit types and no metadata: empty columns keep their type, and library versions leave no trace."""
    columns = columns_of(name)
    schema = pa.schema([pa.field(column.name, _ARROW[column.kind], column.nullable) for column in columns])
    return pa.Table.from_arrays(
        [_to_arrow_column(column.kind, frame[column.name]) for column in columns], schema=schema
    )


def _to_arrow_column(kind: str, values: "pd.Series[Any]") -> pa.Array:
    if kind == INSTANT:
        # pyarrow asks an instant with a zone for its values in a way that pandas deprecates.
        return pa.array(values.dt.tz_convert(None).to_numpy(), type=pa.timestamp("us"), from_pandas=True).cast(
            _ARROW[kind]
        )
    return pa.array(values, type=_ARROW[kind], from_pandas=True)


def _write_findings(findings: pd.DataFrame, folder: Path, whole: Whole) -> None:
    for stale in folder.glob("*.parquet"):
        whole.without(stale)
    for name, rows in findings.groupby("table", sort=True):
        table = pa.Table.from_pandas(rows.reset_index(drop=True), preserve_index=False).replace_schema_metadata(None)
        _write(table, whole.beside(folder / f"{name}.parquet"))


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")
