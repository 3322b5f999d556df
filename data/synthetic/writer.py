"""Parquet files written piece by piece, so that a history need not fit into memory."""

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.conform import INSTANT, NUMBER, TEXT, TRUTH, WHOLE, columns_of
from data.synthetic.columns import Columns
from data.whole import Whole

ROWS_PER_GROUP: Final = 200_000

_ARROW: Final = {
    TEXT: pa.large_string(),
    NUMBER: pa.float64(),
    WHOLE: pa.int64(),
    TRUTH: pa.bool_(),
    INSTANT: pa.timestamp("us", tz="UTC"),
}

_ATTEMPT_KEYS: Final = {"order_id": TEXT, "location_id": TEXT, "decided_at": INSTANT}
_ATTEMPT_TRUTHS: Final = (
    *("ready_mu", "ready_sigma", "shortest_travel_hours", "travel_mu", "travel_sigma", "monday"),
    *("late_probability", "late_mu", "late_sigma", "shipping_mean", "shipping_sigma", "handling_mean"),
    *("handling_sigma", "rejection_probability", "failure_probability", "backlog", "footfall_ratio"),
)
_ATTEMPT: Final = {
    **_ATTEMPT_KEYS,
    "location_type": TEXT,
    "service_level": TEXT,
    **dict.fromkeys(_ATTEMPT_TRUTHS, NUMBER),
}
#: Columns of the tables of the truth.
TRUTH_TABLES: Final = {
    "stock": {"location_id": TEXT, "sku": TEXT, "counted_at": INSTANT, "on_hand": WHOLE, "true_on_hand": WHOLE},
    "fulfilments": {
        "fulfilment_id": TEXT,
        **_ATTEMPT,
        **dict.fromkeys(("ready_hours", "delivery_hours", "cost", "failed"), NUMBER),
    },
    "alternatives": {"carrier_service_id": TEXT, **_ATTEMPT},
    "fulfilment_lines": {
        "fulfilment_id": TEXT,
        "line_id": TEXT,
        "sku": TEXT,
        "quantity": WHOLE,
        "spare_units": WHOLE,
        "days_since_count": NUMBER,
        "failure_probability": NUMBER,
    },
}


def canonical_schema(table: str) -> pa.Schema:
    """Arrow types of a canonical table."""
    return pa.schema([pa.field(column.name, _ARROW[column.kind], column.nullable) for column in columns_of(table)])


def truth_schema(table: str) -> pa.Schema:
    """Arrow types of a table of the truth."""
    return pa.schema([(name, _ARROW[kind]) for name, kind in TRUTH_TABLES[table].items()])


class Tables:
    """A folder of growing Parquet files: rows wait until a row group is full. Use it as a context."""

    def __init__(self, folder: Path, schemas: dict[str, pa.Schema], whole: Whole) -> None:
        """Begin one file per schema, of those that are to come to ``folder`` with the ``whole``."""
        self._writers = {
            name: pq.ParquetWriter(whole.beside(folder / f"{name}.parquet"), schema, compression="zstd")
            for name, schema in schemas.items()
        }
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in schemas}

    def add(self, table: str, rows: Columns) -> None:
        """Append ``rows``, whose instants are without zone and UTC."""
        schema = self._writers[table].schema
        size = len(next(iter(rows.values())))
        arrays = [_array(rows[field.name], field.type, size) for field in schema]
        self._waiting[table].append(pa.Table.from_arrays(arrays, schema=schema))
        if sum(len(piece) for piece in self._waiting[table]) >= ROWS_PER_GROUP:
            self._flush(table)

    def _flush(self, table: str) -> None:
        if self._waiting[table]:
            self._writers[table].write_table(pa.concat_tables(self._waiting[table]), row_group_size=ROWS_PER_GROUP)
            self._waiting[table] = []

    def __enter__(self) -> Self:
        """Begin to write."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits, unless something went wrong, and close the files."""
        for table, writer in self._writers.items():
            if error is None:
                self._flush(table)
            writer.close()


def _array(values: Any, kind: pa.DataType, size: int) -> pa.Array:
    if isinstance(values, str | int | float):
        return pa.repeat(pa.scalar(values, kind), size)
    if isinstance(values, np.ndarray) and values.dtype != object:
        return pa.array(values, from_pandas=True).cast(kind)
    return pa.array(values, type=kind, from_pandas=True)
