"""Import by a mapping file: any CSV or Parquet files to the canonical tables.

The file's form is `data.mapping`; ``docs/data.md`` tells it with an example.
"""

from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.conform import columns_of
from data.dataset import build_dataset
from data.findings import find, join_findings, no_findings
from data.imported import Imported
from data.mapped_columns import Cells, ColumnMaker
from data.mapped_sources import join_sources, read_sources
from data.mapping import Mapping, TableMapping
from data.schemas import KEYS


def import_mapped(path: Path, folder: Path) -> Imported:
    """Read the files in ``folder`` as the mapping file ``path`` says.

    Raises
    ------
    MappingError
        The mapping cannot be used: the message says where in it, and what to do.
    DataError
        A file is not there or cannot be read.
    """
    mapping = Mapping(path)
    sources = read_sources(mapping, folder)
    tables, faults, notes = {}, [], []
    for name, table in mapping.tables.items():
        tables[name], found, noted = _map_table(mapping, name, table, sources)
        faults.append(found)
        notes.append(noted)
    dataset, rejected = build_dataset(tables, join_findings(faults))
    rejected = join_findings(
        [_placed(found, tables[str(name)].index) for name, found in rejected.groupby("table", sort=False)]
    )
    return Imported(dataset, rejected, join_findings(notes).drop_duplicates(ignore_index=True))


def _map_table(
    mapping: Mapping, name: str, table: TableMapping, sources: MappingOf[str, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The table, indexed by where its rows stand in the source; its faults (by position in it), and its notes."""
    if table.rows is not None:
        return pd.DataFrame(table.rows), no_findings(), no_findings()
    rows, positions, notes = join_sources(mapping, name, table, sources)
    columns = {column.name: column for column in columns_of(name)}
    maker = ColumnMaker(rows, name, columns, table.columns)
    made = {column: maker.make(column) for column in table.columns}
    if table.group_by:
        made, first, differences = _group(name, table, made)
        notes = join_findings([notes, _placed(differences, pd.Index(positions))])
        positions = positions[first]
    frame = pd.DataFrame({column: cells.values for column, cells in made.items()})
    return frame.set_axis(positions), _faults(name, frame, made), notes


def _placed(findings: pd.DataFrame, positions: "pd.Index[Any]") -> pd.DataFrame:
    """``findings`` about rows of a table, as such about the rows of its source at ``positions``."""
    return findings.assign(row=positions.to_numpy()[findings["row"]])


def _group(
    name: str, table: TableMapping, made: MappingOf[str, Cells]
) -> tuple[dict[str, Cells], NDArray[np.bool_], pd.DataFrame]:
    """One row for each value of the grouping columns, in the order in which they first come: where, and notes."""
    frame = pd.DataFrame({column: cells.values for column, cells in made.items()})
    known = frame.groupby(table.group_by, sort=False).ngroup().to_numpy()
    # A row without its key belongs to no other.
    group = pd.Series(pd.factorize(np.where(known >= 0, known, -1 - np.arange(len(known))))[0])
    first, last = ~group.duplicated(), ~group.duplicated(keep="last")
    grouped: dict[str, Cells] = {}
    differences = []
    for column, cells in made.items():
        how = table.columns[column].aggregate
        if how == "first":
            values = cells.values[first]
            differ = cells.values.groupby(group).transform("nunique", dropna=False) > 1
            reason = f"differs among the rows of one {', '.join(table.group_by)}: the first counts"
            key = [each for each in KEYS[name] if each in frame]
            differences.append(find(name, frame, differ, key=key, column=column, rule="differs", reason=reason))
        elif how == "last":
            values = cells.values[last].set_axis(group[last]).sort_index()
        elif how == "sum":
            values = cells.values.groupby(group).sum(skipna=False)
        else:
            values = cells.values.groupby(group).agg(how)
        grouped[column] = Cells(
            values.reset_index(drop=True),
            cells.fault.groupby(group).first().reset_index(drop=True),
            cells.seen.groupby(group).first().reset_index(drop=True),
        )
    return grouped, first.to_numpy(), join_findings(differences)


def _faults(name: str, frame: pd.DataFrame, made: MappingOf[str, Cells]) -> pd.DataFrame:
    key = [column for column in KEYS[name] if column in frame]
    findings = []
    for column, cells in made.items():
        told = frame[key].assign(**{column: cells.seen})
        for reason in sorted(cells.fault.dropna().unique()):
            wrong = cells.fault == reason
            findings.append(find(name, told, wrong, key=key, column=column, rule="unreadable", reason=str(reason)))
    return join_findings(findings)
