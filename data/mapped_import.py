"""Import by a mapping file: any CSV or Parquet files to the canonical tables.

The file's form is `data.mapping`; ``docs/data.md`` tells it with an example.
"""

from collections.abc import Mapping as MappingOf
from pathlib import Path

import pandas as pd

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
    return Imported(dataset, rejected, join_findings(notes).drop_duplicates(ignore_index=True))


def _map_table(
    mapping: Mapping, name: str, table: TableMapping, sources: MappingOf[str, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The table, its faults and its notes."""
    if table.rows is not None:
        return pd.DataFrame(table.rows), no_findings(), no_findings()
    rows, notes = join_sources(mapping, name, table, sources)
    columns = {column.name: column for column in columns_of(name)}
    maker = ColumnMaker(rows, name, columns, table.columns)
    made = {column: maker.make(column) for column in table.columns}
    if table.group_by:
        made, differences = _group(name, table, made)
        notes = join_findings([notes, differences])
    frame = pd.DataFrame({column: cells.values for column, cells in made.items()})
    return frame, _faults(name, frame, made), notes


def _group(name: str, table: TableMapping, made: MappingOf[str, Cells]) -> tuple[dict[str, Cells], pd.DataFrame]:
    """One row for each value of the grouping columns, in the order in which they first come."""
    frame = pd.DataFrame({column: cells.values for column, cells in made.items()})
    group = frame.groupby(table.group_by, sort=False, dropna=False).ngroup()
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
    return grouped, join_findings(differences)


def _faults(name: str, frame: pd.DataFrame, made: MappingOf[str, Cells]) -> pd.DataFrame:
    key = [column for column in KEYS[name] if column in frame]
    findings = []
    for column, cells in made.items():
        told = frame[key].assign(**{column: cells.seen})
        for reason in sorted(cells.fault.dropna().unique()):
            wrong = cells.fault == reason
            findings.append(find(name, told, wrong, key=key, column=column, rule="unreadable", reason=str(reason)))
    return join_findings(findings)
