"""The canonical tables as Markdown: ``python -m data.schema_docs`` prints what ``docs/data.md`` shows."""

import inspect
import sys

from data.conform import INSTANT, Column, columns_of
from data.schemas import DEFAULTS, KEYS, LINE_REFERENCE, OPTIONAL_TABLES, REFERENCES, TABLES
from data.validation import in_words


def tables_in_markdown() -> str:
    """One section per table: its key, then its columns with type, rules and meaning."""
    return "\n".join(_section(name) for name in TABLES)


def _section(name: str) -> str:
    optional = " May be absent." if name in OPTIONAL_TABLES else ""
    checks = [f"- {check.error} (`{check.name}`)" for check in TABLES[name].to_schema().checks]
    lines = [
        f"### `{name}`",
        "",
        f"{inspect.getdoc(TABLES[name])}{optional} Key: {', '.join(f'`{column}`' for column in KEYS[name])}.",
        "",
        "| column | type | may be missing | rule | meaning |",
        "|---|---|---|---|---|",
        *(_row(name, column) for column in columns_of(name)),
        "",
        "A row is refused besides when",
        "",
        *checks,
        "",
    ]
    return "\n".join(lines)


def _row(table: str, column: Column) -> str:
    rules = [in_words(check)[1] for check in TABLES[table].to_schema().columns[column.name].checks]
    if (table, column.name) in REFERENCES:
        other, other_column = REFERENCES[table, column.name]
        rules.append(f"is a `{other_column}` of `{other}`")
    if (table, column.name) in LINE_REFERENCE:
        rules.append("is a `line_id` of the attempt's order in `order_lines`")
    default = DEFAULTS.get((table, column.name))
    missing = "yes" if column.nullable else "" if default is None else f"the column: then {default:g}"
    kind = "instant (UTC)" if column.kind == INSTANT else column.kind
    return f"| `{column.name}` | {kind} | {missing} | {'; '.join(rules)} | {column.meaning} |"


if __name__ == "__main__":
    sys.stdout.write(tables_in_markdown())
