"""Rows as columns, before they become a file: a DataFrame a day would cost more than making up its rows."""

from typing import Any, TypeAlias

#: Named columns of equal length (arrays or lists), or one value for all rows; the first is never one value.
Columns: TypeAlias = dict[str, Any]
#: Rows of some tables, by the table's name.
Rows: TypeAlias = dict[str, Columns]
