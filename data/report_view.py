"""A report for reading: tables on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.report import Report


@dataclass(frozen=True)
class _Section:
    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


def show(report: Report, console: Console) -> None:
    """Print ``report`` to ``console``."""
    for section in _sections(report):
        if not section.rows:
            continue
        if console.is_terminal:
            table = Table(*section.header, title=section.title, title_justify="left", title_style="bold")
            for row in section.rows:
                # As it stands: brackets in somebody's data are no styles.
                table.add_row(*(Text(cell) for cell in row))
            console.print(table)
        else:
            _say(console, section.title)
            for row in section.rows:
                cells = (
                    f"{name} {cell}" if name else cell for name, cell in zip(section.header, row, strict=True) if cell
                )
                _say(console, f"  {' · '.join(cells)}")
    _say(console, _verdict(report))


def _say(console: Console, line: str) -> None:
    """One line, whole: no wrapping, no colours, no reading of brackets as styles."""
    console.print(line, soft_wrap=True, markup=False, highlight=False)


def _verdict(report: Report) -> str:
    if report["valid"]:
        return f"Valid. {report['digest']}"
    if report["empty"]:
        return f"Not valid: no valid row in {', '.join(report['empty'])}."
    return "Not valid: the rows above break the rules of their tables."


def _sections(report: Report) -> Iterator[_Section]:
    tables = report["tables"].items()
    yield _Section(
        "Tables",
        ("", "rows", "rejected"),
        [(name, f"{table['rows']:,}", f"{table['rejected_rows']:,}") for name, table in tables],
    )
    yield _Section(
        "Time spans",
        ("", "from", "to"),
        [(f"{name}.{column}", *span) for name, table in tables for column, span in table["spans"].items()],
    )
    yield _Section(
        "Missing values (allowed)",
        ("", "rows", "share"),
        [
            (f"{name}.{column}", f"{count:,}", f"{count / table['rows']:.1%}")
            for name, table in tables
            for column, count in table["missing"].items()
        ],
    )
    yield _Section(
        "Rows to which nothing belongs",
        ("", "rows"),
        [
            (words, f"{report[count]:,}")
            for words, count in (
                ("orders without lines", "orders_without_lines"),
                ("orders without an attempt", "orders_without_attempt"),
                ("attempts without lines", "attempts_without_lines"),
            )
        ],
    )
    header = ("", "rows", "reason", "e.g.", "value")
    yield _Section("Rejected: rows that break a rule", header, [_finding(group) for group in report["rejected"]])
    yield _Section(
        "Rejected: keys that do not join",
        ("", "rows", "refers to", "e.g."),
        [
            (f"{group['table']}.{group['column']}", f"{group['rows']:,}", group["refers_to"], group["example"])
            for group in report["unjoined"]
        ],
    )
    yield _Section("Set aside by the import", header, [_finding(group) for group in report["set_aside"]])
    yield _Section("Noted by the import", header, [_finding(group) for group in report["notes"]])


def _finding(group: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{group['table']}.{group['column']}",
        f"{group['rows']:,}",
        group["reason"],
        group["example"],
        group["value"] or "",
    )
