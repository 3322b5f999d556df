"""What a dataset holds and what is wrong with it, as one document."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from data.conform import INSTANT, columns_of
from data.dataset import Dataset, build_dataset, digest, read_findings, read_tables
from data.schemas import LINE_REFERENCE, OPTIONAL_TABLES, REFERENCES, TABLES
from data.validation import stands_in

#: Plain values only (dict, list, str, int, bool, None), so that it prints as JSON as it is.
Report = dict[str, Any]


def check(folder: Path) -> Report:
    """Read the dataset in ``folder`` and report on it; ``valid`` says whether it may be used.

    Raises
    ------
    DataError
        It cannot be read at all: a table or column is lacking, or a file is not Parquet.
    """
    dataset, rejected = build_dataset(read_tables(folder))
    set_aside = read_findings(folder / "rejected")
    return describe(dataset, rejected, set_aside, read_findings(folder / "notes"))


def describe(dataset: Dataset, rejected: pd.DataFrame, set_aside: pd.DataFrame, notes: pd.DataFrame) -> Report:
    """Report on ``dataset`` and the findings about it.

    ``rejected`` are errors: bad rows among those that were read. ``set_aside`` are bad rows that an import has taken
    out already, and ``notes`` what it changed.
    """
    unjoined = rejected["rule"] == "unknown_key"
    empty = [name for name in TABLES if name not in OPTIONAL_TABLES and dataset.tables()[name].empty]
    return {
        "valid": not len(rejected) and not empty,
        "digest": digest(dataset),
        "tables": {
            name: _describe_table(name, frame, (rejected, set_aside)) for name, frame in dataset.tables().items()
        },
        "empty": empty,
        "rejected": count_by_rule(rejected[~unjoined]),
        "unjoined": [
            group | {"refers_to": ".".join((REFERENCES | LINE_REFERENCE)[group["table"], group["column"]])}
            for group in count_by_rule(rejected[unjoined])
        ],
        "orders_without_lines": _outside(dataset.orders, dataset.order_lines, "order_id"),
        "orders_without_attempt": _outside(dataset.orders, dataset.fulfilments, "order_id"),
        "attempts_without_lines": _outside(dataset.fulfilments, dataset.fulfilment_lines, "fulfilment_id"),
        "set_aside": count_by_rule(set_aside),
        "notes": count_by_rule(notes),
    }


def count_by_rule(findings: pd.DataFrame) -> list[dict[str, Any]]:
    """How many rows each rule concerns, with the first of them as example; in the order of the tables' names."""
    by = ["table", "column", "rule", "reason"]
    counted = findings.groupby(by, sort=True).agg(
        rows=("row", "nunique"), example=("key", "first"), value=("value", "first")
    )
    groups = counted.reset_index().to_dict(orient="records")
    return [{str(name): None if pd.isna(value) else value for name, value in group.items()} for group in groups]


def _describe_table(name: str, frame: pd.DataFrame, rejected: Sequence[pd.DataFrame]) -> dict[str, Any]:
    columns = columns_of(name)
    missing = {column.name: int(frame[column.name].isna().sum()) for column in columns if column.nullable}
    return {
        "rows": len(frame),
        "rejected_rows": sum(int(found["row"][found["table"] == name].nunique()) for found in rejected),
        "missing": {column: count for column, count in missing.items() if count},
        "spans": {
            column.name: [frame[column.name].min().isoformat(), frame[column.name].max().isoformat()]
            for column in columns
            if column.kind == INSTANT and frame[column.name].notna().any()
        },
    }


def _outside(frame: pd.DataFrame, other: pd.DataFrame, key: str) -> int:
    """How many rows of ``frame`` no row of ``other`` belongs to."""
    return int((~stands_in(frame[key], other[key])).sum())
