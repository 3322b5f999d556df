"""A file of a source, read as it is: every column of a CSV as text, those of a Parquet file as what they are."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import UnreadableFileError
from data.short_rows import refuse_short_rows

#: What stays what it is where some are missing: whole numbers would become floats, and long identifiers others; truths
#: would become objects.
_WITH_GAPS = {
    type_: dtype()
    for type_, dtype in (
        (pa.bool_(), pd.BooleanDtype),
        (pa.int8(), pd.Int8Dtype),
        (pa.int16(), pd.Int16Dtype),
        (pa.int32(), pd.Int32Dtype),
        (pa.int64(), pd.Int64Dtype),
        (pa.uint8(), pd.UInt8Dtype),
        (pa.uint16(), pd.UInt16Dtype),
        (pa.uint32(), pd.UInt32Dtype),
        (pa.uint64(), pd.UInt64Dtype),
    )
}


def read_csv(
    path: Path, *, delimiter: str = ",", encoding: str = "utf-8-sig", missing: Sequence[str] = ()
) -> pd.DataFrame:
    """Columns of text; blank cells, and those that read as one of ``missing``, are missing.

    Raises `UnreadableFileError` where rows and header do not fit, a name stands twice, or it is no such text at all.
    """

    def read(header: int | None, rows: int | None) -> pd.DataFrame:
        part: pd.DataFrame = pd.read_csv(
            path,
            header=header,
            nrows=rows,
            dtype="str",
            sep=delimiter,
            encoding=encoding,
            keep_default_na=False,
            na_values=["", *missing],
        )
        return part

    try:
        # The names by themselves: a second one of a name would come back as another name.
        names = read(None, 1).iloc[0].dropna()
        frame = read(0, None)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(path, f"it is not {encoding} text, by its byte {error.start:,}") from error
    except (ValueError, LookupError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise UnreadableFileError(path, str(error).strip()) from error
    if twice := sorted(names[names.duplicated()].unique()):
        raise UnreadableFileError(path, f"its header has {', '.join(twice)} more than once")
    # Of rows that are longer than the header pandas takes the first fields for an index: all columns would shift.
    if not isinstance(frame.index, pd.RangeIndex):
        raise UnreadableFileError(path, f"its rows have more fields than its header, which has {len(frame.columns)}")
    # A row that is too short lacks the last column at least.
    if len(frame.columns) > 1 and frame.iloc[:, -1].isna().any():
        refuse_short_rows(path, width=len(frame.columns), delimiter=delimiter, encoding=encoding)
    blank = {name: frame[name].str.strip() == "" for name in frame}
    return frame.mask(pd.DataFrame(blank, index=frame.index, columns=frame.columns))


def read_parquet(path: Path) -> pd.DataFrame:
    """Every column of the file, those that pandas had as its index too.

    Decimals are numbers. Bytes that are text are read as such: some databases write theirs so.

    Raises `UnreadableFileError` where it is not Parquet, or a name stands twice.
    """
    try:
        # Not `read_table`, which would take a folder named year=2026 for a column.
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFileError(path, f"it is no whole Parquet file: {error}") from error
    if twice := sorted({name for name in table.column_names if table.column_names.count(name) > 1}):
        raise UnreadableFileError(path, f"it has {', '.join(twice)} more than once")
    for place, (field, column) in enumerate(zip(table.schema, table.columns, strict=True)):
        read = _as_read(column)
        table = table.set_column(place, field.with_type(read.type), read)
    gaps = {column.type for column in table.columns if column.null_count}
    try:
        frame: pd.DataFrame = table.to_pandas(
            types_mapper=lambda type_: _WITH_GAPS.get(type_) if type_ in gaps else None
        )
    except ValueError as error:
        raise UnreadableFileError(path, f"it holds what cannot be read: {error}") from error
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index(level=named).reset_index(drop=True)


def _as_read(column: Any) -> Any:
    if pa.types.is_decimal(column.type):
        # By its digits: what Arrow makes of a decimal is off in the last place now and then.
        digits = column.cast(pa.string())
        return digits.cast(pa.float64()) if column.type.scale else _cast_if_possible(digits, pa.int64())
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return _cast_if_possible(column, pa.large_string())
    return column


def _cast_if_possible(column: Any, type_: pa.DataType) -> Any:
    try:
        return column.cast(type_)
    except pa.ArrowInvalid:
        return column
