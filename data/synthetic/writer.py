"""Parquet files written piece by piece, so that a history need not fit into memory."""

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.schemas import TABLES

ROWS_PER_GROUP: Final = 200_000

_INSTANT: Final = pa.timestamp("us", tz="UTC")
_ARROW: Final = {
    "str": pa.string(),
    "string[pyarrow]": pa.string(),
    "float64": pa.float64(),
    "int64": pa.int64(),
    "bool": pa.bool_(),
}

#: Columns of the truth; instants, text and the rest as numbers.
TRUTH_TABLES: Final = {
    "stock": {"location_id": "str", "sku": "str", "counted_at": "instant", "on_hand": "int64", "true_on_hand": "int64"},
    "fulfilments": {
        "fulfilment_id": "str",
        "order_id": "str",
        "location_id": "str",
        "decided_at": "instant",
        "location_type": "str",
        "service_level": "str",
        **dict.fromkeys(
            (
                "ready_mu ready_sigma shortest_travel_hours travel_mu travel_sigma monday late_probability late_mu "
                "late_sigma shipping_mean shipping_sigma handling_mean handling_sigma rejection_probability "
                "failure_probability ready_hours delivery_hours cost failed"
            ).split(),
            "float64",
        ),
    },
    "fulfilment_lines": {
        "fulfilment_id": "str",
        "line_id": "str",
        "sku": "str",
        "quantity": "int64",
        "recorded_on_hand": "int64",
        "days_since_count": "float64",
        "failure_probability": "float64",
    },
}


def canonical_schema(table: str) -> pa.Schema:
    """Arrow types of a canonical table, read off its pandera model."""
    columns = TABLES[table].to_schema().columns
    return pa.schema([(name, _arrow_type(str(column.dtype))) for name, column in columns.items()])


def truth_schema(table: str) -> pa.Schema:
    """Arrow types of a table of the truth."""
    return pa.schema([(name, _arrow_type(kind)) for name, kind in TRUTH_TABLES[table].items()])


def _arrow_type(dtype: str) -> Any:
    return _INSTANT if dtype == "instant" or dtype.startswith("datetime64") else _ARROW[dtype]


class Tables:
    """A folder of growing Parquet files: rows are kept until a row group is full."""

    def __init__(self, folder: Path, schemas: dict[str, pa.Schema]) -> None:
        """Create ``folder`` and one file per schema in it, replacing files of those names."""
        folder.mkdir(parents=True, exist_ok=True)
        self._writers = {
            name: pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd")
            for name, schema in schemas.items()
        }
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in schemas}

    def add(self, table: str, rows: pd.DataFrame) -> None:
        """Append ``rows``, whose naive instants are UTC."""
        schema = self._writers[table].schema
        waiting = self._waiting[table]
        waiting.append(
            pa.table(
                {name: pa.array(rows[name], from_pandas=True).cast(schema.field(name).type) for name in schema.names},
                schema=schema,
            )
        )
        if sum(len(piece) for piece in waiting) >= ROWS_PER_GROUP:
            self._flush(table)

    def _flush(self, table: str) -> None:
        if self._waiting[table]:
            self._writers[table].write_table(pa.concat_tables(self._waiting[table]), row_group_size=ROWS_PER_GROUP)
            self._waiting[table] = []

    def __enter__(self) -> Self:
        """Use as a context: leaving it writes what waits and closes the files."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits, unless something went wrong, and close the files."""
        for table, writer in self._writers.items():
            if error is None:
                self._flush(table)
            writer.close()
