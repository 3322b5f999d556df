"""Writing many rows at once: new ones are inserted, known ones replaced."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table

from serving.database.inserting import insert_into
from serving.database.versions import next_version


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write ``rows`` (each with every column of ``table`` but ``changed_in``); return how many were written."""
    if not rows:
        return 0
    insert = insert_into(connection, table)
    keys = [column.name for column in table.primary_key]
    statement = insert.on_conflict_do_update(
        index_elements=keys,
        set_={column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys},
    )
    version = next_version(connection)
    written = [{**row, "changed_in": version} for row in rows]
    return connection.execute(statement, written, execution_options={"preserve_rowcount": True}).rowcount
